"""The time of a stay as a bar: what each part of it was made of. SVG from numbers alone."""

from __future__ import annotations

from markupsafe import escape

from evidence_export.dossier.facts import Facts
from evidence_export.reasons import SHOWN, clock
from evidence_export.report.glyphs import BUNDLED, SYSTEM
from vision.reasons import Shown

COLOURS = {
    Shown.SEEN: "#1f6f54",
    Shown.KEPT: "#62a98c",
    Shown.DOUBTED: "#d9a441",
    Shown.MISSED: "#c9ced8",
    Shown.HIDDEN: "#8b95a7",
    Shown.GAP: "#c8281e",
    Shown.STRUCK: "#7a3e9d",
}
_WIDE, _HIGH = 900, 34


def timeline(facts: Facts) -> str | None:
    """The bar with its legend; None where the case gives no steps."""
    trace, stay = facts.found.stay.trace, facts.found.stay
    total = sum(step.ns for step in trace.steps) if trace is not None else 0
    if trace is None or total <= 0:
        return None
    parts, x = [], 0.0
    for step in trace.steps:
        wide = step.ns / total * _WIDE
        # Each step is coloured by what most of it was made of; the table beside it has the rest.
        colour = COLOURS[step.parts[0].what]
        parts.append(f'<rect x="{x:.2f}" y="0" width="{max(wide, 0.6):.2f}" height="{_HIGH}" fill="{colour}"/>')
        x += wide
    fonts = f'font-family="\'{BUNDLED}\',\'{SYSTEM}\'" font-size="17" fill="#3c4a60"'
    first, last = clock(stay.arrived[1], facts.zone), clock(stay.last_seen, facts.zone)
    parts.append(f'<text x="0" y="{_HIGH + 22}" {fonts}>{escape(first)}</text>')
    parts.append(f'<text x="{_WIDE}" y="{_HIGH + 22}" text-anchor="end" {fonts}>{escape(last)}</text>')
    x = 0.0
    for what in (what for what in Shown if trace.total([what])):
        words = f"{SHOWN[what].zh} {SHOWN[what].en}"
        parts.append(f'<rect x="{x:.0f}" y="{_HIGH + 36}" width="15" height="15" fill="{COLOURS[what]}"/>')
        parts.append(f'<text x="{x + 21:.0f}" y="{_HIGH + 50}" {fonts}>{escape(words)}</text>')
        x += 48 + sum(17 if ord(one) > 0x2E00 else 9.2 for one in words)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDE} {_HIGH + 58}" width="{_WIDE}" '
        f'height="{_HIGH + 58}">{"".join(parts)}</svg>'
    )
