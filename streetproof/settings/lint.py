"""Warnings about a valid site that will not do what its author hopes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from evidence_export.bag.digest import digest_file
from evidence_export.register import calibration_ended, is_anothers
from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streetproof.clock import now
from streetproof.settings.load import LoadedSite, Mistake, mistake_at
from streetproof.settings.site import Camera, Site
from vision.lint import calendar_remarks, ground_remarks, sampling_remarks
from vision.words import Location

_SOON = timedelta(days=60)
"""So long before its end a calibration is warned of: an appointment takes weeks."""
_UNSHOWN = "cases say that they do not show it (sign_not_shown)"


def warnings_at(loaded: LoadedSite, today: date | None = None) -> tuple[Mistake, ...]:
    """What to mind, each with its line. `today` is the day at the site; None: by the host's clock."""
    return tuple(
        mistake_at(loaded.document, location, text) for location, text in _found(loaded.site, today, loaded.path.parent)
    )


def warnings_of(site: Site, today: date | None = None) -> tuple[str, ...]:
    """The sentences of `warnings_at`."""
    return tuple(text for _, text in _found(site, today))


def _found(site: Site, today: date | None, folder: Path | None = None) -> list[tuple[Location, str]]:
    """None twice: cameras share policies."""
    return list(dict.fromkeys(_all(site, today or now().local(site.site.zone).date(), folder)))


def _all(site: Site, today: date, folder: Path | None) -> Iterator[tuple[Location, str]]:
    places = {policy.id: ("policies", number) for number, policy in enumerate(site.policies)}
    for number, camera in enumerate(site.cameras):
        rules = site.rules_of(camera)
        place = places[camera.policy]
        for remark in sampling_remarks(rules.policy, _interval_ns(camera)):
            yield (*place, *remark.location), f"camera {camera.id}: {remark.text}"
        for remark in calendar_remarks(rules.policy, site.site.zone, today):
            yield (*place, *remark.location), remark.text
        for name, text in _register_remarks(site, camera, today):
            yield ("cameras", number, "register", name), f"camera {camera.id}: {text}"
        for location, text in _sign_remarks(camera, folder):
            yield ("cameras", number, "zones", *location), f"camera {camera.id}: {text}"
        for remark in ground_remarks(rules.zones, rules.plane) if rules.plane else ():
            yield ("cameras", number, "zones", *remark.location), f"camera {camera.id}: {remark.text}"


def _register_remarks(site: Site, camera: Camera, today: date) -> Iterator[tuple[str, str]]:
    """What stands against the cases of a camera, or soon will. Facts that are absent are named by every bundle."""
    register, until = camera.register_, camera.register_.calibration_valid_until
    if until is not None and calibration_ended(until, today):
        yield (
            "calibration_valid_until",
            f"its calibration 检定 ended on {until}: cases of later days are blocked (calibration_expired)",
        )
    elif until is not None and calibration_ended(until, today + _SOON):
        yield (
            "calibration_valid_until",
            f"its calibration 检定 ends on {until}, in {(until - today).days} days: have it calibrated anew before",
        )
    if (
        register.owner is not None
        and register.sharing_agreement is None
        and is_anothers(register.owner, site.site.name)
    ):
        yield (
            "owner",
            f"the owner is not {site.site.name!r}, and there is no `sharing_agreement`: its cases are blocked "
            "(sharing_agreement_unknown); write the site's own name where the camera is its own",
        )


def _sign_remarks(camera: Camera, folder: Path | None) -> Iterator[tuple[Location, str]]:
    """What no case of a zone can show of its signs. `folder`: of the site file; None: nobody looks for files."""
    for z, zone in enumerate(camera.zones):
        for s, sign in enumerate(zone.signs):
            place: Location = (z, "signs", s)
            if not sign.place and sign.photo is None:
                yield (
                    place,
                    f"zone {zone.id}: {sign.name} has neither a `place` in the picture nor a `photo`: " + _UNSHOWN,
                )
            if sign.photo is None or folder is None:
                continue
            file = folder / sign.photo.file
            try:
                same = digest_file(file).sha256 == sign.photo.sha256
            except OSError:
                same = False
            if not same:
                text = f"zone {zone.id}: {file} is not there, or not the photograph with that SHA-256: {_UNSHOWN}"
                yield (*place, "photo", "file"), text


def _interval_ns(camera: Camera) -> int:
    """The longest time between two looked-at frames that the settings allow."""
    if camera.look.level is DecodeLevel.SAMPLED:
        return int(NS_PER_S / camera.look.rate)
    if camera.look.level is DecodeLevel.EVERY_FRAME:
        return NS_PER_S
    return camera.look.max_interval
