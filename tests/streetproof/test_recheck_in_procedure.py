"""Occupation is fined only when an order was not obeyed: from the case to the release, with what a re-check proves.

The films are real, and the commands those that officers type; `procedure take` is told the days of the films.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

import pytest

from evidence_export.bag import layout
from evidence_export.keys import SealingKeys, load_or_create_key
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.opening import open_keys
from evidence_export.keys.ring import Role
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from streams.instant import NS_PER_S, from_iso, iso_utc, to_datetime
from streetproof.bundles import case_row
from streetproof.ledgers import signing
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.procedures.taking import open_case
from streetproof.recheck import entering, keeping
from streetproof.retention import applying
from streetproof.settings.case_retention import CaseRetention
from streetproof.settings.load import load_site
from streetproof.store.database import Store
from streetproof.store.rechecks import Appointment, RecheckState
from tests.evidence_export.conftest import SEALED_AT, at, make_request, moment
from tests.evidence_export.rechecks import make_recheck, resign
from tests.evidence_export.test_kinds import OCCUPIED
from tests.streetproof.commands import Ran, inside
from tests.streetproof.test_export_command import masked_by_hand
from tests.streetproof.test_recheck import PAVEMENT, SECONDS, RedBlocks, film
from vision.policy import policy_content, policy_hash

LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")
CHECKS = ("--check", "genuine", "--check", "clear", "--check", "complete", "--check", "accurate")
NINE = "2026-03-03T01:00:00.000000000Z"
"""09:00 of the day after, at the site: the order had to be obeyed an hour before."""
SITE = PAVEMENT.replace(
    "min_area: 0.5}",
    "min_area: 0.5, "
    "legal_basis: {id: sr-17, statute: 市容条例 第十七条, competence: 事项目录 第8项, reviewed_by: 法制科}}",
)
assert SITE != PAVEMENT


class Office:
    """A data folder with an occupation case, and whoever types commands in it."""

    def __init__(self, data: Path, case: str, run: Callable[..., Ran], clock: list[datetime]) -> None:
        self.data, self.case, self._run, self._clock = data, case, run, clock

    @property
    def bundle(self) -> Path:
        return self.data / "cases" / self.case

    @property
    def keys(self) -> SealingKeys:
        return SealingKeys(load_or_create_key(self.data / "key.pem"))

    @property
    def about(self) -> tuple[str, str]:
        return self.case, hashlib.sha256((self.bundle / layout.CASE).read_bytes()).hexdigest()

    def run(self, *arguments: object) -> Ran:
        return self._run(*arguments)

    def take(self, when: str, step: str, *arguments: object) -> Ran:
        """`when`: of the day and hour at the site, 03T09:30."""
        self._clock[0] = datetime.fromisoformat(f"2026-03-{when}:00+08:00")
        return self._run("procedure", "take", self.case, step, *arguments, "--data", self.data, "--json")

    def must(self, when: str, step: str, *arguments: object) -> Any:
        ran = self.take(when, step, *arguments)
        assert ran.code == 0, ran.out + ran.err
        return ran.json

    def ordered(self) -> None:
        """Reviewed, confirmed, and ordered to be corrected by 08:00 of the next day."""
        self.must("02T09:30", "review", *LI, *CHECKS)
        self.must("02T09:40", "confirm", *WANG, *CHECKS)
        deadline = ("--set", "deadline=2026-03-03T08:00", "--set", "document=责令改正通知书 8")
        self.must("02T10:00", "order", *LI, *deadline)

    def refused(self, when: str, *arguments: object) -> dict[str, Any]:
        """What a re-check is refused with; in both languages, and nothing is left of it."""
        before = (self.entries(), self.folders())
        ran = self.take(when, "recheck", *LI, *arguments)
        assert ran.code == 1, ran.out + ran.err
        assert (self.entries(), self.folders()) == before
        told: dict[str, Any] = ran.json
        assert told["zh"] != told["en"] and not told["zh"].isascii()
        return told

    def entries(self) -> list[Happening]:
        with ledger_of(self.data, "demo") as ledger:
            return [read_entry(row.entry).happening for row in ledger.rows()]

    def rechecked(self) -> list[Happening]:
        return [one for one in self.entries() if one.kind is Kind.CASE_RECHECKED]

    def folders(self) -> list[str]:
        home = self.data / keeping.FOLDER
        return sorted(one.name for one in home.iterdir()) if home.is_dir() else []

    def made(self, out: Path, verdict: str = "not_corrected", due: str = NINE) -> Path:
        return make_recheck(out, self.keys, self.about, verdict, due)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """What stood there on the first day, and what is seen on the next: still there, or nothing."""
    folder = tmp_path_factory.mktemp("录像 一")
    names = {"first": "街 20260302_080000.mp4", "still": "占 20260303_090000.mp4", "free": "空 20260303_090000.mp4"}
    shown: dict[str, tuple[int, Callable[[int], bool]]] = {
        "first": (40, lambda s: s >= 12),
        "still": (SECONDS, lambda s: True),
        "free": (SECONDS, lambda s: False),
    }
    return {
        name: film(folder / names[name], seconds, car=lambda s: False, heap=heap)
        for name, (seconds, heap) in shown.items()
    }


@pytest.fixture(scope="module")
def sealed(films: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A data folder with the case, which nothing stands against."""
    data = tmp_path_factory.mktemp("数据 一")
    (data / "site.yaml").write_text(SITE, encoding="utf-8")
    site = load_site(data / "site.yaml").site
    rules = site.rules_of(site.cameras[0])
    assert rules.plane is not None
    asked = make_request(films["first"])
    outline = ((0.4, 0.5), (0.6, 0.5), (0.6, 0.75), (0.4, 0.75))
    ground = rules.plane.to_ground([(0.4, 0.62), (0.6, 0.62), (0.6, 0.75), (0.4, 0.75)])
    occupied = replace(OCCUPIED, outlines=(outline,), ground=tuple((float(x), float(y)) for x, y in ground))
    stay = replace(asked.stay, arrived=(at(10), at(12)), last_seen=at(30), departed=None)
    violation = replace(
        asked.violation,
        rule="taken",
        policy_hash=policy_hash(rules.policy, rules.zones[0], rules.ground, rules.shops),
        stay=stay,
        moments=(moment(12), moment(26)),
        fired_at=at(26),
        occupied=occupied,
    )
    camera = replace(
        asked.camera, legal_review="法审 2026-3", technical_review="技审 2026-3", calibration_valid_until="2027-03-01",
        location_published="2026-01-15", clock_offset_ns=12_000_000,
    )  # fmt: skip
    content = policy_content(rules.policy, rules.zones[0], rules.ground, rules.shops)
    request = replace(asked, policy=content, violation=violation, stay=stay, camera=camera)
    case = seal(request, data / "cases", load_or_create_key(data / "key.pem"), SEALED_AT)
    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        store.remember_case(case_row(case.case_id, f"cases/{case.case_id}", request, None), case.manifest_sha256)
        Bookkeeper(store, ledger).enter()
    return data, case.case_id


@pytest.fixture
def office(
    sealed: tuple[Path, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Office:
    clock = [datetime.fromisoformat("2026-03-02T09:00:00+08:00")]

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock[0].astimezone(tz)

    monkeypatch.setattr("streetproof.cli.procedure.datetime", Clock)
    monkeypatch.setattr("models.store.load_detector", lambda *a, **k: RedBlocks())
    data = Path(shutil.copytree(sealed[0], tmp_path / "库 一"))
    return Office(data, sealed[1], lambda *args: inside(capsys, monkeypatch, *args, width=200), clock)


def exported(office: Office, out: Path, *how: object, code: int = 0) -> Any:
    """`streetproof export`, of everything where nothing else is said."""
    ran = office.run(
        "export", office.case, office.data / "site.yaml", "--recipient", "西湖区人民法院", "--purpose", "行政诉讼举证",
        *LI, *(how or ("--profile", "full")), "--data", office.data, "--key", office.data / "key.pem", "--out", out,
        "--json",
    )  # fmt: skip
    assert ran.code == code, ran.out + ran.err
    return ran.json


def looked_again(office: Office, footage: Path, *where: object, code: int) -> Path:
    """`streetproof recheck` at nine."""
    ran = office.run(
        "recheck", office.bundle, office.data / "site.yaml", footage, "--at", "2026-03-03T09:00", "--window", "120s",
        "--key", office.data / "key.pem", "--purpose", "procedure", *LI, "--json", *where,
    )  # fmt: skip
    assert ran.code == code, ran.out + ran.err
    return Path(ran.json["folder"]) if code != 4 else Path(ran.json["error"]["where"])


# -- the whole way -------------------------------------------------------------------------------------------------


def test_an_order_that_was_not_obeyed_is_proven_and_leads_to_a_decision(
    office: Office, films: dict[str, Path], tmp_path: Path
) -> None:
    office.ordered()
    folder = looked_again(office, films["still"], "--out", tmp_path / "elsewhere", code=1)
    assert office.must("03T09:10", "recheck", *LI, "--recheck", folder)["state"] == "not_corrected"
    sha256 = hashlib.sha256((folder / layout.RECHECK).read_bytes()).hexdigest()
    (entry,) = office.rechecked()
    assert entry.by == "李明 33010001" and entry.about == office.case
    assert entry.data == {
        "manifest_sha256": office.about[1],
        "recheck_sha256": sha256,
        "verdict": "not_corrected",
        "due": NINE,
        "key_fingerprint": office.keys.first.fingerprint,
        "folder": f"rechecks/{folder.name}",
    }
    assert verify(office.data / "rechecks" / folder.name).ok, "it is kept"
    shown = office.run("procedure", "show", office.case, "--data", office.data, "--json").json["steps"][-1]
    assert (shown["verdict"], shown["evidence_sha256"]) == ("not_corrected", sha256)
    assert shown["seen_at"] == "2026-03-03T01:00:00Z"
    office.must("04T09:00", "notice", *LI, "--set", "served_at=2026-03-04T08:30", "--set", "document=告知书 8")
    office.must("05T09:00", "statement", *LI, "--set", "said=放弃陈述申辩", "--set", "waived=yes")
    second = ("--set", "second.name=王芳", "--set", "second.licence=33010002", "--set", "document=决定书 8")
    assert office.must("06T09:00", "decide", *LI, *second)["state"] == "decided"
    release = Path(exported(office, tmp_path / "out")["path"])
    ran = office.run("verify", release, "--key", office.keys.first.fingerprint, "--lang", "zh")
    assert ran.code == 0 and "复查 1 次：完整随附 1 次，随附但不含图片 0 次，仅列出 0 次；随附的各步均通过" in ran.out
    told = json.loads((release / layout.RELEASE).read_bytes())["rechecks"]
    assert [(one["folder"], one["sha256"], one["withheld"]) for one in told] == [("data/rechecks/01/", sha256, [])]
    assert verify(release / "data/rechecks/01").recheck == verify(folder).recheck
    (listed,) = office.run("cases", "--data", office.data, "--json").json
    assert [one["verdict"] for one in listed["rechecks"]] == ["not_corrected"]


def test_what_was_corrected_is_never_fined(office: Office, films: dict[str, Path], tmp_path: Path) -> None:
    office.ordered()
    folder = looked_again(office, films["free"], "--out", tmp_path / "elsewhere", code=0)
    assert office.must("03T09:10", "recheck", *LI, "--recheck", folder)["state"] == "corrected"
    served = ("--set", "served_at=2026-03-04T08:30", "--set", "document=告知书 8")
    notice = office.take("04T09:00", "notice", *LI, *served)
    assert (notice.code, notice.json["code"]) == (1, "not_now")
    assert office.must("04T09:00", "close", *LI, "--set", "why=已改正")["state"] == "closed"


def test_one_that_was_done_into_the_data_folder_is_entered_then(office: Office, films: dict[str, Path]) -> None:
    """Once: also where the run was killed before it could enter it, and where the step hands it in."""
    folder = looked_again(office, films["still"], "--data", office.data, code=1)
    assert folder.parent == office.data / "rechecks"
    (entry,) = office.rechecked()
    assert entry.by == "李明 33010001"
    (look,) = [one for one in office.entries() if one.kind is Kind.CASE_VIEWED]
    assert (look.by, look.data["output"], look.data["due"]) == (entry.by, "recheck", NINE)
    assert looked_again(office, films["still"], "--data", office.data, code=4) == folder
    office.ordered()
    office.must("03T09:10", "recheck", *LI, "--recheck", folder)
    assert len(office.rechecked()) == 1


def test_a_run_that_was_killed_before_it_entered_is_caught_up(office: Office, films: dict[str, Path]) -> None:
    folder = looked_again(office, films["still"], "--out", office.data / "rechecks", code=1)
    assert office.rechecked() == []
    assert looked_again(office, films["still"], "--data", office.data, code=4) == folder
    assert len(office.rechecked()) == 1


def test_into_a_data_folder_of_other_cases_nothing_is_written(
    office: Office, films: dict[str, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with Store.open_file(other / "state.db"), ledger_of(other, "demo"):
        pass
    looked_again(office, films["still"], "--data", other, code=4)
    assert not (other / "rechecks").exists()


# -- what is refused -----------------------------------------------------------------------------------------------


def test_a_made_up_hash_is_refused_with_what_to_do(office: Office) -> None:
    office.ordered()
    typed = ("--set", "verdict=not_corrected", "--set", "seen_at=2026-03-03T09:00")
    told = office.refused("03T09:10", *typed, "--set", f"evidence_sha256={'ab' * 32}")
    assert told["code"] == "recheck_without_evidence"
    assert "--recheck" in told["zh"] and "exhibit --file" in told["en"]


def test_photographs_of_a_recheck_in_person_are_evidence_once_they_are_exhibits(office: Office, tmp_path: Path) -> None:
    photo = tmp_path / "现场 照片.jpg"
    photo.write_bytes(b"a photograph")
    sha256 = hashlib.sha256(b"a photograph").hexdigest()
    office.ordered()
    typed = (
        "--set",
        "verdict=not_corrected",
        "--set",
        "seen_at=2026-03-03T09:00",
        "--set",
        f"evidence_sha256={sha256}",
    )
    assert office.refused("03T09:10", *typed)["code"] == "recheck_without_evidence"
    shown = ("--set", "origin=执法记录仪", "--set", "relation=现场复查照片")
    office.must("03T09:20", "exhibit", *LI, "--file", photo, *shown)
    assert office.must("03T09:30", "recheck", *LI, *typed)["state"] == "not_corrected"


SHOWN = ("--set", "origin=执法记录仪", "--set", "relation=现场复查照片")


def in_person(sha256: str) -> tuple[str, ...]:
    return ("--set", "verdict=not_corrected", "--set", "seen_at=2026-03-03T09:00", "--set", f"evidence_sha256={sha256}")


def test_an_exhibit_of_which_nobody_has_the_file_proves_nothing(office: Office) -> None:
    """Any 64 digits can be typed, twice as well as once."""
    office.ordered()
    office.must("03T09:20", "exhibit", *LI, "--set", f"sha256={'ab' * 32}", *SHOWN)
    told = office.refused("03T09:30", *in_person("ab" * 32))
    assert told["code"] == "exhibit_not_here" and "exhibit --file" in told["zh"]


def test_an_exhibit_of_before_the_order_does_not_show_whether_it_was_obeyed(office: Office, tmp_path: Path) -> None:
    photo = tmp_path / "照片.jpg"
    photo.write_bytes(b"a photograph")
    sha256 = hashlib.sha256(b"a photograph").hexdigest()
    office.must("02T09:20", "exhibit", *LI, "--file", photo, *SHOWN)
    office.ordered()
    assert office.refused("03T09:30", *in_person(sha256))["code"] == "exhibit_before_order"
    early = ("--set", "taken_at=2026-03-02T09:00")
    office.must("03T09:20", "exhibit", *LI, "--file", photo, *SHOWN, *early)
    assert office.refused("03T09:30", *in_person(sha256))["code"] == "exhibit_before_order"
    office.must("03T09:25", "exhibit", *LI, "--file", photo, *SHOWN, "--set", "taken_at=2026-03-03T09:00")
    assert office.must("03T09:30", "recheck", *LI, *in_person(sha256))["state"] == "not_corrected"
    (office.data / "exhibits" / sha256).write_bytes(b"another one")
    assert office.take("03T09:40", "recheck", *LI, *in_person(sha256)).code == 4


def test_a_hash_of_the_ledger_will_do_where_what_was_typed_agrees(office: Office, tmp_path: Path) -> None:
    office.ordered()
    folder = office.made(tmp_path / "x")
    sha256 = hashlib.sha256((folder / layout.RECHECK).read_bytes()).hexdigest()
    office.must("03T09:10", "recheck", *LI, "--recheck", folder)
    evidence = ("--set", f"evidence_sha256={sha256}")
    for verdict, seen_at in (("corrected", "2026-03-03T09:00"), ("not_corrected", "2026-03-03T09:01")):
        typed = ("--set", f"verdict={verdict}", "--set", f"seen_at={seen_at}")
        assert office.refused("03T09:30", *typed, *evidence)["code"] == "recheck_contradicted"
    office.must(
        "03T09:30", "recheck", *LI, "--set", "verdict=not_corrected", "--set", f"seen_at={NINE[:19]}Z", *evidence
    )


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("verdict=corrected", "verdict"),
        ("seen_at=2026-03-03T09:05", "seen_at"),
        (f"evidence_sha256={'ab' * 32}", "evidence_sha256"),
    ],
)
def test_what_was_typed_may_not_contradict_what_was_handed_in(
    office: Office, tmp_path: Path, typed: str, name: str
) -> None:
    office.ordered()
    told = office.refused("03T09:10", "--recheck", office.made(tmp_path / "x"), "--set", typed)
    assert told["code"] == "recheck_contradicted" and name in told["zh"]


def test_one_of_another_case_or_of_a_changed_bundle_is_refused(office: Office, tmp_path: Path) -> None:
    office.ordered()
    others = {
        "id": ("SP-20260302-ABCDEFGHIJKL", office.about[1]),
        "bundle": (office.case, "12" * 32),
        "none": None,
    }
    for name, about in others.items():
        folder = make_recheck(tmp_path / name, office.keys, about, "not_corrected", NINE)
        told = office.refused("03T09:10", "--recheck", folder)
        assert told["code"] == "recheck_of_another_case", name
    assert office.take("03T09:10", "recheck", *LI, "--recheck", tmp_path / "nothing").code == 4
    assert office.refused("03T09:10", "--recheck", office.bundle)["code"] == "recheck_of_another_case"


def test_one_that_was_tampered_with_is_refused(office: Office, tmp_path: Path) -> None:
    office.ordered()
    folder = office.made(tmp_path / "x")
    still = folder / "data/stills/look-1.png"
    still.write_bytes(b"another picture")
    told = office.refused("03T09:10", "--recheck", folder)
    assert told["code"] == "recheck_unverified" and "data/stills/look-1.png" in told["zh"]


def stranger_at(place: Path) -> SealingKeys:
    return SealingKeys(load_or_create_key(place))


def planted(office: Office, keys: SealingKeys) -> Path:
    """A re-check by somebody else, laid where that of nine o'clock would lie."""
    found = keeping.read(resign(office.made(office.data.parent / "planted"), keys))[1]
    assert found is not None
    return Path(shutil.copytree(found.folder, office.data / keeping.FOLDER / found.name))


def test_one_by_a_stranger_is_refused_also_where_the_ledger_tells_of_it(office: Office, tmp_path: Path) -> None:
    """As an earlier version entered it, without asking whose it is."""
    office.ordered()
    stranger = stranger_at(tmp_path / "own.pem")
    folder = planted(office, stranger)
    assert verify(folder).ok
    told = office.refused("03T09:10", "--recheck", folder)
    assert told["code"] == "recheck_by_a_stranger" and stranger.first.fingerprint in told["en"]
    document = json.loads((folder / layout.RECHECK).read_bytes())
    sha256 = hashlib.sha256((folder / layout.RECHECK).read_bytes()).hexdigest()
    data = keeping.for_ledger(document, sha256, f"rechecks/{folder.name}")
    assert data is not None
    with ledger_of(office.data, "demo") as ledger:
        Ledger(ledger).add([Happening(Kind.CASE_RECHECKED, "2026-03-03T01:30:00Z", "x", office.case, {**data})])
    assert office.refused("03T09:10", "--recheck", folder)["code"] == "recheck_by_a_stranger"
    typed = ("--set", "verdict=not_corrected", "--set", f"seen_at={NINE[:19]}Z", "--set", f"evidence_sha256={sha256}")
    assert office.refused("03T09:10", *typed)["code"] == "recheck_by_a_stranger"


def test_nobody_makes_one_count_by_their_own_key(office: Office, films: dict[str, Path], tmp_path: Path) -> None:
    """Refused before any work: nothing is written, and nothing entered, not even that they looked."""
    before = office.entries()
    ran = office.run(
        "recheck", office.bundle, office.data / "site.yaml", films["still"], "--at", "2026-03-03T09:00", "--window",
        "120s", "--data", office.data, "--key", tmp_path / "own.pem", "--purpose", "procedure", *LI, "--lang", "zh",
    )  # fmt: skip
    assert ran.code == 4 and "既非封存本案的密钥" in ran.err and "neither that of the case" in ran.err
    assert office.entries() == before and office.folders() == []


def test_what_somebody_laid_there_before_is_not_entered(office: Office, films: dict[str, Path], tmp_path: Path) -> None:
    folder = planted(office, stranger_at(tmp_path / "own.pem"))
    ran = office.run(
        "recheck", office.bundle, office.data / "site.yaml", films["still"], "--at", "2026-03-03T09:00", "--window",
        "120s", "--data", office.data, "--key", office.data / "key.pem", "--purpose", "procedure", *LI, "--json",
    )  # fmt: skip
    assert ran.code == 4 and "neither that of the case" in ran.json["error"]["what"]
    assert office.rechecked() == []
    (folder / "data/stills/look-1.png").write_bytes(b"another picture")
    assert "does not verify" in office.run(
        "recheck", office.bundle, office.data / "site.yaml", films["still"], "--at", "2026-03-03T09:00", "--window",
        "120s", "--data", office.data, "--key", office.data / "key.pem", "--purpose", "procedure", *LI, "--json",
    ).json["error"]["what"]  # fmt: skip
    assert office.rechecked() == []


def test_one_by_a_key_that_signs_the_ledger_here_will_do(office: Office, tmp_path: Path) -> None:
    """The key of a case from another department stays there; a site has certified keys after a bare one."""
    office.ordered()
    own = stranger_at(tmp_path / "own.pem")
    folder = resign(office.made(tmp_path / "x"), own)
    assert office.refused("03T09:10", "--recheck", folder)["code"] == "recheck_by_a_stranger"
    with ledger_of(office.data, "demo") as ledger:
        signing.sign(office.data, ledger, office.keys.first)
        signing.sign(office.data, ledger, own.first)
    office.must("03T09:10", "recheck", *LI, "--recheck", folder)
    assert len(office.rechecked()) == 1


def test_one_that_the_ledger_tells_of_is_read_again(office: Office, tmp_path: Path) -> None:
    office.ordered()
    folder = office.made(tmp_path / "x")
    sha256 = hashlib.sha256((folder / layout.RECHECK).read_bytes()).hexdigest()
    office.must("03T09:10", "recheck", *LI, "--recheck", folder)
    (name,) = office.folders()
    kept = office.data / keeping.FOLDER / name
    typed = ("--set", "verdict=not_corrected", "--set", f"seen_at={NINE[:19]}Z", "--set", f"evidence_sha256={sha256}")
    aside = kept.rename(tmp_path / "aside")
    told = office.refused("03T09:30", *typed)
    assert told["code"] == "recheck_gone" and "备份" in told["zh"]
    shutil.copytree(office.made(tmp_path / "y", "corrected"), kept)
    assert office.refused("03T09:30", *typed)["code"] == "recheck_changed"
    shutil.rmtree(kept)
    aside.rename(kept)
    (kept / "data/stills/look-1.png").write_bytes(b"another picture")
    assert office.refused("03T09:30", *typed)["code"] == "recheck_unverified"


def test_a_zip_is_refused_in_words(office: Office, tmp_path: Path) -> None:
    office.ordered()
    folder = office.made(tmp_path / "x")
    packed = shutil.make_archive(str(tmp_path / folder.name), "zip", folder.parent, folder.name)
    before = office.entries()
    ran = office.take("03T09:10", "recheck", *LI, "--recheck", packed)
    assert ran.code == 4 and "handed in as a folder" in ran.json["error"]["what"] and ran.json["error"]["remedy"]
    assert office.entries() == before


def test_of_a_case_that_was_deleted_meanwhile_none_is_entered_or_left(office: Office, tmp_path: Path) -> None:
    folder = keeping.read(office.made(tmp_path / "x"))[1]
    assert folder is not None
    with Store.open_file(office.data / "state.db") as store, ledger_of(office.data, "demo") as ledger:
        case = open_case(office.data, store, ledger, office.case)
        kept = keeping.keep(office.data, folder)
        gone = Happening(Kind.CASE_DELETED, "2026-03-03T01:30:00Z", "daemon", office.case, {})
        Ledger(ledger).add([gone])
        with pytest.raises(keeping.KeptRecheckError, match="it was deleted meanwhile"):
            entering.enter(office.data, store, ledger, case, kept, "李明 33010001")
    assert office.rechecked() == [] and office.folders() == []


def test_one_by_a_newer_key_of_the_same_authority_will_do(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `streetproof keys rotate`; another authority's will not."""
    office.ordered()
    seen = verify(office.bundle)
    first = datetime.fromisoformat("2026-03-01T00:00:00+00:00")
    for name in ("ours", "theirs"):
        init(tmp_path / name, "demo", (NewKey(Role.SEAL),), Secrets(), first)
    ours = verify(make_recheck(tmp_path / "1", open_keys(tmp_path / "ours"), office.about)).authority_fingerprint
    certified = replace(seen, authority_fingerprint=ours)
    monkeypatch.setattr("streetproof.procedures.taking.verify", lambda path: certified)
    theirs = make_recheck(tmp_path / "2", open_keys(tmp_path / "theirs"), office.about, "not_corrected", NINE)
    assert office.refused("03T09:10", "--recheck", theirs)["code"] == "recheck_by_a_stranger"
    again = make_recheck(tmp_path / "3", open_keys(tmp_path / "ours"), office.about, "not_corrected", NINE)
    office.must("03T09:10", "recheck", *LI, "--recheck", again)


def test_another_one_of_the_same_time_does_not_replace_the_first(office: Office, tmp_path: Path) -> None:
    """Nobody looks until the outcome suits."""
    office.ordered()
    office.must("03T09:10", "recheck", *LI, "--recheck", office.made(tmp_path / "1"))
    before = office.entries()
    ran = office.take("03T09:20", "recheck", *LI, "--recheck", office.made(tmp_path / "2", "corrected"))
    assert ran.code == 4 and "another re-check of this case and time lies here" in ran.json["error"]["what"]
    assert office.entries() == before


def test_before_the_deadline_it_proves_nothing_and_before_the_order_it_is_refused(
    office: Office, tmp_path: Path
) -> None:
    office.ordered()
    early = office.made(tmp_path / "1", due="2026-03-02T23:00:00.000000000Z")
    assert office.must("03T07:10", "recheck", *LI, "--recheck", early)["state"] == "ordered"
    before = office.made(tmp_path / "2", due="2026-03-02T01:50:00.000000000Z")
    assert office.refused("03T09:10", "--recheck", before)["code"] == "time"
    assert office.take("03T09:10", "notice", *LI, "--recheck", before).code == 2


# -- what leaves the office ----------------------------------------------------------------------------------------


def test_one_that_is_gone_is_named_and_one_that_was_changed_stops_the_release(office: Office, tmp_path: Path) -> None:
    office.ordered()
    office.must("03T09:10", "recheck", *LI, "--recheck", office.made(tmp_path / "x"))
    (name,) = office.folders()
    kept = office.data / "rechecks" / name
    (kept / "data/stills/look-1.png").write_bytes(b"another picture")
    told = exported(office, tmp_path / "1", code=4)
    assert "is no longer what was kept (data/stills/look-1.png)" in told["error"]["what"]
    shutil.rmtree(kept)
    made = exported(office, tmp_path / "2")
    assert any(one.endswith("it is no longer here") for one in made["missing"])
    report = verify(Path(made["path"]))
    assert report.ok and any("named here, and not carried" in one for one in report.cannot_know)


def test_an_outgoing_release_tells_of_it_and_leaves_its_pictures_here(office: Office, tmp_path: Path) -> None:
    """What the ledger tells of it goes along, unlike who looked at the case."""
    office.ordered()
    folder = office.made(tmp_path / "x")
    office.must("03T09:10", "recheck", *LI, "--recheck", folder)
    masked = masked_by_hand(office.data, office.case, tmp_path / "masked")
    path = exported(office, tmp_path / "out", "--profile", "outgoing", "--masked", masked)["path"]
    report = verify(Path(path))
    assert report.ok, report.culprits
    (told,) = json.loads((Path(path) / layout.RELEASE).read_bytes())["rechecks"]
    assert len(told["withheld"]) == 6
    assert not list((Path(path) / told["folder"]).rglob("*.png"))
    assert (Path(path) / told["folder"] / layout.RECHECK).read_bytes() == (folder / layout.RECHECK).read_bytes()


# -- the daemon's --------------------------------------------------------------------------------------------------


def test_the_daemons_is_entered_exactly_once_whoever_comes_first(office: Office, tmp_path: Path) -> None:
    folder = office.made(office.data / "rechecks")
    _, found = keeping.read(folder)
    assert found is not None
    asked = Appointment(office.case, "cam-1", f"cases/{office.case}", "cd" * 32, found.due_ns, found.window_ns)
    document = json.loads((folder / layout.RECHECK).read_bytes())
    where = f"rechecks/{folder.name}"
    told = keeping.for_ledger(document, found.sha256, where)
    assert told is not None
    with Store.open_file(office.data / "state.db", by="daemon") as store, ledger_of(office.data, "demo") as ledger:
        appointment = store.rechecks.add(asked, try_ns=0)
        store.rechecks.done(appointment.id, "not_corrected", None, where, told)
        store.rechecks.done(appointment.id, "not_corrected", None, where, told)  # begun again after a crash
        case = open_case(office.data, store, ledger, office.case)
        assert not entering.enter(office.data, store, ledger, case, folder, "李明 33010001"), "the daemon's comes first"
        assert [one.by for one in office.rechecked()] == ["daemon"]
        later = replace(asked, due_ns=asked.due_ns + 3600 * NS_PER_S)
        second = store.rechecks.add(later, try_ns=0)
        again = make_recheck(
            office.data / "rechecks", office.keys, office.about, "not_corrected",
            f"{iso_utc(later.due_ns)[:19]}.000000000Z",
        )  # fmt: skip
        assert entering.enter(office.data, store, ledger, case, again, "李明 33010001")
        assert not entering.enter(office.data, store, ledger, case, again, "李明 33010001"), "once"
        store.rechecks.done(second.id, "not_corrected", None, f"rechecks/{again.name}", told)
        Bookkeeper(store, ledger).enter()
        assert [one.by for one in office.rechecked()] == ["daemon", "李明 33010001"]
        assert {one.state for one in store.rechecks.all(office.case)} == {RecheckState.DONE}
        assert store.holds.of(appointment.hold_id) == [], "its footage may go"
    assert to_datetime(found.due_ns).hour == 1


def test_steps_that_an_earlier_version_took_stay_readable(office: Office) -> None:
    """They named any hash, and are judged where they are taken, never when they are read."""
    office.ordered()
    step = {
        "step": "recheck", "at": "2026-03-03T09:10:00+08:00", "by": {"name": "李明", "licence": "33010001"},
        "verdict": "not_corrected", "seen_at": "2026-03-03T09:00:00+08:00", "evidence_sha256": "ab" * 32,
    }  # fmt: skip
    told = {"manifest_sha256": office.about[1], "step": step}
    with closing(ledger_of(office.data, "demo")) as ledger:
        happening = Happening(Kind.CASE_STEP, "2026-03-03T01:10:00Z", "李明 33010001", office.case, told)  # type: ignore[arg-type]
        Ledger(ledger).add([happening])
    shown = office.run("procedure", "show", office.case, "--data", office.data, "--json").json
    assert shown["state"] == "not_corrected"


# -- when its time is up -------------------------------------------------------------------------------------------


def test_they_go_with_their_case_and_stay_with_one_that_is_held(office: Office, tmp_path: Path) -> None:
    """Those that were entered, those that somebody left there without a word, and what a killed run left."""
    office.ordered()
    office.must("03T09:10", "recheck", *LI, "--recheck", office.made(tmp_path / "x", "corrected"))
    office.must("03T09:20", "close", *LI, "--set", "why=已改正")
    _, found = keeping.read(office.made(tmp_path / "y", due="2026-03-04T01:00:00.000000000Z"))
    assert found is not None
    silent = office.data / keeping.FOLDER / found.name
    shutil.copytree(found.folder, silent)
    shutil.copytree(found.folder, silent.with_name(f"{found.name}.partial"))
    other = make_recheck(tmp_path / "z", office.keys, ("SP-20260302-ABCDEFGHIJKL", "12" * 32))
    shutil.copytree(other, office.data / keeping.FOLDER / "recheck-cam-1-20260401-090000-stay0001")
    assert len(office.folders()) == 4
    # As an earlier version wrote it down that named folders by the stay, which two cases may share.
    shared = Appointment(office.case, "cam-1", f"cases/{office.case}", "cd" * 32, found.due_ns + NS_PER_S, 1)
    with Store.open_file(office.data / "state.db") as store:
        store.rechecks.record(shared, "corrected", None, "rechecks/recheck-cam-1-20260401-090000-stay0001")

    def run() -> Any:
        with Store.open_file(office.data / "state.db", by="daemon") as store, ledger_of(office.data, "demo") as ledger:
            at_ns = from_iso("2100-01-01T00:00:00Z")
            return applying.apply(
                office.data, store, ledger, CaseRetention(), by="daemon", now_ns=at_ns, clock_is_right="a test"
            )

    held = ("--reason", "行政诉讼", *LI, "--data", office.data)
    assert office.run("retention", "hold", office.case, *held).code == 0
    assert run().deleted == () and len(office.folders()) == 4
    lifted = office.run("retention", "lift", office.case, "--reason", "已结案", *LI, "--data", office.data)
    assert lifted.code == 0, lifted.err
    done = run()
    assert [stone.case_id for stone in done.deleted] == [office.case] and done.errors == ()
    assert office.folders() == ["recheck-cam-1-20260401-090000-stay0001"], "of another case"
    (deleted,) = [one for one in office.entries() if one.kind is Kind.CASE_DELETED]
    assert deleted.data["rechecks"] == 3
    assert not office.bundle.exists()
