"""`python -m bench`: how fast the batch is, as ratios to the decode limits and to a plain peer script, in one run."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import onnxruntime
from rich.console import Console
from rich.table import Table

from bench.measure import Measured, run
from bench.recording import MINUTE, Recording, recording
from bench.site import DWELL_S, write_site
from bench.stays import Comparison, compare, expected, from_peer, from_report

ROOT = Path(__file__).parents[1]
OUT = ROOT / "bench" / "out"
SHARED_MODEL = ROOT.parent / "shared" / "models" / "yolox_nano.onnx"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    cores: int
    footage_s: float
    """Seconds of footage it went through, over all cameras."""
    cost: Measured

    @property
    def factor(self) -> float:
        """Times real time."""
        return self.footage_s / self.cost.wall_s

    def json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "cores": self.cores,
            "footage_s": self.footage_s,
            "wall_s": round(self.cost.wall_s, 3),
            "cpu_s": round(self.cost.cpu_s, 3),
            "real_time_factor": round(self.factor, 2),
            "peak_mib": round(self.cost.peak_mib, 1),
        }


class StepFailedError(Exception):
    """A measured command did not end well."""


def main() -> int:
    """Measures, prints, and ends with 0 where our batch found every stay exactly once."""
    given = _arguments()
    console = Console(stderr=given.json)
    cores = sorted(os.sched_getaffinity(0))
    console.print(_machine(cores), markup=False)
    console.print("Making the recording, or finding the one made before ...")
    footage = recording(given.minutes, OUT)
    console.print(f"{footage.files.video.relative_to(ROOT)}: {footage.files.video.stat().st_size / 1e6:.0f} MB")
    try:
        result = _measure(footage, given, cores, console)
    except StepFailedError as error:
        console.print(str(error), markup=False, style="red")
        return 1
    (OUT / "result.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if given.json:
        print(json.dumps(result, indent=1))
    return 0 if result["stays"]["ours"]["right"] else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="length of the recording, a multiple of ten (30)")
    parser.add_argument("--peer-minutes", type=int, default=10, help="how much of it the peer script gets (10)")
    parser.add_argument(
        "--model", default=str(SHARED_MODEL) if SHARED_MODEL.exists() else "yolov3-tiny", help="path or catalog name"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    if given.minutes <= 0 or given.minutes % 10 or not 0 < given.peer_minutes <= given.minutes:
        parser.error("--minutes must be a multiple of ten, and --peer-minutes between 1 and that")
    return given


def _measure(footage: Recording, given: argparse.Namespace, cores: list[int], console: Console) -> dict[str, Any]:
    video, seconds = footage.files.video, float(footage.scene.seconds)
    truth = json.loads(footage.files.truth.read_text(encoding="utf-8"))
    one = cores[-1:]
    python = sys.executable
    # Once through the page cache, so that the first step does not pay for the disk.
    with video.open("rb") as file:
        while file.read(1 << 24):
            pass
    rows: dict[str, Row] = {}

    def step(key: str, name: str, command: list[str], on: list[int], footage_s: float) -> Measured:
        console.print(f"  {name} ...")
        cost = run(command, on, folder=ROOT)
        if cost.returncode:
            raise StepFailedError(f"{name} failed with {cost.returncode}:\n{cost.err[-2000:] or cost.out[-2000:]}")
        rows[key] = Row(name, len(on), footage_s, cost)
        return cost

    limits = [python, "-m", "bench.limits"]
    step("every", "decode every frame", [*limits, "every", str(video)], one, seconds)
    step("keyframes", "decode keyframes", [*limits, "keyframes", str(video)], one, seconds)
    report = json.loads(step("ours", "our batch", _batch(video, 1, 1, given.model), one, seconds).out)
    # The same rule with a day's allowance: what is left is looking. The difference is what sealing costs.
    command = _batch(video, 1, 1, given.model, dwell="24h")
    step("ours_unsealed", "our batch, nothing to seal", command, one, seconds)
    if len(cores) > 1:
        command = _batch(video, len(cores), len(cores), given.model)
        step("ours_all", f"our batch, {len(cores)} cameras", command, cores, seconds * len(cores))
    peer_s = float(given.peer_minutes * MINUTE)
    command = [python, "-m", "bench.peer", str(video), given.model, "--seconds", str(peer_s)]
    peer = json.loads(step("peer", "peer script", command, one, peer_s).out)
    # A second time, because a machine with neighbours changes its pace.
    step("keyframes_again", "decode keyframes again", [*limits, "keyframes", str(video)], one, seconds)

    ours_stays = compare(expected(truth, seconds), from_report(report, truth, "bench-1"))
    peer_stays = compare(expected(truth, peer_s), from_peer(peer))
    pace = max(rows["keyframes"].factor, rows["keyframes_again"].factor)
    ratios = {
        "ours_to_keyframe_limit": rows["ours"].factor / pace,
        "ours_unsealed_to_keyframe_limit": rows["ours_unsealed"].factor / pace,
        "ours_to_peer": rows["ours"].factor / rows["peer"].factor,
    }
    looked = report["inputs"][0]
    result = {
        "machine": _machine(cores),
        "model": Path(given.model).name,
        "minutes": given.minutes,
        "peer_minutes": given.peer_minutes,
        "rows": {key: row.json() for key, row in rows.items()},
        "ratios": {key: round(value, 3) for key, value in ratios.items()},
        "keyframes_looked_at": looked["frames_looked_at"],
        "keyframes_inferred": looked["frames_inferred"],
        "stays": {"ours": _stays_json(ours_stays), "peer": _stays_json(peer_stays)},
    }
    _show(console, rows, result, ours_stays, peer_stays)
    return result


def _batch(video: Path, cameras: int, workers: int, model: str, dwell: str = f"{DWELL_S}s") -> list[str]:
    """The command a user would type, on one recording per camera, with nothing kept from earlier runs."""
    work = OUT / f"batch-{cameras}"
    shutil.rmtree(work, ignore_errors=True)
    (work / "recordings").mkdir(parents=True)
    names = [f"bench-{number + 1}" for number in range(cameras)]
    for name in names:
        os.link(video, work / "recordings" / f"{name}.mp4")
    write_site(work / "site.yaml", names, dwell)
    return [
        str(Path(sys.executable).parent / "streetproof"), "batch", str(work / "site.yaml"), str(work / "recordings"),
        "--out", str(work / "out"), "--key", str(work / "key.pem"), "--workers", str(workers), "--model", model,
        "--json",
    ]  # fmt: skip


def _stays_json(stays: Comparison) -> dict[str, Any]:
    return {
        "right": stays.right,
        "expected": len(stays.found),
        "found_once": sum(len(cases) == 1 for _, cases in stays.found),
        "split": sum(len(cases) > 1 for _, cases in stays.found),
        "missed": sum(not cases for _, cases in stays.found),
        "surplus": len(stays.surplus),
        "each": [
            {
                "stay": stay.name,
                "true": [stay.arrived_s, stay.departed_s],
                "cases": [[round(case.arrived_s, 1), round(case.departed_s, 1)] for case in cases],
            }
            for stay, cases in stays.found
        ],
    }


def _show(console: Console, rows: dict[str, Row], result: dict[str, Any], ours: Comparison, peer: Comparison) -> None:
    table = Table(title="1080p25 H.264, keyframe every 2 s", title_justify="left", box=None)
    for column in ("step", "cores", "footage", "wall", "CPU", "real time", "peak memory"):
        table.add_column(column, justify="left" if column == "step" else "right")
    for row in rows.values():
        cost = row.cost
        table.add_row(
            row.name, str(row.cores), f"{row.footage_s:.0f} s", f"{cost.wall_s:.1f} s", f"{cost.cpu_s:.1f} s",
            f"{row.factor:.1f}×", f"{cost.peak_mib:.0f} MiB",
        )  # fmt: skip
    console.print(table)
    ratios = result["ratios"]
    console.print(
        f"ours / keyframe limit: {ratios['ours_to_keyframe_limit']:.0%} "
        f"(nothing to seal: {ratios['ours_unsealed_to_keyframe_limit']:.0%})   "
        f"ours / peer: {ratios['ours_to_peer']:.1f}×   "
        f"model run on {result['keyframes_inferred']} of {result['keyframes_looked_at']} keyframes"
    )
    by_stay = {stay.name: cases for stay, cases in peer.found}
    table = Table(title="Stays that break the rule (seconds)", title_justify="left", box=None)
    for column in ("stay", "true", "ours", "peer"):
        table.add_column(column)
    for stay, cases in ours.found:
        of_peer = _spans(by_stay[stay.name]) if stay.name in by_stay else "(not in its part)"
        table.add_row(stay.name, f"{stay.arrived_s:.0f}-{stay.departed_s:.0f}", _spans(cases), of_peer)
    for name, stays in (("ours", ours), ("peer", peer)):
        for case in stays.surplus:
            table.add_row(f"none ({name})", "", *((_spans((case,)), "") if name == "ours" else ("", _spans((case,)))))
    console.print(table)


def _spans(cases: tuple[Any, ...]) -> str:
    return ", ".join(f"{case.arrived_s:.0f}-{case.departed_s:.0f}" for case in cases) or "missed"


def _machine(cores: list[int]) -> str:
    name = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            name = line.split(":", 1)[1].strip()
            break
    quota = _cgroup_cpus()
    limit = f", limited to {quota:g} by its cgroup" if quota is not None and quota < len(cores) else ""
    return (
        f"{name}, {len(cores)} of {os.cpu_count()} cores usable{limit}, Linux {platform.release()}, "
        f"Python {platform.python_version()}, PyAV {av.__version__}, ONNX Runtime {onnxruntime.__version__}"
    )


def _cgroup_cpus() -> float | None:
    """How many cores' worth of time this process may use, where a cgroup (v2) limits it."""
    try:
        own = Path("/proc/self/cgroup").read_text().strip().splitlines()[-1].split(":", 2)[2]
        quota, period = (Path("/sys/fs/cgroup") / own.lstrip("/") / "cpu.max").read_text().split()
    except (OSError, IndexError, ValueError):
        return None
    return None if quota == "max" else int(quota) / int(period)


if __name__ == "__main__":
    sys.exit(main())
