"""Reads a table of reviews: a CSV file as Excel writes it. docs/training.md describes its columns."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from evidence_export.bag import layout
from streetproof.dataset.errors import ReviewsError
from streetproof.dataset.reasons import REASONS, Treatment

MOST_BYTES = 64 * 1024**2
SHOWN = 8
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "case": ("case", "case id", "案件编号", "案件", "编号"),
    "decision": ("decision", "结论", "审核结论", "审核结果"),
    "reason": ("reason", "理由", "原因", "驳回理由"),
    "officer": ("officer", "执法人员", "审核人", "审核人员"),
    "class": ("class", "类别", "车型"),
}
_NEEDED = ("case", "decision", "reason", "officer")


class Decision(StrEnum):
    """What an officer found."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


_DECISIONS = {
    **dict.fromkeys(("accepted", "accept", "confirmed", "认定", "通过", "属实", "成立"), Decision.ACCEPTED),
    **dict.fromkeys(("rejected", "reject", "驳回", "不予认定", "不通过", "不属实", "不成立"), Decision.REJECTED),
}


@dataclass(frozen=True, slots=True)
class Review:
    """One line of the table."""

    case: str
    decision: Decision
    reason: str
    """As it stands there; empty is allowed for accepted cases only."""
    treatment: Treatment
    officer: str
    cls: str | None
    """What the object really is, where the officer says so."""
    line: int


def read_reviews(path: Path, reasons: Mapping[str, Treatment]) -> dict[str, tuple[Review, ...]]:
    """The reviews of each case, in the order of the table; `reasons`: see `reasons.treatments`.

    UTF-8 with or without a byte order mark, and GBK. Raises ReviewsError that shows the first faults, each with its
    line; a reason that is not known is one, since what follows from it cannot be guessed.
    """
    header, *rows = _rows(path)
    places = _places(header[1], path)
    faults: list[str] = []
    found: dict[str, list[Review]] = {}
    for line, cells in rows:
        row = {name: cells[at].strip() if at < len(cells) else "" for name, at in places.items()}
        if not any(row.values()):
            continue
        try:
            review = _review(row, line, reasons)
        except ValueError as error:
            faults.append(f"line {line}: {error}")
            continue
        found.setdefault(review.case, []).append(review)
    if faults:
        more = f"\n  and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
        raise ReviewsError(
            "the table says what is not understood:" + "".join(f"\n  {one}" for one in faults[:SHOWN]) + more,
            where=str(path),
            remedy=f"Decisions are accepted/认定 and rejected/驳回; known reasons are {', '.join(REASONS)}; others are "
            "given their meaning with --reason 'TEXT=object', =negative or =leave_out.",
        )
    return {case: tuple(reviews) for case, reviews in found.items()}


def _review(row: Mapping[str, str], line: int, reasons: Mapping[str, Treatment]) -> Review:
    case = row["case"].upper()
    if not layout.is_case_id(case):
        raise ValueError(f"{row['case'][:40]!r} is no case id such as SP-20261102-ABCDEFGHIJKL")
    decision = _DECISIONS.get(row["decision"].lower())
    if decision is None:
        raise ValueError(f"the decision {row['decision'][:40]!r} is not known")
    if not row["officer"]:
        raise ValueError("nobody is named as officer")
    cls = row.get("class") or None
    if decision is Decision.ACCEPTED:
        return Review(case, decision, row["reason"], Treatment.OBJECT, row["officer"], cls, line)
    if not row["reason"]:
        raise ValueError("a rejected case needs a reason")
    treatment = reasons.get(row["reason"].lower())
    if treatment is None:
        raise ValueError(f"the reason {row['reason'][:40]!r} is not known")
    # An officer who says what it really is has made it a label.
    if cls is not None and row["reason"].lower() in ("wrong_class", "wrong class", *REASONS["wrong_class"][1]):
        treatment = Treatment.OBJECT
    return Review(case, decision, row["reason"], treatment, row["officer"], cls, line)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """The lines that hold anything, each with its number, the header first."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ReviewsError(f"cannot be read ({error.strerror})", where=str(path)) from error
    text = _decoded(data, path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise ReviewsError(
            f"is no CSV ({error})", where=str(path), remedy="Save it from Excel as CSV UTF-8."
        ) from error
    if not rows:
        raise ReviewsError(
            "holds no line", where=str(path), remedy="Its first line names the columns: case,decision,reason,officer"
        )
    return rows


def _decoded(data: bytes, path: Path) -> str:
    if len(data) <= MOST_BYTES and b"\0" not in data:
        for encoding in ("utf-8-sig", "gb18030"):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError:
                continue
    raise ReviewsError(
        "is no CSV in UTF-8 or GBK", where=str(path), remedy="Save it from Excel as CSV UTF-8 (逗号分隔), not as .xlsx."
    )


def _places(header: list[str], path: Path) -> dict[str, int]:
    """Which column is which."""
    names = [cell.strip().lower() for cell in header]
    places = {
        column: next(at for at, name in enumerate(names) if name in words)
        for column, words in _COLUMNS.items()
        if any(name in words for name in names)
    }
    missing = [
        f"{column} ({next(word for word in _COLUMNS[column] if not word.isascii())})"
        for column in _NEEDED
        if column not in places
    ]
    if missing:
        raise ReviewsError(
            f"has no column {', '.join(missing)}; its first line is {', '.join(header)[:200]}",
            where=f"{path}:1",
            remedy="Name the columns in the first line: case,decision,reason,officer or 案件编号,结论,理由,执法人员",
        )
    return places
