"""`python -m tests.soak --hours 6`: simulated hours of a daemon, and whether anything grew. Ends with 1 if so."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path

import structlog

from tests.soak.daemon import SoakDaemon
from tests.soak.steady import LONG, MIB, growing
from tests.soak.street import street

_SAMPLE_S = 300
_SAMPLES = 100
"""At the most: readings are kept, and are part of what they read."""
_WARM_UP_H = 0.75
"""Until footage is deleted as fast as it comes, allocators have what they need, and every part was used once."""
_SHOWN = ("blocks", "objects", "threads", "handles", "segments free to go", "segment rows", "gap rows", "case rows",
          "tombstone lines", "state bytes")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=6, help="simulated hours after the first 45 minutes (6)")
    parser.add_argument("--cameras", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1, help="of when connections end")
    parser.add_argument("--folder", type=Path, help="where to work; what is left there is not removed")
    given = parser.parse_args()
    if given.hours < 1 or given.cameras < 1:
        parser.error("at least one hour and one camera")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="streetproof-soak-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        return _soak(folder, given)


def _soak(folder: Path, given: argparse.Namespace) -> int:
    clip = street(folder / "street.mp4")
    began = time.monotonic()
    sample_s = max(_SAMPLE_S, given.hours * 3600 / _SAMPLES)
    with SoakDaemon(folder, clip, cameras=given.cameras, seed=given.seed) as daemon:
        daemon.run(_WARM_UP_H, sample_s=_SAMPLE_S)
        daemon.readings.clear()
        print("   hours  RSS MiB  malloc MiB  " + "  ".join(_SHOWN), flush=True)
        left = given.hours
        while left > 0:
            daemon.run(min(left, 0.5), sample_s=sample_s)
            left -= 0.5
            now = daemon.readings[-1]
            shown = "  ".join(f"{now[name]:>{len(name)}.0f}" for name in _SHOWN)
            taken = now["malloc bytes"] / MIB
            print(f"{now['hours']:>8.2f}  {now['resident bytes'] / MIB:>7.1f}  {taken:>10.2f}  {shown}", flush=True)
        grown = growing(daemon.readings, LONG)
        print(f"{given.hours:g} hours in {time.monotonic() - began:.0f} s; {daemon.counts}, {daemon.hub.cases} cases")
    for name, how in grown.items():
        print(f"GROWS: {name} {how}")
    if not grown:
        print("Nothing grows that must not.")
    return 1 if grown else 0


if __name__ == "__main__":
    sys.exit(main())
