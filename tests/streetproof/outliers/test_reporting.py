"""The report on cameras that stand out, from databases, a ledger and bundles as a site has them, to page and JSON."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.steps import Confirm, Officer, Reject, Rejection, Step
from evidence_export.sealer import seal
from streams.instant import NS_PER_S, from_datetime, iso_utc
from streetproof.bundles import case_row
from streetproof.ledgers.bookkeeping import Bookkeeper
from streetproof.outliers.reporting import days_ago, page, report, window
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.store.tables import CaseRow
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.postgres import Cluster, requires_postgres
from tests.streetproof.commands import Ran, inside

ZONE = ZoneInfo("Asia/Shanghai")
DAY_NS = 24 * 3600 * NS_PER_S
NOW = datetime.now(UTC)
LI = Officer(name="李明 <b>", licence="33010001")
NAMES = {"gate-1": "东大街1号机 <script>alert('一')</script>", "gate-2": "西大街2号机 & 北口"}
Kept = tuple[Path, Store, SqlLedger]
Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one sealed case of each camera."""
    data = tmp_path_factory.mktemp("数据 一")
    write_recording(data / "东门.mp4", 30)
    for camera, name in NAMES.items():
        request = request_of(data / "东门.mp4", camera, name)
        seal(request, data / "cases" / camera, load_or_create_key(data / "key.pem"), SEALED_AT)
    return data


def request_of(recording: Path, camera: str, name: str) -> Any:
    made = make_request(recording)
    stay = replace(made.stay, camera=camera)
    violation = replace(made.violation, stay=replace(made.violation.stay, camera=camera))
    return replace(made, camera=replace(made.camera, id=camera, name=name), stay=stay, violation=violation)


@pytest.fixture
def data(bundles: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(bundles, tmp_path / "库 一"))


def remember(data: Path, store: Store, camera: str, number: int, days_ago: float) -> str:
    """One more case of a camera, which arrived so many days ago. Its bundle is the one of that camera."""
    (bundle,) = (data / "cases" / camera).iterdir()
    request = request_of(data / "东门.mp4", camera, NAMES[camera])
    row = case_row(f"SP-{camera}-{number:03}", str(bundle.relative_to(data)), request, None)
    row.arrived_ns = from_datetime(NOW - timedelta(days=days_ago))
    row.last_seen_ns = row.arrived_ns + NS_PER_S
    store.remember_case(row, f"{number:064x}")
    return row.id


def step(ledger: SqlLedger, case: str, taken: Step) -> None:
    """As `procedure take` enters it."""
    told = {"manifest_sha256": "ab" * 32, "step": json.loads(taken.model_dump_json())}
    who = f"{taken.by.name} {taken.by.licence}"
    Ledger(ledger).add([Happening(Kind.CASE_STEP, iso_utc(from_datetime(NOW)), who, case, told)])


def fill(data: Path, store: Store, ledger: SqlLedger) -> None:
    """gate-1 made 3 cases, then 24, most of them rejected; gate-2 made 6 and 6, all confirmed but one that is open. One
    of gate-1 and one of gate-2 are deleted since, and somebody has looked at three."""
    now: dict[str, list[str]] = {"gate-1": [], "gate-2": []}
    for camera, (before, since) in {"gate-1": (3, 24), "gate-2": (6, 6)}.items():
        for number in range(before):
            remember(data, store, camera, number, 31 + number)
        for number in range(before, before + since):
            now[camera].append(remember(data, store, camera, number, 1 + number % 25))
    Bookkeeper(store, ledger).enter()
    # Confirmed first and rejected afterwards is rejected.
    for case in now["gate-2"][:5] + now["gate-1"][:4]:
        step(ledger, case, Confirm(at=NOW, by=LI, checks=frozenset()))
    for number, case in enumerate(now["gate-1"][2:22]):
        reason = Rejection.TRAFFIC_QUEUE if number < 13 else Rejection.NOT_A_VIOLATION
        step(ledger, case, Reject(at=NOW, by=LI, reason=reason, note="不构成违法，已核对现场"))
    # The last one is too long ago.
    looks = (("王芳 33010002", 1), ("王芳 33010002", 2), ("<i>赵强</i> 9", 3), ("李明 33010001", 99))
    for who, days in looks:
        at = iso_utc(from_datetime(NOW - timedelta(days=days)))
        Ledger(ledger).add([Happening(Kind.CASE_VIEWED, at, who, now["gate-2"][0], {"purpose": "audit", "text": ""})])
    for case in (now["gate-1"][2], "SP-gate-2-000"):
        facts = {"manifest_sha256": "ab" * 32, "cls": "rejected", "due": "2026-01-01", "exhibits": ()}
        stone = store.tombstones.decide(case, **facts, ledger_from=0, now_ns=1)
        assert stone is not None
        store.tombstones.no_case_any_more(stone)


@contextmanager
def opened(data: Path, url: str | None = None) -> Iterator[Kept]:
    with ExitStack() as stack:
        if url is None:
            store = stack.enter_context(Store.open_file(data / "state.db"))
            yield data, store, stack.enter_context(SqlLedger.open_file(data / "ledger.db", "demo"))
        else:
            yield data, stack.enter_context(Store(url)), stack.enter_context(SqlLedger(url, "demo"))


@pytest.fixture
def filled(data: Path) -> Path:
    with opened(data) as kept:
        fill(*kept)
    return data


def reported(kept: Kept, days: int = 30) -> dict[str, Any]:
    now_ns = from_datetime(NOW) + 1
    span = window(days_ago(days, now_ns, ZONE), now_ns, ZONE)
    return report(*kept, span, "Asia/Shanghai")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda *arguments: inside(capsys, monkeypatch, "outliers", *arguments, width=300)


class _Text(HTMLParser):
    """What a page shows, and the elements that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.shown += data


def test_the_camera_that_stands_out_is_told_with_its_figures(data: Path) -> None:
    with opened(data) as kept:
        fill(*kept)
        document = reported(kept)
    assert json.loads(json.dumps(document)) == document
    first, second = document["cameras"]
    assert (first["camera"], second["camera"]) == ("gate-1", "gate-2"), "what is marked comes first"
    marks = {one["code"] for one in first["marks"]}
    assert marks == {"more_than_before", "rejected_more_than_others", "mostly_rejected"}
    assert all(one["zh"] and one["en"] for one in first["marks"])
    assert (first["cases"], first["past"], first["decided"], first["rejected"]) == (24, 3, 22, 20)
    assert first["known"] == 23, "of one that was deleted, its bundle is not there any more"
    assert first["rejected_share"] == pytest.approx(20 / 22)
    low, high = first["rejected_limits"]
    assert 0.7 < low < 20 / 22 < high < 1
    assert [(one["code"], one["zh"], one["cases"]) for one in first["reasons"]] == [
        ("traffic_queue", "排队等候的车流", 13), ("not_a_violation", "不构成违法", 7),
    ]  # fmt: skip
    assert first["name"] == NAMES["gate-1"] and first["kind"]["zh"] == "违法停车"
    assert first["blocked"] == 23 and {"plate_unknown", "legal_basis_missing"} & {
        one["code"] for one in first["blocked_by"]
    }
    assert (first["plates"], first["plates_uncertain"]) == (0, 0), "no plate was looked for"
    assert second["marks"] == [] and (second["cases"], second["past"], second["decided"]) == (6, 6, 5)
    assert first["others"] == {"cameras": 1, "median_per_day": None, "mad_per_day": None}
    assert any("1 other cameras" in said["en"] for said in first["untold"]), (
        "two cameras are too few to compare numbers"
    )
    assert document["cases"] == 30
    assert document["views"] == [{"by": "王芳 33010002", "views": 2}, {"by": "<i>赵强</i> 9", "views": 1}]


@requires_postgres
def test_postgresql_tells_the_same(data: Path, postgres: Cluster) -> None:
    with opened(data) as one, opened(data, postgres.database()) as other:
        fill(*one)
        fill(*other)
        assert reported(other) == reported(one)


def test_the_command_writes_the_page_and_says_which_camera(filled: Path, run: Run, tmp_path: Path) -> None:
    path = tmp_path / "页 1.html"
    since = f"{days_ago(30, from_datetime(NOW), ZONE):%Y-%m-%d}"
    ran = run("--data", filled, "--out", path, "--since", since, "--json")
    assert ran.code == 0, ran.err
    document = ran.json
    assert document["format"] == "streetproof-outliers/1" and document["timezone"] == "Asia/Shanghai"
    assert [(one["camera"], len(one["marks"]), one["cases"], one["past"]) for one in document["cameras"]] == [
        ("gate-1", 3, 24, 3), ("gate-2", 0, 6, 6),
    ]  # fmt: skip
    assert path.read_text(encoding="utf-8") == page(document)
    chinese, english = (run("--data", filled, "--lang", lang).out for lang in ("zh", "en"))
    assert "东大街1号机" in chinese and "多数案件不予认定" in chinese and "2 项中有 1 项须先核查" in chinese
    assert "most of its cases are rejected" in english and "1 of 2 cameras and rules" in english
    assert "西大街2号机" not in chinese + english, "what does not stand out is not named"
    short = run("--data", filled, "--since", f"{days_ago(5, from_datetime(NOW), ZONE):%Y-%m-%d}", "--json").json
    assert short["cases"] < 30 and short["days"] == pytest.approx(5.5, abs=0.6)


def test_names_are_text_on_the_page_and_never_code(filled: Path) -> None:
    with opened(filled) as kept:
        written = page(reported(kept))
    found = _Text(written)
    assert "script" not in found.tags
    for text in (*NAMES.values(), "<i>赵强</i> 9"):
        assert text in found.shown, "and all of it can be read"
    assert "<script" not in written and "<i>赵强" not in written
    assert "多数案件不予认定" in found.shown and "排队等候的车流" in found.shown
    assert 'charset="utf-8"' in written and "http://" not in written and "https://" not in written


def test_nothing_at_all_is_said_to_be_nothing(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "空"
    empty.mkdir()
    missing = run("--data", empty)
    assert missing.code == 4 and "there are no cases here" in missing.err and list(empty.iterdir()) == []
    with opened(empty):
        pass
    path = tmp_path / "page.html"
    ran = run("--data", empty, "--out", path, "--json")
    assert ran.code == 0, ran.err
    assert (ran.json["cases"], ran.json["cameras"], ran.json["views"], ran.json["timezone"]) == (0, [], [], "UTC")
    shown = _Text(path.read_text(encoding="utf-8")).shown
    assert "此期间没有案件" in shown and "此期间无查阅记录" in shown
    assert "0 项中有 0 项须先核查" in run("--data", empty, "--lang", "zh").out


def test_a_day_to_come_and_a_page_that_cannot_be_written_are_refused(filled: Path, run: Run, tmp_path: Path) -> None:
    later = run("--data", filled, "--since", "2199-01-01")
    assert later.code == 2 and "still to come" in later.err
    nowhere = run("--data", filled, "--out", tmp_path / "no" / "page.html")
    assert nowhere.code == 4 and "page.html" in nowhere.err and "Traceback" not in nowhere.err


_OTHERWISE = {
    "format": "streetproof-case", "camera": [], "violation": {"kind": 1}, "site": {"timezone": "../x"},
    "case": {"approval_blocked_by": 3},
}  # fmt: skip


@pytest.mark.parametrize("content", [None, b"{", b'{"format": "streetproof-case"}', json.dumps(_OTHERWISE).encode()])
def test_a_bundle_that_says_nothing_still_counts(
    filled: Path, run: Run, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    for camera in ("gate-1", "gate-2"):
        (case,) = (filled / "cases" / camera).rglob("case.json")
        shutil.move(case, case.with_name("aside"))
        if content is not None:
            case.write_bytes(content)
        if camera == "gate-1":
            ran = run("--data", filled, "--json")
            assert ran.code == 0, ran.err
            (first, second) = ran.json["cameras"]
            assert (first["name"], first["cases"], first["known"], first["blocked"]) == ("gate-1", 24, 0, 0)
            assert (second["name"], second["known"]) == (NAMES["gate-2"], 6)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    none = run("--data", filled)
    assert none.code == 4 and "none of the cases here can be read" in none.err and "均无法读取" in none.err


def test_every_row_finds_its_bundle(filled: Path) -> None:
    """Which this file leans on."""
    with Store.open_file(filled / "state.db") as store:
        rows: list[CaseRow] = store.cases()
    assert len(rows) == 37 and all((filled / row.bundle / "case.json").is_file() for row in rows)
