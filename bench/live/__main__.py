"""`python -m bench.live`: what live cameras cost, as ratios to limits measured in the same run, and how many fit."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.__main__ import OUT, SHARED_MODEL, _machine
from bench.live.capacity import WINDOW_S, CapacityError, hold
from bench.live.footage import footage
from bench.live.levels import BACK_EVERY_S, BACK_S, levels, names
from tests.rtsp.server import RtspServer, gstreamer_is_there

RESULT = OUT / "live.json"
_MINUTES = 10
_FORGET_S = 3600
"""Parts of a run older than this are measured again: the machine may be another by now."""


class Parts:
    """The parts of a run, kept as they are done: a run that was cut off goes on where it was."""

    def __init__(self, settings: dict[str, Any], console: Console, *, fresh: bool) -> None:
        self._console = console
        self.value: dict[str, Any] = {"settings": settings, "began": time.time(), "parts": {}}
        if not fresh and RESULT.exists():
            before = json.loads(RESULT.read_text(encoding="utf-8"))
            if before["settings"] == settings and time.time() - before["began"] < _FORGET_S:
                self.value = before

    def part(self, name: str, measure: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """What was measured under this name, or is now."""
        parts: dict[str, dict[str, Any]] = self.value["parts"]
        if name not in parts:
            self._console.print(f"{name} ...")
            load = os.getloadavg()[0]
            parts[name] = {**measure(), "load_before": round(load, 2), "commit": _commit()}
            RESULT.write_text(json.dumps(self.value, indent=1) + "\n", encoding="utf-8")
        return parts[name]


def main() -> int:
    given = _arguments()
    console = Console(stderr=given.json, width=120)
    cores = sorted(os.sched_getaffinity(0))
    clip = footage(OUT, minutes=_MINUTES, kbit_s=given.kbit)
    settings = {
        "machine": _machine(cores),
        "clip": clip.name,
        "model": Path(given.model).name,
        "seconds": given.seconds,
    }
    console.print(settings["machine"], markup=False)
    parts = Parts(settings, console, fresh=given.fresh)
    sources = ["rtsp", "file"] if gstreamer_is_there() else ["file"]
    if len(sources) == 1:
        console.print("GStreamer's RTSP server is not installed: cameras are files only", style="yellow")

    def say(text: str) -> None:
        console.print(text, markup=False, highlight=False)

    for source in sources:
        parts.part(f"levels {source}", lambda source=source: _levels(source, clip, given.seconds, say))  # type: ignore[misc]
    for source in sources:
        for cameras in given.rtsp if source == "rtsp" else given.file:
            try:
                found = parts.part(
                    f"{cameras} cameras {source}",
                    lambda cameras=cameras, source=source: hold(  # type: ignore[misc]
                        cameras, source, clip, OUT / "live", given.model, WINDOW_S, say
                    ).json(),
                )
            except CapacityError as error:
                console.print(str(error), markup=False, style="red")
                break
            if not found["whole"]:
                break  # more would not fit either
    shutil.rmtree(OUT / "live", ignore_errors=True)
    _show(console, parts.value["parts"])
    if given.json:
        print(json.dumps(parts.value, indent=1))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.live", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="how long levels are measured (30)")
    parser.add_argument("--kbit", type=int, default=2000, help="bit rate of a camera in kbit/s (2000)")
    parser.add_argument("--rtsp", type=int, nargs="*", default=[16, 64], help="numbers of RTSP cameras to try")
    parser.add_argument("--file", type=int, nargs="*", default=[64, 96], help="numbers of file cameras to try")
    parser.add_argument(
        "--model", default=str(SHARED_MODEL) if SHARED_MODEL.exists() else "yolov3-tiny", help="path or catalog name"
    )
    parser.add_argument("--fresh", action="store_true", help="do not go on with an earlier run")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


def _levels(source: str, clip: Path, seconds: int, say: Callable[[str], None]) -> dict[str, Any]:
    folder = OUT / "live"
    if source == "file":
        return {kind: asdict(cost) for kind, cost in levels(lambda _: f"file:{clip}", folder, seconds, say).items()}
    with RtspServer({f"/{name}": clip for name in names()}) as server:
        found = levels(lambda name: server.url(f"/{name}"), folder, seconds, say)
        return {kind: asdict(cost) for kind, cost in found.items()}


def _show(console: Console, parts: dict[str, dict[str, Any]]) -> None:
    for source in ("rtsp", "file"):
        found = parts.get(f"levels {source}")
        if found is None:
            continue
        found = {kind: cost for kind, cost in found.items() if isinstance(cost, dict)}
        table = Table(title=f"One camera ({source})", title_justify="left", box=None)
        for column in ("what", "CPU", "ratio", "PSS MiB", "sleeps/s", "read/write/look"):
            table.add_column(column, justify="left" if column == "what" else "right")
        limit = found["record-keyframes"]["cpu"]
        for kind, cost in found.items():
            threads = cost["threads"]
            shares = "/".join(f"{threads[name]:.2%}" for name in ("reading", "writing", "looking")) if threads else ""
            table.add_row(
                kind, f"{cost['cpu']:.2%}", f"{cost['cpu'] / limit:.2f}", f"{cost['pss_mib']:.0f}",
                f"{cost['switches_s']:.0f}", shares,
            )  # fmt: skip
        console.print(table)
        console.print(
            f"idle / (demux + recorder + keyframes): {found['idle']['cpu'] / limit:.2f}   "
            f"idle / (demux + plain copy + keyframes): {found['idle']['cpu'] / found['copy-keyframes']['cpu']:.2f}   "
            f"CPU is of one core; ratio: to record-keyframes; looking back takes {BACK_S} s every {BACK_EVERY_S} s"
        )
    table = Table(title="The whole daemon, all cameras idle (CPU in cores)", title_justify="left", box=None)
    for column in (
        "cameras", "held", "cameras' CPU", "hub", "server", "lost", "gaps", "oldest", "slowest", "PSS each", "hub MiB",
    ):  # fmt: skip
        table.add_column(column, justify="right")
    for part in parts.values():
        if "whole" in part:
            table.add_row(
                f"{part['cameras']} {part['source']}", "yes" if part["whole"] else "no", f"{part['cpu_cameras']:.2f}",
                f"{part['cpu_hub'] + part['cpu_rest']:.2f}", f"{part['cpu_server']:.2f}",
                f"{part['lost']} of {part['recorded']}", str(part["gaps"]), f"{part['oldest_packet_s']:.1f} s",
                f"{part['fps']:.1f}", f"{part['pss_camera']:.0f}", f"{part['pss_hub']:.0f}",
            )  # fmt: skip
    console.print(table)


def _commit() -> str:
    """Of the code that is measured; marked where the tree differs from it."""
    said = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"


if __name__ == "__main__":
    sys.exit(main())
