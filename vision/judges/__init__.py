"""What judges the rules of one camera, by kind: `no_parking` is judged by `vision.watch`, each other kind here.

A kind is a rule model (`vision/rules/`, in the union of `vision/policy.py`) and an entry of `JUDGES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from vision.holidays import Calendar
from vision.judges.bike_clutter import BikeClutter
from vision.judges.interface import Judge, Making
from vision.judges.intrusion import Intrusion
from vision.judges.occupation import Occupation
from vision.policy import CameraRules
from vision.tuning import Tuning

__all__ = ["JUDGES", "Judge", "judges_of"]

JUDGES: Mapping[str, Making] = {"bike_clutter": BikeClutter, "intrusion": Intrusion, "occupation": Occupation}
"""Who judges the rules of a kind."""


def judges_of(rules: CameraRules, zone: tzinfo, tuning: Tuning, calendar: Calendar | None = None) -> dict[str, Judge]:
    """A judge for each kind of rule that holds in a zone of the camera, by kind, in the order of `JUDGES`."""
    return {kind: make(rules, zone, tuning, calendar) for kind, make in JUDGES.items() if rules.zones_by_rule(kind)}
