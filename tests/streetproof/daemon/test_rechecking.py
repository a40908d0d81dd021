"""Re-checks that rules ask for: appointments that survive, one command at a time, and whatever becomes of it."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence_export.keys import Ed25519Signer, SealingKeys, load_or_create_key
from evidence_export.ledger.entry import Kind
from evidence_export.sealer import seal
from models.store import ModelStore
from streams.archive.clock import parse_start
from streams.instant import NS_PER_S, iso_utc
from streetproof.bundles import case_row
from streetproof.daemon import announce
from streetproof.daemon.rechecking import NotRechecked, Rechecked, Rechecking
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.settings.load import load_site
from streetproof.store.database import Store
from streetproof.store.rechecks import Appointment, RecheckState
from tests.evidence_export.conftest import SEALED_AT, make_request
from tests.evidence_export.rechecks import make_recheck
from tests.streetproof import test_recheck as rechecks
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.sites import parked, play, segments
from tests.streetproof.daemon.test_casework import Work
from tests.vision.byhand import T0, at
from vision.policy import policy_content, policy_hash

DUE = T0 + 3600 * NS_PER_S
ASKED = Appointment("SP-9", "gate-1", "cases/SP-9", "ab" * 32, DUE, 600 * NS_PER_S)
LATER = DUE + 700 * NS_PER_S


@dataclass
class Recorded:
    path: str


class Index:
    """A recording index that knows of two segments, one with a Chinese name and a space."""

    paths = ("gate-1/a.mp4", "gate-1/段 2.mp4")

    def between(self, camera: str, from_ns: int, to_ns: int) -> list[Recorded]:
        assert (camera, from_ns, to_ns) == ("gate-1", DUE, DUE + 600 * NS_PER_S)
        return [Recorded(path) for path in self.paths]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    (tmp_path / "cases/SP-9").mkdir(parents=True)
    (tmp_path / "cases/SP-9/case.json").write_bytes(CASE)
    with Store.open_file(tmp_path / "state.db", busy_s=0.05) as opened:
        yield opened


def rechecking(store: Store, data: Path, script: str) -> Rechecking:
    """Its command is a Python script, to which `args` are the arguments of the real one."""
    code = f"import json, sys, pathlib\nargs = sys.argv[1:]\n{script}"
    command = (sys.executable, "-c", code)
    return Rechecking(store, Index(), data / "recordings", data, data / "key.pem", data / "models", command)  # type: ignore[arg-type]


def finished(work: Rechecking, now_ns: int) -> Any:
    """What comes of the one that is due."""
    assert work.work(now_ns) is None
    for _ in range(4000):  # busy machines take their time
        told = work.work(now_ns)
        if told is not None or work._running is None:
            return told
        time.sleep(0.05)
    raise AssertionError("it does not end")


CASE = b"what was sealed"
WRITTEN: dict[str, Any] = {
    "version": 2,
    "original": {"case": "SP-9", "case_sha256": hashlib.sha256(CASE).hexdigest()},
    "asked": {"due": iso_utc(DUE)},
    "seal": {"key_fingerprint": "34" * 32},
}
"""Of `recheck.json`, what the daemon reads besides the outcome."""


def says(verdict: str, reason: str | None, code: int, seen: Path, **other: Any) -> str:
    """A command that writes a re-check and says so; its arguments go to `seen`. `other`: of what it writes."""
    written = WRITTEN | {"outcome": {"verdict": verdict, "reason": reason}} | other
    return f"""
import hashlib
written = json.loads({json.dumps(written)!r})
folder = pathlib.Path(args[args.index("--data") + 1]) / "rechecks" / "recheck-1"
folder.mkdir(parents=True, exist_ok=True)
(folder / "recheck.json").write_text(json.dumps(written))
sha256 = written.get("said", hashlib.sha256((folder / "recheck.json").read_bytes()).hexdigest())
print(json.dumps(dict(folder=str(folder), sha256=sha256, recheck=written)))
pathlib.Path({str(seen)!r}).write_text(json.dumps(args))
sys.exit({code})
"""


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [("corrected", None, 0), ("not_corrected", None, 1), ("cannot_tell", "hidden", 3)],
)
def test_what_the_command_says_is_kept_and_told(
    store: Store, tmp_path: Path, verdict: str, reason: str | None, code: int
) -> None:
    seen = tmp_path / "args.json"
    work = rechecking(store, tmp_path, says(verdict, reason, code, seen))
    store.rechecks.add(ASKED, try_ns=LATER)
    assert work.work(LATER - 1) is None and work._running is None, "it is not due"
    told = finished(work, LATER)
    assert told == Rechecked(ASKED, verdict, reason, tmp_path / "rechecks" / "recheck-1")
    (kept,) = store.rechecks.all("SP-9")
    assert (kept.state, kept.verdict, kept.reason, kept.folder) == (
        RecheckState.DONE, verdict, reason, "rechecks/recheck-1",
    )  # fmt: skip
    assert store.holds.of(kept.hold_id) == [], "its footage may go"
    noted = [one.happening for one in store.happenings.oldest(10) if one.happening.kind is Kind.CASE_RECHECKED]
    sha256 = hashlib.sha256((tmp_path / "rechecks/recheck-1/recheck.json").read_bytes()).hexdigest()
    assert [(one.about, one.data["recheck_sha256"], one.data["verdict"], one.data["folder"]) for one in noted] == [
        ("SP-9", sha256, verdict, "rechecks/recheck-1")
    ]
    args = json.loads(seen.read_text())
    recordings = tmp_path / "recordings"
    assert args[:5] == [
        "recheck", str(tmp_path / "cases/SP-9"), str(tmp_path / "configs" / f"{'ab' * 32}.yaml"),
        str(recordings / "gate-1/a.mp4"), str(recordings / "gate-1/段 2.mp4"),
    ]  # fmt: skip
    assert args[args.index("--window") + 1] == "600s" and args[args.index("--at") + 1].endswith("Z")
    assert args[args.index("--data") + 1] == str(tmp_path) and "--appointment" in args and "--officer" not in args
    assert finished_nothing(work)
    notice = announce.rechecked(sites.load(tmp_path / "site.yaml").site, told, LATER)
    assert {"corrected": "已改正", "not_corrected": "未改正", "cannot_tell": "无法判断：该处被遮挡"}[
        verdict
    ] in notice.zh
    assert notice.data["case"] == "SP-9" and notice.data["verdict"] == verdict


def finished_nothing(work: Rechecking) -> bool:
    return work.work(LATER + 10**15) is None and work._running is None


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("sys.exit(4)", "ended with 4 and said nothing"),
        (
            'print(json.dumps({"error": {"what": "the bundle does not verify", "where": "x"}})); sys.exit(4)',
            "not verify",
        ),
        ("print('{'); sys.exit(0)", "said nothing"),
        ("import os; os.kill(os.getpid(), 9)", "ended with -9"),
    ],
)
def test_what_cannot_be_done_is_tried_again_and_given_up_in_the_end(
    store: Store, tmp_path: Path, script: str, words: str
) -> None:
    work = rechecking(store, tmp_path, script)
    store.rechecks.add(ASKED, try_ns=LATER)
    now = LATER
    for attempt in range(1, 4):
        assert finished(work, now) is None
        (kept,) = store.rechecks.all()
        assert (kept.state, kept.attempts) == (RecheckState.WAITING, attempt) and words in (kept.error or "")
        assert store.rechecks.due(now) is None, "not at once"
        assert store.holds.of(kept.hold_id), "its footage stays"
        now += 300 * NS_PER_S
    told = finished(work, now)
    assert isinstance(told, NotRechecked) and words in told.error
    (kept,) = store.rechecks.all()
    assert kept.state is RecheckState.FAILED and store.holds.of(kept.hold_id) == []
    notice = announce.rechecked(sites.load(tmp_path / "site.yaml").site, told, now)
    assert "请人工查看" in notice.zh and words in notice.en


@pytest.mark.parametrize(
    "other",
    [
        {"original": {**WRITTEN["original"], "case": "SP-8"}},
        {"original": {**WRITTEN["original"], "case_sha256": "12" * 32}},
        {"original": {"stay": "x"}},
        {"asked": {"due": iso_utc(DUE + NS_PER_S)}},
        {"said": "12" * 32},
    ],
    ids=["of another case", "of another bundle", "of no case", "of another time", "changed since it was verified"],
)
def test_what_is_not_that_of_the_appointment_is_not_taken_for_it(
    store: Store, tmp_path: Path, other: dict[str, Any]
) -> None:
    """Two rules of one stay have a case each: neither takes the outcome of the other."""
    work = rechecking(store, tmp_path, says("corrected", None, 0, tmp_path / "s", **other))
    store.rechecks.add(ASKED, try_ns=LATER)
    assert finished(work, LATER) is None
    (kept,) = store.rechecks.all()
    assert kept.state is RecheckState.WAITING and "is not what was asked for" in (kept.error or "")
    assert [one for one in store.happenings.oldest(10) if one.happening.kind is Kind.CASE_RECHECKED] == []


def test_what_it_wrote_and_cannot_be_read_is_not_taken_for_an_outcome(store: Store, tmp_path: Path) -> None:
    told = {"folder": str(tmp_path / "rechecks/gone"), "recheck": {"outcome": {"verdict": "corrected", "reason": None}}}
    work = rechecking(store, tmp_path, f"print({json.dumps(json.dumps(told))}); sys.exit(0)")
    store.rechecks.add(ASKED, try_ns=LATER)
    assert finished(work, LATER) is None
    (kept,) = store.rechecks.all()
    assert kept.state is RecheckState.WAITING and "its evidence cannot be read" in (kept.error or "")


def test_one_that_is_under_way_when_the_daemon_stops_is_done_by_the_next(store: Store, tmp_path: Path) -> None:
    store.rechecks.add(ASKED, try_ns=LATER)
    work = rechecking(store, tmp_path, "import time; time.sleep(600)")
    work.work(LATER)
    assert work._running is not None
    process = work._running.process
    work.stop()
    assert process.poll() is not None
    again = rechecking(store, tmp_path, says("corrected", None, 0, tmp_path / "s"))
    assert isinstance(finished(again, LATER), Rechecked)


def test_an_appointment_is_made_once_and_holds_its_footage(store: Store) -> None:
    first = store.rechecks.add(ASKED, try_ns=LATER)
    assert store.rechecks.add(ASKED, try_ns=LATER + 5) == first
    (hold,) = store.holds.of(first.hold_id)
    assert (hold.camera, hold.start_ns, hold.end_ns) == ("gate-1", DUE, DUE + 600 * NS_PER_S)
    assert store.rechecks.due(LATER - 1) is None and store.rechecks.due(LATER) == first
    assert store.rechecks.all("SP-0") == []


def test_a_sealed_case_gets_the_appointments_of_its_rule(tmp_path: Path) -> None:
    """Also where the database refuses in the middle, and the same answer comes again."""
    content = sites.site()
    content["policies"][0]["rules"][0]["recheck"] = ["30m", "24h"]
    loaded = sites.load(tmp_path / "site.yaml", content)
    folder = tmp_path / "数据 一"
    folder.mkdir()
    work = Work(folder, loaded)
    work.take(play(work.desk, parked(6, 999), 0, 150))
    work.store.segments.add(segments(1, 40))
    assert work.work(400)
    made = work.done(401)
    assert made is not None
    asked = [one.asked for one in work.store.rechecks.all()]
    fired = made.finding.violation.fired_at.utc_ns
    assert [one.due_ns - fired for one in asked] == [1800 * NS_PER_S, 24 * 3600 * NS_PER_S]
    assert {(one.case_id, one.camera, one.config, one.window_ns) for one in asked} == {
        (made.case_id, "gate-1", loaded.sha256, 600 * NS_PER_S)
    }
    assert (folder / asked[0].bundle) == made.bundle
    assert work.store.rechecks.due(asked[0].end_ns) is None, "its last segment is still being written"
    work.store.close()


def test_the_real_command_on_real_footage(store: Store, tmp_path: Path, bootstrap_model: str) -> None:
    """The block stood there on 2 March; the next day the street is empty. What somebody else has laid there is not
    entered, and what was written before a crash is."""
    site = tmp_path / "site.yaml"
    site.write_text(f"model: {{name: {bootstrap_model}}}\n{rechecks.SITE}", "utf-8")
    loaded = load_site(site)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / f"{loaded.sha256}.yaml").write_bytes(site.read_bytes())
    rules = loaded.site.rules_of(loaded.site.cameras[0])
    original = rechecks.film(tmp_path / "门 20260302_080000.mp4", 30, car=lambda second: second >= 4)
    request = make_request(original)
    request = replace(
        request,
        policy=policy_content(rules.policy, rules.zones[0]),
        violation=replace(request.violation, policy_hash=policy_hash(rules.policy, rules.zones[0], None)),
    )
    case = seal(request, tmp_path / "cases", load_or_create_key(tmp_path / "key.pem"), SEALED_AT)
    store.remember_case(case_row(case.case_id, f"cases/{case.case_id}", request, None), case.manifest_sha256)
    with ledger_of(tmp_path, "demo") as ledger:
        Bookkeeper(store, ledger).enter()
    (tmp_path / "recordings").mkdir()
    name = "门 20260303_090000.mp4"
    rechecks.film(tmp_path / "recordings" / name, rechecks.SECONDS, car=lambda second: False)
    due = parse_start("2026-03-03T09:00", loaded.site.site.timezone).utc_ns

    class OneFile:
        def between(self, camera: str, from_ns: int, to_ns: int) -> list[Recorded]:
            return [Recorded(name)]

    def rechecking() -> Rechecking:
        return Rechecking(
            store, OneFile(), tmp_path / "recordings", tmp_path, tmp_path / "key.pem", ModelStore.default().folder,  # type: ignore[arg-type]
        )  # fmt: skip

    def noted() -> int:
        return sum(one.happening.kind is Kind.CASE_RECHECKED for one in store.happenings.oldest(10))

    stranger = SealingKeys(Ed25519Signer(Ed25519PrivateKey.generate()))
    place = tmp_path / "rechecks" / f"recheck-cam-1-20260303-090000-{case.case_id}"
    place.parent.mkdir()
    make_recheck(tmp_path / "x", stranger, (case.case_id, case.manifest_sha256), "corrected").rename(place)
    asked = Appointment(case.case_id, "cam-1", f"cases/{case.case_id}", loaded.sha256, due, 120 * NS_PER_S)
    store.rechecks.add(asked, try_ns=0)
    assert finished(rechecking(), 0) is None
    (kept,) = store.rechecks.all()
    assert kept.state is RecheckState.WAITING and "neither that of the case" in (kept.error or ""), kept.error
    assert noted() == 0
    place.rename(tmp_path / "aside")

    crashed = rechecking()
    later = at(0).utc_ns
    assert crashed.work(later) is None and crashed._running is not None
    crashed._running.process.wait(120)  # and the daemon is killed before it has heard of it
    crashed._running.out.close()
    assert place.is_dir() and noted() == 0
    told = finished(rechecking(), later)
    assert isinstance(told, Rechecked), store.rechecks.all()
    assert told.verdict == "corrected" and told.folder == place and (place / "recheck.json.sig").is_file()
    assert case.case_id in (told.folder / "README.txt").read_text("utf-8")
    assert noted() == 1


def test_a_command_that_cannot_be_started_does_not_end_the_daemon(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    work = rechecking(store, tmp_path, "sys.exit(0)")
    store.rechecks.add(ASKED, try_ns=LATER)
    assert work.work(LATER) is None and work._running is None
    (kept,) = store.rechecks.all()
    assert kept.attempts == 1 and "cannot be started" in (kept.error or "")
