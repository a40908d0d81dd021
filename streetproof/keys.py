"""Which keys seal: what the command line says, else the site file, else what lies in the folder of keys."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from evidence_export.keys.opening import KeySpec, open_keys
from evidence_export.keys.ring import Role, is_ring, read_ring, valid_until
from evidence_export.keys.sealing import check_valid
from evidence_export.keys.secret import SecretSource
from streetproof.clock import now
from streetproof.errors import StreetproofError

if TYPE_CHECKING:
    from streetproof.settings.load import LoadedSite
    from vision.words import Location

VARIABLE = "STREETPROOF_KEYS"
_SOON = timedelta(days=60)


def keys_folder() -> Path:
    """The folder named by STREETPROOF_KEYS, or else ~/.local/share/streetproof/keys."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else Path.home() / ".local/share/streetproof/keys"


def default_key(site: str) -> Path:
    """The folder SITE in `keys_folder` where `streetproof keys init` made one, else the file SITE.pem there."""
    folder = keys_folder() / site
    return folder if is_ring(folder) else folder.with_name(f"{site}.pem")


def key_spec(
    loaded: LoadedSite,
    key: Path | None = None,
    passphrase: SecretSource | None = None,
    pin: SecretSource | None = None,
) -> KeySpec:
    """What to seal with; paths are made absolute, because workers may stand elsewhere."""
    settings, beside = loaded.site.keys, loaded.path.absolute().parent
    if key is None:
        key = default_key(loaded.site.site.id) if settings.path is None else beside / settings.path
    return KeySpec(
        key.absolute(),
        passphrase or _source(settings.passphrase_env, settings.passphrase_file, beside),
        pin or _source(settings.pin_env, settings.pin_file, beside),
        loaded.site.site.id,
    )


def key_mistakes(loaded: LoadedSite) -> Iterator[tuple[Location, str]]:
    """What `keys` of a site file says that cannot work. Looks at public records only, and opens no key."""
    settings = loaded.site.keys
    if settings.path is None:
        return
    spec, location = key_spec(loaded), ("keys", "path")
    if not is_ring(spec.path):
        if spec.path.is_dir():
            yield location, "this folder holds no keys of a site; make them with `streetproof keys init`"
        elif not spec.path.exists() and spec.path.suffix != ".pem":
            yield location, "there is no such folder or key file; make keys with `streetproof keys init`"
        return
    try:
        ring = read_ring(spec.path)
    except StreetproofError as error:
        yield location, error.what
        return
    if ring.site != loaded.site.site.id:
        yield location, f"these are keys of the site {ring.site!r}, and this is {loaded.site.site.id!r}"
    used = [key for role in Role if (key := ring.current(role)) is not None]
    if not used:
        yield location, "no key is in use: the last one was withdrawn; make one with `streetproof keys rotate`"
    if any(key.token is not None for key in used) and spec.pin is None:
        yield location, "its key lies in a token, which needs `pin_env` or `pin_file`"


def key_warnings(loaded: LoadedSite) -> Iterator[tuple[Location, str]]:
    """Certificates in use that end soon, or have ended. Looks at public records only."""
    spec, today = key_spec(loaded), now().local(UTC)
    if not is_ring(spec.path):
        return
    try:
        ring = read_ring(spec.path)
        ends = [(key.id, valid_until(ring, key)) for role in Role if (key := ring.current(role)) is not None]
    except StreetproofError as error:
        yield ("keys",), str(error)
        return
    for name, until in ends:
        if until - today < _SOON:
            yield (
                ("keys",),
                f"the certificate of {name} ends on {until:%F}; make a new one with `streetproof keys rotate`",
            )


def check_keys(key: KeySpec | Path) -> None:
    """Open the keys once, so that a wrong passphrase or PIN shows before any work, and after one try of each.

    A key file that does not exist yet is left to the first case. Raises SigningKeyError, also where
    a certificate is not valid today.
    """
    path = key if isinstance(key, Path) else key.path
    if path.exists() or (isinstance(key, KeySpec) and key.passphrase is not None):
        check_valid(open_keys(key), now())


def secret_source(text: str) -> SecretSource:
    """`env:NAME` or `file:PATH`. Raises ValueError, which does not repeat what was written: it may be a secret."""
    kind, _, rest = text.partition(":")
    if not rest or kind not in ("env", "file"):
        raise ValueError("write env:NAME or file:PATH, never the secret itself")
    return SecretSource(env=rest) if kind == "env" else SecretSource(file=Path(rest).absolute())


def key_arguments(spec: KeySpec) -> list[str]:
    """The options of the command line that mean `spec`."""
    arguments = ["--key", str(spec.path)]
    for option, source in (("--passphrase", spec.passphrase), ("--pin", spec.pin)):
        if source is not None:
            arguments += [option, f"env:{source.env}" if source.file is None else f"file:{source.file}"]
    return arguments


def _source(env: str | None, file: Path | None, beside: Path) -> SecretSource | None:
    if env is None and file is None:
        return None
    return SecretSource(env=env) if file is None else SecretSource(file=beside / file)
