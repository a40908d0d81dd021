"""Whether something grows: readings over time, and a verdict that a slow leak cannot hide from."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MIB = 1 << 20


@dataclass(frozen=True)
class Allowed:
    """How much a figure may grow from the middle of the first third of the readings to that of the last."""

    by: float
    share: float = 0.0
    """... or by so much of what it was, whichever is more."""


PROCESS = {
    # Allocators keep what they once had and hand out pages in large pieces: resident memory steps, and then stays.
    "resident bytes": Allowed(16 * MIB),
    # Exact, and of everything: Python's own small blocks, and what C libraries and large objects took from malloc.
    "blocks": Allowed(4_000),
    "malloc bytes": Allowed(MIB),
    "objects": Allowed(1500),
    "threads": Allowed(0),
    "handles": Allowed(2),
}

STEADY = PROCESS | {
    # Held footage apart: that stays with its case.
    "segments free to go": Allowed(20),
    "partial files": Allowed(1),
    "engine_state rows": Allowed(0),
    "footage rows": Allowed(0),
    "view_fault rows": Allowed(0),
    "notice rows": Allowed(0),
    "notice_delivery rows": Allowed(0),
    "recording rows": Allowed(0),
    "run rows": Allowed(0),
    # Of cases whose plate was looked for, and here the site asks for none.
    "vehicle rows": Allowed(0),
    "recheck rows": Allowed(0),
    # Of cases that people hold, and of those whose time was up: months, where this runs for hours.
    "case_hold rows": Allowed(0),
    "deleted_case rows": Allowed(0),
    # What waits for the ledger is entered within seconds.
    "happening rows": Allowed(0),
    "happening_source rows": Allowed(0),
    "alembic_version rows": Allowed(0),
    # An engine with a stay says more than one without, and a view that was learnt more than one that is new.
    "state bytes": Allowed(4_000),
    "view bytes": Allowed(4_000),
}
LONG = STEADY | {"blocks": Allowed(4_000 + 16_384)}
"""Over many hours: pydantic keeps up to 16,384 short strings that it has met in JSON, and fills that slowly."""
MUST_GROW = frozenset({"segment rows", "gap rows", "finding rows", "hold rows", "case rows"})
"""Tables with a row for each thing that happened: of footage and gaps until they are forgotten, of cases for ever."""


def process_figures() -> dict[str, float]:
    """Of this process: what `PROCESS` names."""
    gc.collect()
    return {
        "resident bytes": int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE"),
        "blocks": sys.getallocatedblocks(),
        "malloc bytes": _malloc_bytes(),
        "objects": len(gc.get_objects()),
        "threads": max(threading.active_count(), len(os.listdir("/proc/self/task"))),
        "handles": len(os.listdir("/proc/self/fd")),
    }


class _Mallinfo(ctypes.Structure):
    """`struct mallinfo2` (mallinfo(3)), glibc 2.33 and newer; summed over all arenas."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            "arena",
            "ordblks",
            "smblks",
            "hblks",
            "hblkhd",
            "usmblks",
            "fsmblks",
            "uordblks",
            "fordblks",
            "keepcost",
        )
    )


def _malloc_bytes() -> int:
    """What is in use of what was taken from malloc, in whatever way it was."""
    mallinfo = ctypes.CDLL(None).mallinfo2
    mallinfo.restype = _Mallinfo
    found = mallinfo()
    return int(found.uordblks) + int(found.hblkhd)


def growing(readings: Sequence[Mapping[str, float]], allowed: Mapping[str, Allowed]) -> dict[str, str]:
    """What grows, and from what to what. Nothing: it is steady.

    Compared are medians of the first and of the last third, so that neither a peak nor a dip decides. Leave the
    warm-up out before. Raises ValueError where there are too few readings to tell anything.
    """
    if len(readings) < 6:
        raise ValueError(f"{len(readings)} readings tell nothing")
    third = len(readings) // 3
    found = {}
    for name, limit in allowed.items():
        values = [reading[name] for reading in readings if name in reading]
        if not values:
            continue
        first, last = median(values[:third]), median(values[-third:])
        if last - first > max(limit.by, limit.share * first):
            found[name] = f"from {first:,.0f} to {last:,.0f}"
    return found
