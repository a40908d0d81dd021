"""The metrics: what Prometheus' own parser reads from them, and its rules for names."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from evidence_export.words import Said
from streetproof.daemon.metrics import SnapshotCollector, exposition
from streetproof.daemon.snapshot import CameraSnapshot, DaemonSnapshot
from tests.conftest import ROOT
from tests.streetproof.daemon.snapshots import camera, daemon, troubled

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(snapshot: DaemonSnapshot) -> Samples:
    found: Samples = {}
    for family in text_string_to_metric_families(exposition(snapshot).decode()):
        for sample in family.samples:
            key = (sample.name, tuple(sorted(sample.labels.items())))
            assert key not in found, f"{key} stands twice"
            found[key] = sample.value
    return found


def of(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((f"streetproof_{name}", tuple(sorted(labels.items()))))


def test_every_figure_of_the_snapshot_is_told() -> None:
    one = camera(
        1, reconnects=2, gaps=3, gap_s=4.5, packets=6, bytes=7, segments=8, recorded_bytes=9, offset_s=-1.25,
        drift_ppm=10.0, decoded=11, decode_s=12.5, looks=13, inferred=14, shed=15, inference_s=16.5, queue=17,
        overflow_s=18.5, standing=19, violations=20, cases=21, memory_bytes=22, fps=23.5, last_packet_age_s=24.5,
        since_ns=25 * 10**9,
    )  # fmt: skip
    found = samples(daemon(one))
    told = {name.removeprefix("streetproof_camera_"): value for (name, _), value in found.items() if "_camera_" in name}
    assert {
        "reconnects_total": 2, "gaps_total": 3, "gap_seconds_total": 4.5, "packets_total": 6,
        "received_bytes_total": 7, "segments_total": 8, "recorded_bytes": 9, "clock_offset_seconds": -1.25,
        "clock_drift_ratio": 1e-5, "decoded_frames_total": 11, "decode_seconds_total": 12.5, "looks_total": 13,
        "inferred_total": 14, "shed_total": 15, "inference_seconds_total": 16.5, "queue_depth": 17,
        "overflow_seconds_total": 18.5, "standing": 19, "violations_total": 20, "cases_total": 21,
        "resident_memory_bytes": 22, "fps": 23.5, "last_packet_age_seconds": 24.5, "state_since_seconds": 25, "up": 1,
    }.items() <= told.items()  # fmt: skip
    assert of(found, "disk_free_bytes") == 812 << 30
    assert of(found, "build_info", version="0.1.0") == 1
    assert of(found, "config_ok") == 1
    assert of(found, "server_clock_offset_seconds") == 0.0021


def test_states_levels_flags_and_faults_are_one_hot() -> None:
    found = samples(daemon(*troubled()))
    states = [of(found, "camera_state", camera="gate-2", state=state) for state in ("waiting", "recording", "dead")]
    assert states == [1, 0, 0]
    assert of(found, "camera_attention_level", camera="gate-4", attention_level="every_frame") == 1
    assert of(found, "camera_attention_level", camera="gate-4", attention_level="keyframes") == 0
    assert of(found, "camera_clock_flag", camera="gate-3", clock_flag="camera_offset_over_1s") == 1
    assert of(found, "camera_clock_flag", camera="gate-1", clock_flag="camera_offset_over_1s") == 0
    assert of(found, "camera_view_fault", camera="gate-4", view_fault="moved") == 1
    assert of(found, "camera_view_fault", camera="gate-4", view_fault="black") == 0
    assert of(found, "camera_fault", camera="gate-2", fault="refused") == 1
    assert of(found, "camera_fault", camera="gate-1", fault="refused") is None
    assert [of(found, "camera_up", camera=f"gate-{n}") for n in (1, 2, 5, 6)] == [1, 0, 0, 0]


def test_the_unknown_has_no_sample_and_is_not_zero() -> None:
    found = samples(daemon(camera(1, offset_s=None, fps=None, memory_bytes=None), server_offset_s=None))
    for name in ("camera_clock_offset_seconds", "camera_fps", "camera_resident_memory_bytes"):
        assert of(found, name, camera="gate-1") is None
    assert of(found, "server_clock_offset_seconds") is None


def test_a_site_without_cameras_and_one_with_a_bad_file() -> None:
    found = samples(daemon(config_error="line 3: no", problems=(Said.quoted("a"), Said.quoted("b")), ready=False))
    assert (of(found, "config_ok"), of(found, "problems"), of(found, "ready")) == (0, 2, 0)


@pytest.mark.parametrize("snapshot", [daemon(*troubled()), daemon()], ids=["troubled", "empty"])
def test_names_follow_the_rules_of_prometheus(snapshot: DaemonSnapshot) -> None:
    text = exposition(snapshot).decode()
    for family in text_string_to_metric_families(text):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        assert re.fullmatch(r"streetproof_[a-z][a-z0-9_]*", name), name
        assert family.documentation
        assert family.type in ("counter", "gauge")
        assert (family.type == "counter") == name.endswith("_total"), name
        assert not re.search(r"_(gauge|counter|ms|milliseconds|minutes|hours|kb|mb|gb|percent|ns|ppm)(_|$)", name), name
        assert not name.endswith(("_count", "_sum", "_bucket", "_created")), name
        for sample in family.samples:
            assert sample.name == name
            assert not {"le", "quantile", "job", "instance"} & set(sample.labels)
    assert "_created" not in text


def test_nothing_secret_and_no_address_is_told() -> None:
    detail = Said.quoted("user admin was refused")
    one = camera(address="rtsp://10.1.2.3/secret-path", fault="unauthorized", fault_detail=detail)
    text = exposition(daemon(one)).decode()
    assert not any(word in text for word in ("10.1.2.3", "secret-path", "admin", "rtsp", "/etc/streetproof"))


@given(name=st.text(min_size=1).filter(lambda text: "\r" not in text), fault=st.text(min_size=1, max_size=20))
def test_no_name_breaks_the_format(name: str, fault: str) -> None:
    fault = fault.replace("\r", "")
    found = samples(daemon(replace(camera(), id=name, fault=fault or None)))
    assert of(found, "camera_up", camera=name) == 1


def test_no_global_registry_is_touched() -> None:
    asked = []

    def snapshot() -> DaemonSnapshot:
        asked.append(1)
        return daemon()

    registry = CollectorRegistry()
    registry.register(SnapshotCollector(snapshot))
    assert asked == [], "registering asks for nothing"
    exposition(daemon(camera()))
    assert not any(metric.name.startswith("streetproof") for metric in REGISTRY.collect())


def test_every_metric_stands_in_the_operators_table() -> None:
    document = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")
    written = set(re.findall(r"`(streetproof_[a-z_]+)", document))
    made = {name for name, _ in samples(daemon(*troubled()))}
    assert made - written == set(), "made, but not documented"
    assert written - made == set(), "documented, but not made"


def test_every_field_of_a_camera_is_known_to_these_tests() -> None:
    """A new field has to be decided on: a metric, or deliberately none."""
    told_or_not = {
        "id", "name", "state", "since_ns", "address", "fault", "fault_detail", "stream", "fps", "last_packet_age_s",
        "reconnects", "gaps", "gap_s", "packets", "bytes", "segments", "recorded_bytes", "offset_s", "drift_ppm",
        "clock_flags", "level", "decoded", "decode_s", "looks", "inferred", "shed", "inference_s", "queue",
        "overflow_s", "standing", "violations", "cases", "integrity", "memory_bytes", "pid",
    }  # fmt: skip
    assert set(CameraSnapshot.__dataclass_fields__) == told_or_not
