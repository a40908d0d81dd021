"""The tracker's numbers for the sightings of a sample. Annotation only: nothing is decided by them.

What stands is not tracked: a box that shows an open stay has the number that the stay was given, for as long as a
tracker would remember it. So the tracker's work grows with what moves, and not with what is parked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from streams.instant import NS_PER_S
from vision.association.interface import Associator
from vision.interface import Moment
from vision.matching import Matches
from vision.standing import Standing

LASTS_NS = 10 * NS_PER_S
"""Unseen for longer, what stands is given another number."""


def numbered(
    standings: Sequence[Standing], moments: Sequence[Moment], found: Matches, associator: Associator
) -> Matches:
    """The matches of a sample's boxes, `moments`, with their numbers; before they count as seen."""
    shown = [(standing, moment) for standing, moment in zip(standings, found.best, strict=True) if moment is not None]
    tracks: dict[int, int | None] = {
        id(moment): standing.track
        for standing, moment in shown
        if standing.track is not None and moment.at.utc_ns - standing.last_seen.utc_ns <= LASTS_NS
    }
    others = [moment for moment in moments if id(moment) not in tracks]
    if others:
        boxes, scores = [moment.box for moment in others], [moment.score for moment in others]
        given = associator.update(others[0].at.utc_ns, boxes, scores)
        tracks |= {id(moment): track for moment, track in zip(others, given, strict=True)}
    for standing, moment in shown:
        track = tracks[id(moment)]
        if standing.open and track != standing.track:
            standing.track = track
            if track is not None:
                associator.release(track)

    def with_number(moment: Moment) -> Moment:
        track = tracks[id(moment)]
        return moment if track is None else replace(moment, track=track)

    return Matches(
        best=[None if moment is None else with_number(moment) for moment in found.best],
        loose=found.loose,
        new=[with_number(moment) for moment in found.new],
    )
