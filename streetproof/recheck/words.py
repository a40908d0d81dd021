"""The words of a re-check, in Chinese and in English."""

from __future__ import annotations

from evidence_export.words import Said
from vision.recheck import Reason, State, Verdict

VERDICTS = {
    Verdict.CORRECTED: Said("已改正", "Corrected"),
    Verdict.NOT_CORRECTED: Said("未改正", "Not corrected"),
    Verdict.CANNOT_TELL: Said("无法判断", "Cannot tell"),
}
REASONS = {
    Reason.NO_FOOTAGE: Said("该时段没有录像", "there is no footage of that time"),
    Reason.VIEW_FAULT: Said("摄像机视角异常（移动、遮挡等）", "the view was at fault: moved, blocked or the like"),
    Reason.TOO_DARK: Said("画面过暗", "it was too dark"),
    Reason.HIDDEN: Said("该处被遮挡", "the place was hidden"),
    Reason.UNFAMILIAR: Said(
        "街面与占用前差异过大（如光线不同），无法比对",
        "the street looked too different from before, as in other light, to be compared",
    ),
    Reason.TOO_FEW_LOOKS: Said("可用画面太少", "too few looks showed the place"),
    Reason.UNCLEAR: Said(
        "能看到该处，但既未持续清空，也未再次超过规定时间",
        "the place was visible, but neither in order for long enough nor taken for longer than is allowed",
    ),
}
STATES = {
    State.FREE: Said("该处清空", "in order"),
    State.TAKEN: Said("该处被占", "taken"),
    State.UNCHANGED: Said("未检出目标，但与违法时画面相同", "nothing found, but it looks as it did"),
    State.HIDDEN: Said("被遮挡或有车经过", "hidden or passed over"),
    State.TOO_DARK: Said("过暗", "too dark"),
    State.VIEW_FAULT: Said("视角异常", "view at fault"),
    State.UNFAMILIAR: Said("街面与占用前差异过大", "street too different from before"),
}


def outcome_words(verdict: Verdict, reason: Reason | None) -> Said:
    """An outcome in a few words of each language."""
    said = VERDICTS[verdict]
    if reason is None:
        return said
    why = REASONS[reason]
    return Said(f"{said.zh}：{why.zh}", f"{said.en}: {why.en}")
