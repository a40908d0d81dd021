"""The daemon's snapshot as Prometheus metrics.

Everything is made from one `DaemonSnapshot` at the time of the scrape; there is no registry beside it that could tell
something else. What is unknown has no sample: an absent series is honest, a zero is not. No label holds an address.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from streams.instant import NS_PER_S
from streams.interface import DecodeLevel
from streetproof.daemon.snapshot import CameraSnapshot, CameraState, DaemonSnapshot

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
CLOCK_FLAGS = (
    "camera_offset_over_1s",
    "camera_offset_unknown",
    "server_offset_over_1s",
    "server_offset_unknown",
    "camera_clock_jumped",
    "host_clock_stepped",
)
VIEW_FAULTS = ("moved", "blocked", "defocused", "frozen", "black", "overexposed")

Value = float | int | None
_CAMERA_COUNTERS: tuple[tuple[str, str, Callable[[CameraSnapshot], Value]], ...] = (
    ("reconnects", "Connections made again after a fault", lambda camera: camera.reconnects),
    ("gaps", "Gaps in the recording", lambda camera: camera.gaps),
    ("gap_seconds", "Time without a recording", lambda camera: camera.gap_s),
    ("packets", "Packets of video that arrived", lambda camera: camera.packets),
    ("received_bytes", "Bytes of video that arrived", lambda camera: camera.bytes),
    ("segments", "Segments closed", lambda camera: camera.segments),
    ("overflow_seconds", "Footage lost because the disk was too slow", lambda camera: camera.overflow_s),
    ("decoded_frames", "Pictures decoded", lambda camera: camera.decoded),
    ("decode_seconds", "Processor time spent on decoding", lambda camera: camera.decode_s),
    ("looks", "Pictures given to the engine", lambda camera: camera.looks),
    ("inferred", "Pictures the model ran on", lambda camera: camera.inferred),
    ("inference_seconds", "Time the model took for this camera", lambda camera: camera.inference_s),
    ("shed", "Pictures left out because the model was overloaded", lambda camera: camera.shed),
    ("violations", "Violations found", lambda camera: camera.violations),
    ("cases", "Cases sealed", lambda camera: camera.cases),
)
_CAMERA_GAUGES: tuple[tuple[str, str, Callable[[CameraSnapshot], Value]], ...] = (
    ("up", "1 while packets are being recorded", lambda camera: int(camera.state is CameraState.RECORDING)),
    ("state_since_seconds", "When the state began, seconds since 1970", lambda camera: camera.since_ns / NS_PER_S),
    ("fps", "Packets of video per second over the last ten seconds", lambda camera: camera.fps),
    ("last_packet_age_seconds", "Time since the last packet of video", lambda camera: camera.last_packet_age_s),
    ("clock_offset_seconds", "Camera's clock minus the server's", lambda camera: camera.offset_s),
    ("clock_drift_ratio", "Share by which the camera's clock runs fast", lambda camera: _ratio(camera.drift_ppm)),
    ("queue_depth", "Pictures waiting for the model", lambda camera: camera.queue),
    ("standing", "Stays being timed", lambda camera: camera.standing),
    ("recorded_bytes", "Size of the recording on disk", lambda camera: camera.recorded_bytes),
    ("resident_memory_bytes", "Resident memory of the camera's process", lambda camera: camera.memory_bytes),
)
_COUNTERS: tuple[tuple[str, str, Callable[[DaemonSnapshot], Value]], ...] = (
    ("inference_batches", "Batches the model was given", lambda daemon: daemon.inference_batches),
    ("inference_seconds", "Time the model took", lambda daemon: daemon.inference_s),
    ("cases", "Cases sealed", lambda daemon: daemon.cases),
)
_GAUGES: tuple[tuple[str, str, Callable[[DaemonSnapshot], Value]], ...] = (
    ("ready", "1 when the model is loaded, the database answers and every camera's process runs", lambda d: d.ready),
    ("start_time_seconds", "When the daemon started, seconds since 1970", lambda d: d.started_ns / NS_PER_S),
    ("snapshot_time_seconds", "When these figures were taken, seconds since 1970", lambda d: d.now_ns / NS_PER_S),
    ("uptime_seconds", "Time since the start", lambda d: d.uptime_s),
    ("config_ok", "0 while the newest version of the site file is not in force", lambda d: d.config_error is None),
    ("problems", "Things a person should see to; /status says which", lambda d: len(d.problems)),
    ("sealing_waiting", "Findings waiting to be sealed", lambda d: d.sealing_waiting),
    ("sealing_failed", "Findings that could not be sealed", lambda d: d.sealing_failed),
    ("notices_waiting", "Notices not yet delivered", lambda d: d.notices_waiting),
    ("disk_free_bytes", "Free space where recordings lie", lambda d: d.disk_free_bytes),
    ("disk_size_bytes", "Size of the disk where recordings lie", lambda d: d.disk_total_bytes),
    ("server_clock_offset_seconds", "This machine's clock minus a reference", lambda d: d.server_offset_s),
)


def exposition(snapshot: DaemonSnapshot) -> bytes:
    """The metrics in Prometheus' text format, version 0.0.4 (`CONTENT_TYPE`)."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(SnapshotCollector(lambda: snapshot))
    return generate_latest(registry)


class SnapshotCollector(Collector):
    """Turns the snapshot of the moment into metric families."""

    def __init__(self, snapshot: Callable[[], DaemonSnapshot]) -> None:
        self._snapshot = snapshot

    def describe(self) -> Iterable[Metric]:
        return ()  # names are known without asking for a snapshot at registration

    def collect(self) -> Iterator[Metric]:
        daemon = self._snapshot()
        build = GaugeMetricFamily("streetproof_build_info", "The version that runs", labels=["version"])
        build.add_metric([daemon.version], 1)
        yield build
        config = GaugeMetricFamily("streetproof_config_info", "The site file in force", labels=["site", "sha256"])
        config.add_metric([daemon.site, daemon.config_sha256], 1)
        yield config
        for name, text, gauge in _GAUGES:
            if (value := gauge(daemon)) is not None:
                yield GaugeMetricFamily(f"streetproof_{name}", text, value=value)
        for name, text, counter in _COUNTERS:
            if (value := counter(daemon)) is not None:
                yield CounterMetricFamily(f"streetproof_{name}", text, value=value)
        for name, text, of_camera in _CAMERA_COUNTERS:
            yield _per_camera(CounterMetricFamily, name, text, daemon.cameras, of_camera)
        for name, text, of_camera in _CAMERA_GAUGES:
            yield _per_camera(GaugeMetricFamily, name, text, daemon.cameras, of_camera)
        yield _one_hot("state", "1 for the state it is in", daemon.cameras, tuple(CameraState), lambda c: (c.state,))
        yield _one_hot(
            "attention_level", "1 for how closely it is looked at", daemon.cameras, tuple(DecodeLevel),
            lambda camera: (camera.level,),
        )  # fmt: skip
        yield _one_hot("clock_flag", "1 where set", daemon.cameras, CLOCK_FLAGS, lambda camera: camera.clock_flags)
        yield _one_hot("view_fault", "1 while confirmed", daemon.cameras, VIEW_FAULTS, lambda camera: camera.integrity)
        yield _one_hot(
            "fault", "1 for the fault it has, if it has one", daemon.cameras, (),
            lambda camera: (camera.fault,) if camera.fault else (),
        )  # fmt: skip


def _per_camera(
    family: type[CounterMetricFamily] | type[GaugeMetricFamily],
    name: str,
    text: str,
    cameras: Iterable[CameraSnapshot],
    value_of: Callable[[CameraSnapshot], Value],
) -> Metric:
    metric = family(f"streetproof_camera_{name}", text, labels=["camera"])
    for camera in cameras:
        if (value := value_of(camera)) is not None:
            metric.add_metric([camera.id], value)
    return metric


def _one_hot(
    name: str,
    text: str,
    cameras: Iterable[CameraSnapshot],
    known: tuple[str, ...],
    present_of: Callable[[CameraSnapshot], tuple[str, ...]],
) -> Metric:
    """A series per known value, 1 or 0, so that none goes missing when it ends; a value not known here is shown too."""
    metric = GaugeMetricFamily(f"streetproof_camera_{name}", text, labels=["camera", name])
    for camera in cameras:
        present = [str(value) for value in present_of(camera)]
        for value in dict.fromkeys([*map(str, known), *present]):
            metric.add_metric([camera.id, value], int(value in present))
    return metric


def _ratio(ppm: float | None) -> float | None:
    return None if ppm is None else ppm / 1_000_000
