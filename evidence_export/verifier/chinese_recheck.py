"""What the verification of a re-check says beside, in Chinese; see `chinese`."""

from __future__ import annotations

RECHECK_SENTENCES = {
    "re-check of {}, sealed at {}, {} files listed": "{} 的复查，封存于 {}，列出 {} 个文件",
    "re-check of {}": "{} 的复查",
    "original.case has no valid form": "original.case 形式无效",
    "outcome.reason is no text": "outcome.reason 不是文本",
    "outcome.looks is missing": "缺少 outcome.looks",
    "{}, from {} looks that are shown": "{}，依据所示的 {} 次查看",
    "corrected": "已改正",
    "not_corrected": "未改正",
    "cannot_tell": "无法判断",
    "outcome.verdict is none of {}": "outcome.verdict 不在 {} 之列",
    "outcome: nobody can tell, and no known reason says why": "outcome：写为无法判断，却没有已知的原因",
    "outcome: a reason why nobody can tell, where somebody can": "outcome：已有结论，却写有无法判断的原因",
    "outcome.violation: it is there exactly where the rule was broken again, and not here": (
        "outcome.violation：再次违法时才有此项，与结论不符"
    ),
    "outcome.violation: it is of another rule or zone": "outcome.violation：规则或区域与原违法不符",
    "outcome.violation: its time does not pass what the rule allows": "outcome.violation：时长未超过规则所允许的时间",
    "shown: a look is none of the violation that was found again": "shown：所示查看不属于再次发现的违法",
    "shown: it is called corrected, and its pictures do not show the place in order": (
        "shown：写为已改正，所示图片却并非该处清空"
    ),
    "outcome: it is called corrected, and the place was not seen in order for long enough": (
        "outcome：写为已改正，而看到该处清空的时间不足"
    ),
    "shown: it is called not corrected, and its pictures do not show the place taken": (
        "shown：写为未改正，所示图片却并非该处被占"
    ),
    "outcome.looks: {} is no state of a place, or was seen in no look": "outcome.looks：{} 不是状态，或次数为零",
    "outcome.looks: there were looks exactly where there was footage and a picture is shown, and not here": (
        "outcome.looks：查看次数与有无录像、有无图片不符"
    ),
    "outcome.looks: fewer looks were taken than are shown": "outcome.looks：查看次数少于所示图片",
    "outcome.looks: a state is shown that no look had": "outcome.looks：所示状态未在任何一次查看中出现",
    "outcome.free_ns: it is longer than what was asked for, or less than nothing": (
        "outcome.free_ns：长于所要求的时段，或为负值"
    ),
    "asked: it ends before it begins": "asked：结束早于开始",
    "shown: a look is not of the time that was asked for": "shown：有查看不在所要求的时段内",
    "shown: the looks are not in order of time": "shown：各次查看未按时间排列",
    "shown: a look is of a recording that is not there": "shown：有查看所属录像不存在",
    "shown: one picture stands for two looks": "shown：同一图片用于两次查看",
    "it is not the picture that stands for the look": "不是该次查看所写的图片",
    "it is made from something else than the look that it shows": "其来源与所示的查看不符",
    "it is a picture of no look that is shown": "不属于所示的任何一次查看",
    "it is said to be made from something, and is no picture": "写有来源，却不是图片",
    # within a release
    "rechecks: {} is no folder for one": "rechecks：{} 不是存放复查的文件夹",
    "rechecks: {} stands twice": "rechecks：{} 重复",
    "not told: this release is of a revision that names none": "未写明：此修订的移送包不列复查",
    "none: this case was not looked at again": "无：本案没有复查",
    "of {} re-checks {} whole, {} without pictures, {} named only": (
        "复查 {} 次：完整随附 {} 次，随附但不含图片 {} 次，仅列出 {} 次"
    ),
    "of {} re-checks {} whole, {} without pictures, {} named only; what is carried passed all its steps": (
        "复查 {} 次：完整随附 {} 次，随附但不含图片 {} 次，仅列出 {} 次；随附的各步均通过"
    ),
    "it looked at a recording of the case, under another time: {}": "所看的是本案自身的录像，而所写时间不同：{}",
    "of a re-check: {}": "所附复查：{}",
    "it is of no re-check that the release names": "不属于移送包所列的任何一次复查",
    "it is a picture of a re-check that the release says it withholds": "是移送包称未随附的复查图片",
    "step {} could not be done: {}": "第 {} 步无法进行：{}",
    "it names another recheck.json than the one that it carries": "所写 recheck.json 不是所附的",
    "it names another key than the one that sealed the re-check": "所写密钥不是封存复查的密钥",
    "it is a re-check of another case": "是另一案件的复查",
    "re-checks are named, and no ledger tells of them": "列有复查，却没有存证日志说明",
    "the ledger tells of a re-check that it does not name, {}": "存证日志载有而移送包未列的复查：{}",
    "what it tells of the re-check {} is not what that says": "存证日志所载与复查本身不符：{}",
    "a step tells another outcome or time than its re-check, {}": "办案步骤所述结论或时间与其复查不符：{}",
    "what a re-check of the procedure stands on is not named, {}": "办案步骤所依据的复查材料未列出：{}",
    "it names a re-check of which no ledger tells, {}": "列有存证日志未载的复查：{}",
}
