"""Where a camera is and who asks. The password leaves this object only as the address libav opens."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, quote, unquote, urlsplit

from streams.errors import StreamsError

SCHEMES = ("rtsp", "rtsps", "http", "https", "srt", "v4l2", "file")
_LOCAL = ("v4l2", "file")
_MAX_LENGTH = 4096
# Everything a path or query may hold unescaped (RFC 3986), and the percent sign of what is escaped already.
_SAFE = "%/:=&?~+!$,;'@()*[]"
# Vendors put credentials into paths and queries as well: `?password=...`, `/user=admin_password=..._channel=1`.
_SECRET = re.compile(r"((?:pass(?:word|wd|phrase)?|pwd|token|secret|sign(?:ature)?|auth|key)=)[^&;/?]*", re.IGNORECASE)


class AddressError(StreamsError):
    """An address no camera can be at. Its text repeats neither the address nor a password."""


@dataclass(frozen=True, slots=True)
class CameraAddress:
    """An address without credentials, and apart from it who asks.

    `url` begins with one of `SCHEMES`. `file:/path` and `v4l2:/dev/video0` name a whole path, that of `file:`
    percent-decoded as in any URL. `transport` is how RTSP carries media; other schemes ignore it, and RTSPS is always
    TCP. For SRT the password is the passphrase. Raises AddressError.
    """

    url: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    transport: Literal["tcp", "udp"] = "tcp"

    def __post_init__(self) -> None:
        if self.scheme not in SCHEMES:
            raise AddressError(
                "the address is of no known kind", remedy=f"Begin it with {', '.join(f'{s}:' for s in SCHEMES)}"
            )
        if len(self.url) > _MAX_LENGTH or any(ord(c) < 0x20 or ord(c) == 0x7F for c in self.url):
            raise AddressError("the address is too long, or holds control characters", remedy="Write it again")
        if self.scheme in _LOCAL:
            path = str(self.path)
            if not path.startswith("/") or path.startswith("//") or "\0" in path:
                raise AddressError("the address names no whole path", remedy=f"Write {self.scheme}:/path")
            return
        parts = _split(self.url)
        if parts is None or not parts.hostname:
            raise AddressError("the address names no host, or its port is no number", remedy="Write it again")
        if parts.username is not None or parts.password is not None:
            raise AddressError("the address holds a user name or a password", remedy="Give them apart from it")
        if self.password is not None and self.username is None and self.scheme != "srt":
            raise AddressError("there is a password but no user name", remedy="Give both")

    def __str__(self) -> str:
        return self.label

    def __repr__(self) -> str:
        return f"CameraAddress({self.label!r}, transport={self.transport!r})"

    @property
    def scheme(self) -> str:
        return self.url.partition(":")[0].lower()

    @property
    def host(self) -> str:
        """Host name or IP address; empty where the camera is local."""
        parts = None if self.scheme in _LOCAL else _split(self.url)
        return parts.hostname or "" if parts is not None else ""

    @property
    def path(self) -> Path:
        """The file or device of a local address."""
        rest = self.url.partition(":")[2]
        rest = rest.removeprefix("//localhost") if rest.startswith("//localhost/") else rest
        rest = rest[2:] if rest.startswith("///") else rest
        return Path(unquote(rest) if self.scheme == "file" else rest)

    @property
    def label(self) -> str:
        """For people and logs: without credentials, also those that vendors put into paths and queries."""
        if self.scheme in _LOCAL:
            return f"{self.scheme}:{self.path}"
        return _SECRET.sub(r"\1***", self.url)

    def opening_url(self) -> str:
        """What libav opens, credentials included. Made at the moment of opening; never kept, logged or raised."""
        if self.scheme in _LOCAL:
            return f"file:{self.path}" if self.scheme == "file" else str(self.path)
        parts = _split(self.url)
        assert parts is not None
        who = ""
        if self.username is not None and self.scheme != "srt":
            who = quote(self.username, safe="")
            who += f":{quote(self.password, safe='')}@" if self.password is not None else "@"
        place = quote(parts.path, safe=_SAFE) + (f"?{quote(parts.query, safe=_SAFE)}" if parts.query else "")
        return f"{self.scheme}://{who}{parts.netloc}{place}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return None
    return parts
