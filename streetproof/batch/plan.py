"""Which recording belongs to which camera."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from streams.recorder.reading import read_opening
from streetproof.errors import StreetproofError
from streetproof.settings.site import Camera, Site


class UnassignedError(StreetproofError):
    """An input that no camera, or more than one camera, claims."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An input that gave no result, in words for the person who has to do something about it."""

    path: str
    what: str
    remedy: str

    @classmethod
    def of(cls, path: str, error: StreetproofError) -> Failure:
        """The failure that an error means for one input."""
        return cls(path, error.what, error.remedy)


def camera_of(site: Site, path: Path) -> Camera:
    """The camera that a recorded segment names, or the one that claims `path` by its `recordings` globs.

    Raises UnassignedError.
    """
    recorded = _recorded_by(site, path)
    if recorded is not None:
        return recorded
    if len(site.cameras) == 1 and not site.cameras[0].recordings:
        return site.cameras[0]
    text = path.as_posix()
    claims = [camera for camera in site.cameras if any(fnmatchcase(text, glob) for glob in camera.recordings)]
    if not claims:
        raise UnassignedError(
            "no camera of the site claims this recording",
            where=str(path),
            remedy="Add a glob that matches its path to `recordings` of its camera, or name the camera with --camera",
        )
    if len(claims) > 1:
        raise UnassignedError(
            f"several cameras claim this recording: {', '.join(camera.id for camera in claims)}",
            where=str(path),
            remedy="Make the `recordings` globs of these cameras exclude each other",
        )
    return claims[0]


def camera_named(site: Site, name: str) -> Camera:
    """The camera with id `name`. Raises UnassignedError that lists the ids there are."""
    for camera in site.cameras:
        if camera.id == name:
            return camera
    known: Sequence[str] = [camera.id for camera in site.cameras]
    raise UnassignedError(f"the site has no camera {name!r}", remedy=f"Known cameras: {', '.join(known)}")


def _recorded_by(site: Site, path: Path) -> Camera | None:
    """What a segment of the daemon says itself; None for other files, and for those of other sites."""
    try:
        opening = read_opening(path)
    except ValueError:
        return None
    if opening is None or opening.site != site.site.id:
        return None
    return site.camera(opening.camera)
