"""Files of exhibits in a data folder: kept under their SHA-256, written once, never changed.

A body-worn camera's video and a neighbour's photograph alike: what counts is that the step of the procedure names the
hash, which the ledger then proves.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from evidence_export.bag.digest import CHUNK, Hasher, digest_file
from streams.recorder.durable import sync_folder
from streetproof.errors import StreetproofError

FOLDER = "exhibits"
MAX_BYTES = 8 << 30


class ExhibitError(StreetproofError):
    """A file that cannot be kept as an exhibit, or is not what was kept."""


def keep(data: Path, source: Path) -> str:
    """Keep a copy of a file, on disk when this returns, and return its SHA-256. Twice is once. Raises ExhibitError."""
    folder = data / FOLDER
    try:
        folder.mkdir(exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".partial")
        draft = Path(name)
        try:
            hasher, size = Hasher(), 0
            with os.fdopen(descriptor, "wb") as out, source.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    if size > MAX_BYTES:
                        raise ExhibitError(f"an exhibit has no more than {MAX_BYTES >> 30} GiB", where=str(source))
                    hasher.update(chunk)
                    out.write(chunk)
                out.flush()
                os.fsync(out.fileno())
            if size == 0:
                raise ExhibitError("the file is empty", where=str(source), remedy="Check what was copied")
            sha256 = hasher.result().sha256
            try:
                os.link(draft, folder / sha256)
            except FileExistsError:
                # It counts as new: retention leaves what was handed in lately, even where no step names it yet.
                os.utime(folder / sha256)
            sync_folder(folder)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise ExhibitError(
            f"the exhibit cannot be kept ({error.strerror or error})",
            where=str(source),
            remedy="Check the path, the free space of the disk, and who may write to the data folder",
        ) from error
    found(data, sha256)
    return sha256


def found(data: Path, sha256: str) -> Path | None:
    """The file that is kept under a hash; None: there is none. Raises ExhibitError where it is not what was kept."""
    path = data / FOLDER / sha256
    try:
        if not path.is_file():
            return None
        actual = digest_file(path).sha256
    except OSError as error:
        raise ExhibitError(f"the exhibit cannot be read ({error.strerror})", where=str(path)) from error
    if actual != sha256:
        raise ExhibitError(
            "the exhibit is no longer what was kept: its SHA-256 is another",
            where=str(path),
            remedy="Bring the file back from where it came from, or from a backup",
        )
    return path
