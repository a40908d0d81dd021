"""How the daemon is at one moment: what /status, /metrics and `streetproof status` are all made from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from evidence_export.words import Said


class CameraState(StrEnum):
    """What a camera's worker is doing."""

    CONNECTING = "connecting"
    RECORDING = "recording"
    WAITING = "waiting"
    """The last attempt failed; the next one follows."""
    DEAD = "dead"
    """Its process ended; the supervisor starts another."""


@dataclass(frozen=True, slots=True)
class CameraSnapshot:
    """One camera. Times in ns UTC, durations in seconds, None where nothing is known yet. Counters since the start."""

    id: str
    name: str
    state: CameraState
    since_ns: int
    address: str
    """Without credentials."""
    fault: str | None = None
    """A `FaultKind`, while there is one."""
    fault_detail: Said | None = None
    stream: str | None = None
    """For people: `hevc 1920x1080 rtsp/tcp`."""
    fps: float | None = None
    """Packets of video per second, over the last ten seconds."""
    last_packet_age_s: float | None = None
    reconnects: int = 0
    gaps: int = 0
    gap_s: float = 0.0
    packets: int = 0
    bytes: int = 0
    segments: int = 0
    recorded_bytes: int = 0
    """On disk now, over all of its retention."""
    offset_s: float | None = None
    """The camera's clock minus the server's; None: unknown."""
    drift_ppm: float | None = None
    clock_flags: tuple[str, ...] = ()
    level: str = "keyframes"
    decoded: int = 0
    decode_s: float = 0.0
    looks: int = 0
    """Pictures the engine was given."""
    inferred: int = 0
    """... of which the model ran on so many; the others had not changed."""
    shed: int = 0
    """Pictures left out because the model was overloaded."""
    inference_s: float = 0.0
    queue: int = 0
    """Pictures waiting for the model."""
    overflow_s: float = 0.0
    """Footage lost because the disk was too slow; each stretch is a stated gap."""
    standing: int = 0
    """Stays being timed now."""
    violations: int = 0
    cases: int = 0
    integrity: tuple[str, ...] = ()
    """What is wrong with the view, while rules are suspended for it: `moved`, `blocked`, ..."""
    memory_bytes: int | None = None
    """Resident, of the camera's process."""
    pid: int | None = None


@dataclass(frozen=True, slots=True)
class DaemonSnapshot:
    """The whole daemon."""

    site: str
    site_name: str
    version: str
    pid: int
    started_ns: int
    now_ns: int
    uptime_s: float
    config: str
    config_sha256: str
    config_error: str | None
    """Why the newest version of the site file is not in force; None: it is."""
    ready: bool
    """The model is loaded, the database answers, and every camera's process runs."""
    problems: tuple[Said, ...]
    """What a person should see to, the gravest first."""
    model: str
    inference_batches: int
    inference_s: float
    cases: int
    sealing_waiting: int
    sealing_failed: int
    notices_waiting: int
    disk_free_bytes: int
    disk_total_bytes: int
    server_offset_s: float | None
    """This machine's clock minus a reference; None: not measured."""
    cameras: tuple[CameraSnapshot, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """As plain JSON values, field by field."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> DaemonSnapshot:
        """Undoes `to_json`. Raises TypeError, ValueError or KeyError for anything else."""
        cameras = tuple(
            CameraSnapshot(
                **{
                    **camera,
                    "state": CameraState(camera["state"]),
                    "fault_detail": None if camera["fault_detail"] is None else Said(**camera["fault_detail"]),
                    "clock_flags": tuple(camera["clock_flags"]),
                    "integrity": tuple(camera["integrity"]),
                }
            )
            for camera in value["cameras"]
        )
        problems = tuple(Said(**one) for one in value["problems"])
        return cls(**{**value, "problems": problems, "cameras": cameras})
