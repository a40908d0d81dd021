"""`python -m bench.ledger`: how fast the ledger takes entries, and how fast it proves and checks what it holds."""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from evidence_export.bag import pubkey
from evidence_export.keys import Ed25519Signer
from evidence_export.ledger import tree
from evidence_export.ledger.check import check
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.ledger.log import Ledger
from streetproof.store.ledger.database import SqlLedger

_AT = "2026-11-29T04:00:00Z"
_PROOFS = 200


def main() -> int:
    """Fills a ledger on disk, each batch durable, then proves and checks."""
    parser = argparse.ArgumentParser(prog="python -m bench.ledger", description=__doc__)
    parser.add_argument("--entries", type=int, default=200_000)
    parser.add_argument("--batch", type=int, default=500, help="entries that are added at once")
    parser.add_argument("--folder", type=Path, help="where to put the ledger; a folder in the system's one otherwise")
    parser.add_argument("--no-check", action="store_true", help="do not read it all at the end")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = _measure(Path(folder) / "ledger.db", given, console)
    if given.json:
        print(json.dumps(found, indent=1))
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("what", "figure"):
            table.add_column(name)
        for name, value in found.items():
            table.add_row(name, str(value))
        console.print(table)
    return 0


def _measure(path: Path, given: argparse.Namespace, console: Console) -> dict[str, object]:
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    with SqlLedger.open_file(path, "bench") as store:
        ledger = Ledger(store)
        started, told = time.perf_counter(), 0.0
        for first in range(0, given.entries, given.batch):
            ledger.add([_segment(n) for n in range(first, min(first + given.batch, given.entries))])
            if time.perf_counter() - told > 10:
                told = time.perf_counter()
                console.print(f"{first + given.batch} entries, {told - started:.0f} s", markup=False)
        filled = time.perf_counter() - started
        ledger.checkpoint(signer, _AT)
        random, size = Random(1), ledger.size()
        root = ledger.root(size)
        included = _timed(lambda: _proven(ledger, random.randrange(size), size, root))
        consistent = _timed(lambda: ledger.consistency(random.randrange(1, size), size))
        found: dict[str, object] = {
            "entries": size,
            "batch": given.batch,
            "entries per second": round(size / filled),
            "bytes per entry": round(path.stat().st_size / size),
            "inclusion proof, ms (median, most)": included,
            "consistency proof, ms (median, most)": consistent,
        }
        if not given.no_check:
            started = time.perf_counter()
            faults = list(check(store, [pubkey.from_pem(signer.public_key_pem)]))
            found["checked, entries per second"] = round(size / (time.perf_counter() - started))
            found["faults"] = len(faults)
        return found


def _segment(number: int) -> Happening:
    data: dict[str, int | str] = {"sha256": f"{number:064x}", "sm3": f"{number:064x}", "bytes": 1_000_000 + number}
    return Happening(Kind.SEGMENT_CLOSED, _AT, "daemon", f"camera-{number % 64:02d}/{number}.mkv", dict(data))


def _proven(ledger: Ledger, seq: int, size: int, root: tree.Hash) -> None:
    if not ledger.inclusion(seq, size).leads_to(root):
        raise RuntimeError(f"entry {seq} is not proven")


def _timed(what: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(_PROOFS):
        started = time.perf_counter()
        what()
        times.append((time.perf_counter() - started) * 1000)
    return [round(statistics.median(times), 2), round(max(times), 2)]


if __name__ == "__main__":
    sys.exit(main())
