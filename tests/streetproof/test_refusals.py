"""What an officer can be told is told in Chinese: every message and remedy of the commands, found in their source."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from evidence_export.procedure.steps import Check
from evidence_export.words import Language
from streetproof.cli.output import print_error
from streetproof.cli.refusals import TABLES, in_chinese, said
from streetproof.errors import StreetproofError
from streetproof.procedures.asking import StepError, asked
from tests.spoken import Told, commands, sentences, told_by

NOT_AN_OFFICERS = {
    "batch": "run by whoever keeps the machine; its report tells each input in both languages",
    "config": "for whoever writes the site file, whose YAML it quotes",
    "dataset": "for whoever trains a detector",
    "demo": "tried once, at the installation",
    "evaluate": "for whoever develops policies and models",
    "models": "for whoever installs and trains models",
    "models_make": "for whoever trains models",
    "plates": "for whoever tries how well the reader of plates works",
    "replay": "for whoever develops policies and models",
    "run": "started by the service manager; `status` tells its faults in both languages",
    "whatif": "for whoever develops policies",
    "zones": "for whoever draws zones into the site file",
}
"""Commands whose errors stay English, and why."""

STAYS_ENGLISH = {
    "models/": "the files of a model: for whoever installed it",
    "vision/": "mistakes in a policy, which quote the site file, and in the engine's own memory",
    "streams/live/": "faults of cameras: `status` tells them in both languages",
    "streetproof/daemon/": "told to whoever keeps the daemon, by its log and by `status`",
    "streetproof/batch/": "told by a batch, in its report",
    "evidence_export/plan.py": "what the engine hands to the sealer: a mistake of the program",
    "evidence_export/statements/": "a mistake of the program",
    "evidence_export/procedure/procedure.py": "a ProcedureError carries its Chinese with it",
    "streetproof/procedures/evidence.py": "a ProcedureError carries its Chinese with it",
    "streetproof/recheck/vouching.py": "a ProcedureError carries its Chinese with it",
}
"""Modules that the other commands import, whose errors stay English, and why."""

TOLD_ELSEWHERE = {
    "evidence_export/masking/frames.py": "what streams.libav said, which is listed there",
    "streams/libav.py": "what FFmpeg said",
    "streams/recorder/errors.py": "the same error again, after a journey between processes",
    "streetproof/cli/status.py": "a Said of status_words, which has both languages",
    "streetproof/cli/status_client.py": "a Said of status_words, which has both languages",
    "streetproof/importing.py": "what the verifier said, which is listed there",
    "streetproof/ledgers/witness.py": "what read_note said; see FOUND",
    "streetproof/procedures/asking.py": "what procedures.wording says; tested below",
    "streetproof/procedures/taking.py": "what the verifier said, which is listed there",
    "streetproof/retention/applying.py": "a Said of plausible, which has both languages",
    "streetproof/settings/classes.py": "mistakes in the site file, which quote it",
    "streetproof/settings/load.py": "mistakes in the site file, which quote it",
    "streetproof/store/connection.py": "what postgres.refusal says; tested below",
}
"""Modules with errors whose whole text comes from somewhere else, and from where."""

FOUND = (
    "evidence_export/ledger/check.py",
    "evidence_export/ledger/checkpoint.py",
    "evidence_export/ledger/entry.py",
    "streams/recorder/chain.py",
    "streetproof/ledgers/proofs.py",
    "streetproof/objects/copies.py",
    "streetproof/releases/gathering.py",
)
"""Modules whose findings the commands print: what they find wrong, or left out."""

ENGLISH = re.compile(r"\b(the|a|an|is|are|was|of|and|or|not|no|it|its|to|with|has|cannot|be|for|from)\b")
CODE = re.compile(r"`[^`]*`|--[\w-]+( \w+)?|https?://\S*|streetproof\[\w+\]|CREATE DATABASE.*template0", re.IGNORECASE)


@pytest.fixture(scope="module")
def told() -> dict[str, list[Told]]:
    assert set(NOT_AN_OFFICERS) < commands(), "a command that is listed, and is none"
    return told_by(commands() - set(NOT_AN_OFFICERS))


def has_words(sentence: str) -> bool:
    return bool(re.search("[a-z]{2}", sentence))


def lacks_chinese(sentence: str) -> bool:
    """Whether it has no Chinese, or English is left in it."""
    zh = in_chinese(sentence)
    return zh is None or bool(ENGLISH.search(CODE.sub("", zh)))


def test_every_refusal_of_an_officers_command_has_its_chinese(told: dict[str, list[Told]]) -> None:
    spoken = [one for module, every in told.items() if not module.startswith(tuple(STAYS_ENGLISH)) for one in every]
    assert len({one.sentence for one in spoken}) > 500, "the source is no longer read as it was"
    assert not {
        f"{one.at}: {one.sentence}" for one in spoken if has_words(one.sentence) and lacks_chinese(one.sentence)
    }


def test_what_cannot_be_read_from_the_source_is_accounted_for(told: dict[str, list[Told]]) -> None:
    unread = {
        module
        for module, every in told.items()
        if not module.startswith(tuple(STAYS_ENGLISH)) and any(not has_words(one.sentence) for one in every)
    }
    assert unread == set(TOLD_ELSEWHERE)
    assert all(any(module.startswith(prefix) for module in told) for prefix in STAYS_ENGLISH), "one is no longer met"


@pytest.mark.parametrize("path", FOUND)
def test_what_commands_find_has_its_chinese(path: str) -> None:
    found = set(sentences(path))
    assert found
    assert not {one for one in found if lacks_chinese(one)}


def test_what_to_do_about_a_server_that_lets_nobody_in_has_its_chinese() -> None:
    found = set(sentences("streetproof/store/postgres.py", "refusal"))
    assert len(found) == 2 and not {one for one in found if lacks_chinese(one)}


def test_gaps_of_translations_are_the_same() -> None:
    for english, zh in ((english, zh) for table in TABLES for english, zh in table.items()):
        marks = [f"<{number}>" for number in range(english.count("{}"))]
        translated = zh.format(*marks)
        assert [translated.count(mark) for mark in marks] == [1] * len(marks), english


def test_one_sentence_has_one_translation() -> None:
    seen: dict[str, str] = {}
    for english, zh in ((english, zh) for table in TABLES for english, zh in table.items()):
        assert seen.setdefault(english, zh) == zh


@pytest.mark.parametrize(
    ("step", "values", "what", "zh"),
    [
        ("order", ["document=甲"], "deadline is missing", "缺少 deadline"),
        ("order", ["deadline=2026-11-03T18:00", "document="], "document: nothing is written", "document：未填写内容"),
        ("close", ["why=x", "who=y"], "who: this step has no such value", "who：此步骤没有这一项"),
        (
            "reject",
            ["reason=tired", "note=x"],
            "reason: one of emergency_duty, cloned_or_stolen_plate, conflicting_signs, already_handled, "
            "driver_present, traffic_queue, not_a_violation, evidence_insufficient, other is expected",
            "reason：应为 emergency_duty, cloned_or_stolen_plate, conflicting_signs, already_handled, driver_present, "
            "traffic_queue, not_a_violation, evidence_insufficient, other 之一",
        ),
        (
            "recheck",
            ["verdict=fine", "seen_at=2026-11-03T18:00", f"evidence_sha256={'0' * 64}"],
            "verdict: one of corrected, not_corrected, cannot_tell is expected",
            "verdict：应为 corrected, not_corrected, cannot_tell 之一",
        ),
        (
            "exhibit",
            ["origin=a", "relation=b", "sha256=12"],
            "sha256: a SHA-256 is 64 digits from 0 to 9 and a to f",
            "sha256：SHA-256 为 64 个十六进制数字（0-9、a-f 小写）",
        ),
        (
            "notice",
            ["served_at=2026-11-03T18:00", "document=a", "statement_days=many", "term_basis=b"],
            "statement_days: a whole number is expected",
            "statement_days：应为整数",
        ),
        (
            "notice",
            ["served_at=2026-11-03T18:00", "document=a", "statement_days=1", "term_basis=b"],
            "statement_days: 3 or more is expected",
            "statement_days：不得小于 3",
        ),
        (
            "notice",
            ["served_at=2026-11-03T18:00", "document=a", "statement_days=5"],
            "another term than the default needs `term_basis`, the provision that sets it, and only then",
            "期限与默认不同的，须用 term_basis 写明所依据的规定；与默认相同的不写",
        ),
        ("close", [f"why={'x' * 4001}"], "why: longer than 4000 characters", "why：超过 4000 个字符"),
        (
            "decide",
            ["document=a", "second.name=b", "second.licence=!"],
            "second.licence: a licence is 4 to 32 letters, digits and -",
            "second.licence：执法证号为 4 至 32 个字母、数字或 -",
        ),
        ("confirm", ["answer.N=a"], "answer.N: it is written in another form", "answer.N：填写形式不符"),
        ("order", ["deadline=tomorrow", "document=a"], "'tomorrow' is no time", "'tomorrow' 不是时间"),
        ("close", ["why"], "'why' is not NAME=VALUE", "'why' 不是“名称=值”的形式"),
    ],
)
def test_a_step_that_is_typed_wrongly_is_told_in_words(step: str, values: list[str], what: str, zh: str) -> None:
    with pytest.raises(StepError) as caught:
        asked(step, ("李明", "33010012"), datetime(2026, 11, 3, tzinfo=UTC), "Asia/Shanghai", [], values)
    assert (caught.value.what, in_chinese(caught.value.what)) == (what, zh)
    assert caught.value.remedy and not lacks_chinese(caught.value.remedy)


def test_an_officer_without_a_licence_is_told_which_option_is_wrong() -> None:
    with pytest.raises(StepError) as caught:
        asked("review", ("李明", "1"), datetime(2026, 11, 3, tzinfo=UTC), "UTC", list(Check), [])
    assert caught.value.what == "--licence: a licence is 4 to 32 letters, digits and -"


def test_a_refusal_within_a_refusal_is_translated_too() -> None:
    inner = "its bundle cannot be read: it cannot be read (Permission denied)"
    assert in_chinese(inner) == "证据包无法读取：无法读取（没有权限）"
    assert said(inner, Language.EN) == inner and said("nobody has translated this", Language.ZH) == (
        "nobody has translated this"
    )


def test_the_language_that_was_asked_for_is_that_of_refusals(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = StreetproofError("no checkpoint was signed yet", where="x", remedy="Wait for the next one, and ask again")
    for arguments, locale, chinese in (
        (["ledger", "prove", "x"], "zh_CN.UTF-8", True),
        (["ledger", "prove", "x"], "C", False),
        (["ledger", "witness", "x", "--lang", "zh"], "C", True),
        (["ledger", "witness", "x", "--lang=zh"], "C", True),
        (["ledger", "witness", "x", "--lang", "en"], "zh_CN.UTF-8", False),
    ):
        monkeypatch.setattr("sys.argv", ["streetproof", *arguments])
        monkeypatch.setenv("LC_ALL", locale)
        print_error(error)
        printed = capsys.readouterr().err
        assert ("尚未签署检查点" in printed) is chinese and "no checkpoint was signed yet" in printed
