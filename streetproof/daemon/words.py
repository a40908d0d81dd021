"""The words for what cameras do and what is wrong with them, for notices and for `streetproof status` alike.

Keyed by the values of their enums, so that whoever only shows them need not load media; tests see that none is missing.
"""

from __future__ import annotations

from evidence_export.words import Said
from streetproof.daemon.snapshot import CameraState

FAULTS_ZH = {
    "refused": "无法连接",
    "name": "域名无法解析",
    "unauthorized": "用户名或密码错误",
    "not_found": "视频流不存在",
    "timeout": "连接超时",
    "stalled": "视频中断（无数据）",
    "ended": "视频流被对方关闭",
    "no_video": "没有视频画面",
    "no_parameters": "缺少视频参数",
    "no_keyframe": "没有关键帧",
    "changed": "编码或分辨率发生变化",
    "timestamps": "时间戳跳变",
    "protocol": "视频协议错误",
    "crashed": "采集进程异常退出",
    "disk": "无法写入磁盘",
}
"""Of `FaultKind`. In English a fault goes by its own name, which the operators' guide explains."""
VIEWS = {
    "moved": Said("画面移位", "the view has moved"),
    "blocked": Said("画面被遮挡", "the view is blocked"),
    "defocused": Said("画面失焦", "the view is out of focus"),
    "frozen": Said("画面冻结", "the picture is frozen"),
    "black": Said("画面全黑", "the picture is black"),
    "overexposed": Said("画面过曝", "the picture is overexposed"),
}
"""Of `ViewFault`."""
STATES = {
    CameraState.CONNECTING: Said("连接中", "connecting"),
    CameraState.RECORDING: Said("录像中", "recording"),
    CameraState.WAITING: Said("待重连", "waiting"),
    CameraState.DEAD: Said("已退出", "dead"),
}
LEVELS = {
    "keyframes": Said("关键帧", "keyframes"),
    "sampled": Said("抽帧", "sampled"),
    "every_frame": Said("逐帧", "every"),
}
"""Of `DecodeLevel`."""


def fault_zh(kind: str) -> str:
    """The Chinese word for a fault; one that is not known here keeps its name."""
    return FAULTS_ZH.get(kind, kind)


def view_words(kind: str) -> Said:
    """The words for a fault of the view; one that is not known here keeps its name."""
    return VIEWS.get(kind, Said.quoted(kind))
