"""Where a passphrase or PIN comes from. It is read when it is needed, handed on, and never kept, shown or logged."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from evidence_export.errors import SigningKeyError

_MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class SecretSource:
    """An environment variable, or a file whose first line is the secret: exactly one of the two.

    Holds only their names, so it may be printed and sent to another process.
    """

    env: str | None = None
    file: Path | None = None

    def __post_init__(self) -> None:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret comes from a variable or from a file: give exactly one")

    @property
    def where(self) -> str:
        """The place, for messages."""
        return f"environment variable {self.env}" if self.file is None else str(self.file)

    def read(self) -> str:
        """The secret. Raises SigningKeyError, which names the place and nothing that stands there."""
        value = os.environ.get(self.env or "") if self.file is None else self._first_line(self.file)
        if value is None:
            raise SigningKeyError(
                "the variable that should hold the passphrase or PIN of a key is not set",
                where=self.where,
                remedy="Set it where the program is started, or give a file instead",
            )
        if not value or not value.isprintable():
            what = "holds a control character" if value else "is empty"
            raise SigningKeyError(
                f"the passphrase or PIN of a key {what}",
                where=self.where,
                remedy="It stands alone in the first line, as plain UTF-8 text",
            )
        return value

    def _first_line(self, path: Path) -> str:
        try:
            # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise self._refused(f"cannot be opened ({error.strerror})") from error
        try:
            status = os.fstat(handle)
            if not stat.S_ISREG(status.st_mode):
                raise self._refused("is no regular file")
            if status.st_mode & 0o007:
                mode = stat.S_IMODE(status.st_mode)
                raise self._refused(f"may be read or changed by everybody on this machine (mode {mode:04o})")
            content = os.read(handle, _MAX_BYTES + 1)
        except OSError as error:
            raise self._refused(f"cannot be read ({error.strerror})") from error
        finally:
            os.close(handle)
        if len(content) > _MAX_BYTES:
            raise self._refused(f"is larger than {_MAX_BYTES} bytes")
        try:
            return content.partition(b"\n")[0].removesuffix(b"\r").decode("utf-8")
        except UnicodeDecodeError:
            # Not chained: the original error carries the bytes.
            raise self._refused("is not UTF-8 text") from None

    def _refused(self, what: str) -> SigningKeyError:
        return SigningKeyError(
            f"the file with the passphrase or PIN of a key {what}",
            where=self.where,
            remedy="Give a plain file of mode 0600 that belongs to the user of the program",
        )
