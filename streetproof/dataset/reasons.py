"""What a rejected case teaches a detector. A detector answers 'what is there', not 'may it stand there'."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Treatment(StrEnum):
    """What becomes of a case's box."""

    OBJECT = "object"
    """It is what the case says it is: a label."""
    NEGATIVE = "negative"
    """Nothing of the kind is there: the picture stays without a label, so that the false alarm is unlearned."""
    LEAVE_OUT = "leave_out"
    """Nobody can say what is there, or the box is not good enough to learn from."""


REASONS: Mapping[str, tuple[Treatment, tuple[str, ...]]] = {
    "permit_shown": (Treatment.OBJECT, ("持有许可", "有许可证", "有通行证")),
    "exempt": (Treatment.OBJECT, ("依法豁免", "执行任务", "特种车辆执行任务")),
    "driver_present": (Treatment.OBJECT, ("驾驶人在场", "驾驶员在场")),
    "loading": (Treatment.OBJECT, ("装卸作业", "装卸货物")),
    "not_long_enough": (Treatment.OBJECT, ("未超时", "未达时限")),
    "outside_zone": (Treatment.OBJECT, ("不在禁停区", "不在禁停区域")),
    "conflicting_signs": (Treatment.OBJECT, ("标志冲突", "标志标线冲突")),
    "already_handled": (Treatment.OBJECT, ("已处理", "重复")),
    "plate_unreadable": (Treatment.OBJECT, ("号牌不清",)),
    "cloned_plate": (Treatment.OBJECT, ("套牌", "号牌被盗")),
    "time_unreliable": (Treatment.OBJECT, ("时间不可靠", "时间有误")),
    "traffic_queue": (Treatment.OBJECT, ("排队", "交通拥堵", "等红灯")),
    "not_a_vehicle": (Treatment.NEGATIVE, ("不是车辆", "非车辆", "误检")),
    "nothing_there": (Treatment.NEGATIVE, ("没有目标", "空地")),
    "shadow": (Treatment.NEGATIVE, ("阴影",)),
    "reflection": (Treatment.NEGATIVE, ("反光", "倒影")),
    "wrong_class": (Treatment.LEAVE_OUT, ("车型错误", "类别错误")),
    "box_wrong": (Treatment.LEAVE_OUT, ("框不准", "位置不准")),
    "picture_unclear": (Treatment.LEAVE_OUT, ("图像不清", "画面不清")),
    "other": (Treatment.LEAVE_OUT, ("其他", "其它")),
}
"""By the name of the reason: what follows from it, and what it is called in Chinese."""


def treatments(own: Mapping[str, Treatment]) -> dict[str, Treatment]:
    """What follows from each reason, by every word for it, in small letters; `own` adds to them or overrules."""
    known: dict[str, Treatment] = {}
    for name, (treatment, words) in REASONS.items():
        known |= dict.fromkeys((name, name.replace("_", " "), *words), treatment)
    return known | {word.strip().lower(): treatment for word, treatment in own.items()}
