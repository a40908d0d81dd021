"""What is shown of entries: the columns of table and CSV in Chinese or English, and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from evidence_export.plates.words import COLOURS, DOUBTS, ROWS, STATUS, UNKNOWN_COLOUR
from evidence_export.words import Language, Said
from streams.instant import iso_utc
from streetproof.clock import on_the_wall
from streetproof.vehicles.search import Entry

_RISKY = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""A cell that begins with one of these is a formula to a spreadsheet."""
COLUMNS = (
    Said("号牌", "plate"),
    Said("是否确定", "certainty"),
    Said("最低字符置信度", "weakest character"),
    Said("存疑原因", "doubts"),
    Said("颜色", "colour"),
    Said("层数", "rows"),
    Said("摄像机", "camera"),
    Said("摄像机名称", "camera name"),
    Said("区域", "zone"),
    Said("规则", "rule"),
    Said("首次看到", "first seen"),
    Said("最后看到", "last seen"),
    Said("案件编号", "case"),
    Said("各字符置信度", "characters"),
    Said("编辑距离", "distance"),
)
_IN_TABLE = (0, 1, 7, 10, 12)
"""What fits a terminal; the distance stands beside it where a plate was asked for."""
FIXED = (0, 1, 3)
"""Of those, which are not to be broken into lines: plate, certainty, time."""
_DISTANCE = 14
_NOTHING_READ = Said("（无）", "(nothing)")


def cells(entry: Entry, language: Language) -> tuple[str, ...]:
    """One text per column. An uncertain plate has its doubtful characters in brackets, wherever it is shown."""
    row, reading = entry.row, entry.reading
    doubts = [DOUBTS.get(one, Said.quoted(one)).to(language) for one in reading.get("doubts", ())]
    characters = " ".join(f"{one['text']}:{one['confidence']}" for one in reading.get("characters", ()))
    rows = ROWS.get(str(reading.get("rows")), Said.quoted("")).to(language)
    return (
        plate_of(entry, language),
        STATUS.get(row.status, Said.quoted(row.status)).to(language),
        f"{entry.weakest:.4f}" if row.plate else "",
        ("；" if language is Language.ZH else "; ").join(doubts),
        COLOURS.get(row.colour or "", UNKNOWN_COLOUR).to(language) if row.plate else "",
        rows,
        row.camera,
        row.camera_name,
        row.zone_name,
        row.rule,
        on_the_wall(row.arrived_ns, row.timezone),
        on_the_wall(row.last_seen_ns, row.timezone),
        row.case_id,
        characters,
        "" if entry.distance is None else f"{entry.distance:g}",
    )


def plate_of(entry: Entry, language: Language) -> str:
    """The plate as it may be shown."""
    found = entry.reading.get("text" if entry.row.status == "certain" else "marked")
    return found if isinstance(found, str) else _NOTHING_READ.to(language)


def table_of(entries: Sequence[Entry], language: Language, *, asked: bool) -> tuple[list[str], list[list[str]]]:
    """Heads and lines of what is shown at a terminal."""
    chosen = (*_IN_TABLE, *([_DISTANCE] if asked else []))
    heads = [COLUMNS[index].to(language) for index in chosen]
    return heads, [[all_[index] for index in chosen] for all_ in (cells(entry, language) for entry in entries)]


def sheet(entries: Iterable[Entry], language: Language) -> bytes:
    """CSV (RFC 4180) as spreadsheets open it by a double click: UTF-8 with a byte order mark, CRLF.

    A text that a spreadsheet would run as a formula gets an apostrophe before it.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.to(language) for column in COLUMNS])
    for entry in entries:
        writer.writerow([_harmless(cell) for cell in cells(entry, language)])
    return out.getvalue().encode("utf-8-sig")


def document(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """Everything an entry knows, for programs; times in UTC. The same in every language."""
    return [
        {
            "case": entry.row.case_id,
            "site": entry.row.site,
            "camera": entry.row.camera,
            "camera_name": entry.row.camera_name,
            "zone": entry.row.zone,
            "zone_name": entry.row.zone_name,
            "rule": entry.row.rule,
            "arrived": iso_utc(entry.row.arrived_ns),
            "last_seen": iso_utc(entry.row.last_seen_ns),
            "distance": entry.distance,
            "plate": entry.reading,
        }
        for entry in entries
    ]


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.lstrip(" ").startswith(_RISKY) or cell.startswith(_RISKY) else cell
