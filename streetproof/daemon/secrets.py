"""Passwords: read from the environment or from a file, carried as `Secret`, and never written anywhere.

A `Secret` shows itself as `***`. Every process that holds one also knows its value as something to leave out of logs
(`redact`): that is the second net, for texts of libraries that repeat an address or a header.
"""

from __future__ import annotations

import hmac
import os
import re
import stat
import threading
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import final
from urllib.parse import quote

from streetproof.errors import StreetproofError
from streetproof.settings.live import Credentials, Webhook

MASK = "***"
_MAX_FILE = 64 * 1024
_MAX_LENGTH = 1024
_MAX_KNOWN = 8192
_SHORT = 6
"""A shorter value is only left out where it stands alone: `1234` must not eat holes into every number of a log."""

_ANY_WORD = r"[^\s/@\"'<>]"
_USER_INFO = re.compile(
    # user:password@ where the password holds `/`; but //host:554/live@2 is a port and a path, //[::1]/a@2 an address
    rf"(?<=//)(?:(?!\[){_ANY_WORD}+?:(?!\d{{1,5}}(?:/|$))[^\s\"'<>]*@|{_ANY_WORD}*@)"
)


class SecretError(StreetproofError):
    """A password that cannot be read. Says which variable or file, and never what is in it."""


@final
class Secret:
    """A password. Its text and repr are `***`; `reveal()` gives it to whoever must send it.

    Equal secrets compare equal, so that a reload can tell whether a password changed. It can be pickled, to reach a
    camera's process through a pipe: never put it into arguments or environment of a process.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _known.add(value)

    def reveal(self) -> str:
        """The password itself."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        return Secret, (self._value,)


def password_of(credentials: Credentials, site_file: Path, *, environ: Mapping[str, str] = os.environ) -> Secret | None:
    """The password that the settings point at, read now; None where none is set.

    A relative `password_file` is relative to the folder of `site_file`. Raises SecretError.
    """
    return _read(credentials.password_env, credentials.password_file, site_file, environ)


def signing_secret_of(webhook: Webhook, site_file: Path, *, environ: Mapping[str, str] = os.environ) -> Secret:
    """The secret that notices to `webhook` are signed with. Raises SecretError."""
    secret = _read(webhook.secret_env, webhook.secret_file, site_file, environ)
    if secret is None:  # the settings do not allow it
        raise SecretError("the webhook has no secret", where=webhook.url, remedy="Give `secret_env` or `secret_file`")
    return secret


def redact(text: str) -> str:
    """`text` without any secret of this process, and without `user:password@` in addresses."""
    if "//" in text:
        text = _USER_INFO.sub(f"{MASK}@", text)
    return _known.leave_out(text)


class _Known:
    """Values to leave out of texts: those read last, bounded, because passwords are read again at every reload."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: OrderedDict[str, re.Pattern[str] | None] = OrderedDict()
        self._longest_first: tuple[tuple[str, re.Pattern[str] | None], ...] = ()

    def add(self, value: str) -> None:
        if not value:
            return
        with self._lock:
            for form in {value, quote(value, safe=""), quote(value)}:
                alone = re.compile(rf"(?<!\w){re.escape(form)}(?!\w)") if len(form) < _SHORT else None
                self._values[form] = alone
                self._values.move_to_end(form)
            while len(self._values) > _MAX_KNOWN:
                self._values.popitem(last=False)
            # The longest first: one password may begin another.
            self._longest_first = tuple(sorted(self._values.items(), key=lambda item: -len(item[0])))

    def leave_out(self, text: str) -> str:
        for value, alone in self._longest_first:
            if value in text:
                text = text.replace(value, MASK) if alone is None else alone.sub(MASK, text)
        return text


_known = _Known()


def _read(variable: str | None, file: Path | None, site_file: Path, environ: Mapping[str, str]) -> Secret | None:
    if variable is not None:
        value = environ.get(variable)
        where = f"environment variable {variable}"
        if value is None:
            raise SecretError(
                "the variable that should hold a password is not set",
                where=where,
                remedy="Set it where this program is started, or give `password_file` instead",
            )
        return Secret(_checked(value, where))
    if file is not None:
        path = site_file.absolute().parent / file
        return Secret(_checked(_first_line(path), str(path)))
    return None


def _first_line(path: Path) -> str:
    try:
        # Without O_NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise SecretError(
            f"the password file cannot be opened: {error.strerror}",
            where=str(path),
            remedy="Check the path, and that the user of the service may read it",
        ) from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise SecretError("this is no regular file", where=str(path), remedy="Put the password into a plain file")
        if facts.st_mode & (stat.S_IROTH | stat.S_IWOTH):
            raise SecretError(
                f"everybody on this machine may read or write the password file (mode {facts.st_mode & 0o7777:04o})",
                where=str(path),
                remedy=f"chmod 640 {path}  and give it to the group of the service; then change the password",
            )
        if facts.st_size > _MAX_FILE:
            raise SecretError(
                f"the file is larger than {_MAX_FILE // 1024} KiB", where=str(path), remedy="This is no password file"
            )
        content = os.read(handle, _MAX_FILE)
    except OSError as error:
        raise SecretError(
            f"the password file cannot be read: {error.strerror}", where=str(path), remedy="Check the disk"
        ) from error
    finally:
        os.close(handle)
    # Only the end of the line goes: a password may begin or end with a space.
    line = content.partition(b"\n")[0].removesuffix(b"\r")
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        # Not chained: the original error carries the bytes.
        raise SecretError("the first line is not UTF-8 text", where=str(path), remedy="Save it as UTF-8") from None


def _checked(value: str, where: str) -> str:
    if not value:
        raise SecretError(
            "the password is empty", where=where, remedy="Write it there; a camera without one needs only `username`"
        )
    if len(value) > _MAX_LENGTH:
        raise SecretError(
            f"longer than {_MAX_LENGTH} characters", where=where, remedy="The password stands alone in the first line"
        )
    if not value.isprintable():
        raise SecretError(
            "holds a control character or a byte order mark",
            where=where,
            remedy="Save it as plain UTF-8 text without a byte order mark",
        )
    return value
