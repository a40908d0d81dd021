"""What a terminal shows of the list of cases, in Chinese or English."""

from __future__ import annotations

from evidence_export.words import Language, Said, kind_words
from streetproof.caselist.entries import Entry
from streetproof.clock import on_the_wall
from streetproof.recheck.words import outcome_words
from streetproof.store.rechecks import RecheckState, StoredRecheck
from vision.recheck import Reason, Verdict

HEADS = (
    Said("案件编号", "case"),
    Said("违法行为", "violation"),
    Said("摄像机", "camera"),
    Said("首次看到", "first seen"),
    Said("离开", "left"),
    Said("复查", "re-check"),
)
FIXED = (0, 3)
"""Of those, which are not to be broken into lines: case and time."""
_NOT_SEEN = Said("未看到", "not seen")
_LATER = Said("封存后得知", "learned after sealing")
_STATES = {
    RecheckState.WAITING: Said("待复查", "to be done"),
    RecheckState.FAILED: Said("未能完成，请人工查看", "could not be done: look yourself"),
}


def cells(entry: Entry, language: Language) -> tuple[str, ...]:
    """One text per head."""
    zone = entry.timezone or "UTC"
    kind = kind_words(entry.kind or "", entry.row.rule).to(language)
    rechecks = [f"{on_the_wall(one.asked.due_ns, zone)} {_said(one).to(language)}" for one in entry.rechecks]
    return (
        entry.row.id,
        kind,
        entry.camera_name or entry.row.camera,
        on_the_wall(entry.row.arrived_ns, zone),
        _left(entry, zone, language),
        "\n".join(rechecks),
    )


def _said(one: StoredRecheck) -> Said:
    if one.state is not RecheckState.DONE or one.verdict is None:
        return _STATES[one.state]
    return outcome_words(Verdict(one.verdict), None if one.reason is None else Reason(one.reason))


def _left(entry: Entry, zone: str, language: Language) -> str:
    departure = entry.departure
    if departure is None or departure.until_ns is None:
        return _NOT_SEEN.to(language)
    told, day = [], on_the_wall(entry.row.arrived_ns, zone)[:10]
    for moment in (departure.since_ns, departure.until_ns):
        if moment is not None:
            clock = on_the_wall(moment, zone)
            told.append(clock[11:] if clock[:10] == day else clock)
            day = clock[:10]
    left = " – ".join(told)
    return f"{left}\n({_LATER.to(language)})" if entry.learned_later else left
