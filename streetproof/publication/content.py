"""What the public is told of each camera, and what is missing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date

from evidence_export.register import calibration_ended
from evidence_export.words import Said
from streetproof.settings.site import Camera, Site

NEEDED = ("road", "place", "direction", "purpose", "legal_basis", "owner", "legal_review", "technical_review",
          "calibration", "published_since")  # fmt: skip
"""Without these a camera is listed with what is missing as 未登记, and whoever makes the page is told."""
WORDS = {
    "road": Said("道路", "road"),
    "place": Said("设置地点", "place"),
    "direction": Said("监控方向", "direction"),
    "purpose": Said("用途", "purpose"),
    "legal_basis": Said("法律依据", "legal basis"),
    "owner": Said("管理单位", "owner"),
    "legal_review": Said("法制审核", "legal review"),
    "technical_review": Said("技术审核", "technical review"),
    "calibration": Said("检定有效期至", "calibration valid until"),
    "published_since": Said("公布日期", "published since"),
    "gb28181_id": Said("设备编码", "device id"),
}
_INTERNAL = re.compile(
    r"(?i)\b(?:rtsps?|srt|onvif|v4l2|file)://|://[^/\s]*@|\b(?:password|passwd|pwd)\b|密码|口令"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?<![0-9A-Fa-f:])(?:[0-9A-Fa-f]{1,4}:){3,7}[0-9A-Fa-f]{0,4}"
)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class PublicCamera:
    """One camera. None: not known. `withheld`: facts that look internal, and are not shown."""

    number: str
    name: str
    road: str | None
    place: str | None
    direction: str | None
    purpose: str | None
    legal_basis: str | None
    owner: str | None
    legal_review: str | None
    technical_review: str | None
    calibration: str | None
    published_since: str | None
    gb28181_id: str | None
    calibration_ended: bool
    withheld: tuple[str, ...]

    @property
    def missing(self) -> tuple[str, ...]:
        """What the register should say and does not."""
        return tuple(name for name in NEEDED if getattr(self, name) is None)


def public_cameras(site: Site, today: date) -> list[PublicCamera]:
    """All cameras by road and name, as Chinese readers look for them. `today`: at the site."""
    return sorted((_public(site, camera, today) for camera in site.cameras), key=_order)


def warnings(cameras: list[PublicCamera]) -> Iterator[Said]:
    """What whoever publishes should see to."""
    for one in cameras:
        if one.missing:
            names = [WORDS[name] for name in one.missing]
            yield Said(
                f"{one.name}（{one.number}）：未登记 {'、'.join(name.zh for name in names)}",
                f"{one.name} ({one.number}): not on record: {', '.join(name.en for name in names)}",
            )
        if one.calibration_ended:
            yield Said(
                f"{one.name}（{one.number}）：检定已过有效期（{one.calibration}）",
                f"{one.name} ({one.number}): its calibration ended on {one.calibration}",
            )
        for name in one.withheld:
            said = WORDS.get(name, Said("名称", "name"))
            yield Said(
                f"{one.name}（{one.number}）：“{said.zh}”含内部信息（地址、密码等），未公布",
                f"{one.name} ({one.number}): `{said.en}` holds something internal (an address, a password): not shown",
            )


def is_internal(text: str) -> bool:
    """Whether a text holds what no public page may: addresses of streams or machines, passwords."""
    return _INTERNAL.search(text) is not None


def document(cameras: list[PublicCamera]) -> list[dict[str, object]]:
    """As JSON: what the page shows, with null for what is not on record."""
    hidden = {"withheld"}
    return [
        {field.name: getattr(one, field.name) for field in fields(one) if field.name not in hidden} for one in cameras
    ]


def _public(site: Site, camera: Camera, today: date) -> PublicCamera:
    register, until = camera.register_, camera.register_.calibration_valid_until
    told = {
        "name": camera.name,
        "road": camera.road,
        "place": camera.location,
        "direction": camera.direction,
        "purpose": register.purpose,
        "legal_basis": register.legal_basis,
        "owner": register.owner,
        "legal_review": register.legal_review,
        "technical_review": register.technical_review,
    }
    withheld = tuple(name for name, text in told.items() if text is not None and is_internal(text))
    shown = {name: None if name in withheld or not (text or "").strip() else text for name, text in told.items()}
    return PublicCamera(
        number=camera.id if not is_internal(camera.id) else "—",
        name=shown.pop("name") or "—",
        **shown,
        calibration=None if until is None else until.isoformat(),
        published_since=None if register.published_since is None else register.published_since.isoformat(),
        gb28181_id=register.gb28181_id if site.publication.gb28181_ids else None,
        calibration_ended=until is not None and calibration_ended(until, today),
        withheld=withheld,
    )


def _order(camera: PublicCamera) -> tuple[object, ...]:
    return (camera.road is None, collation(camera.road or ""), collation(camera.name), camera.number)


def collation(text: str) -> tuple[tuple[int, bytes | int], ...]:
    """Sorts as Chinese readers expect: the common 3,755 characters by pinyin, as GB 2312 has them, the rest by radical;
    numbers by their value."""
    parts = _NUMBERS.split(text)
    return tuple((0, int(part)) if part.isdigit() else (1, part.encode("gb18030")) for part in parts if part)
