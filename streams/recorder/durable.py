"""Bringing files and folders to the disk, in an order that a crash cannot turn into a lie."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

READ_ONLY = 0o440
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS})


def sync_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk. Raises OSError."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_whole(place: Path, data: bytes) -> None:
    """Put a small file in the place of what is there, so that either the old or the new one is on the disk, whole.

    Raises OSError.
    """
    partial = place.with_name(place.name + ".partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(place)
    sync_folder(place.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, durably. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    try:
        folder.mkdir(mode=0o750)
    except FileExistsError:
        return
    sync_folder(folder.parent)


def lock(handle: int) -> bool:
    """Mark an open file as being written, until it is closed or its process ends; False: another process does.

    Some network disks know no locks. Recording goes on without them there. Raises OSError for anything else.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    return True


def publish(partial: Path, final: Path) -> None:
    """Give a complete file that is on the disk its final name, and take the right to write it away.

    Raises FileExistsError where the name is taken: a segment is never replaced. Raises OSError.
    """
    # Only the one recorder of a camera makes such names, so nobody takes it between the look and the renaming.
    if os.path.lexists(final):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(final))
    partial.rename(final)
    sync_folder(final.parent)
    final.chmod(READ_ONLY)
