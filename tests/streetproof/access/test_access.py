"""Nobody sees a case before the ledger says who looks, and what for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.sealer import seal
from streetproof.access.purposes import Purpose, PurposeError, Reason, purpose_of
from streetproof.bundles import case_row
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.store.database import Store
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.streetproof.commands import Ran, inside

LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    data = tmp_path_factory.mktemp("数据 一")
    write_recording(data / "东门.mp4", 30)
    request = make_request(data / "东门.mp4")
    case = seal(request, data / "cases", load_or_create_key(data / "key.pem"), SEALED_AT)
    with Store.open_file(data / "state.db") as store:
        row = case_row(case.case_id, str(case.path.relative_to(data)), request, None)
        store.remember_case(row, case.manifest_sha256)
    ledger_of(data, "demo").close()
    return data, case.case_id


@pytest.fixture
def data(made: tuple[Path, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "库 一"))


@pytest.fixture
def case(made: tuple[Path, str]) -> str:
    return made[1]


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, *args, "--data", data, width=200)


def viewed(data: Path) -> list[Happening]:
    with ledger_of(data, "demo") as ledger:
        found = [read_entry(row.entry).happening for row in ledger.rows()]
    return [one for one in found if one.kind is Kind.CASE_VIEWED]


@pytest.mark.parametrize(
    ("typed", "reason", "text"),
    [
        ("review", Reason.REVIEW, ""),
        ("审核", Reason.REVIEW, ""),
        ("complaint: 复议申请 2026-17", Reason.COMPLAINT, "复议申请 2026-17"),
        ("其他：媒体来访  陪同", Reason.OTHER, "媒体来访 陪同"),
    ],
)
def test_purposes_as_people_type_them(typed: str, reason: Reason, text: str) -> None:
    assert purpose_of(typed) == Purpose(reason, text)


@pytest.mark.parametrize(
    "typed", ["", "because", "other", "其他", "other: x", "review: " + "长" * 501, "review: a\x1b[2J"]
)
def test_what_tells_nobody_why_is_no_purpose(typed: str) -> None:
    with pytest.raises(PurposeError):
        purpose_of(typed)


@pytest.mark.parametrize(
    "text",
    [
        "京A12345",
        "关于京A·12345的举报",
        "京 a 1 2 3 4 5",
        "京A/12345",
        "粤B-D12345",
        "京Ａ１２３４５",
        "京A12?45",
        "京A1234O",
    ],
)
def test_no_purpose_names_a_plate(text: str) -> None:
    """What is entered stays in the ledger for good."""
    with pytest.raises(PurposeError, match="number plate"):
        purpose_of(f"complaint: {text}")


@pytest.mark.parametrize(
    "text", ["京城12345热线 举报 17", "浙0106行初17号", "川渝联动 A区 2026年11月", "苏A 级路段巡查"]
)
def test_what_only_looks_a_little_like_one_is_a_purpose(text: str) -> None:
    assert purpose_of(f"complaint: {text}").text == text


def test_who_looks_and_why_is_in_the_ledger_before_anything_is_shown(
    data: Path, case: str, run: Callable[..., Ran]
) -> None:
    ran = run("cases", "open", case, "--purpose", "complaint: 复议 17", *LI, "--json")
    assert ran.code == 0, ran.err
    assert "data/clip.mp4" in ran.json["pictures"] and "data/stills/panorama-1.png" in ran.json["pictures"]
    (told,) = viewed(data)
    assert (told.by, told.about, told.data["purpose"], told.data["text"]) == (
        "李明 33010001", case, "complaint", "复议 17",
    )  # fmt: skip
    assert run("cases", "open", case, "--purpose", "审核", *WANG).code == 0
    assert [one["by"] for one in run("access", "list", "--json").json] == ["李明 33010001", "王芳 33010002"]
    assert [one["case"] for one in run("access", "list", case, "--officer", "王芳", "--json").json] == [case]
    assert run("access", "list", "--officer", "赵强", "--json").json == []


def test_who_looked_is_told_in_either_language(case: str, run: Callable[..., Ran]) -> None:
    assert run("cases", "open", case, "--purpose", "complaint: 复议 17", *LI).code == 0
    chinese, english = (run("access", "list", "--lang", lang).out for lang in ("zh", "en"))
    assert "复议" in chinese and "共 1 次查阅" in chinese and "looked at 1 times" in english
    assert case in chinese and case in english


@pytest.mark.parametrize("as_json", [False, True])
def test_a_procedure_shows_pictures_only_to_whom_the_ledger_names(
    data: Path, case: str, run: Callable[..., Ran], as_json: bool
) -> None:
    more = ("--json",) if as_json else ()
    without = run("procedure", "show", case, *more)
    assert without.code == 0 and "data/stills" not in without.out and viewed(data) == []
    for missing in ((), ("--purpose", "review"), ("--purpose", "review", *LI[:2]), LI):
        refused = run("procedure", "show", case, "--pictures", *missing, *more)
        assert refused.code == 2 and "--pictures" in refused.err and "data/stills" not in refused.out
    for wrong in (("--purpose", "because", *LI), ("--purpose", "review", "--officer", " ", "--licence", "1")):
        refused = run("procedure", "show", case, "--pictures", *wrong, *more)
        assert refused.code == 4 and "data/stills" not in refused.out
    assert viewed(data) == [], "nobody has seen anything yet"
    shown = run("procedure", "show", case, "--pictures", "--purpose", "审核", *LI, *more)
    assert shown.code == 0, shown.err
    lines = shown.json["pictures"] if as_json else shown.out.splitlines()
    pictures = [Path(line) for line in lines if "data/stills" in line]
    assert pictures and all(path.is_file() and path.is_relative_to(data) for path in pictures)
    (told,) = viewed(data)
    assert (told.by, told.about, told.data["purpose"]) == ("李明 33010001", case, "review")


@pytest.mark.parametrize(
    "arguments",
    [(), ("--purpose", "because"), ("--purpose", "other"), ("--purpose", "review", "--officer", " ", "--licence", " ")],
)
def test_without_a_purpose_or_a_name_nothing_is_shown(
    data: Path, case: str, run: Callable[..., Ran], arguments: tuple[str, ...]
) -> None:
    ran = run("cases", "open", case, *(() if "--officer" in arguments else LI), *arguments)
    assert ran.code in (2, 4) and "data/" not in ran.out
    assert viewed(data) == []


def test_where_the_ledger_cannot_be_written_nothing_is_shown(
    data: Path, case: str, run: Callable[..., Ran], monkeypatch: pytest.MonkeyPatch
) -> None:
    from evidence_export.ledger.log import Ledger
    from streetproof.store.connection import StoreError

    def full(*_: object, **__: object) -> None:
        raise StoreError("the disk is full", where="ledger.db", remedy="Make room")

    monkeypatch.setattr(Ledger, "add", full)
    ran = run("cases", "open", case, "--purpose", "review", *LI)
    assert ran.code == 4 and "the disk is full" in ran.err and "data/" not in ran.out


def test_a_bundle_that_was_changed_is_not_opened(data: Path, case: str, run: Callable[..., Ran]) -> None:
    still = next((data / "cases" / case).rglob("panorama-1.png"))
    still.write_bytes(still.read_bytes() + b"x")
    assert run("cases", "open", case, "--purpose", "review", *LI).code == 4
    assert viewed(data) == []
