"""Where the two databases of a site are kept, if not in its data folder. Never a password."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import Field, field_validator

from streetproof.settings.live import Credentials

_OPTIONS = (
    "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl", "connect_timeout", "application_name",
    "target_session_attrs", "options",
)  # fmt: skip
"""What a URL may say behind its `?`: names of libpq's that hold no secret."""
_NAME = re.compile(r"[^/@?#\x00-\x1f]{1,63}")


class Database(Credentials):
    """A PostgreSQL database of this site alone, in which the state and the ledger are kept (docs/storage.md)."""

    url: str = Field(
        max_length=1000,
        description="postgresql://HOST/DATABASE, or postgresql:///DATABASE?host=/var/run/postgresql for a local "
        "socket; without user name and password",
    )

    @field_validator("url")
    @classmethod
    def _is_postgresql(cls, value: str) -> str:
        scheme = value.partition(":")[0].lower()
        if scheme.partition("+")[0] == "sqlite":
            raise ValueError("leave `database` out: without it, SQLite files in the data folder are used")
        if not value.startswith("postgresql://"):
            raise ValueError("only PostgreSQL is known here: write postgresql://HOST/DATABASE")
        try:
            parts = urlsplit(value)
            _ = parts.port
        except ValueError as error:
            raise ValueError("the address cannot be read; its port must be a number from 0 to 65535") from error
        # A password with `/`, `@` or `#` in it ends up in other parts: none of them is repeated.
        if "@" in value.partition("?")[0]:
            raise ValueError(
                "no user name or password in the address: give `username`, and `password_env` or `password_file`"
            )
        if parts.fragment or _NAME.fullmatch(unquote(parts.path)[1:]) is None:
            raise ValueError("the address names no database: write postgresql://HOST/DATABASE")
        names = [name for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
        if any(name.lower() in ("password", "user", "sslpassword", "passfile") for name in names):
            raise ValueError("no user name or password in the address: give `username`, and `password_env` or "
                             "`password_file`")  # fmt: skip
        if not set(names) <= set(_OPTIONS):
            raise ValueError(f"behind `?` an address may have: {', '.join(_OPTIONS)}")
        if not parts.hostname and "host" not in names:
            raise ValueError("the address names no host; for a local socket write ?host=/var/run/postgresql")
        return value
