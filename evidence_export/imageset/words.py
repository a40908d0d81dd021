"""The words of the image set, Chinese and English. A leaf."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from evidence_export.words import Said, class_zh
from vision.interface import RoadUser

SIGN_ROLE, PHOTO_ROLE, OBSTRUCTION_ROLE = "sign_close_up", "sign_photo", "obstruction"
"""Roles of files."""
PURPOSES = {
    "fire_lane": Said("消防车通道", "fire lane"),
    "tactile_paving": Said("盲道", "tactile paving"),
    "bus_stop": Said("公交站", "bus stop"),
    "pavement": Said("人行道", "pavement"),
    "cycle_lane": Said("非机动车道", "cycle lane"),
    "crossing": Said("人行横道", "crossing"),
    "lane": Said("机动车道", "traffic lane"),
    "entrance": Said("出入口", "entrance"),
}
"""What the ground of a zone is for, see `vision.signs.Purpose`."""
KINDS = {"sign": Said("标志", "sign"), "marking": Said("标线", "marking")}
TO_CONFIRM = Said(
    "由辖区配置指明，未经识别，须由复核人员确认",
    "named by the site's configuration, not recognised: the reviewer has to confirm it",
)
NOT_OBSERVED = Said("未观察到有人或车辆在其近旁通过", "nobody was observed passing near it")
_WIDTHS = (
    ("left_near_m", Said("靠摄像机一侧", "towards the camera")),
    ("left_left_m", Said("画面左侧", "on its left as seen")),
    ("left_right_m", Said("画面右侧", "on its right as seen")),
)


def users_said(users: Iterable[RoadUser]) -> Said:
    """How many of each class."""
    return counted_said(Counter(one.cls for one in users))


def counted_said(counts: Mapping[str, int]) -> Said:
    """The same, of counts by class."""
    return Said(
        "、".join(f"{class_zh(cls)} {count}" for cls, count in sorted(counts.items())),
        ", ".join(f"{cls} {count}" for cls, count in sorted(counts.items())),
    )


def purpose_said(purpose: str | None) -> Said:
    """What the ground is for; a purpose that a later version has added stays as it is."""
    if purpose is None:
        return Said("用途未登记", "not registered what it is for")
    return PURPOSES.get(purpose, Said.quoted(purpose))


def sign_said(sign: Mapping[str, Any]) -> Said:
    """A sign of `images.signs`, by its name."""
    kind = KINDS.get(str(sign.get("kind")), Said.quoted(str(sign.get("kind"))))
    code = sign.get("code")
    number = f" {code}" if isinstance(code, str) else ""
    return Said(f"{sign.get('name')}（{kind.zh}{number}）", f"{sign.get('name')} ({kind.en}{number})")


def standing_said(in_zone: Mapping[str, Any], ground: Said) -> Said:
    """How much of the vehicle stands on what, and what is left of its width."""
    share = int(float(in_zone["share"]) * 100 + 1e-6)
    said = Said(
        f"车辆触地部分的 {share}% 在区域内（{ground.zh}）",
        f"{share} % of where it touches the ground lies in the zone ({ground.en})",
    )
    if in_zone.get("measured") == "ground":
        said = Said(f"{said.zh}（按地面标定测算）", f"{said.en} (measured over the surveyed ground)")
    left = [(name, in_zone[key]) for key, name in _WIDTHS if isinstance(in_zone.get(key), str)]
    if not left:
        return Said(f"{said.zh}；余宽未知", f"{said.en}; the width left is unknown")
    zh = "，".join(f"{name.zh}至少余 {metres} 米" for name, metres in left)
    en = ", ".join(f"at least {metres} m are left {name.en}" for name, metres in left)
    return Said(f"{said.zh}；{zh}，其余未知", f"{said.en}; {en}, the rest is unknown")


def looks_said(looks: int | None, near: int | None) -> Said:
    """In how many looks somebody came near it."""
    if looks is None or near is None:
        return Said("是否有人或车辆在其近旁通过：未观察", "whether anybody passed near it: not looked for")
    if not near:
        return Said(f"在 {looks} 次查看中，{NOT_OBSERVED.zh}", f"in {looks} looks {NOT_OBSERVED.en}")
    return Said(
        f"在 {looks} 次查看中，{near} 次有行人或车辆在其近旁通过",
        f"in {near} of {looks} looks people or vehicles passed near it",
    )


def lines_of_case(images: Mapping[str, Any]) -> Iterator[Said]:
    """The signs and the obstruction of a case, `images` of its manifest, for a lay reader; nothing where it does not
    tell of them."""
    if "signs" not in images:
        return
    signs = images["signs"]
    if not signs:
        yield Said("标志标线：区域未登记", "Signs and markings: none is registered for the zone")
    for sign in signs:
        name, shown = sign_said(sign), shown_said(sign)
        yield Said(f"标志标线：{name.zh}，{shown.zh}", f"Sign or marking: {name.en}, {shown.en}")
    if signs:
        yield Said(f"标志标线{TO_CONFIRM.zh}", f"The sign or marking was {TO_CONFIRM.en}")
    told = images["obstruction"]
    yield from (Said(f"妨碍通行：{one.zh}", f"Obstruction: {one.en}") for one in obstruction_lines(told))


def shown_said(sign: Mapping[str, Any]) -> Said:
    """What there is to see of a sign of `images.signs`."""
    path, photo = _path(sign.get("close_up")), _path(sign.get("photo"))
    if path is not None:
        return Said(f"近景 {path}", f"close-up {path}")
    if photo is not None:
        told = sign["photo"]
        return Said(
            f"照片 {photo}，{told['taken_by']} 摄于 {told['taken_on']}",
            f"photograph {photo}, taken by {told['taken_by']} on {told['taken_on']}",
        )
    if isinstance(sign.get("hidden"), str):
        return Said("两张全景图中均被遮挡，未显示", "hidden in both panoramas, and not shown")
    return Said("未显示", "not shown")


def obstruction_lines(told: Mapping[str, Any]) -> Iterator[Said]:
    """`images.obstruction` of a manifest."""
    purpose = told.get("ground_is")
    ground = purpose_said(purpose if isinstance(purpose, str) else None)
    in_zone = told.get("in_zone")
    if isinstance(in_zone, Mapping) and "share" in in_zone:
        yield standing_said(in_zone, ground)
    else:
        yield Said(f"区域：{ground.zh}", f"the zone: {ground.en}")
    looks, near = told.get("looks"), told.get("looks_near")
    yield looks_said(looks if isinstance(looks, int) else None, near if isinstance(near, int) else None)
    path = _path(told.get("picture"))
    if path is None:
        yield Said("没有图片显示妨碍通行的情形", "no picture shows whom it was in the way of")
        return
    who = counted_said(Counter(str(one["class"]) for one in told["picture"]["others"]))
    yield Said(
        f"图片 {path}：近旁 {who.zh}；是否受妨碍、是否与该车有关，由复核人员判断",
        f"picture {path}: near it {who.en}; whether it hindered them, or they belong to it, is for "
        "the reviewer to decide",
    )


def clarity_said(clarity: Mapping[str, Any]) -> Said:
    """`clarity` of a panorama."""
    sharp, hidden = (int(float(str(clarity[name])) * 100 + 1e-6) for name in ("sharpness", "hidden"))
    whole = clarity.get("whole") is True
    return Said(
        f"清晰度为备选各帧最高者的 {sharp}%，目标被遮挡 {hidden}%，{'车身完整' if whole else '车身触及画面边缘'}",
        f"{sharp} % as sharp as the sharpest frame, {hidden} % of the target hidden, "
        + ("wholly in the picture" if whole else "touching the border of the picture"),
    )


def _path(told: Any) -> str | None:
    path = told.get("path") if isinstance(told, Mapping) else None
    return path if isinstance(path, str) else None
