"""What exactly is the matter with a camera, and what to do. Chinese where the words are ours; else they are quoted."""

from __future__ import annotations

from evidence_export.words import Said
from streams.live.faults import usual
from streams.live.interface import FaultKind

USUAL_ZH = {
    FaultKind.REFUSED: "端口无响应或设备不可达；请检查供电、网络和地址",
    FaultKind.NAME: "查不到该主机名；请检查域名解析，或改用 IP 地址",
    FaultKind.UNAUTHORIZED: "未通过认证；请核对账号，注意多次失败可能锁定账号",
    FaultKind.NOT_FOUND: "设备上没有这一路码流；请核对地址中的路径",
    FaultKind.TIMEOUT: "长时间未能连上；请检查网络和设备负荷",
    FaultKind.STALLED: "连接仍在，但长时间没有画面；请检查设备和网络",
    FaultKind.ENDED: "请检查设备是否重启，或同时观看的人数是否超限",
    FaultKind.NO_VIDEO: "没有可录制的视频；请将编码设为 H.264 或 H.265",
    FaultKind.NO_PARAMETERS: "未获得画面尺寸；请重启设备或升级固件",
    FaultKind.NO_KEYFRAME: "长时间没有关键帧；请将关键帧间隔设为 2 秒",
    FaultKind.CHANGED: "设备设置有变动；系统将自动重新连接",
    FaultKind.TIMESTAMPS: "时间戳不连续；系统将自动重新连接",
    FaultKind.PROTOCOL: "返回的不是有效视频流；请核对地址",
}
"""Of the faults that a stream can have by itself. Those of our own process and disk are told in their own words."""


def detail(kind: FaultKind, what: str) -> Said:
    """`what` is the English text of the fault."""
    zh = USUAL_ZH.get(kind)
    return Said(zh, what) if zh is not None and what == usual(kind) else Said.quoted(what)
