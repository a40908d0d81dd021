"""`python -m bench.verifying`: how fast a large bundle is verified, against the speed of hashing its bytes alone.

The raw hash is SHA-256 and SM3 of the same bytes, which the format demands, with the same library; SHA-256 alone is
stated beside it. All are measured in turns within one run: what counts are the ratios.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.console import Console
from rich.table import Table

from bench.live.footage import footage
from bench.sealing import file_case
from evidence_export.bag.digest import CHUNK
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from streams.instant import Instant, TimeSource
from tests.streams.recorder.feeding import START_NS

OUT = Path(__file__).parent / "out"
_MEGABYTE = 1e6


def main() -> int:
    """Seals a bundle, as a folder and as a zip, and reads it in several ways."""
    parser = argparse.ArgumentParser(prog="python -m bench.verifying", description=__doc__)
    parser.add_argument("--kbit", type=int, default=9000, help="bit rate of its five minutes; 9000 makes 340 MB")
    parser.add_argument("--turns", type=int, default=5, help="the fastest of so many counts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given = parser.parse_args()
    console = Console(stderr=given.json)
    clip = footage(OUT / "sealing", minutes=5, kbit_s=given.kbit)
    with tempfile.TemporaryDirectory(dir=OUT / "sealing") as out:
        signer = Ed25519Signer(Ed25519PrivateKey.generate())
        at = Instant(START_NS, TimeSource.ARRIVAL, 0)
        folder = seal(file_case(clip), Path(out) / "folder", signer, at).path
        packed = seal(file_case(clip), Path(out) / "zip", signer, at, as_zip=True).path
        found = _measure(folder, packed, signer.fingerprint, given.turns)
    if given.json:
        print(json.dumps(found, indent=1))
        return 0
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("what", "figure"):
        table.add_column(name)
    for name, value in found.items():
        table.add_row(name, str(value))
    console.print(table)
    return 0


def _measure(folder: Path, packed: Path, key: str, turns: int) -> dict[str, object]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    size = sum(path.stat().st_size for path in files)

    def verified(path: Path) -> None:
        assert verify(path, trusted_key=key).ok

    ways: dict[str, Callable[[], object]] = {
        "SHA-256": lambda: _hashed(files, "sha256"),
        "SHA-256 and SM3": lambda: _hashed(files, "sha256", "sm3"),
        "verify, folder": lambda: verified(folder),
        "verify, zip": lambda: verified(packed),
    }
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(turns):
        for name, way in ways.items():
            started = time.process_time()
            way()
            best[name] = min(best[name], time.process_time() - started)
    found: dict[str, object] = {"MB": round(size / _MEGABYTE, 1), "files": len(files)}
    found |= {f"{name}, MB/s of CPU": round(size / _MEGABYTE / seconds) for name, seconds in best.items()}
    for name in ("verify, folder", "verify, zip"):
        found[f"{name} / SHA-256 and SM3"] = round(best["SHA-256 and SM3"] / best[name], 3)
        found[f"{name} / SHA-256 alone"] = round(best["SHA-256"] / best[name], 3)
    return found


def _hashed(files: list[Path], *names: str) -> list[str]:
    """All digests of all files, read in the pieces in which the verifier reads."""
    found = []
    for path in files:
        states = [hashlib.new(name) for name in names]
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                for state in states:
                    state.update(chunk)
        found += [state.hexdigest() for state in states]
    return found


if __name__ == "__main__":
    sys.exit(main())
