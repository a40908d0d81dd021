"""Holds on the command line: who places and lifts one, and why, is in the ledger, and until then nothing goes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from evidence_export.ledger.entry import Happening, Kind, read_entry
from streetproof.cli import retention
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.store.database import Store
from streetproof.store.holds import Hold
from tests.conftest import ROOT
from tests.streetproof.commands import Ran, inside
from tests.streetproof.retention.test_retention import LATER, bundles, data, made, ns

__all__ = ["data", "made"]
LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")
Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    return lambda *arguments: inside(capsys, monkeypatch, *arguments, width=300)


@pytest.fixture
def apply(data: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """`retention apply` on a day on which every case is long due."""
    monkeypatch.setattr(retention, "time", SimpleNamespace(time_ns=lambda: ns(LATER)))
    site = ("--site", ROOT / "configs/demo/site.yaml", "--clock-is-right", "a test")
    return lambda *more: run("retention", "apply", *site, "--data", data, *LI, "--json", *more)


def ids(data: Path) -> list[str]:
    with Store.open_file(data / "state.db") as store:
        return [row.id for row in store.cases()]


def entered(data: Path) -> list[Happening]:
    """What the ledger tells of holds, in its order."""
    with ledger_of(data, "demo") as ledger:
        found = [read_entry(row.entry).happening for row in ledger.rows()]
    return [one for one in found if one.kind in (Kind.HOLD_PLACED, Kind.HOLD_LIFTED)]


def waiting(data: Path) -> int:
    with Store.open_file(data / "state.db") as store:
        return store.happenings.waiting()


# -- legal holds on cases ----------------------------------------------------------------------------------------------


def test_a_held_case_stays_until_its_last_hold_is_lifted(data: Path, run: Run, apply: Callable[..., Ran]) -> None:
    held, other = ids(data)
    first = run("retention", "hold", held, "--reason", "行政诉讼  (2026) 17", *LI, "--data", data, "--json")
    assert first.code == 0, first.err
    assert first.json == {
        "case": held, "number": first.json["number"], "reason": "行政诉讼 (2026) 17", "by": "李明 33010001",
    }  # fmt: skip
    second = run("retention", "hold", held, "--reason", "审计", *WANG, "--data", data, "--lang", "zh")
    assert second.code == 0 and held in second.out and "已保全" in second.out
    listed = run("retention", "holds", "--data", data, "--json").json
    assert [(one["case"], one["reason"], one["by"]) for one in listed] == [
        (held, "行政诉讼 (2026) 17", "李明 33010001"), (held, "审计", "王芳 33010002"),
    ]  # fmt: skip
    assert all(datetime.fromisoformat(one["at"]).tzinfo for one in listed)

    applied = apply()
    assert applied.code == 0, applied.err
    assert [one["case"] for one in applied.json["deleted"]] == [other] and bundles(data) == {held}

    one, two = (str(each["number"]) for each in listed)
    unclear = run("retention", "lift", held, "--reason", "判决生效", *WANG, "--data", data)
    assert unclear.code == 4 and f"{one}, {two}" in unclear.err and "--number" in unclear.err
    lifted = run("retention", "lift", held, "--reason", "判决生效", "--number", one, *WANG, "--data", data, "--json")
    assert lifted.code == 0 and lifted.json == {"case": held, "number": int(one), "left": 1}
    assert apply().json["deleted"] == [] and bundles(data) == {held}, "the other hold is still there"
    last = run("retention", "lift", held, "--reason", "审计结束", *LI, "--data", data, "--lang", "zh")
    assert last.code == 0 and "已解除" in last.out
    assert run("retention", "holds", "--data", data, "--json").json == []
    assert [one["case"] for one in apply().json["deleted"]] == [held] and bundles(data) == set()

    told = [(one.kind, one.about, one.by, one.data["number"], one.data["why"]) for one in entered(data)]
    assert told == [
        (Kind.HOLD_PLACED, held, "李明 33010001", int(one), "行政诉讼 (2026) 17"),
        (Kind.HOLD_PLACED, held, "王芳 33010002", int(two), "审计"),
        (Kind.HOLD_LIFTED, held, "王芳 33010002", int(one), "判决生效"),
        (Kind.HOLD_LIFTED, held, "李明 33010001", int(two), "审计结束"),
    ]
    assert all(one.data["of"] == "case" for one in entered(data))


def test_a_second_lift_and_an_unknown_case_are_refused_in_words(
    data: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, other = ids(data)
    assert run("retention", "hold", held, "--reason", "诉讼", *LI, "--data", data).code == 0
    lift = ("retention", "lift", held, "--reason", "判决生效", *LI, "--data", data)
    wrong = run(*lift, "--number", "77")
    assert wrong.code == 4 and "it is not clear which hold is meant" in wrong.err
    assert run(*lift).code == 0
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    for what, arguments, chinese in [
        ("no hold is on this case", lift, "本案没有保全"),
        ("no hold is on this case", (*lift[:2], other, *lift[3:]), "本案没有保全"),
        (
            "there is no such case to hold",
            ("retention", "hold", "SP-20990101-AAAAAAAAAAAA", *lift[3:]),
            "没有可保全的此案件",
        ),
        (
            "there are no cases here",
            ("retention", "hold", held, "--reason", "诉讼", *LI, "--data", data / "没有"),
            "没有案件",
        ),
    ]:
        refused = run(*arguments)
        assert refused.code == 4 and what in refused.err and chinese in refused.err, refused.err
    assert [one.kind for one in entered(data)] == [Kind.HOLD_PLACED, Kind.HOLD_LIFTED], (
        "what was refused did not happen"
    )
    assert waiting(data) == 0


@pytest.mark.parametrize(
    "changed",
    [{"--reason": " "}, {"--reason": "长" * 501}, {"--reason": "a\x1b[2J"}, {"--officer": " "}, {"--licence": "\t"}],
)
@pytest.mark.parametrize("command", ["hold", "lift"])
def test_without_a_name_or_a_reason_no_hold_is_placed_or_lifted(
    data: Path, run: Run, command: str, changed: dict[str, str]
) -> None:
    held = ids(data)[0]
    with Store.open_file(data / "state.db") as store:
        store.case_holds.place(held, "诉讼")
    options = {"--reason": "诉讼", "--officer": "李明", "--licence": "33010001", **changed}
    ran = run("retention", command, held, *(word for pair in options.items() for word in pair), "--data", data)
    assert ran.code == 2, ran.err
    with Store.open_file(data / "state.db") as store:
        assert len(store.case_holds.all()) == 1


@pytest.mark.parametrize("command", ["hold", "lift"])
def test_where_there_is_no_ledger_nothing_happens_that_it_would_have_to_tell(
    data: Path, run: Run, command: str
) -> None:
    held = ids(data)[0]
    with Store.open_file(data / "state.db") as store:
        store.case_holds.place(held, "诉讼")
    (data / "ledger.db").unlink()
    ran = run("retention", command, held, "--reason", "诉讼", *LI, "--data", data)
    assert ran.code == 4 and "there is no ledger here" in ran.err
    with Store.open_file(data / "state.db") as store:
        assert len(store.case_holds.all()) == 1


def test_the_plan_says_what_is_held_in_either_language(data: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    held, other = ids(data)
    assert run("retention", "hold", held, "--reason", "诉讼", *LI, "--data", data).code == 0
    monkeypatch.setattr(retention, "time", SimpleNamespace(time_ns=lambda: ns(LATER)))
    plan = ("retention", "plan", "--site", ROOT / "configs/demo/site.yaml", "--data", data)
    judged = {one["case"]: (one["goes"], one["keeps"]) for one in run(*plan, "--json").json}
    assert judged == {held: (False, "held"), other: (True, None)}
    chinese, english = (run(*plan, "--lang", lang).out for lang in ("zh", "en"))
    assert "应删除 1 件" in chinese and "1 of 2 cases due" in english
    assert other in chinese and held not in chinese, "what goes is listed, what stays is counted"
    assert bundles(data) == {held, other}


# -- footage -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def footage(data: Path) -> tuple[Path, str]:
    """A daemon's data folder with footage held for a case."""
    (data / "recordings").mkdir()
    case = ids(data)[0]
    with Store.open_file(data / "state.db", by="daemon") as store:
        store.holds.place(Hold(case, "gate-1", 0, 10**9, "its case"))
        store.holds.place(Hold(case, "gate-1", 2 * 10**9, 3 * 10**9, "its case"))
        store.holds.place(Hold("SP-other", "gate-1", 0, 10**9, "its case"))
    return data, case


def held_for(data: Path) -> list[str]:
    with Store.open_file(data / "state.db") as store:
        return [one.case_id for one in store.holds.all()]


def test_who_lets_footage_go_and_why_is_in_the_ledger(footage: tuple[Path, str], run: Run) -> None:
    data, case = footage
    release = ("recordings", "release", data, case, "--reason", "已结案", *LI)
    released = run(*release, "--json")
    assert released.code == 0, released.err
    assert released.json == {"case": case, "released": 2, "reason": "已结案", "by": "李明 33010001"}
    assert held_for(data) == ["SP-other"], "what is held for another case stays"
    (told,) = [one for one in entered(data) if one.kind is Kind.HOLD_LIFTED]
    assert (told.about, told.by, dict(told.data)) == (case, "李明 33010001", {"holds": 2, "why": "已结案"})
    again = run(*release, "--json")
    assert again.code == 4
    assert set(json.loads(again.out)) == {"error"}, "one document, which does not say that something was released"
    assert "nothing is held for" in again.json["error"]["what"]
    assert len([one for one in entered(data) if one.kind is Kind.HOLD_LIFTED]) == 1


@pytest.mark.parametrize("left_out", ["--reason", "--officer", "--licence"])
def test_nobody_lets_footage_go_without_name_and_reason(footage: tuple[Path, str], run: Run, left_out: str) -> None:
    data, case = footage
    options = {"--reason": "已结案", "--officer": "李明", "--licence": "33010001"}
    given = [word for name, value in options.items() if name != left_out for word in (name, value)]
    missing = run("recordings", "release", data, case, *given)
    assert missing.code == 2 and left_out in missing.err
    assert run("recordings", "release", data, case, *given, left_out, " ").code == 2
    assert held_for(data).count(case) == 2


def test_a_legal_hold_keeps_footage_too(footage: tuple[Path, str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    data, case = footage
    assert run("retention", "hold", case, "--reason", "诉讼", *LI, "--data", data).code == 0
    release = ("recordings", "release", data, case, "--reason", "已结案", *LI)
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    refused = run(*release)
    assert refused.code == 4 and "legal hold" in refused.err and "本案已保全" in refused.err
    assert held_for(data).count(case) == 2
    assert run("retention", "lift", case, "--reason", "判决生效", *LI, "--data", data).code == 0
    assert "已解除" in run(*release, "--lang", "zh").out and case not in held_for(data)
    nothing = run(*release)
    assert nothing.code == 4 and "没有为" in nothing.err and case in nothing.err


def test_footage_of_no_daemon_and_without_a_ledger_is_not_let_go(
    footage: tuple[Path, str], run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, case = footage
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    (tmp_path / "空").mkdir()
    elsewhere = run("recordings", "release", tmp_path / "空", case, "--reason", "已结案", *LI)
    assert elsewhere.code == 4 and "不是守护进程的数据文件夹" in elsewhere.err
    assert list((tmp_path / "空").iterdir()) == [], "no database is made there"
    shutil.move(data / "ledger.db", tmp_path / "ledger.db")
    assert run("recordings", "release", data, case, "--reason", "已结案", *LI).code == 4
    assert held_for(data).count(case) == 2


# -- one of those that are due, and those that went --------------------------------------------------------------------


def test_only_the_case_that_is_named_goes_and_is_listed_as_deleted(
    data: Path, run: Run, apply: Callable[..., Ran]
) -> None:
    named, other = ids(data)
    none = run("cases", "--deleted", "--data", data, "--lang", "en")
    assert none.code == 0 and "0 deleted" in none.out
    assert [one["case"] for one in apply("--case", named).json["deleted"]] == [named]
    assert bundles(data) == {other}
    (stone,) = run("cases", "--deleted", "--data", data, "--json").json
    assert (stone["case"], stone["class"], stone["by"], stone["state"]) == (named, "lead", "李明 33010001", "deleted")
    assert stone["manifest_sha256"] and stone["deleted"].startswith("2100-01-01")
    shown = run("cases", "--deleted", "--data", data, "--lang", "zh").out
    assert named in shown and other not in shown and "共删除 1 件" in shown and "李明 33010001" in shown
    assert run("cases", "--deleted", "--data", data, "--camera", "another", "--json").json == []
    assert [one["case"] for one in apply().json["deleted"]] == [other]
    assert [one["case"] for one in run("cases", "--deleted", "--data", data, "--last", "1", "--json").json] == [other]
    assert run("cases", "--data", data, "--json").json == []
    missing = run("cases", "--deleted", "--data", data / "没有")
    assert missing.code == 4 and "there are no cases here" in missing.err
