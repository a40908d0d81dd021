"""Makes the masked copies of a sealed case: its stills, their copies with the bar, and its clips."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from evidence_export.bag import layout
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import digest_file
from evidence_export.errors import MaskError
from evidence_export.imageset.words import PHOTO_ROLE, SIGN_ROLE
from evidence_export.masking.clips import Hidden, Timed, look_through, mask_all_but_vehicle, mask_clip
from evidence_export.masking.encode import ENCODER
from evidence_export.masking.frames import Clip
from evidence_export.masking.interface import Box, Counts, Masked, MaskedFile, Progress, Scope, Settings
from evidence_export.masking.looking import Looker
from evidence_export.masking.own import NOTHING, Own, own_of
from evidence_export.masking.plan import Plan
from evidence_export.masking.stills import Still, all_but_vehicle, masked, plan_still, png_of, read_photo, read_png
from evidence_export.masking.words import cautions_of, transform_of
from models.catalog import load_catalog
from models.interface import Detector, Image
from models.plates.interface import PlateReader
from streams.instant import NS_PER_S, from_iso

STILLS = "stills 图片"
NEAR_S = 0.1
"""A frame of a clip that is so near to a still shows the same."""
_REMEDY = "Check the bundle with `streetproof verify`; mask only one that verifies"


@dataclass(frozen=True, slots=True)
class _Picture:
    """A still of the case, and its copy with the bar."""

    path: str
    overlay: str
    role: str
    at_ns: int


@dataclass(frozen=True, slots=True)
class _Part:
    """A part that the case cuts out of a still: x, y, width, height in pixels."""

    path: str
    still: str
    cut: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Shot:
    """A clip of the case, and when it begins."""

    path: str
    start_ns: int
    frames: int


def mask_case(
    folder: Path,
    case: JsonObject,
    out: Path,
    *,
    detector: Detector | None,
    plates: PlateReader | None = None,
    faces: Detector | None = None,
    scope: Scope = Scope.PEOPLE_AND_PLATES,
    settings: Settings | None = None,
    progress: Progress = lambda *_: None,
) -> Masked:
    """Masked copies of the case in `folder` (a bundle that was verified, with its `case`) into the folder `out`.

    The originals are only read. The same case, models and settings give the same files on the same machine.

    Raises MaskError where an original is not what the case says, cannot be read, or where no detector is given for a
    scope that needs one; ModelRefusedError where a model does not find what it has to; InferenceError where one fails.
    What was written by then is removed: a copy that is not finished must not be taken for one that is.
    """
    settings = settings or Settings()
    looker = None if detector is None else Looker(detector, plates, faces)
    if looker is None and scope is Scope.PEOPLE_AND_PLATES:
        raise MaskError(
            "people and plates cannot be masked without a model that finds them",
            where=str(folder),
            remedy="Name a model (`streetproof models list`), or use the scope all-but-vehicle, which needs none",
        )
    maker = _Maker(folder, out, own_of(case), looker, scope, settings, progress, _listed(case))
    pictures, shots, parts, photos = _pictures_of(case), _shots_of(case), _parts_of(case), _photos_of(case)
    fresh = not out.exists()
    out.mkdir(parents=True, exist_ok=True)
    try:
        for shot in shots:
            maker.clip(shot)
        for number, picture in enumerate(pictures):
            maker.picture(picture)
            progress(STILLS, number + 1, len(pictures))
        for part in parts:
            maker.part(part)
        for photo in photos:
            maker.photo(photo)
    except BaseException:
        for name in maker.names:
            (out / name).unlink(missing_ok=True)
        if fresh:
            out.rmdir()
        raise
    files = tuple(sorted(maker.files, key=lambda one: one.path))
    models = looker.models if looker is not None else ()
    weak = _weakness(detector)
    total = sum((one.counts for one in files), Counts())
    return Masked(scope, files, models, weak, cautions_of(scope, total, weak, detector, plates, faces))


class _Maker:
    """Makes one file after the other; clips first, because what they show of a moment helps with its still."""

    def __init__(
        self,
        folder: Path,
        out: Path,
        own: Own,
        looker: Looker | None,
        scope: Scope,
        settings: Settings,
        progress: Progress,
        listed: Mapping[str, str],
    ) -> None:
        self._folder, self._out, self._own, self._looker = folder, out, own, looker
        self._scope, self._settings, self._progress, self._listed = scope, settings, progress, listed
        self._plans: list[tuple[Timed, Plan]] = []
        self._hidden: list[tuple[Timed, Hidden]] = []
        self._shown: dict[str, tuple[Image, Counts]] = {}
        self.files: list[MaskedFile] = []
        self.names: list[str] = []

    def clip(self, shot: _Shot) -> None:
        """Mask one clip."""
        original = self._original(shot.path)
        timed = Timed(Clip(original), shot.start_ns, shot.frames)
        out = self._new(f"{PurePosixPath(shot.path).stem}.mp4")
        plan = None
        if self._looker is not None:
            plan = look_through(timed, self._looker, self._own, self._settings, self._progress)
            self._plans.append((timed, plan))
        if self._scope is Scope.PEOPLE_AND_PLATES:
            assert plan is not None
            counts = mask_clip(timed, plan, out, self._progress)
        else:
            counts, hidden = mask_all_but_vehicle(timed, plan, self._own, out, self._progress)
            self._hidden.append((timed, hidden))
        self._made(out, "clip", shot.path, counts, f"; encoded anew as {ENCODER}, same times; no sound, no metadata")

    def picture(self, picture: _Picture) -> None:
        """Mask one still, and its copy with the bar alike."""
        image = read_png(self._original(picture.path).read_bytes(), picture.path)
        size = image.shape[1], image.shape[0]
        still = Still(size, (), Counts(frames=1, painted=1))
        if self._looker is not None:
            more = self._from_clips(picture.at_ns, size)
            still = plan_still(image, self._looker, self._own, picture.at_ns, self._settings, more)
        stem = PurePosixPath(picture.path).stem
        overlay = read_png(self._original(picture.overlay).read_bytes(), picture.overlay)
        for name, role, path, one in (
            (f"{stem}.png", picture.role, picture.path, image),
            (f"{stem}-overlay.png", "overlay", picture.overlay, overlay),
        ):
            out = self._new(name)
            if self._scope is Scope.PEOPLE_AND_PLATES:
                made = masked(one, still)
            else:
                areas = [*still.areas, *self._hidden_at(picture.at_ns, size)]
                made = all_but_vehicle(one, size, self._own, picture.at_ns, areas)
            out.write_bytes(png_of(made))
            self._made(out, role, path, still.counts, "; PNG")
            if role != "overlay":
                self._shown[path] = made, still.counts

    def part(self, part: _Part) -> None:
        """Cut a part of a still out of its masked copy, where the case cuts it out of the still."""
        if part.still not in self._shown:
            raise MaskError(f"cuts {part.path[:100]!r} out of no picture", where="case.json", remedy=_REMEDY)
        (made, counts), (x, y, wide, high) = self._shown[part.still], part.cut
        height, width = made.shape[:2]
        if not (x >= 0 and y >= 0 and wide > 0 and high > 0 and x + wide <= width and y + high <= height):
            raise MaskError(f"cuts {part.path[:100]!r} beyond its picture", where="case.json", remedy=_REMEDY)
        self._original(part.path)
        out = self._new(PurePosixPath(part.path).name)
        out.write_bytes(png_of(np.ascontiguousarray(made[y : y + high, x : x + wide])))
        self._made(out, SIGN_ROLE, part.path, counts, "; PNG")

    def photo(self, path: str) -> None:
        """Mask a photograph of a sign, which was taken at another time: the case's vehicle is not in it."""
        image = read_photo(self._original(path).read_bytes(), path)
        size = image.shape[1], image.shape[0]
        still = Still(size, (), Counts(frames=1, painted=1))
        if self._looker is not None:
            still = plan_still(image, self._looker, NOTHING, 0, self._settings)
        if self._scope is Scope.PEOPLE_AND_PLATES:
            made = masked(image, still)
        else:
            made = all_but_vehicle(image, size, NOTHING, 0, ())
        out = self._new(f"{PurePosixPath(path).stem}.png")
        out.write_bytes(png_of(made))
        self._made(out, PHOTO_ROLE, path, still.counts, "; PNG, no metadata")

    def _from_clips(self, at_ns: int, size: tuple[int, int]) -> list[Box]:
        """What the clips show at that moment: a thing that one picture misses was seen before and after."""
        found: list[Box] = []
        for timed, plan in self._plans:
            seconds = (at_ns - timed.start_ns) / NS_PER_S
            if plan.size == size and -NEAR_S <= seconds <= plan.looks[-1].at + NEAR_S:
                found += plan.areas(seconds)
        return found

    def _hidden_at(self, at_ns: int, size: tuple[int, int]) -> list[Box]:
        """What the clips show to pass before the vehicle at that moment; its whole place where none shows it."""
        found: list[Box] = []
        known = False
        for timed, hidden in self._hidden:
            seconds = (at_ns - timed.start_ns) / NS_PER_S
            for at, boxes in hidden:
                if timed.clip.size == size and abs(at - seconds) <= NEAR_S:
                    known = True
                    found += boxes
        return found if known else [(0.0, 0.0, float(size[0]), float(size[1]))]

    def _original(self, path: str) -> Path:
        """The file, if it is what the case says."""
        if not layout.is_path(path) or path not in self._listed:
            raise MaskError(f"names {path[:100]!r}, which it does not list", where="case.json", remedy=_REMEDY)
        file = self._folder / path
        try:
            sha256 = digest_file(file).sha256
        except OSError as error:
            raise MaskError(f"cannot be read: {error.strerror or error}", where=str(file), remedy=_REMEDY) from error
        if sha256 != self._listed[path]:
            raise MaskError("is not the file that the case lists", where=str(file), remedy=_REMEDY)
        return file

    def _new(self, name: str) -> Path:
        if name in self.names:
            raise MaskError(f"has two files for the copy {name}", where="case.json", remedy=_REMEDY)
        self.names.append(name)
        return self._out / name

    def _made(self, out: Path, role: str, parent: str, counts: Counts, how: str) -> None:
        data = hashlib.sha256(out.read_bytes()).hexdigest()
        models = self._looker.models if self._looker is not None else ()
        self.files.append(
            MaskedFile(
                path=out.name,
                role=role,
                parent=parent,
                parent_sha256=self._listed[parent],
                sha256=data,
                size=out.stat().st_size,
                transform=transform_of(self._scope, counts, models) + how,
                counts=counts,
            )
        )


def _listed(case: Any) -> dict[str, str]:
    try:
        return {str(one["path"]): str(one["sha256"]) for one in case["files"]}
    except (KeyError, TypeError) as error:
        raise MaskError("does not list its files", where="case.json", remedy=_REMEDY) from error


def _pictures_of(case: Any) -> list[_Picture]:
    try:
        images = case["images"]
        found = [(one, "panorama") for one in images["panoramas"]]
        before = images.get("before", {"known": False})
        if "path" in before:
            found.append((before, "before"))
        obstruction = images.get("obstruction", {}).get("picture", {})
        if "path" in obstruction:
            found.append((obstruction, "obstruction"))
        return [_Picture(str(one["path"]), str(one["overlay"]), role, from_iso(one["at"])) for one, role in found]
    except (KeyError, TypeError, ValueError) as error:
        raise MaskError(f"does not say what its pictures are ({error})", where="case.json", remedy=_REMEDY) from error


def _parts_of(case: Any) -> list[_Part]:
    try:
        shown = [one["close_up"] for one in case["images"].get("signs", ()) if "path" in one["close_up"]]
        parts = []
        for one in shown:
            x, y, wide, high = (int(value) for value in one["cut"])
            parts.append(_Part(str(one["path"]), str(one["panorama"]), (x, y, wide, high)))
        return parts
    except (KeyError, TypeError, ValueError) as error:
        raise MaskError(f"does not say what its signs are ({error})", where="case.json", remedy=_REMEDY) from error


def _photos_of(case: Any) -> list[str]:
    try:
        return [str(one["photo"]["path"]) for one in case["images"].get("signs", ()) if "path" in one["photo"]]
    except (KeyError, TypeError) as error:
        raise MaskError(f"does not say what its signs are ({error})", where="case.json", remedy=_REMEDY) from error


def _shots_of(case: Any) -> list[_Shot]:
    try:
        return [_Shot(str(one["path"]), from_iso(one["start"]), int(one["packets"])) for one in case["clips"]]
    except (KeyError, TypeError, ValueError) as error:
        raise MaskError(f"does not say what its clips are ({error})", where="case.json", remedy=_REMEDY) from error


def _weakness(detector: Detector | None) -> str:
    """What the catalog warns of in a model; empty where it warns of nothing, or does not know it."""
    entry = None if detector is None else load_catalog().by_hash(detector.info.sha256)
    return "" if entry is None else entry.weak
