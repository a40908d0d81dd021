"""When the place of a case is to be looked at again (复查), as its rule says."""

from __future__ import annotations

from streams.instant import NS_PER_S
from streetproof.settings.load import LoadedSite
from streetproof.store.findings import StoredFinding
from streetproof.store.rechecks import Appointment
from vision.recheck import usual_window_ns

_LATE_NS = 15 * NS_PER_S
"""After its last segment should be complete, footage is waited for so long."""


def appointments(loaded: LoadedSite, finding: StoredFinding, case_id: str, bundle: str) -> tuple[Appointment, ...]:
    """Those of a sealed case; none where its rule asks for none.

    `loaded`: the site file that was in force when the rule fired; `bundle`: relative to the data folder.
    """
    violation, camera = finding.violation, finding.stay.camera
    known = loaded.site.camera(camera)
    rules = () if known is None else loaded.site.rules_of(known).policy.rules
    rule = next((rule for rule in rules if rule.id == violation.rule), None)
    if rule is None:
        return ()
    window_ns = usual_window_ns(rule)
    fired_ns = violation.fired_at.utc_ns // NS_PER_S * NS_PER_S
    return tuple(
        Appointment(case_id, camera, bundle, str(finding.context["config"]), fired_ns + after_ns, window_ns)
        for after_ns in rule.recheck
    )


def done_from_ns(asked: Appointment, loaded: LoadedSite) -> int:
    """When its footage should be complete: the recorder closes a segment some time after it began."""
    return asked.end_ns + loaded.site.live.segment + _LATE_NS
