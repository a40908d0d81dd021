"""Releases that are locked with a password, opened for as long as that is needed, and made.

What is opened lies in a folder that nobody else may enter, and that goes when the work ends, also by a signal. What was
killed outright leaves its folder, which the next one removes.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from evidence_export.bag.digest import digest_file
from evidence_export.release import age
from evidence_export.release.age import AgeError
from evidence_export.release.opening import how_to_open
from streams.recorder.durable import sync_folder
from streetproof.errors import StreetproofError

_HEAD_BYTES = 64
_PREFIX = ".opened-"
_NEW_S = 60
"""A folder may be this young without being held yet."""


class LockedError(StreetproofError):
    """A locked file that cannot be read or written."""


def is_locked(path: Path) -> bool:
    """Whether a file is locked, by what it begins with, or says so by its name."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as stream:
            return path.suffix == age.SUFFIX or age.is_locked(stream.read(_HEAD_BYTES))
    except OSError as error:
        raise _refused("read", path, error) from error


@contextmanager
def unlocked(path: Path, password: str, beside: Path | None = None) -> Iterator[Path]:
    """The zip that a locked file holds, for as long as the context lasts. `beside`: the folder in which it is opened;
    None: that for temporary files.

    Raises AgeError of any kind, LockedError where the disk refuses.
    """
    with private_folder(beside) as folder:
        name = path.name.removesuffix(age.SUFFIX).removesuffix(".zip")
        opened = folder / f"{name}.zip"
        try:
            with path.open("rb") as source, opened.open("xb") as to:
                age.unlock(source, to, password)
        except AgeError as error:
            raise type(error)(error.what, where=str(path), remedy=error.remedy) from error
        except OSError as error:
            raise _refused("opened", path, error) from error
        yield opened


def lock_into(plain: Path, final: Path, password: str) -> None:
    """Lock a file as `final`, which appears when it is whole, on disk, and was opened again with that password.

    Beside it stands in words how to open it. Raises LockedError, also where there is a file of that name, and
    AgeError where there is too little memory.
    """
    draft = final.with_name(f"{final.name}.partial")
    try:
        final.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(final):
            raise LockedError("there is a release of this name", where=str(final), remedy="Give another folder")
        with plain.open("rb") as source, draft.open("wb") as to:
            age.lock(source, to, password)
            to.flush()
            os.fsync(to.fileno())
        with unlocked(draft, password, plain.parent) as again:
            if digest_file(again).sha256 != digest_file(plain).sha256:
                raise LockedError("what was locked does not open as it was", where=str(final), remedy="Check the disk")
        told = final.with_name(f"{final.name}.README.txt")
        told.write_bytes(how_to_open(final.name, digest_file(draft).sha256))
        with told.open("rb") as stream:
            os.fsync(stream.fileno())
        draft.rename(final)
        sync_folder(final.parent)
    except OSError as error:
        raise _refused("written", final, error) from error
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def private_folder(beside: Path | None = None) -> Iterator[Path]:
    """A folder of mode 0700 that is gone afterwards; SIGTERM and SIGHUP end the work as Ctrl-C does meanwhile.

    Removes such folders of processes that were killed. `beside`: as in `unlocked`.
    """
    _remove_left(Path(tempfile.gettempdir() if beside is None else beside))
    with _ended_by_signals(), tempfile.TemporaryDirectory(prefix=_PREFIX, dir=beside) as folder:
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield Path(folder)
        finally:
            os.close(held)


def _remove_left(beside: Path) -> None:
    """Those that nobody holds: the system lets go of a lock when its process ends, however it does."""
    for folder in beside.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # somebody else's, or held
            if time.time() - folder.lstat().st_mtime < _NEW_S:
                continue
            left = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(left, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(left)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {one: signal.signal(one, end) for one in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _refused(what: str, path: Path, error: OSError) -> LockedError:
    return LockedError(
        f"it cannot be {what} ({error.strerror or error})",
        where=str(error.filename or path),
        remedy="Check the path, the free space of the disk, and who may read and write there",
    )
