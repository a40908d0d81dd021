"""What a bundle's statement on the plate says to people, in Chinese and English. An uncertain reading is never put as a
fact: it is called uncertain first, its doubtful characters stand in brackets, and every reason is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from evidence_export.words import Said
from models.plates.interface import Colour
from vision.plate_places import StayDoubt
from vision.plates import VoteDoubt

CERTAIN, UNCERTAIN, NONE_FOUND = "certain", "uncertain", "none_found"
"""`status` of a plate in `case.json`."""
STATUS = {
    CERTAIN: Said("确定", "certain"),
    UNCERTAIN: Said("不确定", "uncertain"),
    NONE_FOUND: Said("未发现", "none found"),
}
COLOURS = {
    Colour.BLUE.value: Said("蓝牌", "blue"),
    Colour.YELLOW.value: Said("黄牌", "yellow"),
    Colour.GREEN.value: Said("绿牌", "green"),
    Colour.WHITE.value: Said("白牌", "white"),
    Colour.BLACK.value: Said("黑牌", "black"),
}
UNKNOWN_COLOUR = Said("颜色未知", "colour unknown")
ROWS = {"single": Said("单层", "one row"), "double": Said("双层", "two rows")}
DOUBTS = {
    VoteDoubt.NOTHING_READ.value: Said("号码无法辨认", "nothing could be read"),
    VoteDoubt.NO_FORM.value: Said("不符合任何号牌式样", "not the form of any plate"),
    VoteDoubt.WEAK_CHARACTER.value: Said("有字符不确定", "a character is unsure"),
    VoteDoubt.FRAMES_DISAGREE.value: Said("各帧读数不一致", "the frames disagree"),
    VoteDoubt.CERTAIN_READ_DIFFERS.value: Said("另有一帧确定地读作其他号码", "one frame surely says something else"),
    VoteDoubt.COLOUR_CONTRADICTS.value: Said("颜色与号码式样不符", "the colour belongs to another kind"),
    VoteDoubt.NEVER_WHOLE.value: Said("没有一帧拍到完整号牌", "never wholly inside the picture"),
    VoteDoubt.NEVER_SHARP.value: Said("没有一帧足够清晰", "a blur in every frame"),
    VoteDoubt.SINGLE_FRAME.value: Said("仅一帧可读，且该帧不确定", "read in one frame only, and not surely there"),
    StayDoubt.SEEN_ONCE.value: Said(
        "仅在一帧中发现，不能证明属于该车", "found in one frame only: it may not be this vehicle's"
    ),
    StayDoubt.SEVERAL_PLATES.value: Said(
        "车辆框内另有一块号码不同的号牌", "another plate with another text stands in the vehicle's box"
    ),
}


_BRACKETS = Said("方括号内为存疑字符及其他可能；", "doubtful characters stand in brackets with what else they may be; ")


def plate_lines(plate: Mapping[str, Any]) -> Iterator[Said]:
    """The statement `plate` of a `case.json`, for a lay reader. Nothing where no plate was looked for."""
    status = plate.get("status")
    if status == NONE_FOUND:
        yield Said(
            f"号牌：在 {plate['looked_at']} 帧中未发现可归于该车的号牌",
            f"Plate: none found that may be this vehicle's, in {plate['looked_at']} frames",
        )
    elif status in (CERTAIN, UNCERTAIN):
        yield _main(plate)
        for other in plate["others"]:
            said = text_of(other)
            yield Said(
                f"车辆框内的另一块号牌：{said.zh}，见 {other['close_up']['path']}",
                f"Another plate in the vehicle's box: {said.en}, see {other['close_up']['path']}",
            )
    else:
        return
    if nearer := plate["left_out"]["of_nearer_vehicles"]:
        yield Said(
            f"另有 {nearer} 次看到的号牌可能属于更靠近摄像机的车辆，未采用",
            f"Plates seen {nearer} times were left out: a vehicle nearer to the camera may carry them",
        )


def text_of(plate: Mapping[str, Any]) -> Said:
    """What was read and how surely, on one line: `京A12345（确定）`, `不确定，疑似 京A1[2/Z]345`."""
    if plate.get("status") == NONE_FOUND:
        return STATUS[NONE_FOUND]
    read = _text(plate, "marked")
    if plate["status"] == CERTAIN:
        return Said(f"{read}（确定）", f"{read} (certain)")
    if read is None:
        return Said("不确定，号码无法辨认", "uncertain, nothing could be read")
    return Said(f"不确定，疑似 {read}", f"uncertain, perhaps {read}")


def look_of(plate: Mapping[str, Any]) -> Said:
    """Colour and rows: `蓝牌，单层`."""
    colour = COLOURS.get(str(plate.get("colour")), UNKNOWN_COLOUR)
    rows = ROWS.get(str(plate.get("rows")), Said("", ""))
    return Said(f"{colour.zh}，{rows.zh}", f"{colour.en}, {rows.en}")


def reasons_of(doubts: list[str]) -> Said:
    """Every reason, in one sentence; codes that a later version has added stay as they are."""
    said = [DOUBTS.get(doubt, Said.quoted(doubt)) for doubt in doubts]
    return Said("；".join(one.zh for one in said), "; ".join(one.en for one in said))


def _main(plate: Mapping[str, Any]) -> Said:
    look, frames, path = look_of(plate), plate["frames"], plate["close_up"]["path"]
    read, agreeing = frames["read"], frames["agreeing"]
    if plate["status"] == CERTAIN:
        text = _text(plate, "text")
        return Said(
            f"号牌：{text}（{look.zh}），读数确定，{read} 帧中 {agreeing} 帧一致；"
            f"由程序识别，须由执法人员与近景图 {path} 核对",
            f"Plate: {text} ({look.en}), a certain reading, {agreeing} of {read} frames agree; read by a program: an "
            f"officer has to compare it with the close-up {path}",
        )
    said, why = text_of(plate), reasons_of(plate["doubts"])
    brackets = _BRACKETS if "[" in (_text(plate, "marked") or "") else Said("", "")
    return Said(
        f"号牌：{said.zh}（{look.zh}）；原因：{why.zh}；{brackets.zh}不得作为认定依据，见近景图 {path}",
        f"Plate: {said.en} ({look.en}); because: {why.en}; {brackets.en}not to be taken as established, see the "
        f"close-up {path}",
    )


def _text(plate: Mapping[str, Any], name: str) -> str | None:
    found = plate.get(name)
    return found if isinstance(found, str) else None
