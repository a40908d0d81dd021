"""What every bundle in the making needs: packed, brought to disk, and nothing left behind by a killed run."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from evidence_export.bag import zipform
from evidence_export.bag.digest import Digests
from evidence_export.errors import SealError
from streams.recorder.durable import sync_folder


def pack(draft: Path, packed: Path, name: str, digests: Mapping[str, Digests] | None = None) -> None:
    """Write the files of `draft`, each below `name`/, to the zip `packed`; on disk when this returns.

    `digests`: of every file by its path, with CRC-32, where they are known. Raises SealError for more than a zip of
    this form can hold, OSError.
    """
    if digests is None:
        digests = zipform.digests_of(draft)
    try:
        with packed.open("wb") as out:
            zipform.write_zip(out, draft, name, digests)
            out.flush()
            os.fsync(out.fileno())
    except ValueError as error:
        raise SealError(
            f"the bundle cannot be packed as a zip ({error})", where=str(packed), remedy="Keep it as a folder"
        ) from error


def sync(folder: Path) -> None:
    """Bring a folder with all that is in it to disk."""
    for parent, _, names in os.walk(folder, topdown=False):
        for name in names:
            with (Path(parent) / name).open("rb") as stream:
                os.fsync(stream.fileno())
        sync_folder(Path(parent))


def discard(path: Path) -> None:
    """Remove a file or folder, where there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def clear(folder: Path) -> list[OSError]:
    """Remove all drafts in a folder into which nobody seals now; returns what could not be removed, and why."""
    refused = []
    for draft in sorted(folder.glob("*.partial")):
        try:
            discard(draft)
        except OSError as error:
            refused.append(error)
    return refused
