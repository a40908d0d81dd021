"""Whether what a re-check says of its outcome follows from what it shows and counts; pictures are for people."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from evidence_export.bag import rechecks
from evidence_export.verifier.container import printable
from evidence_export.verifier.reading import integer, items, moment, optional, text
from evidence_export.verifier.recheckmanifest import RecheckManifest
from evidence_export.verifier.report import Finding


def outcome_faults(told: RecheckManifest) -> list[Finding]:
    """What is wrong with it. Raises ValueError for what cannot be read."""
    faults = (*_verdict(told), *_looks(told), *_order(told))
    return [*(Finding(told.form.manifest, printable(fault)) for fault in faults), *_pictures(told)]


def _verdict(told: RecheckManifest) -> Iterator[str]:
    if told.verdict not in rechecks.VERDICTS:
        yield f"outcome.verdict is none of {', '.join(rechecks.VERDICTS)}"
        return
    cannot_tell = told.verdict == rechecks.CANNOT_TELL
    if cannot_tell and told.reason not in rechecks.REASONS:
        yield "outcome: nobody can tell, and no known reason says why"
    if not cannot_tell and told.reason is not None:
        yield "outcome: a reason why nobody can tell, where somebody can"
    violation = optional(told.root, "outcome", "violation")
    if (violation is not None) != (told.verdict == rechecks.NOT_CORRECTED):
        yield "outcome.violation: it is there exactly where the rule was broken again, and not here"
    elif violation is not None:
        if text(violation, "rule") != told.rule or text(violation, "zone") != text(told.root, "original", "zone"):
            yield "outcome.violation: it is of another rule or zone"
        if integer(violation, "dwell_lower_bound_ns") <= integer(violation, "allowed_ns"):
            yield "outcome.violation: its time does not pass what the rule allows"
        seen = {moment(text(one, "at", "utc")) for one in items(violation, "moments")}
        if not {one.at_ns for one in told.shown} <= seen:
            yield "shown: a look is none of the violation that was found again"
    states = {one.state for one in told.shown}
    if told.verdict == rechecks.CORRECTED:
        if states != {rechecks.FREE}:
            yield "shown: it is called corrected, and its pictures do not show the place in order"
        if told.looks.get(rechecks.FREE, 0) < rechecks.ENOUGH_LOOKS or told.free_ns < rechecks.ENOUGH_NS:
            yield "outcome: it is called corrected, and the place was not seen in order for long enough"
    if told.verdict == rechecks.NOT_CORRECTED and states != {rechecks.TAKEN}:
        yield "shown: it is called not corrected, and its pictures do not show the place taken"


def _looks(told: RecheckManifest) -> Iterator[str]:
    for state, count in told.looks.items():
        if state not in rechecks.STATES or count < 1:
            yield f"outcome.looks: {state} is no state of a place, or was seen in no look"
    total = sum(told.looks.values())
    if (total == 0) != (told.reason == rechecks.NO_FOOTAGE) or (total == 0) != (not told.shown):
        yield "outcome.looks: there were looks exactly where there was footage and a picture is shown, and not here"
    if total < len(told.shown):
        yield "outcome.looks: fewer looks were taken than are shown"
    # Of a place that is taken again the engine may have counted what one look by itself calls hidden.
    if told.verdict != rechecks.NOT_CORRECTED and not {one.state for one in told.shown} <= set(told.looks):
        yield "outcome.looks: a state is shown that no look had"
    if not 0 <= told.free_ns <= told.window[1] - told.window[0]:
        yield "outcome.free_ns: it is longer than what was asked for, or less than nothing"


def _order(told: RecheckManifest) -> Iterator[str]:
    begins, ends = told.window
    if begins >= ends:
        yield "asked: it ends before it begins"
    if any(not begins <= one.at_ns <= ends for one in told.shown):
        yield "shown: a look is not of the time that was asked for"
    if any(one.at_ns >= after.at_ns for one, after in pairwise(told.shown)):
        yield "shown: the looks are not in order of time"
    if any(not 0 <= one.recording < len(told.recordings) for one in told.shown):
        yield "shown: a look is of a recording that is not there"


def _pictures(told: RecheckManifest) -> Iterator[Finding]:
    roles = {text(item, "path"): text(item, "role") for item in items(told.root, "files")}
    shown = {path for one in told.shown for path, _ in (one.still, one.overlay)}
    for one in told.shown:
        for (path, sha256), role in ((one.still, rechecks.STILL), (one.overlay, rechecks.OVERLAY)):
            listed = told.files.get(path)
            if listed is None or listed.sha256 != sha256 or roles[path] != role:
                yield Finding(printable(path), "it is not the picture that stands for the look")
                continue
            parent = one.still[0]
            if role == rechecks.STILL:
                known = 0 <= one.recording < len(told.recordings)
                parent = f"recording:{told.recordings[one.recording]}" if known else ""
            if listed.parent != parent:
                yield Finding(path, "it is made from something else than the look that it shows")
    if len(shown) != 2 * len(told.shown):
        yield Finding(told.form.manifest, "shown: one picture stands for two looks")
    for path, listed in told.files.items():
        if roles[path] in (rechecks.STILL, rechecks.OVERLAY):
            if path not in shown:
                yield Finding(path, "it is a picture of no look that is shown")
        elif listed.parent is not None:
            yield Finding(path, "it is said to be made from something, and is no picture")
