"""`verify.pyz`: the verifier of `evidence_export.verifier` and what it stands on, in one file for Python (PEP 441).

It is a zip of the form that bundles have: stored, sorted, without a clock. So it is the same on every machine that runs
the same version of this software, and whoever gets one can compare it with one from elsewhere.
"""

from __future__ import annotations

import zlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from evidence_export.bag.zipform import ZipMember, structure
from streetproof.version import __version__

NAME = "verify.pyz"
_FOLDERS = (("evidence_export", "bag"), ("evidence_export", "verifier"))
_FILES = (
    ("evidence_export", "__init__.py"),
    ("evidence_export", "errors.py"),
    ("evidence_export", "ledger/__init__.py"),
    ("evidence_export", "ledger/checkpoint.py"),
    ("evidence_export", "ledger/entry.py"),
    ("evidence_export", "ledger/tree.py"),
    ("streetproof", "__init__.py"),
    ("streetproof", "errors.py"),
)
_MAIN = f'''"""Verifies evidence bundles: python3 verify.pyz PATH. Of Streetproof {__version__}, Apache-2.0."""
import sys

if sys.version_info < (3, 11):
    sys.exit("verify.pyz needs Python 3.11 or newer; this is %d.%d" % sys.version_info[:2])

from evidence_export.verifier.__main__ import main

sys.exit(main(prog="python3 verify.pyz"))
'''


@cache
def pyz_bytes() -> bytes:
    """The whole file. Made once: every case that is sealed takes it."""
    contents = {"__main__.py": _MAIN.encode()}
    for package, name in _FILES:
        contents[f"{package}/{name}"] = files(package).joinpath(name).read_bytes()
    for package, folder in _FOLDERS:
        contents |= _sources(files(package).joinpath(folder), f"{package}/{folder}")
    names = sorted(contents)
    parts = structure([ZipMember(name, len(contents[name]), zlib.crc32(contents[name])) for name in names])
    return b"".join(
        part.data + (contents[name] if name else b"") for part, name in zip(parts, _padded(names), strict=True)
    )


def _sources(folder: Traversable, inside: str) -> dict[str, bytes]:
    return {f"{inside}/{one.name}": one.read_bytes() for one in folder.iterdir() if one.name.endswith(".py")}


def _padded(names: list[str]) -> list[str]:
    """A name for each local header, and none for what follows: the directory, and its end."""
    return [*names, *[""] * (len(names) + 1)]
