"""Which package index this machine uses: read from where pip reads it, without needing pip.

Order, later wins (pip's documentation, "Configuration"): system-wide, per user, per environment, the file that
PIP_CONFIG_FILE names, then PIP_* variables. Within a file `[install]` goes before `[global]`.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from models.errors import FetchError

PYPI = "https://pypi.org/simple"


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Where packages come from. The addresses may hold credentials: never show them as they are."""

    index_urls: tuple[str, ...]
    find_links: tuple[str, ...]
    trusted_hosts: tuple[str, ...]
    certificates: Path | None
    """A file or folder of certificate authorities to trust, besides none other; None: the usual ones."""
    timeout_s: float

    def __repr__(self) -> str:
        return f"IndexSettings({len(self.index_urls)} indexes, {len(self.find_links)} link pages)"


def index_settings(environ: Mapping[str, str] | None = None) -> IndexSettings:
    """The settings that pip would use. Raises FetchError for a configuration file that cannot be read."""
    environ = os.environ if environ is None else environ
    options: dict[str, str] = {}
    for path in _files(environ):
        options.update(_read(path))
    # As in pip, an empty variable sets nothing.
    options.update(
        {key[4:].lower().replace("_", "-"): value for key, value in environ.items() if key[:4] == "PIP_" and value}
    )
    indexes = [options.get("index-url") or options.get("pypi-url") or PYPI, *options.get("extra-index-url", "").split()]
    if options.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        indexes = []
    certificates = options.get("cert") or environ.get("SSL_CERT_FILE") or environ.get("REQUESTS_CA_BUNDLE")
    try:
        timeout = float(options.get("timeout") or options.get("default-timeout") or 15)
    except ValueError:
        timeout = 15.0
    return IndexSettings(
        tuple(indexes),
        tuple(os.path.expanduser(link) for link in options.get("find-links", "").split()),
        tuple(options.get("trusted-host", "").split()),
        Path(certificates).expanduser() if certificates else None,
        timeout,
    )


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    home = Path(environ.get("HOME") or Path.home())
    for folder in reversed((environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(":")):
        yield Path(folder) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
    yield Path(sys.prefix) / "pip.conf"
    if named:
        yield Path(named).expanduser()


def _read(path: Path) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        # pip passes over them as well.
        return {}
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        # The parser's own message quotes the line, which may hold a password.
        raise FetchError(f"pip's configuration file cannot be read ({type(error).__name__})", where=str(path)) from None
    found: dict[str, str] = {}
    for section in ("global", "install"):
        if parser.has_section(section):
            found.update({key.replace("_", "-"): value for key, value in parser.items(section)})
    return found
