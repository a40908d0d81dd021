"""Warnings about a valid site that will not do what its author hopes."""

from __future__ import annotations

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streetproof.settings.site import Camera, Site
from vision.policy import lint


def warnings_of(site: Site) -> tuple[str, ...]:
    """One sentence each; none twice."""
    found: dict[str, None] = {}
    for camera in site.cameras:
        policy = site.rules_of(camera).policy
        for warning in lint(policy, _interval_ns(camera)):
            found[f"camera {camera.id}: {warning}"] = None
    return tuple(found)


def _interval_ns(camera: Camera) -> int:
    """The longest time between two looked-at frames that the settings allow."""
    if camera.look.level is DecodeLevel.SAMPLED:
        return int(NS_PER_S / camera.look.rate)
    if camera.look.level is DecodeLevel.EVERY_FRAME:
        return NS_PER_S
    return camera.look.max_interval
