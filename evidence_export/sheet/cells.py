"""Which pictures a sheet shows, and what is said of each. A picture that is not there is said to be missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any

from PIL import Image, UnidentifiedImageError

from evidence_export.dossier.facts import Facts
from evidence_export.dossier.opening import DossierError
from evidence_export.dossier.told import instant, items, text, value, whole
from evidence_export.dossier.values import Dossier
from evidence_export.dossier.violation import box
from evidence_export.imageset.words import counted_said, looks_said
from evidence_export.kinds import label_of, members_at
from evidence_export.texts import BEFORE_LABEL
from evidence_export.words import CLASSES_ZH
from vision.interface import Box

MAX_PIXELS = 64_000_000
"""Of one picture: no camera gives larger ones, and a picture that says so is not decoded."""
_MARGIN = 0.35
"""Of the target's size, that a close-up of it shows around it."""
_MIN_SIDE = 32
MOST_SIGNS = 2
"""Signs that have a place on the sheet."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One place of the sheet."""

    title: str
    note: str
    picture: Image.Image | None = None
    """RGB, as it is in the bundle, or cut out of it; None: there is none, and `note` says so."""
    path: str = ""
    box: Box | None = None
    inner: tuple[Box, ...] = ()
    label: str = ""
    """What stands in `box`; not drawn on the picture, but beside its title."""


def panoramas(dossier: Dossier, facts: Facts) -> Iterator[Cell]:
    """The ground before it was taken, where it is shown, and the panoramas in order."""
    before = value(dossier.case, "images", "before")
    if before is not None:
        path = text(before, "path") or ""
        when = facts.at(instant(before, "at")) or "时间未知 time unknown"
        place = facts.found.stay.place
        yield Cell("占用前 Before", when, _picture(dossier, path), path, box=place, label=BEFORE_LABEL)
    shown = items(dossier.case, "images", "panoramas")
    violation = facts.found.violation
    for number, one in enumerate(shown, 1):
        path, at, seen = text(one, "path") or "", instant(one, "at"), instant(one, "seen_at")
        proof = seen is not None and seen.utc_ns == violation.fired_at.utc_ns
        inner = members_at(violation, seen.utc_ns) if seen is not None else ()
        label = label_of(violation) if proof else None
        cls = facts.found.stay.cls
        yield Cell(
            f"全景图 Panorama {number}/{len(shown)}",
            facts.at(at) or "时间未知 time unknown",
            _picture(dossier, path),
            path,
            box(one, "box"),
            inner,
            label or f"{CLASSES_ZH.get(cls, '')} {cls}".strip(),
        )


def close_up(cells: list[Cell]) -> Cell | None:
    """The target, cut out of the last panorama and not turned or corrected; None where no box is known."""
    for cell in reversed(cells):
        if cell.picture is None or cell.box is None or not cell.path:
            continue
        wide, high = cell.picture.size
        left, top, right, bottom = cell.box
        aside, above = (right - left) * _MARGIN, (bottom - top) * _MARGIN
        cut = (
            max(0, int((left - aside) * wide)),
            max(0, int((top - above) * high)),
            min(wide, round((right + aside) * wide)),
            min(high, round((bottom + above) * high)),
        )
        if cut[2] - cut[0] < _MIN_SIDE or cut[3] - cut[1] < _MIN_SIDE:
            continue
        size = f"{cut[2] - cut[0]}×{cut[3] - cut[1]} @ ({cut[0]}, {cut[1]})"
        return Cell("目标近景 Target", f"截自 cut from {_name(cell.path)}，{size}", cell.picture.crop(cut), cell.path)
    return None


def plate(dossier: Dossier, facts: Facts) -> Cell:
    """The close-up of the plate."""
    title = "号牌近景 Plate"
    path = text(dossier.case, "images", "plate_close_up")
    if path is not None:
        at = facts.at(instant(dossier.case, "plate", "close_up", "at"))
        return Cell(title, at or "时间未知 time unknown", _picture(dossier, path), path)
    if not facts.has_plate:
        return Cell(title, "不适用：本类案件不以单一车辆为对象 not applicable: not about one vehicle")
    looked = value(dossier.case, "plate") is not None
    return Cell(title, "无：未发现 none found" if looked else "无：未识别号牌 none: no plate was looked for")


def obstruction(dossier: Dossier, facts: Facts) -> Cell | None:
    """Who came near it while it stood; None for a case that does not tell of it."""
    told = value(dossier.case, "images", "obstruction")
    if told is None:
        return None
    title = "妨碍通行 Obstruction"
    picture = value(told, "picture")
    if picture is None:
        said = looks_said(whole(told, "looks"), whole(told, "looks_near"))
        return Cell(title, f"无：{said.zh} none: {said.en}")
    path, others = text(picture, "path") or "", items(picture, "others")
    who = counted_said(Counter(text(one, "class") or "" for one in others))
    boxes = tuple(found for one in others if (found := box(one, "box")) is not None)
    when = facts.at(instant(picture, "at")) or "时间未知 time unknown"
    return Cell(
        title, when, _picture(dossier, path), path, box(picture, "box"), boxes, f"近旁 near it: {who.zh} {who.en}"
    )


def signs(dossier: Dossier, facts: Facts) -> list[Cell]:
    """The signs and markings that the zone names, as many as there is room for; else the registered photograph."""
    named = items(dossier.case, "images", "signs")
    if not named:
        return [sign(dossier, facts)]
    cells = [_named_sign(dossier, one) for one in named]
    cells.sort(key=lambda cell: cell.picture is None)
    more = len(cells) - MOST_SIGNS
    if more > 0:
        last = cells[MOST_SIGNS - 1]
        cells[MOST_SIGNS - 1] = replace(last, note=f"{last.note}；另有 {more} 处 {more} more")
    return cells[:MOST_SIGNS]


def _named_sign(dossier: Dossier, told: Any) -> Cell:
    title = f"标志标线 {text(told, 'name') or ''}"
    close_up, photo = value(told, "close_up"), value(told, "photo")
    path = text(close_up, "path")
    if path is not None:
        parts = value(close_up, "cut") or []
        x, y = parts[:2] if len(parts) == 4 else ("?", "?")
        note = f"截自 cut from {_name(text(close_up, 'panorama') or '')} @ ({x}, {y})"
        return Cell(title, note, _picture(dossier, path), path, label="待确认 to confirm")
    path = text(photo, "path")
    if path is not None:
        note = f"{text(photo, 'taken_by')} 摄于 taken on {text(photo, 'taken_on')}"
        return Cell(title, note, _picture(dossier, path), path, label="照片 photograph")
    hidden = value(told, "hidden")
    if hidden is not None:
        return Cell(title, "无：被遮挡 none: hidden in both panoramas")
    if photo is not None:
        return Cell(title, "无：照片未随案 none: its photograph is not at hand")
    return Cell(title, "无：画面中位置未登记 none: its place is not registered")


def sign(dossier: Dossier, facts: Facts) -> Cell:
    """The photograph of the sign that the camera's register names."""
    title = "标志标线 Sign or marking"
    registered = text(dossier.case, "camera", "register", "sign_photo_sha256")
    if dossier.sign_photo is not None:
        note = f"备案照片 registered photograph, SHA-256 {(registered or '')[:16]}…"
        return Cell(title, note, decoded(dossier.sign_photo, title), "")
    path = text(dossier.case, "images", "sign_or_marking")
    if path is not None:
        return Cell(title, path, _picture(dossier, path), path)
    if registered is not None:
        return Cell(title, f"照片未随案 photograph not at hand, SHA-256 {registered[:16]}…")
    return Cell(title, "无：未登记标志照片 none: no photograph is registered")


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _picture(dossier: Dossier, path: str) -> Image.Image:
    return decoded(dossier.read(path), path)


def decoded(data: bytes, where: str) -> Image.Image:
    """A PNG or JPEG as RGB. Raises DossierError for anything else, and for one too large."""
    try:
        with Image.open(BytesIO(data), formats=("PNG", "JPEG")) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise DossierError(f"a picture of {opened.width} × {opened.height} is too large", where=where)
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise DossierError("it is no picture that can be shown", where=where) from error
