"""Does a re-check: finds the recordings, looks, judges, and leaves a signed folder with the pictures it stands on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from evidence_export.bag.digest import digest_file
from evidence_export.keys import SealingKeys
from models.interface import Detector
from streams.archive.discover import search
from streams.archive.reader import open_archive
from streams.errors import StreamsError
from streams.instant import NS_PER_S, Instant
from streetproof.batch.plan import Failure, UnassignedError, camera_of
from streetproof.recheck.looking import GroundEyes, Taken, View, Window, looks_at
from streetproof.recheck.original import Original, RecheckError
from streetproof.recheck.writing import Facts, write_recheck
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera
from streetproof.settings.times import time_rules
from vision.durations import format_duration
from vision.recheck import Outcome, recheck, usual_window_ns
from vision.rules.no_parking import NoParkingRule
from vision.rules.occupation import OccupationRule

LEAST_WINDOW_NS = 120 * NS_PER_S
"""A shorter window could hardly show a place free for a minute."""


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for: when, for how long, and how often to look."""

    due: Instant
    window_ns: int
    rate: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Done:
    """The outcome, where its evidence lies, and the inputs that could not be used."""

    outcome: Outcome
    folder: Path
    document: dict[str, Any]
    failures: tuple[Failure, ...]


def window_of(original: Original, asked_ns: int | None) -> int:
    """How long to look, ns: as asked, or long enough to see the rule broken again. Raises RecheckError."""
    needed = original.question.allowed_ns + LEAST_WINDOW_NS // 2
    if asked_ns is None:
        return usual_window_ns(original.question.kind_of_rule)
    if asked_ns < max(LEAST_WINDOW_NS, needed):
        raise RecheckError(
            f"a window of {format_duration(asked_ns)} is too short: the rule allows "
            f"{format_duration(original.question.allowed_ns)}, and a place must be seen free for a minute",
            remedy=f"Give --window {format_duration(max(LEAST_WINDOW_NS, needed))} or more",
        )
    return asked_ns


def do_recheck(
    loaded: LoadedSite,
    original: Original,
    order: Order,
    footage: Sequence[str],
    detector: Detector,
    keys: SealingKeys,
    sealed_at: Instant,
    out: Path,
) -> Done:
    """Look again, judge, and write the evidence into a new folder in `out`.

    Recordings that cannot be used are left out and told, as are those of the case itself under another time; that none
    is left is an outcome too. Raises RecheckError where the folder cannot be written, ModelsError where the detector
    fails, and what `write_recheck` raises.
    """
    question = original.question
    if original.fired_ns is not None and order.due.utc_ns < original.fired_ns:
        raise RecheckError(
            f"{order.due.isoformat()} lies before the violation: whether it was corrected shows afterwards",
            remedy="Give a later time with --at",
        )
    camera = loaded.site.camera(question.rules.camera)
    assert camera is not None, "the original was read with this site"
    window = Window(order.due.utc_ns, order.due.utc_ns + order.window_ns)
    paths, failures = _recordings(loaded, camera, footage)
    place = question.place if isinstance(question.kind_of_rule, NoParkingRule | OccupationRule) else None
    view = View(original.picture, place, None if original.before is None else original.before[1])
    ground = None
    if original.before is not None and question.taken is not None:
        ground = GroundEyes(question.rules.watched_ground, question.taken.outlines, *original.before, detector.info)
    taken: list[Taken] = []
    times = time_rules(loaded.site, camera)
    usable = []
    for path in paths:
        # Of time that an earlier recording has shown, this one shows nothing new.
        rest = Window(taken[-1].look.at.utc_ns + 1, window.to_ns) if taken else window
        try:
            looks = list(looks_at(path, camera.id, times, rest, order.rate, detector, view, ground))
            if looks and _is_of_the_case(path, open_archive(path, camera.id, times).start, original):
                raise RecheckError(
                    "this is a recording of the case itself, under another time: it shows the violation, and nothing "
                    "of later",
                    where=str(path),
                    remedy="Give what was recorded at the time that is asked for",
                )
        except (StreamsError, RecheckError) as error:
            failures.append(Failure.of(str(path), error))
            continue
        taken += looks
        usable += [path] if looks else []
    outcome = recheck(question, (one.look for one in taken))
    facts = Facts(loaded, camera, original, order, detector.info, tuple(usable), tuple(taken), view.compared)
    folder, document = write_recheck(facts, outcome, keys, sealed_at, out)
    return Done(outcome, folder, document, tuple(failures))


def _is_of_the_case(path: Path, start: Instant, original: Original) -> bool:
    """Whether a recording is one that the case was cut from, and begins at another time now. One that goes on for long
    after the violation, and still has its time, may show both."""
    if not original.recordings:
        return False
    try:
        told = original.recordings.get(digest_file(path, with_sm3=False).sha256)
    except OSError as error:
        raise RecheckError(f"it cannot be read ({error.strerror or error})", where=str(path)) from error
    return told is not None and told != start.isoformat()


def _recordings(loaded: LoadedSite, camera: Camera, footage: Sequence[str]) -> tuple[list[Path], list[Failure]]:
    """The recordings of the camera among what was named, in order of their start; others say nothing."""
    found = search(footage)
    failures = [Failure(one.where, one.what, "Check the path") for one in found.problems]
    dated: list[tuple[int, str, Path]] = []
    times = time_rules(loaded.site, camera)
    for path in found.paths:
        try:
            if camera_of(loaded.site, path).id == camera.id:
                dated.append((open_archive(path, camera.id, times).start.utc_ns, str(path), path))
        except (StreamsError, UnassignedError) as error:
            failures.append(Failure.of(str(path), error))
    return [path for _, _, path in sorted(dated)], failures
