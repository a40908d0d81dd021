"""`python -m tests.faults SCENARIO`: stops a sealing at every step, or breaks every step, and looks what is left.

The steps are those that leave something outside the process: each file made, written, synced, renamed, removed, each
commit of a database with its writes. What is below the data folder is counted, whoever does it (shim.c).

`--mode stop` goes once through all steps. In front of each the process stands still and the folder is copied: that is
what its death there leaves. `--mode kill` kills it, which takes a run for each step.

`daemon-postgresql` starts a server of its own. There each message that is sent to it is a step, and `eio` breaks the
connection at that one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

from tests.faults.server import VARIABLE
from tests.faults.shim import Control, build
from tests.postgres import cluster

SCENARIOS = ("batch", "daemon", "daemon-postgresql", "daemon-zip")
MODES = ("eio", "enospc", "kill", "stop", "torn")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("scenario", choices=SCENARIOS)
    parser.add_argument("--folder", type=Path, required=True, help="where to work; made")
    parser.add_argument(
        "--mode", type=_mode, action="append", metavar=f"{{{','.join(MODES)}}}[=N]",
        help="how a step breaks, and at how many of them, all kinds among them; all ways at all steps without",
    )  # fmt: skip
    parser.add_argument("--at", type=int, action="append", help="these steps only")
    parser.add_argument("--around", metavar="KIND", help="the steps of this kind only, and the one behind each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--model", help="of the scenario batch")
    given = parser.parse_args()
    on_server = given.scenario == "daemon-postgresql"
    modes = dict(given.mode or [(name, None) for name in MODES if not (on_server and name == "stop")])
    if on_server and "stop" in modes:
        parser.error("a server's database cannot be copied while it is used: take --mode kill")
    if "FAULTS_CONTROL" not in os.environ:
        given.folder.mkdir(parents=True, exist_ok=True)
        control = Control(given.folder / "control")
        environment = {**os.environ, **control.environment(build(), given.folder / "steps.log")}
        environment["STREETPROOF_KEYS"] = str(given.folder / "keys")
        command = [sys.executable, "-m", "tests.faults", *sys.argv[1:]]
        with cluster() if on_server else nullcontext() as server:
            if server is not None:
                environment[VARIABLE] = f"{server.port}:{server.folder}"
            return subprocess.run(command, env=environment, check=False).returncode
    from tests.faults.runner import Runner  # imports most of the program, which the process above does not need

    found = Runner(given.scenario, given.folder, given.model).run(
        modes, random.Random(given.seed), at=given.at, around=given.around
    )
    print(json.dumps(found, ensure_ascii=False, indent=1))
    return 1 if found["failures"] else 0


def _mode(text: str) -> tuple[str, int | None]:
    """`kill`, or `kill=20`: at 20 steps."""
    name, _, sample = text.partition("=")
    if name not in MODES:
        raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(MODES)}")
    return name, int(sample) if sample else None


if __name__ == "__main__":
    sys.exit(main())
