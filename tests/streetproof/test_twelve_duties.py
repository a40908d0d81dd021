"""Each of the twelve duties, violated on purpose: refused, with a reason that an officer understands.

One data folder per violation, made as the daemon would, and then the commands that officers type. docs/legal-mapping.md
names these tests.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.main import get_command

from evidence_export.bag import layout
from evidence_export.bag.code import code_of
from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer, load_or_create_key
from evidence_export.ledger.entry import Happening, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.sealer import seal
from evidence_export.standalone.pyz import pyz_bytes
from models.store import load_detector
from streams.interface import Coverage, Gap
from streetproof.bundles import case_row
from streetproof.cli.app import app
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.settings.load import load_site
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.evidence_export.conftest import POLICY, SEALED_AT, S, at, make_request, moment, write_recording
from tests.evidence_export.helpers import flip, resign
from tests.streetproof.commands import Ran, inside
from tests.streetproof.dataset.conftest import PLACES, Plates, Told, request_for
from tests.streetproof.test_recheck import SECONDS, SITE, film
from tests.streetproof.vehicles.entries import entry
from vision.interface import Hindrance, RoadUser
from vision.policy import policy_content, policy_hash

CHECKS = ("--check", "genuine", "--check", "clear", "--check", "complete", "--check", "accurate")
LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")
PLATE = ("--set", "answer.plate_unknown=两名执法人员人工辨认一致")
Change = Callable[[CaseRequest], CaseRequest]
Make = Callable[..., "Office"]


class Office:
    """A data folder with one case, and whoever types commands in it."""

    def __init__(self, data: Path, case: str, run: Callable[..., Ran]) -> None:
        self.data, self.case, self._run = data, case, run

    @property
    def bundle(self) -> Path:
        return self.data / "cases" / self.case

    def run(self, *arguments: object) -> Ran:
        return self._run(*arguments)

    def take(self, step: str, *arguments: object) -> Ran:
        return self._run("procedure", "take", self.case, step, *arguments, "--data", self.data, "--lang", "zh")

    def seal_another(self, footage: Path) -> None:
        """A case of another camera, that the database knows."""
        request = request_for(footage, "cam-2", "stay-2", PLACES["first"])
        sealed = seal(request, self.data / "cases", load_or_create_key(self.data / "key.pem"), SEALED_AT)
        with Store.open_file(self.data / "state.db") as store:
            store.remember_case(
                case_row(sealed.case_id, f"cases/{sealed.case_id}", request, None), sealed.manifest_sha256
            )

    def again(self) -> tuple[Path, Path]:
        """A site file, and a film of the day after."""
        site, footage = self.data / "复查 site.yaml", self.data / "东门 20260303_090000.mp4"
        site.write_text(f"model: {{name: told}}\n{SITE}", encoding="utf-8")
        return site, footage if footage.exists() else film(footage, SECONDS, car=lambda second: False)

    def reviewed(self) -> Path:
        """A table of reviews that accepts every case here."""
        path = self.data / "审核.csv"
        cases = sorted(one.name for one in (self.data / "cases").iterdir())
        path.write_text("\n".join(["case,decision,reason,officer", *(f"{one},accepted,,张三" for one in cases), ""]))
        return path

    def confirmed(self, *answers: object) -> Ran:
        """Review by one officer, confirmation by another."""
        assert self.take("review", *LI, *CHECKS).code == 0
        return self.take("confirm", *WANG, *CHECKS, *answers)


def policy_with(basis: dict[str, Any] | None, kind: str = "no_parking") -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(json.dumps(POLICY))
    none = {"id": None, "statute": None, "reviewed_by": None}
    policy["policy"]["rules"][0] |= {"legal_basis": basis or none, "kind": kind}
    return policy


BASIS = {
    "id": "dj-93",
    "statute": "道路交通安全法 第九十三条",
    "competence": "综合执法事项目录 第12项",
    "reviewed_by": "法制科",
}


def under(request: CaseRequest, policy: dict[str, Any]) -> CaseRequest:
    violation = replace(request.violation, policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest())
    return replace(request, policy=policy, violation=violation)


def under_site(request: CaseRequest, folder: Path) -> CaseRequest:
    """By the rule of a site file, as it can be read again."""
    path = folder / "site of the rule.yaml"
    path.write_text(SITE, encoding="utf-8")
    site = load_site(path).site
    rules = site.rules_of(site.cameras[0])
    violation = replace(request.violation, policy_hash=policy_hash(rules.policy, rules.zones[0], None))
    return replace(request, policy=policy_content(rules.policy, rules.zones[0]), violation=violation)


def good(recording: Path) -> CaseRequest:
    """A case that nothing but its plate stands against."""
    request = under(make_request(recording), policy_with(BASIS))
    camera = replace(
        request.camera,
        legal_review="法审 2026-3",
        technical_review="技审 2026-3",
        calibration_valid_until="2027-03-01",
        location_published="2026-01-15",
        clock_offset_ns=12_000_000,
    )
    return replace(request, camera=camera)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("录像") / "东门 20260302_080000.mp4"
    write_recording(path, 30)
    return path


@pytest.fixture(scope="module")
def other_footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("录像") / "西门 20260302_080000.mp4"
    write_recording(path, 24, seed=2)
    return path


@pytest.fixture
def make(footage: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")

    def made(change: Change = lambda request: request) -> Office:
        data = tmp_path / "数据 一"
        data.mkdir()
        request = change(good(footage))
        sealed = seal(request, data / "cases", load_or_create_key(data / "key.pem"), SEALED_AT)
        with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
            store.remember_case(
                case_row(sealed.case_id, f"cases/{sealed.case_id}", request, None), sealed.manifest_sha256
            )
            Bookkeeper(store, ledger).enter()
            Bookkeeper(store, ledger).checkpoint(data, load_or_create_key(data / "key.pem"))
        return Office(data, sealed.case_id, lambda *args: inside(capsys, monkeypatch, *args, width=200))

    return made


def camera(**changes: object) -> Change:
    return lambda request: replace(request, camera=replace(request.camera, **changes))  # type: ignore[arg-type]


def test_what_violates_none_is_confirmed(make: Make) -> None:
    """Without this, everything below could be refused for any other reason."""
    assert make().confirmed(*PLATE).code == 0


def test_duty_1_a_case_without_legal_basis_is_not_confirmed(make: Make) -> None:
    office = make(lambda request: under(request, policy_with(None)))
    refused = office.confirmed(*PLATE, "--set", "answer.legal_basis_unknown=没有问题")
    assert refused.code == 1 and "法律依据未知" in refused.err


@pytest.mark.parametrize(
    ("lacks", "said"),
    [("statute", "法律依据未知"), ("competence", "职权依据未知"), ("reviewed_by", "法律依据未经法制审核")],
)
def test_duty_1_a_basis_needs_statute_competence_and_review(make: Make, lacks: str, said: str) -> None:
    office = make(lambda request: under(request, policy_with({**BASIS, lacks: None})))
    refused = office.confirmed(*PLATE)
    assert refused.code == 1 and said in refused.err
    (bundle,) = (office.data / "cases").iterdir()
    case = json.loads((bundle / layout.CASE).read_bytes())
    assert case["case"]["status"] == "lead" and case["legal_basis"][lacks] == {"known": False}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (camera(legal_review=None), "设备法制、技术审核情况未知"),
        (camera(technical_review=None), "设备法制、技术审核情况未知"),
        (camera(calibration_valid_until=None), "设备检定情况未知"),
        (camera(calibration_valid_until="2026-03-01"), "检定"),
        (camera(location_published=None), "设置地点未公布或未知"),
        (camera(owner=None), "设备权属单位未知"),
    ],
)  # fmt: skip
def test_duty_2_a_camera_that_is_not_registered_proves_nothing(make: Make, change: Change, said: str) -> None:
    refused = make(change).confirmed(*PLATE)
    assert refused.code == 1 and said in refused.err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (camera(clock_offset_ns=None), "时钟偏差未测量"),
        (camera(clock_offset_ns=1_000_000_001), "时钟偏差超过 1.0 秒"),
    ],
)  # fmt: skip
def test_duty_3_a_clock_that_is_off_or_unknown_proves_nothing(make: Make, change: Change, said: str) -> None:
    refused = make(change).confirmed(*PLATE)
    assert refused.code == 1 and said in refused.err


def test_duty_4_an_original_that_was_changed_stops_everything(make: Make) -> None:
    office = make()
    flip(office.bundle / "data/clip.mp4", 100, 1)
    refused = office.take("review", *LI, *CHECKS)
    assert refused.code == 4 and "证据包核验未通过" in refused.err
    told = office.run("verify", office.bundle)
    assert told.code == 1 and "data/clip.mp4" in told.out and "验证未通过" in told.out


def test_duty_5_a_gap_where_it_counts_stops_the_case(make: Make) -> None:
    def gap(request: CaseRequest) -> CaseRequest:
        stay = replace(request.violation.stay, gap_ns=3 * S, seen_ns=11 * S)
        coverage = Coverage(at(0), at(29.8), 150, 150, (Gap(100, 200, 3 * S, "the recording stopped"),), ())
        recordings = (replace(request.recordings[0], coverage=coverage),)
        return replace(request, violation=replace(request.violation, stay=stay), recordings=recordings)

    refused = make(gap).confirmed(*PLATE, "--set", "answer.gap_in_decisive_interval=没有问题")
    assert refused.code == 1 and "关键时段有画面缺口" in refused.err


def test_duty_6_panoramas_too_close_have_to_be_answered_for(make: Make) -> None:
    close = (moment(4), moment(10))
    office = make(lambda request: replace(request, violation=replace(request.violation, moments=close)))
    refused = office.confirmed(*PLATE)
    assert refused.code == 1 and "两张全景图间隔不足" in refused.err


def test_duty_6_a_sheet_of_another_case_is_told(make: Make) -> None:
    office = make()
    told = office.run("verify", office.bundle, "--code", code_of("0" * 64))
    assert told.code == 1 and "防伪码" in told.out


LINE = {"kind": "marking", "name": "黄色实线", "place": [[0.1, 0.1], [0.3, 0.1], [0.3, 0.2], [0.1, 0.2]]}
UNDER_IT = {**LINE, "place": [[0.45, 0.55], [0.55, 0.55], [0.55, 0.7]]}
RIDER = RoadUser("bicycle", (0.62, 0.5, 0.66, 0.76), 0.75, came=True)


def as_judged_now(*signs: dict[str, Any], rider: RoadUser | None = None) -> Change:
    """In a fire lane whose zone names these signs; somebody rode past at 10 s, or nobody came near."""

    def change(request: CaseRequest) -> CaseRequest:
        policy = policy_with(BASIS)
        policy["zone"] |= {"purpose": "fire_lane", "signs": list(signs)}
        seen = None if rider is None else replace(moment(10), others=(rider,))
        moments = tuple(seen if seen is not None and one.at == seen.at else one for one in request.violation.moments)
        hindrance = Hindrance(7, 0 if seen is None else 1, seen)
        request = replace(request, violation=replace(request.violation, moments=moments, hindrance=hindrance))
        return under(request, policy)

    return change


def test_duty_6_a_whole_image_set_is_confirmed(make: Make) -> None:
    """Sign and obstruction are shown: nothing has to be answered for but the plate."""
    office = make(as_judged_now(LINE, rider=RIDER))
    roles = {one["role"] for one in json.loads((office.bundle / "case.json").read_bytes())["files"]}
    assert {"panorama", "sign_close_up", "obstruction", "clip"} <= roles
    assert office.confirmed(*PLATE).code == 0


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        (as_judged_now(rider=RIDER), "sign_not_shown", "未显示禁止停放的标志标线"),
        (as_judged_now(UNDER_IT, rider=RIDER), "sign_not_shown", "未显示禁止停放的标志标线"),
        (as_judged_now(LINE), "obstruction_not_shown", "未显示妨碍通行的情形"),
    ],
)  # fmt: skip
def test_duty_6_what_no_picture_shows_has_to_be_answered_for(make: Make, change: Change, code: str, said: str) -> None:
    """No sign is named; it lies under the vehicle; nobody was seen near it."""
    office = make(change)
    refused = office.confirmed(*PLATE)
    assert refused.code == 1 and said in refused.err
    answered = office.take("confirm", *WANG, *CHECKS, *PLATE, "--set", f"answer.{code}=现场勘查照片第 3 号已附卷")
    assert answered.code == 0


def test_duty_6_a_close_up_that_names_another_frame_is_told(make: Make) -> None:
    """Signed with the site's own key."""
    office = make(as_judged_now(LINE, rider=RIDER))

    def lie(case: dict[str, Any]) -> None:
        case["images"]["signs"][0]["close_up"]["panorama"] = "data/stills/panorama-2.png"

    resign(office.bundle, load_or_create_key(office.data / "key.pem"), lie)
    told = office.run("verify", office.bundle, "--lang", "zh")
    assert told.code == 1 and "近景的来源图片与所写不符" in told.out


def test_duty_7_nobody_confirms_what_they_have_reviewed(make: Make) -> None:
    office = make()
    assert office.take("review", *LI, *CHECKS).code == 0
    refused = office.take("confirm", *LI, *CHECKS, *PLATE)
    assert refused.code == 1 and "两名不同的执法人员" in refused.err


def test_duty_7_what_was_not_found_genuine_is_not_confirmed(make: Make) -> None:
    office = make()
    assert office.take("review", *LI, *CHECKS[2:]).code == 0
    refused = office.take("confirm", *WANG, *CHECKS, *PLATE)
    assert refused.code == 1 and "审核清单未全部通过：真实" in refused.err


def test_duty_8_nothing_is_decided_before_the_party_was_heard(make: Make) -> None:
    office = make()
    assert office.confirmed(*PLATE).code == 0
    decide = ("--set", "second.name=王芳", "--set", "second.licence=33010002", "--set", "document=决定书 1")
    early = office.take("decide", *LI, *decide)
    assert early.code == 1 and "不能进行此步骤" in early.err
    notice = ("--set", "served_at=2026-03-02T09:00", "--set", "document=告知书 1")
    assert office.take("notice", *LI, *notice).code == 0
    late = office.take("decide", *LI, *decide)
    assert late.code == 1 and "超过 90 日" in late.err


def test_duty_8_nobody_is_fined_by_a_recheck_that_nobody_did(make: Make) -> None:
    """That an order was not obeyed is shown by a re-check that verifies, or by an exhibit: not by any 64 digits."""
    office = make(lambda request: under(request, policy_with(BASIS, "intrusion")))
    assert office.confirmed(*PLATE).code == 0
    order = ("--set", "deadline=2999-03-03T08:00", "--set", "document=责令改正通知书 1")
    assert office.take("order", *LI, *order).code == 0
    typed = ("--set", "verdict=not_corrected", "--set", "seen_at=2999-03-03T09:00")
    refused = office.take("recheck", *LI, *typed, "--set", f"evidence_sha256={'ab' * 32}")
    assert refused.code == 1 and "既不是存证日志中本案的复查" in refused.err and "--recheck" in refused.err
    notice = office.take("notice", *LI, "--set", "served_at=2026-03-02T09:00", "--set", "document=告知书 1")
    assert notice.code == 1 and "不能进行此步骤" in notice.err


def test_duty_9_an_entry_of_the_ledger_that_was_edited_is_found(make: Make) -> None:
    office = make()
    with closing(sqlite3.connect(office.data / "ledger.db")) as connection, connection:
        (entry,) = connection.execute("SELECT entry FROM ledger_entry WHERE seq = 0").fetchone()
        changed = bytes(entry).replace(b'"kind":"case.sealed"', b'"kind":"case.viewed"')
        assert changed != bytes(entry)
        connection.execute("UPDATE ledger_entry SET entry = ? WHERE seq = 0", (changed,))
    key = office.bundle / "site-key.pub.pem"
    told = office.run("ledger", "check", "--data", office.data, "--key", key, "--lang", "zh")
    assert told.code == 1 and "条目被改动" in told.out


LOOK = {"--purpose": "release: 复议 17", "--officer": "李明", "--licence": "33010001"}
READ_PLATE = "京A12345"
SHOWS: dict[str, tuple[str, Callable[[Office, Path], tuple[object, ...]]]] = {
    "cases open": ("case.viewed", lambda office, out: (office.case, "--data", office.data)),
    "procedure show": ("case.viewed", lambda office, out: (office.case, "--pictures", "--data", office.data)),
    "report": ("case.viewed", lambda office, out: (office.bundle, "--out", out / "r.pdf", "--sheet", out / "s.png")),
    "mask": (
        "case.redacted",
        lambda office, out: (
            office.bundle, "--out", out / "m", "--scope", "all-but-vehicle", "--store", office.data / "none",
        ),
    ),
    "vehicles": ("plates.searched", lambda office, out: (READ_PLATE, "--data", office.data)),
    "dataset export": (
        "dataset.exported",
        lambda office, out: (
            "--cases", office.data / "cases", "--reviews", office.reviewed(), "--model", "told", "--out", out / "d",
        ),
    ),
    "export": (
        "case.exported",
        lambda office, out: (
            office.case, ROOT / "configs/demo/site.yaml", "--recipient", "法院", "--profile", "full",
            "--data", office.data, "--key", office.data / "key.pem", "--out", out,
        ),
    ),
    "recheck": (
        "case.viewed",
        lambda office, out: (
            office.bundle, *office.again(), "--at", "2026-03-03T09:00", "--window", "120s",
            "--key", office.data / "key.pem", "--out", out / "rechecks",
        ),
    ),
}  # fmt: skip
"""Commands that show pictures of sealed cases, or plates, with what they enter and how they are called."""
SHOW_NONE = frozenset(
    {
        "access list", "cases", "config check", "config schema", "copies check", "copies make", "database move",
        "dataset check", "evaluate", "import", "keys export-trust", "keys init", "keys revoke", "keys rotate",
        "keys show", "ledger check", "ledger prove", "ledger sign", "ledger stamp", "ledger verify", "ledger witness",
        "models bench",
        "models check", "models export", "models list", "models pull", "models train", "outliers", "procedure take",
        "recordings check", "recordings rebuild", "recordings release", "register", "replay", "retention apply",
        "retention hold", "retention holds", "retention lift", "retention plan", "status", "verifier", "verify",
        "whatif",
    }
)  # fmt: skip
MAKE_EVIDENCE = frozenset({"batch", "demo", "plates read", "run", "zones preview"})
"""Out of footage or pictures that are no case's: what they write is new, and nobody has sealed it before."""
_LOOKS = ("viewed", "redacted", "searched", "exported")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "输出 一"
    folder.mkdir()
    return folder


@pytest.fixture
def open_office(make: Make, other_footage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """With a second case of another camera, a plate that was read, and models that find what they are told to."""
    monkeypatch.setattr(
        "models.store.load_detector", lambda name, **more: Told() if name == "told" else load_detector(name, **more)
    )
    monkeypatch.setattr("models.plates.loading.load_plate_reader", lambda **_: Plates())
    office = make(lambda request: under_site(request, tmp_path))
    with Store.open_file(office.data / "state.db") as store:
        store.vehicles.keep(entry(1, READ_PLATE))
    office.seal_another(other_footage)
    return office


def entered(office: Office) -> list[Happening]:
    with ledger_of(office.data, "demo") as ledger:
        found = [read_entry(row.entry).happening for row in ledger.rows()]
    return [one for one in found if str(one.kind).endswith(_LOOKS)]


def look(**changes: str | None) -> list[str]:
    """The options, changed; None leaves one out."""
    given = LOOK | {f"--{name}": value for name, value in changes.items()}
    return [part for option, value in given.items() if value is not None for part in (option, value)]


@pytest.mark.parametrize("command", SHOWS)
def test_duty_9_the_ledger_has_every_look_before_anything_is_shown(
    open_office: Office, out: Path, command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, arguments = SHOWS[command]
    add = Ledger.add
    there: list[tuple[list[Path], str]] = []

    def watched(self: Ledger, *given: Any, **named: Any) -> range:
        there.append((list(out.iterdir()), capsys.readouterr().out))
        return add(self, *given, **named)

    monkeypatch.setattr(Ledger, "add", watched)
    ran = open_office.run(*command.split(), *arguments(open_office, out), *look())
    assert ran.code == 0, ran.err
    assert there == [([], "")], "something was shown or written before the entry"
    (told,) = entered(open_office)
    assert (str(told.kind), told.by) == (kind, "李明 33010001")
    assert "release" in str(told.data["purpose"])
    shown = " ".join([ran.out, *(str(path) for path in out.rglob("*"))])
    assert any(word in shown for word in ("panorama", READ_PLATE, "r.pdf", ".jpg", "look-1")), (
        "or the test watched nothing"
    )
    if command not in ("vehicles", "dataset export"):
        assert told.about == open_office.case
    if command == "dataset export":
        names = sorted(path.name for path in (open_office.data / "cases").iterdir())
        assert (told.data["cases"], told.data["ids"]) == (2, names)
    if command != "export":
        (listed,) = open_office.run("access", "list", "--data", open_office.data, "--json").json
        assert (listed["by"], listed["purpose"], listed["text"]) == ("李明 33010001", "release", "复议 17")


@pytest.mark.parametrize("command", SHOWS)
def test_duty_11_nobody_is_shown_anything_for_no_reason(open_office: Office, out: Path, command: str) -> None:
    _, arguments = SHOWS[command]
    typed = (*command.split(), *arguments(open_office, out))
    missing = [look(purpose=None), look(officer=None), look(licence=None)]
    # To whom and what for is said in any words where something is handed over.
    wrong = [] if command == "export" else [look(purpose="看看"), look(officer=" "), look(licence="1\n2\x1b")]
    for options, code in [(one, 2) for one in missing] + [(one, 4) for one in wrong]:
        ran = open_office.run(*typed, *options)
        assert ran.code == code, ran.err
        assert list(out.iterdir()) == [] and "data/" not in ran.out and READ_PLATE not in ran.out
    assert entered(open_office) == []


@pytest.mark.parametrize("command", SHOWS)
def test_duty_9_where_the_ledger_cannot_be_written_nothing_is_shown(
    open_office: Office, out: Path, command: str
) -> None:
    with closing(sqlite3.connect(open_office.data / "ledger.db")) as connection, connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON ledger_entry BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    _, arguments = SHOWS[command]
    ran = open_office.run(*command.split(), *arguments(open_office, out), *look())
    assert ran.code == 4 and "the disk is full" in ran.err, ran.err
    assert list(out.iterdir()) == [] and "data/stills" not in ran.out and READ_PLATE not in ran.out


def test_duty_11_every_command_is_known_to_show_pictures_or_not() -> None:
    """A new one fails here until somebody has thought about what it shows."""

    def leaves(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
        inner = getattr(command, "commands", {})
        if not inner or getattr(command, "invoke_without_command", False):
            yield path, command
        for name, one in inner.items():
            yield from leaves(one, (*path, name))

    found = {" ".join(path): command for path, command in leaves(get_command(app), ())}
    assert set(found) == {*SHOWS, *SHOW_NONE, *MAKE_EVIDENCE}
    for name in SHOWS:
        options = {option for parameter in found[name].params for option in parameter.opts}
        assert {*LOOK} <= options, name


def test_duty_10_a_case_that_somebody_else_sealed_anew_is_not_the_sites(make: Make) -> None:
    office = make()
    own = load_or_create_key(office.data / "key.pem").fingerprint
    stranger = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    resign(office.bundle, stranger, lambda case: case["violation"].update(dwell_lower_bound_ns=10**12))
    told = subprocess.run(
        [sys.executable, "-m", "evidence_export.verifier", office.bundle, "--key", own, "--lang", "zh"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1 and "不是可信公钥" in told.stdout


def test_duty_11_nothing_leaves_before_somebody_has_looked_at_masked_copies(make: Make, tmp_path: Path) -> None:
    office = make()
    refused = office.run(
        "export", office.case, ROOT / "configs/demo/site.yaml", "--recipient", "当事人", "--purpose", "告知", *LI,
        "--data", office.data, "--key", office.data / "key.pem", "--out", tmp_path / "out",
    )  # fmt: skip
    assert refused.code == 4 and "须附经人员查看确认的遮挡副本" in refused.err
    assert not (tmp_path / "out").exists()


def test_duty_11_nobody_looks_at_a_case_for_no_reason(make: Make) -> None:
    office = make()
    refused = office.run("cases", "open", office.case, "--purpose", "看看", *LI, "--data", office.data)
    assert refused.code == 4 and "data/stills" not in refused.out and "不是查看事由" in refused.err


def test_duty_12_a_bundle_that_was_tampered_with_is_told_on_a_machine_with_python_alone(
    make: Make, tmp_path: Path
) -> None:
    office = make()
    verifier = tmp_path / "verify.pyz"
    verifier.write_bytes(pyz_bytes())
    (office.bundle / "data/stills/extra.png").write_bytes(b"x")
    told = subprocess.run(
        [sys.executable, "-I", "-S", verifier, office.bundle, "--lang", "zh"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode == 1, told.stderr
    assert "data/stills/extra.png" in told.stdout and "不属于证据包" in told.stdout


def test_verify_speaks_to_officers_in_chinese(make: Make) -> None:
    office = make()
    flip(office.bundle / "data/clip.mp4", 100, 1)
    zh, en = (office.run("verify", office.bundle, "--lang", language).out for language in ("zh", "en"))
    assert "封存时" in zh and "Whether the clocks" not in zh
    assert "was sealed" in en and "Whether the clocks" in en
