"""What the ways of fetching have in common: how progress is told, and how files are written."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from models.errors import FetchError, ModelRefusedError

PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a pull has come."""

    stage: str
    """One of `download`, `extract`, `convert`, `check`."""
    done: int
    total: int
    """Bytes for a download, steps otherwise."""


Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Tells nobody."""


def redacted(url: str) -> str:
    """`url` without its user, password, query and fragment: fit for messages and logs."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def verify(data: bytes, sha256: str, what: str, where: str) -> None:
    """Raises ModelRefusedError where `data` does not have this SHA-256."""
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise ModelRefusedError(
            f"{what} has SHA-256 {found}, expected {sha256}",
            where=where,
            remedy="It was changed on its way or at its source. Nothing was installed.",
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Create `folder`, hold its lock, and clear away what an interrupted pull left. Raises FetchError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / ".lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # Whoever holds the lock is alone: every partial file belongs to a process that is gone.
            for partial in folder.glob(f"*{PARTIAL}"):
                partial.unlink(missing_ok=True)
            yield
    except OSError as error:
        raise FetchError(
            f"the folder for models cannot be written ({error.strerror})",
            where=str(folder),
            remedy="Free some space, or name another folder with STREETPROOF_MODELS.",
        ) from error


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` at `path` whole or not at all, also across a power cut. Call it inside `locked`."""
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=PARTIAL, delete=False) as file:
        try:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            os.chmod(file.fileno(), 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
