"""The ledger's faults in Chinese and English."""

from __future__ import annotations

from evidence_export.ledger.check import Fault
from evidence_export.words import Said

FAULTS = {
    Fault.NOT_AN_ENTRY: Said("不是有效条目", "not an entry"),
    Fault.WRONG_NUMBER: Said("编号不符（被移动、插入或删除）", "wrong number (moved, inserted or deleted)"),
    Fault.MISSING: Said("条目缺失（被删除）", "missing (deleted)"),
    Fault.EDITED: Said("条目被改动", "edited"),
    Fault.HASHES: Said("哈希不符", "hashes do not fit"),
    Fault.ROOT: Said("与已签名的检查点不符", "not what was signed"),
    Fault.SHORTER: Said("账本被截短或回退", "cut, or set back"),
    Fault.NOT_A_CHECKPOINT: Said("不是有效检查点", "not a checkpoint"),
    Fault.NO_CHECKPOINT: Said("没有已签名的检查点，无从知道是否被重写", "no checkpoint was signed"),
    Fault.UNSIGNED: Said("检查点签名无效", "checkpoint not signed by the site"),
    Fault.OTHER_LEDGER: Said("属于另一账本", "of another ledger"),
    Fault.STAMP: Said("时间戳无效", "time stamp does not hold"),
    Fault.HIDDEN: Said("条目被隐藏（索引被改动）", "hidden (the index was changed)"),
    Fault.INDEX: Said("缺少索引", "index missing"),
    Fault.SIZE: Said("条目总数不符", "wrong number of entries"),
}
