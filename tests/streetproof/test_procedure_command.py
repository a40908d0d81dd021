"""`streetproof procedure`: officers take a case from lead to decision; what may not be is refused with its reason."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Kind, read_entry
from evidence_export.sealer import seal
from streetproof.bundles import case_row
from streetproof.ledgers.bookkeeping import ledger_of
from streetproof.procedures.asking import asked
from streetproof.procedures.taking import CaseError, open_case, take
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.evidence_export.conftest import POLICY, SEALED_AT, make_request, write_recording
from tests.streetproof.commands import Ran, inside

CHECKS = ("--check", "genuine", "--check", "clear", "--check", "complete", "--check", "accurate")
LI = ("--officer", "李明", "--licence", "33010001")
WANG = ("--officer", "王芳", "--licence", "33010002")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A data folder with a case that nothing but its plate stands against, and one that has no legal basis."""
    data = tmp_path_factory.mktemp("数据 一")
    recording = data / "东门 20260302_080000.mp4"
    write_recording(recording, 30)
    lead = make_request(recording)
    policy = json.loads(json.dumps(POLICY))
    basis = {
        "id": "dj-93",
        "statute": "道路交通安全法 第九十三条",
        "competence": "综合执法事项目录 第12项",
        "reviewed_by": "法制科",
    }
    policy["policy"]["rules"][0]["legal_basis"] = basis
    violation = replace(lead.violation, policy_hash=hashlib.sha256(rfc8785.dumps(policy)).hexdigest())
    camera = replace(
        lead.camera, legal_review="法审 2026-3", technical_review="技审 2026-3", calibration_valid_until="2027-03-01",
        location_published="2026-01-15", clock_offset_ns=12_000_000,
    )  # fmt: skip
    good = replace(lead, policy=policy, violation=violation, camera=camera)
    key = load_or_create_key(data / "key.pem")
    ids = []
    with Store.open_file(data / "state.db") as store:
        for asked_ in (good, lead):
            folder = data / "cases" / str(len(ids))
            case = seal(asked_, folder, key, SEALED_AT)
            row = case_row(case.case_id, str(case.path.relative_to(data)), asked_, run=None)
            store.remember_case(row, case.manifest_sha256)
            ids.append(case.case_id)
    ledger_of(data, "demo").close()
    assert ids[0] != ids[1]
    return data, ids[0], ids[1]


@pytest.fixture
def data(made: tuple[Path, str, str], tmp_path: Path) -> Path:
    return Path(shutil.copytree(made[0], tmp_path / "库 一"))


@pytest.fixture
def case(made: tuple[Path, str, str]) -> str:
    return made[1]


@pytest.fixture
def run(data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    return lambda *args: inside(capsys, monkeypatch, "procedure", *args, "--data", data, width=160)


def test_a_case_goes_from_lead_to_closed_and_the_ledger_tells_every_step(
    data: Path, case: str, run: Callable[..., Ran]
) -> None:
    shown = run("show", case, "--lang", "en")
    assert shown.code == 0 and "lead" in shown.out and "may follow: review, reject, exhibit" in shown.out
    assert run("take", case, "review", *LI, *CHECKS).code == 0
    answer = ("--set", "answer.plate_unknown=两名执法人员人工辨认一致")
    assert run("take", case, "confirm", *WANG, *CHECKS, *answer).code == 0
    served = ("--set", "served_at=2026-03-05T09:00", "--set", "document=告知书 17")
    assert run("take", case, "notice", *LI, *served).code == 0
    assert run("take", case, "statement", *LI, "--set", "said=放弃陈述申辩", "--set", "waived=yes").code == 0
    done = run(
        "take", case, "decide", *LI, "--set", "second.name=王芳", "--set", "second.licence=33010002",
        "--set", "document=决定书 17", "--set", "late_because=负责人批准延期",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert run("take", case, "close", *LI, "--set", "why=已缴纳").code == 0
    told = run("show", case, "--json").json
    assert told["state"] == "closed" and told["may_follow"] == []
    assert [step["step"] for step in told["steps"]] == ["review", "confirm", "notice", "statement", "decide", "close"]
    zh = run("show", case, "--lang", "zh").out
    assert "已结案" in zh and "李明 33010001" in zh and "处罚决定" in zh
    with ledger_of(data, "demo") as ledger:
        entries = [read_entry(row.entry).happening for row in ledger.rows()]
    assert [one.kind for one in entries] == [Kind.CASE_SEALED] * 2 + [Kind.CASE_STEP] * 6
    assert entries[3].by == "王芳 33010002" and len(str(entries[3].data["manifest_sha256"])) == 64


def test_what_may_not_be_is_refused_in_both_languages_and_leaves_nothing(
    made: tuple[Path, str, str], data: Path, case: str, run: Callable[..., Ran]
) -> None:
    early = run("take", case, "confirm", *WANG, *CHECKS, "--lang", "zh")
    assert early.code == 1 and "线索" in early.err
    run("take", case, "review", *LI, *CHECKS)
    same = run("take", case, "confirm", *LI, *CHECKS, "--lang", "en")
    assert same.code == 1 and "two different officers" in same.err
    unanswered = run("take", case, "confirm", *WANG, *CHECKS, "--json")
    assert unanswered.json["code"] == "unanswered" and "plate_unknown" in unanswered.json["zh"]
    lead = made[2]
    run("take", lead, "review", *LI, *CHECKS)
    blocked = run("take", lead, "confirm", *WANG, *CHECKS, "--set", "answer.legal_basis_unknown=没问题", "--json")
    assert (blocked.code, blocked.json["code"]) == (1, "blocked")
    assert "cannot be settled in words" in run("show", lead, "--lang", "en").out
    assert [len(run("show", one, "--json").json["steps"]) for one in (case, lead)] == [1, 1]


def test_what_is_typed_wrongly_is_explained(case: str, run: Callable[..., Ran]) -> None:
    for arguments, said in (
        (("take", case, "pay", *LI), "none of"),
        (("take", "SP-none", "review", *LI), "streetproof cases"),
        (("take", case, "reject", *LI), "reason note"),
        (("take", case, "reject", *LI, "--set", "reason=bored", "--set", "note=x"), "reason"),
        (("take", case, "review", *LI, "--set", "nonsense"), "NAME=VALUE"),
        (("take", case, "review", *LI, "--set", "colour=red"), "colour"),
        (("take", case, "review", "--officer", "李明", "--licence", "3"), "licence"),
        (("take", case, "notice", *LI, "--set", "served_at=soon", "--set", "document=x"), "is no time"),
    ):
        ran = run(*arguments)
        assert ran.code in (2, 4) and said in ran.err and "Traceback" not in ran.err, arguments


def test_a_bundle_that_was_changed_has_no_procedure(data: Path, case: str, run: Callable[..., Ran]) -> None:
    still = next(data.glob(f"cases/0/{case}/data/stills/*.png"))
    still.write_bytes(still.read_bytes() + b"x")
    ran = run("show", case)
    assert ran.code == 4 and "does not verify" in ran.err


def test_a_step_that_was_forged_into_the_ledger_is_not_believed(data: Path, case: str, run: Callable[..., Ran]) -> None:
    run("take", case, "review", *LI, *CHECKS)
    with sqlite3.connect(data / "ledger.db") as connection:
        (entry,) = connection.execute("SELECT entry FROM ledger_entry WHERE seq = 2").fetchone()
        for old, new in ((b'"review"', b'"rejoin"'), (b"33010001", b"33010 01")):
            connection.execute("UPDATE ledger_entry SET entry = ? WHERE seq = 2", (bytes(entry).replace(old, new),))
            connection.commit()
            ran = run("show", case)
            assert ran.code == 4 and "ledger" in ran.err and "Traceback" not in ran.err
    connection.close()


def _takes(data: Path, case: str, officer: str, barrier: Any, told: Any) -> None:
    from datetime import UTC, datetime

    with Store.open_file(data / "state.db") as store, ledger_of(data, "demo") as ledger:
        found = open_case(data, store, ledger, case)
        step = asked("review", (officer, f"3301000{len(officer)}"), datetime.now(UTC), "Asia/Shanghai", [], [])
        barrier.wait(60)
        try:
            take(ledger, found, step)
            told.put("taken")
        except CaseError as error:
            told.put(error.what)


def test_of_two_officers_at_once_one_has_to_look_again(data: Path, case: str) -> None:
    context = multiprocessing.get_context("spawn")
    barrier, told = context.Barrier(2), context.Queue()
    both = [context.Process(target=_takes, args=(data, case, name, barrier, told)) for name in ("李", "王芳")]
    for one in both:
        one.start()
    results = sorted(told.get(timeout=120) for _ in both)
    for one in both:
        one.join(60)
    assert results == ["somebody else has taken a step meanwhile", "taken"]


def test_the_terms_of_the_office_are_told_in_the_steps(case: str, run: Callable[..., Ran], tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    shutil.copytree(ROOT / "configs/demo", tmp_path, dirs_exist_ok=True)
    with site.open("a", encoding="utf-8") as out:
        out.write("procedure:\n  statement_days: 3\n  decision_days: 700\n  basis: 某市规定 第二十条\n")
    run("take", case, "review", *LI, *CHECKS)
    run("take", case, "confirm", *WANG, *CHECKS, "--set", "answer.plate_unknown=两名执法人员人工辨认一致")
    served = ("--set", "served_at=2026-03-05T09:00", "--set", "document=告知书 17")
    assert run("take", case, "notice", *LI, *served, "--site", site).code == 0
    second = ("--set", "second.name=王芳", "--set", "second.licence=33010002", "--set", "document=决定书 17")
    assert run("take", case, "decide", *LI, *second).code == 1, "more than 90 days have passed"
    assert run("take", case, "decide", *LI, *second, "--site", site).code == 0
    steps = run("show", case, "--json").json["steps"]
    assert (steps[2]["statement_days"], steps[2]["term_basis"]) == (3, "某市规定 第二十条")
    assert steps[3]["decision_days"] == 700


def test_an_entry_that_cannot_be_read_is_named_and_not_gone_on_with(
    data: Path, case: str, run: Callable[..., Ran]
) -> None:
    """Somebody has changed it in the database: what is still whole of it leads to the case."""
    assert run("take", case, "review", *LI).code == 0
    with sqlite3.connect(data / "ledger.db") as connection:
        connection.execute(
            "UPDATE ledger_entry SET entry = CAST(replace(entry, '\"seq\":0', '\"seq\":-1') AS BLOB) WHERE seq = 0"
        )
    connection.close()
    ran = run("show", case)
    assert ran.code == 4 and "entry 0 of the ledger is no step" in ran.err and "ledger check" in ran.err, ran.err
