"""What `case.approval_blocked_by` may name, in words; docs/officers.md has the same list. A leaf."""

from __future__ import annotations

from evidence_export.words import Said

BLOCKERS = {
    "legal_basis_unknown": Said("法律依据未知", "the legal basis is unknown"),
    "competence_unknown": Said("职权依据未知", "the competence of the office for it is unknown"),
    "legal_basis_not_reviewed": Said("法律依据未经法制审核", "nobody has reviewed the legal basis"),
    "gap_in_decisive_interval": Said("关键时段有画面缺口", "footage is missing in the decisive interval"),
    "gaps_unknown": Said("是否有画面缺口未知", "whether footage is missing is unknown"),
    "view_fault_in_decisive_interval": Said("关键时段摄像机视角异常", "the view was at fault in the decisive interval"),
    "may_be_standing_traffic": Said(
        "可能是排队车流，须由复核人员判断", "it may be standing traffic: a reviewer has to decide"
    ),
    "calendar_year_unknown": Said(
        "节假日日历缺少当年，按星期判断", "the calendar of holidays does not know the year: days were taken by weekday"
    ),
    "panoramas_too_close": Said("两张全景图间隔不足", "the two panoramas are too close in time"),
    "sign_not_shown": Said(
        "未显示禁止停放的标志标线", "no picture shows the sign or marking that forbids standing there"
    ),
    "obstruction_not_shown": Said("未显示妨碍通行的情形", "no picture shows whom it was in the way of"),
    "clock_offset_unknown": Said("摄像机时钟偏差未测量", "the offset of the camera's clock was not measured"),
    "camera_offset_over_1s": Said("摄像机时钟偏差超过 1.0 秒", "the camera's clock was off by more than 1.0 s"),
    "camera_offset_unknown": Said("摄像机时钟偏差未知", "the offset of the camera's clock is unknown"),
    "server_offset_over_1s": Said("服务器时钟偏差超过 1.0 秒", "the server's clock was off by more than 1.0 s"),
    "server_offset_unknown": Said("服务器时钟偏差未知", "the offset of the server's clock is unknown"),
    "camera_clock_jumped": Said("摄像机时钟在记录期间跳变", "the camera's clock jumped while this was recorded"),
    "host_clock_stepped": Said("服务器时钟在记录期间被调整", "the server's clock was set while this was recorded"),
    "camera_review_unknown": Said("设备法制、技术审核情况未知", "legal and technical review of the camera are unknown"),
    "calibration_unknown": Said("设备检定情况未知", "the calibration of the camera is unknown"),
    "calibration_expired": Said("设备检定已过有效期", "the calibration of the camera had ended"),
    "owner_unknown": Said("设备权属单位未知", "nobody knows whose the camera is"),
    "sharing_agreement_unknown": Said(
        "他单位设备，未见共享协议", "the camera is another owner's, and no sharing agreement is known"
    ),
    "location_unpublished_or_unknown": Said(
        "设置地点未公布或未知", "the camera's place was not published, or it is unknown whether it was"
    ),
    "plate_unknown": Said("车牌未知", "the plate is unknown"),
    "not_reviewed": Said("未经两名执法人员复核", "two officers have not reviewed it"),
}


def blocker_said(code: str) -> Said:
    """A blocker in words; a code that a later version has added stays as it is."""
    return BLOCKERS.get(code, Said(code, code.replace("_", " ")))
