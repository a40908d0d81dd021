"""What is said of masked copies: how each was made, and what may show nevertheless."""

from __future__ import annotations

from collections.abc import Sequence

from evidence_export.masking.frames import CELLS, LEVELS
from evidence_export.masking.interface import Counts, Scope
from evidence_export.words import Said
from models.interface import Detector
from models.plates.interface import PlateReader


def transform_of(scope: Scope, counts: Counts, models: Sequence[str]) -> str:
    """What was done to the original, for `derived_from`; ASCII."""
    if scope is Scope.PEOPLE_AND_PLATES:
        done = "heads and plates of other vehicles painted over in one grey"
    else:
        done = (
            f"all but the vehicle's place as a mosaic of {CELLS} cells along the longer side in {LEVELS} levels, and "
            "what stands before the vehicle painted over in one grey"
        )
    found = (
        f"looked at {counts.looked_at} of {counts.frames} frames, {counts.without_detection} without any detection; "
        f"{counts.people} people, {counts.faces} faces, {counts.vehicles} other vehicles, {counts.plates} plates, "
        f"unexplained motion in {counts.moving} frames; {counts.painted} frames painted over"
    )
    return f"{done}; {found}; found with {', '.join(models) or 'no model'}"


def cautions_of(
    scope: Scope,
    counts: Counts,
    weak: str,
    detector: Detector | None,
    plates: PlateReader | None,
    faces: Detector | None,
) -> tuple[Said, ...]:
    """What a person who looks at the copies has to know, most important first."""
    found = [
        Said(
            "遮盖由程序自动完成，可能遗漏；对外提供前必须由人员逐一查看。",
            "A program masked these copies and may have missed something: a person must look at each before it leaves.",
        )
    ]
    if scope is Scope.ALL_BUT_VEHICLE:
        found.append(
            Said(
                "仅显示涉案车辆所在位置；车内人员、与车辆同时静止在其前方的人员仍可能可见。",
                "Only the vehicle's place shows; somebody in it, or who stands still before it, may be seen.",
            )
        )
    if weak:
        name = detector.info.name if detector is not None else ""
        found.append(Said(f"检测模型 {name} 较弱：{weak}", f"The model {name} is weak: {weak}"))
    if counts.without_detection:
        found.append(
            Said(
                f"查看的 {counts.looked_at} 帧中有 {counts.without_detection} 帧未检测到任何目标。",
                f"In {counts.without_detection} of the {counts.looked_at} frames looked at no model found anything.",
            )
        )
    if counts.motion_unusable:
        found.append(
            Said(
                f"{counts.motion_unusable} 帧画面整体变化，无法按运动查找。",
                f"In {counts.motion_unusable} frames so much changed that what moves could not be told.",
            )
        )
    if scope is Scope.PEOPLE_AND_PLATES and plates is None:
        found.append(
            Said(
                "未使用号牌检测模型：仅遮盖检测到的车辆下部。",
                "No model looked for plates: only the lower parts of vehicles that were found are painted over.",
            )
        )
    if scope is Scope.PEOPLE_AND_PLATES and faces is None:
        found.append(
            Said(
                "未使用人脸检测模型：仅按检测到的人体遮盖头部。",
                "No model looked for faces: only heads of people who were found are painted over.",
            )
        )
    return tuple(found)
