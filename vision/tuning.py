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
    stand_sightings: int = 3
    stand_ns: int = 2 * NS_PER_S
    """... at least so often, over at least so long: at full frame rate a slow car moves little between two frames."""
    stand_misses: float = 0.5
    """... with no more samples missed in between than this times the sightings: another car may pass the same spot."""
    place_shift: float = 0.25
    """A standing object is found again within this share of its place."""
    place_iou: float = 0.5
    nested_inside: float = 0.8
    nested_level: float = 0.25
    """A second box for one object: this much of the smaller inside the larger, lower edges this close."""
    absence_ns: int = 10 * NS_PER_S
    absence_samples: int = 3
    """A stay ends when its visible place was empty for both of these."""
    absence_fired_ns: int = 30 * NS_PER_S
    """... once it has broken a rule: a second case for one car is worse then than a stay that ends late."""
    remembered_iou: float = 0.5
    """What pixels say of a place holds for a stay whose place overlaps it so much."""
    covered_ns: int = 20 * NS_PER_S
    """Where pixels show neither what stands there nor the empty place, something unknown may stand before it: until a
    rule is broken, that is no absence for so long."""
    emptied_samples: int = 2
    """A stay ends as well when its place was seen empty in so many samples: then pixels say so."""
    displaced_iou: float = 0.15
    displaced_size: float = 1.5
    displaced_level: float = 0.15
    """A box that overlaps the place and is alike in size; nearer to the camera from this share of its height on."""
    displaced_reach: float = 2.0
    """... and then it may have come from a box of the sample before, so far away."""
    displaced_beside: int = 4
    displaced_before: int = 2
    displaced_limit: int = 6
    """Such a sample weighs so much, beside the place or before it, and the stay ends at the limit."""
    again_shift: float = 0.06
    again_exact: int = 4
    again_near: int = 1
    again_far: int = 2
    """A sighting within `again_shift` of the place or of the sighting before, or within `stand_shift`, takes so much
    away; one beyond adds: where one car follows another, the next would hardly stand on the very same spot."""
    same_ground: float = 0.5
    """Two places that share so much of their ground contact cannot both be taken."""
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

    def displaced_after(self, displaced: int, shifted: float) -> int:
        """The weight of what speaks for a departure after a sighting that has shifted so far."""
        if shifted > self.stand_shift:
            return min(displaced + self.again_far, self.displaced_limit)
        return max(0, displaced - (self.again_exact if shifted <= self.again_shift else self.again_near))
