"""Errors of the recorder."""

from __future__ import annotations

import errno
import os

from streams.errors import StreamsError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class RecorderError(StreamsError):
    """A segment that could not be written, recovered or read. `errno` is the system's number where it gave one."""

    def __init__(self, what: str, *, where: str = "", remedy: str = "", errno: int | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy)
        self.errno = errno

    @property
    def disk_full(self) -> bool:
        """There is no room, or the quota or the largest size of a file is reached: try again once there is."""
        return self.errno in _FULL

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.what, self.where, self.remedy, self.errno)


def _rebuild(what: str, where: str, remedy: str, number: int | None) -> RecorderError:
    return RecorderError(what, where=where, remedy=remedy, errno=number)


def from_os(error: OSError, where: object, doing: str = "written") -> RecorderError:
    """What the operating system said, with what an operator can do about it."""
    remedy = "Check the disk and who may write to the folder of recordings"
    if error.errno in _FULL:
        remedy = "Make room: shorten the retention of footage, or give the recordings a larger disk"
    text = error.strerror or (os.strerror(error.errno) if error.errno else str(error))
    return RecorderError(f"cannot be {doing}: {text}", where=str(where), remedy=remedy, errno=error.errno)
