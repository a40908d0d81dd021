from __future__ import annotations

from pathlib import Path

import pytest

from streetproof.dataset.errors import ReviewsError
from streetproof.dataset.reasons import REASONS, Treatment, treatments
from streetproof.dataset.reviews import Decision, read_reviews

A, B, C = "SP-20261102-AAAAAAAAAAAA", "SP-20261102-BBBBBBBBBBBB", "SP-20261103-CCCCCCCCCCCC"
TABLE = f"案件编号,结论,理由,执法人员\r\n{A},认定,,张三\r\n{B},驳回,不是车辆,李四\r\n{C},驳回,持有许可,李四\r\n"


def read(path: Path, content: str | bytes, encoding: str = "utf-8", **own: Treatment):
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return read_reviews(path, treatments(own))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "审核 表.csv"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_what_excel_writes_is_read(path: Path, encoding: str) -> None:
    found = read(path, TABLE, encoding)
    assert {case: one.treatment for case, (one,) in found.items()} == {
        A: Treatment.OBJECT,
        B: Treatment.NEGATIVE,
        C: Treatment.OBJECT,
    }
    assert (found[A][0].decision, found[B][0].officer, found[C][0].line) == (Decision.ACCEPTED, "李四", 4)


def test_english_semicolons_empty_lines_and_spaces_are_read(path: Path) -> None:
    found = read(path, f"Case;Decision;Reason;Officer;Class\n\n {A.lower()} ;Rejected;Permit Shown;Li;\n;;;;\n")
    assert found[A][0].treatment is Treatment.OBJECT and found[A][0].line == 3


def test_an_officer_who_says_what_it_is_has_made_a_label(path: Path) -> None:
    found = read(path, f"case,decision,reason,officer,class\n{A},rejected,wrong_class,Li,van\n{B},驳回,车型错误,Li,\n")
    assert (found[A][0].treatment, found[A][0].cls) == (Treatment.OBJECT, "van")
    assert found[B][0].treatment is Treatment.LEAVE_OUT


def test_several_officers_may_review_a_case(path: Path) -> None:
    found = read(path, f"case,decision,reason,officer\n{A},accepted,,Li\n{A},accepted,,Wang\n")
    assert [one.officer for one in found[A]] == ["Li", "Wang"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        (f"{A},maybe,,Li", r"line 2: the decision 'maybe' is not known"),
        (f"{A},rejected,,Li", "line 2: a rejected case needs a reason"),
        (f"{A},rejected,不想罚,Li", "the reason '不想罚' is not known"),
        (f"{A},accepted,,", "nobody is named as officer"),
        ("4711,accepted,,Li", "'4711' is no case id"),
    ],
)
def test_what_is_not_understood_is_named_with_its_line(path: Path, row: str, what: str) -> None:
    with pytest.raises(ReviewsError, match=what):
        read(path, f"case,decision,reason,officer\n{row}\n")


def test_reasons_of_ones_own_are_taken(path: Path) -> None:
    row = f"case,decision,reason,officer\n{A},rejected,不想罚,Li\n"
    assert read(path, row, 不想罚=Treatment.OBJECT)[A][0].treatment is Treatment.OBJECT
    row = f"case,decision,reason,officer\n{A},rejected,阴影,Li\n"
    assert read(path, row, 阴影=Treatment.LEAVE_OUT)[A][0].treatment is Treatment.LEAVE_OUT


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "holds no line"),
        (b"PK\x03\x04\x00\x00 a workbook", "no CSV in UTF-8 or GBK"),
        ("case,decision\n".encode("utf-16"), "no CSV in UTF-8 or GBK"),
        ("case,decision\n", r"has no column reason \(理由\), officer"),
        ('case,decision,reason,officer\n"open', "is no CSV"),
    ],
)
def test_what_is_no_table_is_refused(path: Path, content: str | bytes, what: str) -> None:
    with pytest.raises(ReviewsError, match=what):
        read(path, content)


def test_a_table_that_is_not_there_is_told(path: Path) -> None:
    with pytest.raises(ReviewsError, match="cannot be read"):
        read_reviews(path, {})


def test_only_the_head_of_a_table_is_no_review(path: Path) -> None:
    assert read(path, "case,decision,reason,officer\n") == {}


def test_no_word_stands_for_two_reasons() -> None:
    words = [word for name, (_, chinese) in REASONS.items() for word in (name, *chinese)]
    assert len(words) == len(set(words))
