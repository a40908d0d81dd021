"""What the steps of a procedure, and the outcomes of a re-check, are called."""

from __future__ import annotations

from evidence_export.words import Said

NAMES = {
    "review": Said("审核", "review"),
    "confirm": Said("确认", "confirmation"),
    "reject": Said("不予认定", "rejection"),
    "order": Said("责令改正", "order to correct"),
    "recheck": Said("复查", "re-check"),
    "notice": Said("告知", "notice"),
    "statement": Said("陈述申辩", "statement"),
    "decide": Said("处罚决定", "decision"),
    "exhibit": Said("补充材料", "exhibit"),
    "close": Said("结案", "closing"),
}
VERDICTS = {
    "corrected": Said("已改正", "corrected"),
    "not_corrected": Said("未改正", "not corrected"),
    "cannot_tell": Said("无法判断", "nobody can tell"),
}
