"""One physical object at one place: what is known of it, and how its time splits. No decisions about other objects."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import ClassVar

import rfc8785
from pydantic import ConfigDict

from streams.instant import Instant
from vision.boxes import family, shift
from vision.interface import Box, Moment, Stay
from vision.reasons import Ending, EndReason, Shown
from vision.tally import SAVED, Tally
from vision.tracing import Tracing, coarse
from vision.tuning import Tuning

_ID_GRID = 10_000


@dataclass(slots=True)
class Standing:
    """An object that stands, or may turn out to: a candidate until `open`.

    All zones of the camera share the one clock of the object, so that two overlapping zones can never count it twice.
    """

    __pydantic_config__: ClassVar[ConfigDict] = SAVED

    place: Box
    box: Box
    """The last sighting's."""
    before: Instant | None
    """Last sample before it was there."""
    first: Instant
    last_seen: Instant
    sightings: int = 1
    kept: int = 0
    """Samples in which no box showed it and pixels did."""
    seen_ns: int = 0
    occluded_ns: int = 0
    gap_ns: int = 0
    stretch_ns: int = 0
    """Seen time since the last look away that was too long to swear that it is the same object."""
    sworn_ns: int = 0
    """The longest such stretch."""
    doubted: bool = False
    """A box since the last sighting said that it moved on."""
    pending_gap_ns: int = 0
    """Gaps of the footage since the last sighting; they become `gap_ns` once it is seen again."""
    classes: dict[str, int] = field(default_factory=dict)
    tallies: list[Tally] = field(default_factory=list)
    open: bool = False
    zones: list[str] = field(default_factory=list)
    """Zones in which a stay was announced."""
    misses: int = 0
    """Samples in which a candidate was not seen."""
    absent_from: Instant | None = None
    """First sample since the last sighting in which its visible place was empty."""
    absent_ns: int = 0
    absent_samples: int = 0
    covered_ns: int = 0
    """Since the last sighting, in samples in which its place showed neither it nor what was there before."""
    emptied_samples: int = 0
    """Samples since the last sighting in which its place was seen to be what it was before it came."""
    displaced: int = 0
    taken: bool = False
    """Something else has come to stand here since."""
    track: int | None = None
    """Once it is open: the number that its sightings carry, see `vision.numbered`."""
    tracing: Tracing = field(default_factory=Tracing)
    """What its time from `first` to `last_seen` was made of."""

    def __post_init__(self) -> None:
        """What was saved before there were traces goes on with what is known of it."""
        if not self.tracing.runs:
            split = (self.seen_ns, self.occluded_ns, self.gap_ns)
            self.tracing.runs = coarse(*split, self.sightings, self.kept)

    @property
    def family(self) -> str:
        """The class family, fixed by the first sighting."""
        return family(next(iter(self.classes)))

    @property
    def fired(self) -> bool:
        """Whether it has broken a rule."""
        return any(tally.fired for tally in self.tallies)

    def seen_again(self, moment: Moment, max_unseen_ns: int, tuning: Tuning) -> None:
        """A box shows it."""
        self._stands(moment.at, Shown.SEEN, max_unseen_ns, tuning)
        self.sightings += 1
        self.classes[moment.cls] = self.classes.get(moment.cls, 0) + 1
        self.displaced = tuning.displaced_after(
            self.displaced, min(shift(self.place, moment.box), shift(self.box, moment.box))
        )
        self.box = moment.box

    def kept_in_place(self, at: Instant, max_unseen_ns: int, tuning: Tuning) -> None:
        """No box shows it, but its place looks as it did when one did."""
        self._stands(at, Shown.KEPT, max_unseen_ns, tuning)
        self.kept += 1
        self.displaced = tuning.displaced_after(self.displaced, 0.0)

    def _stands(self, at: Instant, look: Shown, max_unseen_ns: int, tuning: Tuning) -> None:
        """Count the time since it was seen last, and forget the absence."""
        elapsed = at.utc_ns - self.last_seen.utc_ns
        self.tracing.look(look)
        if elapsed > tuning.identity_ns:
            self.stretch_ns = 0
        if self.pending_gap_ns == 0 and elapsed <= max_unseen_ns:
            self.seen_ns += elapsed
            self.stretch_ns += 0 if self.doubted else elapsed
            self.sworn_ns = max(self.sworn_ns, self.stretch_ns)
            self.tracing.counted(Shown.DOUBTED if self.doubted else look, elapsed)
        else:
            unseen_ns = elapsed - self.pending_gap_ns
            self.gap_ns += self.pending_gap_ns
            self.occluded_ns += unseen_ns
            self.tracing.passed(unseen_ns, self.pending_gap_ns)
        self.pending_gap_ns, self.doubted, self.taken = 0, False, False
        self.last_seen = at
        self._not_absent()

    def gap(self, length_ns: int) -> None:
        """No frames for `length_ns`."""
        self.pending_gap_ns += length_ns
        for tally in self.tallies:
            tally.broken = True

    def strike(self, since: Instant) -> None:
        """What was seen since `since` cannot be trusted: none of it counts, and an absence in it was none.

        How much of the time since then was counted is not kept, so all of it is taken to have been.
        """
        if self.absent_from is not None and self.absent_from.utc_ns >= since.utc_ns:
            self._not_absent()
        struck_ns = max(0, self.last_seen.utc_ns - max(since.utc_ns, self.first.utc_ns))
        taken_ns = min(struck_ns, self.seen_ns)
        self.seen_ns -= taken_ns
        self.gap_ns += taken_ns
        self.tracing.strike(taken_ns)
        self.stretch_ns = max(0, self.stretch_ns - struck_ns)
        self.sworn_ns = max(0, self.sworn_ns - struck_ns)
        for tally in self.tallies:
            tally.strike(since, struck_ns)

    def doubt(self, weight: int) -> None:
        """A box says that it moved on; what lies between the sightings around it cannot be sworn to."""
        self.displaced += weight
        self.doubted = True
        self.tracing.look(Shown.DOUBTED)
        for tally in self.tallies:
            tally.broken = True

    def replaced(self, at: Instant, limit: int) -> None:
        """Something else has come to stand here since `at`."""
        self.taken = True
        self.displaced = max(self.displaced, limit)
        if self.absent_from is None:
            self.absent_from = at

    def _not_absent(self) -> None:
        self.absent_from, self.absent_ns, self.absent_samples, self.emptied_samples = None, 0, 0, 0
        self.covered_ns = 0

    def absent(self, at: Instant, elapsed_ns: int, *, empty: bool = False) -> None:
        """Nothing was found at its visible place in this sample, `elapsed_ns` after the sample before.

        `empty`: its pixels as well say that nothing stands there.
        """
        if self.absent_from is None:
            self.absent_from = at
        self.absent_ns += elapsed_ns
        self.absent_samples += 1
        self.emptied_samples += empty
        self.tracing.look(Shown.MISSED)

    def covered(self, elapsed_ns: int) -> None:
        """Something that nobody knows stood before its place, `elapsed_ns` after the sample before, or it is gone."""
        self.covered_ns += elapsed_ns
        self.hid()

    def hid(self, by: str | None = None) -> None:
        """Something, of the class `by` where that is known, stood before its place in this sample."""
        self.tracing.look(Shown.HIDDEN, by)

    def missed(self) -> None:
        """A candidate was not seen in this sample."""
        self.misses += 1
        self.tracing.look(Shown.MISSED)

    def ending(self, why: EndReason, at: Instant) -> Ending:
        """Why it is over, as `at` has shown."""
        return Ending(why, at, self.absent_ns, self.absent_samples, self.emptied_samples)

    def fired_in(self, zone: str) -> tuple[str, ...]:
        """The rules that fired and named this zone."""
        return tuple(tally.rule for tally in self.tallies if tally.fired and tally.zones[0] == zone)

    def not_yet(self, earliest: Instant) -> bool:
        """It did not stand there at `earliest`; whether that can be, and is known now."""
        if earliest.utc_ns >= self.first.utc_ns:
            return False
        if self.before is None or self.before.utc_ns < earliest.utc_ns:
            self.before = earliest
        return True

    def stay(self, camera: str, zone: str, ended: Ending | None = None) -> Stay:
        """The object as a stay in `zone`; `ended`: why it is over."""
        held = tuple(one for one in (tally.held(ended) for tally in self.tallies) if one is not None)
        return Stay(
            id=stay_id(camera, zone, self.place, self.first.utc_ns),
            camera=camera,
            zone=zone,
            place=self.place,
            appearance=None,
            cls=max(self.classes, key=lambda name: self.classes[name]),
            arrived=(self.before, self.first),
            last_seen=self.last_seen,
            departed=None if ended is None else (self.last_seen, self.absent_from),
            seen_ns=self.seen_ns,
            occluded_ns=self.occluded_ns,
            gap_ns=self.gap_ns,
            sworn_ns=self.sworn_ns,
            sightings=self.sightings,
            kept=self.kept,
            trace=self.tracing.trace(ended, held),
            later=tuple(one for one in (tally.later() for tally in self.tallies) if one is not None),
        )


def stay_id(camera: str, zone: str, place: Box, arrived_ns: int, rule: str | None = None) -> str:
    """32 hex digits that depend on nothing but what they name: camera, zone, place (to 1/10000) and arrival.

    `rule`: of what is timed for one rule alone, so that it is told from a stay at the same place.
    """
    grid = ",".join(str(round(value * _ID_GRID)) for value in place)
    named = [camera, zone, grid, str(arrived_ns), *([] if rule is None else [rule])]
    return hashlib.sha256(rfc8785.dumps(named)).hexdigest()[:32]
