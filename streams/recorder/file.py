"""The file of one segment while it is written: libav's bytes, hashed on the way, with our two records among them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from streams.recorder.boxes import MAX_HEAD, OPENING, head_end, uuid_box
from streams.recorder.durable import lock, make_folder, publish
from streams.recorder.errors import RecorderError, from_os
from streams.recorder.hashes import Hasher, Hashes
from streams.recorder.names import partial_of


class SegmentFile:
    """A file object for a muxer, write-only and without seeking.

    Every byte goes to the operating system at once, so that a crash of this process loses nothing that was flushed.
    After a failure `error` is set and what follows is swallowed: an exception must not travel through libav's C code.
    """

    def __init__(self, final: Path, opening: bytes) -> None:
        """Make `final` with `.partial` behind its name; raises RecorderError. `opening` is put behind `moov`."""
        self.partial = partial_of(final)
        self.error: RecorderError | None = None
        self._final = final
        self._opening = uuid_box(OPENING, opening)
        self._head: bytearray | None = bytearray()
        self._hasher = Hasher()
        self._handle: int | None = None
        try:
            make_folder(final.parent)
            if os.path.lexists(final):
                raise RecorderError(
                    "exists already, and is never overwritten",
                    where=str(final),
                    remedy="See whether another process records this camera into the same folder",
                )
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            self._handle = os.open(self.partial, flags, 0o640)
            lock(self._handle)
        except OSError as error:
            self._close()
            raise from_os(error, self.partial) from error

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._hasher.size

    def write(self, data: bytes) -> int:
        """Called by libav; takes everything, whatever becomes of it."""
        data = bytes(data)
        if self._head is not None:
            self._head += data
            try:
                end = head_end(self._head)
            except ValueError as error:
                self._fail(RecorderError(f"libav wrote {error}", where=str(self.partial)))
                return len(data)
            if end is not None:
                head, self._head = bytes(self._head), None
                self._write(head[:end] + self._opening + head[end:])
            elif len(self._head) > MAX_HEAD:
                self._fail(RecorderError("libav wrote no moov", where=str(self.partial)))
        else:
            self._write(data)
        return len(data)

    def finish(self, closing: bytes) -> Hashes:
        """Append the closing box and bring the file to the disk under its name. Raises RecorderError."""
        self._write(closing)
        if self.error is None and self._head is not None:
            self.error = RecorderError("libav wrote no moov", where=str(self.partial))
        if self.error is not None or self._handle is None:
            self._close()
            raise self.error or RecorderError("was closed before", where=str(self.partial))
        try:
            os.fsync(self._handle)
            publish(self.partial, self._final)
        except OSError as error:
            raise from_os(error, self.partial) from error
        finally:
            self._close()
        return self._hasher.result()

    def abandon(self) -> None:
        """Leave what was written as it is, for recovery."""
        self._fail(RecorderError("was abandoned", where=str(self.partial)))
        self._close()

    def discard(self) -> None:
        """Remove what holds no packet yet."""
        self.abandon()
        with suppress(OSError):
            self.partial.unlink()

    def _write(self, data: bytes) -> None:
        if self.error is not None or self._handle is None:
            return
        rest = memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._handle, rest) :]
        except OSError as error:
            self._fail(from_os(error, self.partial))
            return
        self._hasher.update(data)

    def _fail(self, error: RecorderError) -> None:
        if self.error is None:
            self.error = error

    def _close(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
