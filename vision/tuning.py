"""The numbers the engine decides by. They are part of a verdict: a saved state names those it was made with."""

from __future__ import annotations

from dataclasses import dataclass

from streams.instant import NS_PER_S


@dataclass(frozen=True, slots=True)
class Tuning:
    """Thresholds of the stay logic. Shares are in sizes of the object's own box; times are in ns."""

    stand_shift: float = 0.12
    """To open a stay, sightings lie within this share of each other."""
    stand_iou: float = 0.6
    """... and overlap at least this much."""
    stand_sightings: int = 2
    stand_ns: int = NS_PER_S
    """... at least so often, over at least so long: at full frame rate a slow car moves little between two frames."""
    place_shift: float = 0.25
    """A standing object is found again within this share of its place."""
    place_iou: float = 0.5
    nested_inside: float = 0.8
    nested_level: float = 0.25
    """A second box for one object: this much of the smaller inside the larger, lower edges this close."""
    absence_ns: int = 10 * NS_PER_S
    absence_samples: int = 3
    """A stay ends when its visible place was empty for both of these."""
    displaced_iou: float = 0.15
    displaced_size: float = 1.5
    displaced_level: float = 0.15
    """A box that overlaps the place and is alike in size; nearer to the camera from this share of its height on."""
    displaced_weight: int = 4
    displaced_limit: int = 8
    """Such a sample weighs `displaced_weight`, a sighting takes 1 away, and the stay ends at the limit."""
    hidden_share: float = 0.5
    hidden_level: float = 0.05
    """Another box that covers this much of the place, and is not farther from the camera, hides it."""
    gap_ns: int = 10 * NS_PER_S
    gap_intervals: int = 5
    """A step longer than both this time and so many typical sampling intervals is a gap in the footage."""
    identity_ns: int = 60 * NS_PER_S
    """After a longer unseen stretch another object may stand there: a rule that has not fired counts from zero."""
    forget_ns: int = 30 * 60 * NS_PER_S
    """A stay unseen for longer is given up."""
