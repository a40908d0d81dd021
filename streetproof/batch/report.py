"""What a batch found, as one value, one JSON document and one HTML page."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from evidence_export.blockers import BLOCKERS as words_of_blockers
from evidence_export.words import Said, kind_words
from streetproof.errors import StreetproofError
from streetproof.version import __version__

BLOCKERS = {code: said.zh for code, said in words_of_blockers.items()}
"""What stands in the way of approval, in Chinese."""
FORMAT = "streetproof-batch-report/1"
_STOOD = Said("至少停留", "stood at least")
_LASTED = {
    "intrusion": Said("至少在场", "there for at least"),
    "bike_clutter": Said("至少超限", "over the limit for at least"),
}
"""What the time of a case of another kind is; of all others it is standing time."""


class ReportError(StreetproofError):
    """The report cannot be written."""


@dataclass(frozen=True, slots=True)
class BatchReport:
    """The outcome of one batch run; `document` is what report.json holds."""

    out: Path
    document: dict[str, Any]

    @property
    def cases(self) -> list[dict[str, Any]]:
        """All cases that the inputs gave, sealed now or before."""
        return list(self.document["cases"])

    @property
    def failures(self) -> list[dict[str, Any]]:
        """The inputs that gave nothing."""
        return list(self.document["failures"])

    @property
    def html(self) -> Path:
        """The report for people."""
        return self.out / "report.html"

    @property
    def json(self) -> Path:
        """The report for programs."""
        return self.out / "report.json"


def write_report(out: Path, content: dict[str, Any]) -> BatchReport:
    """Write report.json and report.html into `out`, each whole or not at all."""
    document = {"format": FORMAT, "software": {"name": "streetproof", "version": __version__}, **content}
    report = BatchReport(out, document)
    _replace(report.json, json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streetproof.batch", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = _clock_in(ZoneInfo(document["site"]["timezone"]))
    environment.filters["span"] = _span
    environment.filters["kind"] = _kind
    environment.filters["lasted"] = lambda kind: _LASTED.get(kind, _STOOD).zh
    environment.filters["lasted_en"] = lambda kind: _LASTED.get(kind, _STOOD).en
    environment.filters["blocker"] = lambda code: BLOCKERS.get(code, code)
    _replace(report.html, environment.get_template("report.html").render(document))
    return report


def _kind(kind: str) -> str:
    words = kind_words(kind, kind)
    return f"{words.zh} {words.en}"


def _replace(path: Path, text: str) -> None:
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise ReportError(
            f"the report cannot be written: {error.strerror}",
            where=str(path),
            remedy="See that the disk has room, then run the same command again; cases that were sealed are kept",
        ) from error


def _clock_in(zone: ZoneInfo) -> Callable[[str | None], str]:
    """A filter that shows `2026-11-02T00:00:00.250000000Z` as `2026-11-02 08:00:00.2 +0800`: cut, never rounded up."""

    def clock(iso: str | None) -> str:
        if iso is None:
            return "unknown"
        local = datetime.fromisoformat(iso).astimezone(zone)
        return f"{local:%F %T}.{local.microsecond // 100_000} {local:%z}"

    return clock


def _span(ns: int | None) -> str:
    """A duration as `1 h 02 min 03.4 s`."""
    if ns is None:
        return "unknown"
    tenths = ns // 100_000_000
    seconds, minutes, hours = tenths % 600 / 10, tenths // 600 % 60, tenths // 36_000
    if hours:
        return f"{hours} h {minutes:02d} min {seconds:04.1f} s"
    return f"{minutes} min {seconds:04.1f} s" if minutes else f"{seconds:.1f} s"
