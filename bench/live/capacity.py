"""How many idle cameras the whole daemon holds: `streetproof run` as an operator starts it, and what it leaves behind.

Whether packets were lost is read from the recording: between the first and the last picture of a run of segments every
frame interval must hold a packet, and no gap may be stated but the one before the first.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.live.footage import FPS
from bench.live.proc import cpu_ns, descendants, pss_mib, reading
from streams.instant import NS_PER_S
from tests.rtsp.server import RtspServer

ROOT = Path(__file__).parents[2]
WINDOW_S = 20
_SETTLE_S = 8
_SETTLE_TURNS = 8
_START_S = 120
_STOP_S = 30
_PORT = 18_750
LATE_S = 3.0
"""Cameras report every second; one whose last packet is older than this was not served in time."""
_SLOWEST = 0.92
"""For the same reason the packets of a window of twenty seconds are known within a twentieth."""


class CapacityError(Exception):
    """The daemon could not be measured."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the daemon did with so many cameras. CPU in cores, memory in MiB."""

    cameras: int
    source: str
    recording: int
    """Cameras that recorded throughout."""
    cpu_cameras: float
    cpu_hub: float
    """The daemon's first process: hub, model, database, status."""
    cpu_rest: float
    """The server that cameras' processes are forked from, and whatever else."""
    cpu_server: float
    """Of the RTSP server, which is the load and no part of the daemon."""
    pss_camera: float
    pss_hub: float
    oldest_packet_s: float
    fps: float
    """Of the slowest camera, counted over the window."""
    gaps: int
    overflow_s: float
    lost: int
    """Packets missing from the recording, counted in the files' own records."""
    recorded: int
    shed: int
    inferred: int
    mbit_s: float

    @property
    def whole(self) -> bool:
        """Nothing was lost, and nothing came late."""
        held = self.recording == self.cameras and self.lost == 0 and self.gaps == 0 and self.overflow_s == 0
        return held and self.oldest_packet_s < LATE_S and self.fps > _SLOWEST * FPS

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "whole": self.whole}


def hold(
    cameras: int, source: str, clip: Path, folder: Path, model: str, seconds: int, say: Callable[[str], None]
) -> Held:
    """Run the daemon with so many cameras that all show `clip`, from a server (`rtsp`) or by themselves (`file`)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    names = [f"cam-{number:03}" for number in range(cameras)]
    if source == "file":
        return _hold(dict.fromkeys(names, f"file:{clip}"), source, None, folder, model, seconds, say)
    # A mount each: who connects to a mount that others watch begins it anew for all, as no camera does.
    with RtspServer({f"/{name}": clip for name in names}) as server:
        addresses = {name: server.url(f"/{name}") for name in names}
        return _hold(addresses, source, _only_child_named("gst_server.py"), folder, model, seconds, say)


def _hold(
    addresses: Mapping[str, str],
    source: str,
    server: int | None,
    folder: Path,
    model: str,
    seconds: int,
    say: Callable[[str], None],
) -> Held:
    _write_site(folder / "site.yaml", addresses, model)
    command = [
        str(Path(sys.executable).parent / "streetproof"), "run", str(folder / "site.yaml"), "--data",
        str(folder / "data"), "--key", str(folder / "key.pem"), "--log-level", "warning",
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    with (folder / "log.jsonl").open("wb") as log:
        daemon = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _until_recording(daemon, len(addresses), folder)
            _until_steady(len(addresses))
            say(f"  {len(addresses)} cameras ({source}): measuring {seconds} s ...")
            held = _window(daemon.pid, source, server, seconds)
        finally:
            daemon.send_signal(signal.SIGTERM)
            try:
                daemon.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
    recorded, lost = _counted(folder / "data" / "state.db")
    return Held(**{**held, "recorded": recorded, "lost": lost})


def _window(daemon: int, source: str, server: int | None, seconds: int) -> dict[str, Any]:
    first = _status()
    workers = [camera["pid"] for camera in first["cameras"] if camera["pid"]]
    rest = [pid for pid in descendants(daemon) if pid not in workers]

    def spent() -> tuple[int, int, int, int]:
        of_server = 0 if server is None else cpu_ns([server])
        return cpu_ns(workers), reading(daemon).cpu_ns, cpu_ns(rest), of_server

    began, before, oldest = time.monotonic(), spent(), 0.0
    last = first
    while time.monotonic() - began < seconds:
        time.sleep(2)
        last = _status()
        oldest = max(oldest, *(camera["last_packet_age_s"] or 0.0 for camera in last["cameras"]))
    took, after = time.monotonic() - began, spent()
    cores = [(b - a) / took / NS_PER_S for a, b in zip(before, after, strict=True)]
    pairs = list(zip(first["cameras"], last["cameras"], strict=True))
    fps = min((b["packets"] - a["packets"]) / took for a, b in pairs)
    return {
        "cameras": len(pairs),
        "source": source,
        "recording": sum(b["state"] == "recording" and b["reconnects"] == 0 for _, b in pairs),
        "cpu_cameras": cores[0],
        "cpu_hub": cores[1],
        "cpu_rest": cores[2],
        "cpu_server": cores[3],
        "pss_camera": sum(pss_mib(pid) for pid in workers) / len(workers),
        "pss_hub": pss_mib(daemon),
        "oldest_packet_s": oldest,
        "fps": fps,
        "gaps": sum(b["gaps"] - 1 for _, b in pairs),  # the first lies before the first picture
        "overflow_s": sum(b["overflow_s"] for _, b in pairs),
        "shed": sum(b["shed"] - a["shed"] for a, b in pairs),
        "inferred": sum(b["inferred"] - a["inferred"] for a, b in pairs),
        "mbit_s": sum(b["bytes"] - a["bytes"] for a, b in pairs) * 8 / took / 1e6,
    }


def _until_recording(daemon: subprocess.Popen[bytes], cameras: int, folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline:
        time.sleep(1)
        if daemon.poll() is not None:
            raise CapacityError(f"the daemon ended with {daemon.returncode}; see {folder / 'log.jsonl'}")
        try:
            now = _status()
        except OSError:
            continue
        if sum(camera["state"] == "recording" and camera["gaps"] > 0 for camera in now["cameras"]) == cameras:
            return
    raise CapacityError(f"not all cameras record after {_START_S} s; see {folder / 'log.jsonl'}")


def _until_steady(cameras: int) -> None:
    """While a hundred processes start, cameras wait; what has waited comes faster than in real time."""
    time.sleep(_SETTLE_S)
    for _ in range(_SETTLE_TURNS):
        began, before = time.monotonic(), _packets()
        time.sleep(_SETTLE_S)
        rate = (_packets() - before) / (time.monotonic() - began)
        if abs(rate / cameras - FPS) < FPS / 20:
            return
    raise CapacityError(f"packets do not come in real time: {rate / cameras:.1f} per second and camera")


def _packets() -> int:
    return sum(int(camera["packets"]) for camera in _status()["cameras"])


def _status() -> dict[str, Any]:
    with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/status", timeout=10) as answer:
        value = json.loads(answer.read())
    assert isinstance(value, dict)
    return value


def _counted(database: Path) -> tuple[int, int]:
    """Packets in the recording, and how many are missing between the first and the last picture of each camera."""
    recorded = lost = 0
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("select camera, record from segment order by camera, sequence").fetchall()
    spans: dict[str, list[dict[str, Any]]] = {}
    for camera, record in rows:
        spans.setdefault(camera, []).append(json.loads(record))
    for records in spans.values():
        packets = sum(record["closing"]["packets"] for record in records)
        one_session = len({record["opening"]["session"] for record in records}) == 1
        numerator, _, denominator = str(records[0]["opening"]["time_base"]).partition("/")
        ticks = records[-1]["closing"]["last_pts"] - records[0]["opening"]["first_pts"]
        expected = round(ticks * int(numerator) / int(denominator or 1) * FPS) + 1
        recorded += packets
        # A camera that had to connect again has lost something, however much that was.
        lost += max(0, expected - packets) if one_session else max(1, expected - packets)
    return recorded, lost


def _only_child_named(script: str) -> int | None:
    for pid in descendants(os.getpid()):
        if script in Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"):
            return pid
    return None


def _write_site(path: Path, addresses: Mapping[str, str], model: str) -> None:
    """A street on which nothing stands where it may not: the zone is a corner of the picture."""
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car", "truck", "bus"], "dwell": "60s"}
    corner = [[0.0, 0.0], [0.05, 0.0], [0.05, 0.05], [0.0, 0.05]]
    site = {
        "site": {"id": "bench", "name": "bench", "timezone": "Asia/Shanghai"},
        "model": {"name": model},
        "live": {"listen": f"127.0.0.1:{_PORT}", "warn_free_gib": 2, "min_free_gib": 1},
        "policies": [{"id": "road", "name": "road", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": camera,
                "name": camera,
                "policy": "road",
                "stream": {"main": address},
                "zones": [{"id": "corner", "polygon": corner, "rules": ["no-parking"]}],
            }
            for camera, address in addresses.items()
        ],
    }
    path.write_text(yaml.safe_dump(site, sort_keys=False, allow_unicode=True), encoding="utf-8")
