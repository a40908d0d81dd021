"""`python -m bench.sealing`: what sealing a case of five minutes costs, alone and beside a recorded camera."""

from __future__ import annotations

import argparse
import cProfile
import hashlib
import json
import multiprocessing
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from bench.live.footage import footage
from evidence_export.bag import sm3
from evidence_export.bag.digest import Hasher, digest_file
from evidence_export.case import CameraFacts, CaseRequest, Recording, SiteFacts, Software, recording_of
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from models.interface import ModelInfo
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import Coverage
from streams.recorder.interface import ClockStatement
from tests.streams.recorder.feeding import START_NS, record
from vision.interface import Moment, Stay, Violation

OUT = Path(__file__).parent / "out"
MINUTES = 5
_BOX = (0.4, 0.5, 0.6, 0.75)
_CLOCK = ClockStatement(120_000_000, 4_000, -3_000_000, START_NS - 60 * NS_PER_S, ())
_SEGMENT_NS = 10 * NS_PER_S
_POLICY = {
    "policy": {
        "id": "road",
        "name": "一路一策",
        "version": "1",
        "rules": [
            {
                "id": "no-parking",
                "kind": "no_parking",
                "dwell": "60s",
                "min_score": 0.3,
                "legal_basis": {"id": None, "statute": None, "reviewed_by": None},
            }
        ],
    },
    "zone": {
        "id": "kerb",
        "name": "路缘",
        "polygon": [[0.3, 0.4], [0.7, 0.4], [0.7, 0.8], [0.3, 0.8]],
        "rules": ["no-parking"],
    },
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one sealing in a process of its own, without its start. CPU is user and system time."""

    cpu_s: float
    wall_s: float
    bundle_mib: float
    peak_mib: float


def main() -> int:
    """Makes the footage, seals each form several times, and says what the dearest and the middle one took."""
    parser = argparse.ArgumentParser(prog="python -m bench.sealing", description=__doc__)
    parser.add_argument("--kbit", type=int, default=4000, help="bit rate of the camera, kbit/s")
    parser.add_argument("--runs", type=int, default=3, help="sealings of each form; the middle one counts")
    parser.add_argument("--profile", action="store_true", help="seal once under a profiler, and nothing else")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    clip = footage(OUT / "sealing", minutes=MINUTES, kbit_s=given.kbit)
    with tempfile.TemporaryDirectory(dir=OUT / "sealing") as folder:
        requests = {"one file": file_case(clip), "segments of 10 s": segment_case(clip, Path(folder) / "live")}
        if given.profile:
            for name, request in requests.items():
                console.print(name)
                _profiled(request, Path(folder) / "out")
            return 0
        rows = []
        for beside in (False, True):
            for name, request in requests.items():
                costs = sorted(
                    (_sealed(request, Path(folder), clip if beside else None) for _ in range(given.runs)),
                    key=lambda cost: cost.cpu_s,
                )
                middle = costs[len(costs) // 2]
                rows.append(
                    {
                        "case": name,
                        "beside a recorded camera": beside,
                        "cpu_s": round(middle.cpu_s, 2),
                        "cpu_s_most": round(costs[-1].cpu_s, 2),
                        "wall_s": round(middle.wall_s, 2),
                        "bundle_mib": round(middle.bundle_mib, 1),
                        "peak_mib": round(middle.peak_mib),
                    }
                )
    hashed = _hashed(clip, given.runs)
    if given.json:
        print(json.dumps({"kbit_s": given.kbit, "minutes": MINUTES, "rows": rows, "hashed": hashed}, indent=1))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(heading, justify="left" if heading == "case" else "right")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)
    speeds = ", ".join(f"{name} {speed} MB/s" for name, speed in hashed.items())
    console.print(f"This machine, in the same minutes, for each second of CPU: {speeds}")
    return 0


def _hashed(clip: Path, turns: int) -> dict[str, int]:
    """MB that are hashed in a second of CPU, the middle one of some turns: tells machines and their loads apart."""
    data = clip.read_bytes()[: 64 << 20]
    found = {}
    for name, new in (("SHA-256", hashlib.sha256), ("SM3", sm3.new)):
        assert new is not None
        speeds = []
        for _ in range(turns):
            before = _spent()
            new().update(data)
            speeds.append(len(data) / (_spent() - before))
        found[name] = round(sorted(speeds)[len(speeds) // 2] / 1e6)
    return found


def file_case(clip: Path) -> CaseRequest:
    """A case in one archived file, all of whose frames are wanted."""
    start = Instant(START_NS, TimeSource.FILENAME, NS_PER_S)
    seconds = MINUTES * 60
    frames = seconds * 25
    coverage = Coverage(start, start.shifted(seconds * NS_PER_S), frames, frames, (), ())
    return _case(start, (Recording(clip, digest_file(clip).sha256, start, coverage),))


def segment_case(clip: Path, folder: Path) -> CaseRequest:
    """The same as a live camera's segments, as the recorder writes them."""
    records, _ = record(clip, folder, segment_ns=_SEGMENT_NS, clock=_CLOCK)
    start = Instant(START_NS, TimeSource.RTCP_SR, 2_000_000)
    request = _case(start, tuple(recording_of(one, folder) for one in records))
    return replace(request, site=SiteFacts("hangzhou", "示范区", "Asia/Shanghai"))


def _case(start: Instant, recordings: tuple[Recording, ...]) -> CaseRequest:
    def at(seconds: int) -> Instant:
        return start.shifted(seconds * NS_PER_S)

    stay = Stay(
        id="stay-1",
        camera="gate-1",
        zone="kerb",
        place=_BOX,
        appearance=None,
        cls="car",
        arrived=(at(14), at(16)),
        last_seen=at(MINUTES * 60 - 12),
        departed=None,
        seen_ns=272 * NS_PER_S,
        sworn_ns=272 * NS_PER_S,
        occluded_ns=0,
        gap_ns=0,
        sightings=140,
    )
    moments = tuple(Moment(at(second), _BOX, 0.8125, "car", 1) for second in range(16, 81, 8))
    violation = Violation(
        rule="no-parking",
        zone="kerb",
        policy="road",
        policy_hash=hashlib.sha256(rfc8785.dumps(_POLICY)).hexdigest(),
        allowed_ns=60 * NS_PER_S,
        fired_at=at(80),
        stay=replace(stay, last_seen=at(80)),
        moments=moments,
        dwell_lower_bound_ns=64 * NS_PER_S,
    )
    return CaseRequest(
        site=SiteFacts("bench", "示范区", "Asia/Shanghai"),
        camera=CameraFacts("gate-1", "一号机"),
        violation=violation,
        stay=stay,
        recordings=recordings,
        detector=ModelInfo("none", "ab" * 32, "none", "none", ("car",), (416, 416)),
        policy=_POLICY,
        config_sha256="cd" * 32,
        software=Software("streetproof", "bench"),
    )


def _sealed(request: CaseRequest, folder: Path, beside: Path | None) -> Cost:
    """In a process that has done nothing yet; `beside`: what a camera shows that is recorded at the same time."""
    context = multiprocessing.get_context("spawn")
    ends = context.Event()
    recorder = context.Process(target=_recording, args=(beside, folder / "beside", ends)) if beside else None
    if recorder is not None:
        recorder.start()
        time.sleep(3)
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory(dir=folder) as out:
        process = context.Process(target=_measure, args=(request, Path(out), sender))
        process.start()
        cost: Cost = receiver.recv()
        process.join()
    if recorder is not None:
        ends.set()
        recorder.join()
    return cost


def _measure(request: CaseRequest, out: Path, sender: multiprocessing.connection.Connection) -> None:
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    # What a sealing process has loaded long before its second case.
    verify_nothing = Hasher()
    verify_nothing.update(b"")
    before, started = _spent(), time.perf_counter()
    sealed = seal(request, out, signer, Instant(START_NS + 3600 * NS_PER_S, TimeSource.ARRIVAL, 0))
    wall, cpu = time.perf_counter() - started, _spent() - before
    size = sum(path.stat().st_size for path in sealed.path.rglob("*"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert verify(sealed.path).ok
    sender.send(Cost(cpu, wall, size / 2**20, peak))


def _spent() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _recording(clip: Path, folder: Path, ends: multiprocessing.synchronize.Event) -> None:
    """A camera that is recorded at its own pace, as the daemon does it, until told to end."""
    from streams.live.interface import LivePacket
    from streams.recorder.interface import CloseReason
    from streams.recorder.recorder import Recorder
    from streams.timeline import to_ns
    from tests.streams.recorder.feeding import PTS_0, anchor_on, camera

    taker = Recorder(folder / str(time.monotonic_ns()), "bench", "gate-2", segment_ns=_SEGMENT_NS)
    with camera(clip) as (info, template, packets):
        taker.begin(info, template, "s1", anchor=anchor_on(info.time_base), clock=lambda: _CLOCK, gap_before=None)
        began = time.monotonic_ns()

        def due_s(packet: LivePacket) -> float:
            return (began + to_ns(packet.pts - PTS_0, info.time_base) - time.monotonic_ns()) / NS_PER_S

        for packet in packets:
            while (wait_s := due_s(packet)) > 0 and not ends.is_set():
                time.sleep(min(wait_s, 0.2))
            if ends.is_set():
                break
            taker.add(packet)
        taker.close(CloseReason.STOPPED, "")


def _profiled(request: CaseRequest, out: Path) -> None:
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    profile = cProfile.Profile(time.process_time)
    call: Callable[..., object] = seal
    profile.runcall(call, request, out, signer, Instant(START_NS, TimeSource.ARRIVAL, 0))
    pstats.Stats(profile).sort_stats("tottime").print_stats(22)


if __name__ == "__main__":
    sys.exit(main())
