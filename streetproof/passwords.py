"""Passwords of releases: where they come from, and which are too weak. Never kept, shown or logged."""

from __future__ import annotations

import getpass
import re
import sys
from collections.abc import Mapping

from streetproof.errors import StreetproofError

MIN_LENGTH = 12
_MIN_DISTINCT = 6
_MAX_LENGTH = 1024
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_HOW = "Name an environment variable that holds it, or `-` to type it (or give it as the first line of the input)"


class PasswordError(StreetproofError):
    """A password that is not there, or is too weak. The text never holds it."""


def password_from(source: str, environment: Mapping[str, str], *, new: bool = False, prompt: str = "Password: ") -> str:
    """The password of the variable `source`; `-`: typed, or the first line of the input where nobody sits there.

    `new`: it is to lock something, so that it is asked for twice and must not be weak. Raises PasswordError.
    """
    if source == "-":
        password = _typed(prompt, twice=new) if sys.stdin.isatty() else _first_line()
    else:
        # What was written is not repeated: it may be the password itself.
        if not _VARIABLE.fullmatch(source):
            raise PasswordError("that is no name of an environment variable", where="--password-from", remedy=_HOW)
        password = environment.get(source, "")
    if not password:
        raise PasswordError("there is no password", where="--password-from", remedy=_HOW)
    if not password.isprintable() or password != password.strip() or len(password) > _MAX_LENGTH:
        raise PasswordError(
            f"a password is up to {_MAX_LENGTH} characters that can be typed, without a space at either end",
            where="--password-from",
        )
    if new:
        _must_be_strong(password)
    return password


def _must_be_strong(password: str) -> None:
    """Whoever gets hold of the file can try passwords for years: length is what stops that."""
    where, remedy = (
        "--password-from",
        "Take five words that have nothing to do with each other, or let a program make it",
    )
    if len(password) < MIN_LENGTH:
        raise PasswordError(
            f"the password is too weak: it has {len(password)} characters, and needs {MIN_LENGTH}",
            where=where, remedy=remedy,
        )  # fmt: skip
    if len(set(password)) < _MIN_DISTINCT:
        raise PasswordError(
            f"the password is too weak: it has fewer than {_MIN_DISTINCT} different characters",
            where=where, remedy=remedy,
        )  # fmt: skip


def _typed(prompt: str, *, twice: bool) -> str:
    try:
        first = getpass.getpass(prompt)
        if twice and getpass.getpass(prompt) != first:
            raise PasswordError("the two that were typed differ", where="--password-from", remedy="Type it again")
    except EOFError:
        return ""
    return first


def _first_line() -> str:
    try:
        return sys.stdin.readline(_MAX_LENGTH + 2).rstrip("\r\n")
    except UnicodeDecodeError:
        # Not chained: the original error carries the bytes.
        raise PasswordError("the password is not UTF-8 text", where="--password-from") from None
