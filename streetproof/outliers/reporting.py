"""The report on outliers: gathered, judged, and as one JSON document and one HTML page."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from evidence_export.blockers import blocker_said
from evidence_export.procedure.steps import REJECTIONS, Rejection
from evidence_export.words import Said, kind_words
from streams.instant import from_datetime, iso_utc
from streetproof.outliers.gathering import facts, ways
from streetproof.outliers.judging import CHANCE, MARKS, Row, judge
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger
from streetproof.version import __version__

FORMAT = "streetproof-outliers/1"


@dataclass(frozen=True, slots=True)
class Window:
    """From the beginning of a day at the site to now, and as long before. ns UTC."""

    before_ns: int
    since_ns: int
    until_ns: int

    @property
    def days(self) -> float:
        return (self.until_ns - self.since_ns) / (24 * 3600 * 10**9)


def window(since: date, now_ns: int, zone: ZoneInfo) -> Window:
    """Raises ValueError where `since` is still to come."""
    since_ns = from_datetime(datetime.combine(since, time.min, zone))
    if since_ns >= now_ns:
        raise ValueError("the day to begin with is still to come")
    return Window(2 * since_ns - now_ns, since_ns, now_ns)


def days_ago(days: int, now_ns: int, zone: ZoneInfo) -> date:
    """The date at the site so many days before now."""
    return (datetime.fromtimestamp(now_ns / 10**9, UTC).astimezone(zone) - timedelta(days=days)).date()


def report(data: Path, store: Store, ledger: SqlLedger, span: Window, zone: str) -> dict[str, Any]:
    """The document. Raises StoreError."""
    told = ways(ledger, iso_utc(span.since_ns), iso_utc(span.until_ns))
    now = list(facts(data, store, told, span.since_ns, span.until_ns))
    before = list(facts(data, store, told, span.before_ns, span.since_ns))
    every = {(row.camera, row.rule) for row in store.cases()}
    rows = judge(now, before, every)
    return {
        "format": FORMAT,
        "software": {"name": "streetproof", "version": __version__},
        "since": iso_utc(span.since_ns),
        "until": iso_utc(span.until_ns),
        "timezone": zone,
        "days": round(span.days, 3),
        "chance": CHANCE,
        "cases": len(now),
        "cameras": [_row(row, span.days) for row in rows],
        "views": [{"by": by, "views": number} for by, number in sorted(told.views.items(), key=lambda one: -one[1])],
    }


def page(document: dict[str, Any]) -> str:
    """The document as a page that needs nothing but itself."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streetproof.outliers", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    zone = ZoneInfo(document["timezone"])
    environment.filters["day"] = lambda iso: f"{datetime.fromisoformat(iso).astimezone(zone):%Y-%m-%d %H:%M}"
    environment.filters["percent"] = lambda share: f"{100 * share:.0f}%"
    environment.filters["number"] = lambda value: f"{value:.2f}".rstrip("0").rstrip(".")
    return environment.get_template("outliers.html").render(document)


def _row(row: Row, days: float) -> dict[str, Any]:
    decided = row.decided
    return {
        "camera": row.camera,
        "name": row.name,
        "rule": row.rule,
        "kind": _said(kind_words(row.kind or "", row.rule)),
        "cases": row.cases,
        "per_day": round(row.cases / days, 3),
        "past": row.past,
        "others": {
            "cameras": row.others,
            "median_per_day": None if row.median is None else round(row.median / days, 3),
            "mad_per_day": None if row.mad is None else round(row.mad / days, 3),
        },
        "decided": decided.judged,
        "rejected": decided.rejected,
        "rejected_share": decided.rejected / decided.judged if decided.judged else None,
        "rejected_limits": [round(decided.low, 4), round(decided.high, 4)] if decided.judged else None,
        "reasons": [_counted(code, number, _reason(code)) for code, number in _ordered(decided.reasons)],
        "known": row.known,
        "blocked": row.blocked,
        "blocked_by": _counts(row.blocked_by),
        "plates": row.plates,
        "plates_uncertain": row.uncertain,
        "marks": [{"code": str(mark), **_said(MARKS[mark])} for mark in row.marks],
        "untold": [_said(said) for said in row.untold],
    }


def _counts(found: Counter[str]) -> list[dict[str, Any]]:
    return [_counted(code, number, blocker_said(code)) for code, number in _ordered(found)]


def _ordered(found: Counter[str]) -> list[tuple[str, int]]:
    """The most frequent first, and those of one number by name: the same cases make the same page."""
    return sorted(found.items(), key=lambda one: (-one[1], one[0]))


def _counted(code: str, number: int, said: Said) -> dict[str, Any]:
    return {"code": code, "cases": number, **_said(said)}


def _reason(code: str) -> Said:
    return REJECTIONS[Rejection(code)] if code in list(Rejection) else Said(code, code)


def _said(said: Said) -> dict[str, str]:
    return {"zh": said.zh, "en": said.en}
