"""Snapshots of daemons that are well, and of cameras that are not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from evidence_export.words import Said
from streetproof.daemon.snapshot import CameraSnapshot, CameraState, DaemonSnapshot

MINUTE = 60 * 10**9


def camera(number: int = 1, **changes: Any) -> CameraSnapshot:
    """A camera that records well."""
    base = CameraSnapshot(
        id=f"gate-{number}",
        name="演示路口1号",
        state=CameraState.RECORDING,
        since_ns=time.time_ns() - 90 * MINUTE,
        address=f"rtsp://10.0.0.{number}/main",
        stream="hevc 1920x1080 rtsp/tcp",
        fps=25.0,
        last_packet_age_s=0.04,
        packets=135_000,
        bytes=2_700_000_000,
        segments=540,
        recorded_bytes=81 << 30,
        offset_s=0.012,
        drift_ppm=3.1,
        memory_bytes=91 << 20,
        pid=4711,
    )
    return replace(base, **changes)


def daemon(*cameras: CameraSnapshot, **changes: Any) -> DaemonSnapshot:
    """A daemon that is well, with these cameras."""
    now = time.time_ns()
    base = DaemonSnapshot(
        site="demo",
        site_name="演示区综合行政执法局",
        version="0.1.0",
        pid=4700,
        started_ns=now - 26 * 60 * MINUTE,
        now_ns=now,
        uptime_s=93_600.0,
        config="/etc/streetproof/site.yaml",
        config_sha256="ab" * 32,
        config_error=None,
        ready=True,
        problems=(),
        model="yolov3-tiny",
        inference_batches=5,
        inference_s=3.25,
        cases=2,
        sealing_waiting=1,
        sealing_failed=0,
        notices_waiting=0,
        disk_free_bytes=812 << 30,
        disk_total_bytes=3725 << 30,
        server_offset_s=0.0021,
        cameras=cameras,
    )
    return replace(base, **changes)


def troubled() -> tuple[CameraSnapshot, ...]:
    """One camera in each kind of trouble, and one that is fine."""
    now = time.time_ns()
    return (
        camera(1),
        camera(
            2, name="North Gate", state=CameraState.WAITING, since_ns=now - 12 * MINUTE, fault="refused",
            fault_detail=Said("端口无响应或设备不可达；请检查供电、网络和地址", "nobody listens there"), fps=0.0,
            last_packet_age_s=720.0, reconnects=17, gaps=4, gap_s=1801.5,
        ),
        camera(3, offset_s=1.35, clock_flags=("camera_offset_over_1s",), level="sampled", standing=3, cases=2),
        camera(4, integrity=("moved", "defocused"), level="every_frame"),
        camera(5, state=CameraState.CONNECTING, since_ns=now - 10**9, fps=None, last_packet_age_s=None, offset_s=None),
        camera(
            6, state=CameraState.DEAD, fault="crashed", fault_detail=Said("进程被信号 11 终止", "ended with signal 11"),
            pid=None, memory_bytes=None, fps=None, last_packet_age_s=3.0,
        ),
        camera(7, offset_s=None, drift_ppm=None, clock_flags=("camera_offset_unknown",)),
        camera(8, last_packet_age_s=9.0, fps=0.0),
    )  # fmt: skip
