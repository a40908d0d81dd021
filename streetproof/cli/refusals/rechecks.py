"""Chinese for re-checks as evidence: kept, entered, handed in."""

from __future__ import annotations

RECHECKS = {
    "{} cannot be a part of a bundle, or stands there twice": "{} 不能放入证据包，或重复出现",
    "it cannot be written as canonical JSON ({})": "无法写成规范 JSON（{}）",
    "it is another one": "是另一份",
    "this is a re-check, and no case": "这是复查材料，不是案件",
    "Hand it in with `streetproof procedure take CASE recheck --recheck FOLDER`": (
        "请用 `streetproof procedure take 案件编号 recheck --recheck 文件夹` 提交"
    ),
    "Look at another time (--at), or name another folder with --out": "请另选复查时间（--at），或用 --out 另指定文件夹",
    "Name a folder with --out that can be written, and check the free space of the disk": (
        "请用 --out 指定可写入的文件夹，并检查磁盘剩余空间"
    ),
    "another re-check of this case and time lies here": "此处已有本案同一时间的另一复查",
    "another re-check of this case and time was done: {}": "本案同一时间已有另一复查：{}",
    "Take that one, or look at another time (`streetproof recheck --at`)": (
        "请采用该次复查，或另选时间复查（`streetproof recheck --at`）"
    ),
    "it is of a case that is not here": "所属案件不在此处",
    "Name the data folder that holds the case": "请指定存放本案的数据文件夹",
    "this is a file, and a re-check is handed in as a folder": "这是文件，复查材料须以文件夹提交",
    "Unpack it, and give the folder in it that holds recheck.json": "请解压后给出其中含 recheck.json 的文件夹",
    "no appointment of this case waits for that time": "本案没有该时间的待办复查",
    "Leave --appointment out, and say who looks and why": "请去掉 --appointment，并写明查看人员和事由",
    "this is a recording of the case itself, under another time: it shows the violation, and nothing of later": (
        "这是本案自身的录像，而所标时间不同：它显示的是违法当时，不是之后的情况"
    ),
    "Give what was recorded at the time that is asked for": "请给出所要求时段的录像",
    "the name of its camera cannot be part of a path": "摄像机编号不能用作路径",
    "the ledger has it": "存证日志中已有",
    "a re-check of this case is no longer what was kept ({})": "本案的复查材料已不是当时保存的内容（{}）",
    "re-check {}: it is no longer here": "复查 {}：已不在此处",
}
