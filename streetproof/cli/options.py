"""Options that several commands share.

Commands import what they work with inside their functions: `--help`, `verify` and `config` then start in a fraction of
the time that media, models and the tracker take to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from evidence_export.words import Language

if TYPE_CHECKING:
    from evidence_export.keys.secret import SecretSource
    from models.store import ModelStore

Lang = Annotated[
    Language | None, typer.Option("--lang", help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
]
Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", help="Folder of `keys init`, or a key file (PEM), made on first use; instead of the site file's."
    ),
]


def _secret(text: str) -> SecretSource:
    from streetproof.keys import secret_source

    try:
        return secret_source(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


Passphrase = Annotated[
    Any,
    typer.Option(
        "--passphrase", metavar="env:NAME|file:PATH", parser=_secret, help="Where the passphrase of key files stands."
    ),
]
Pin = Annotated[
    Any,
    typer.Option("--pin", metavar="env:NAME|file:PATH", parser=_secret, help="Where the PIN of the token stands."),
]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password-from",
        metavar="ENVVAR|-",
        help="Locks or opens the release with a password: the environment variable that holds it, or - to type it.",
    ),
]
Store = Annotated[
    Path | None,
    typer.Option(
        "--store", help="Folder of models; default: $STREETPROOF_MODELS or ~/.local/share/streetproof/models."
    ),
]


def password_for(path: Path, source: str | None) -> str | None:
    """The password of a file that is locked; None: it is not locked, and none was named. Asks for it where somebody
    sits at the terminal. Raises PasswordError, LockedError."""
    import os
    import sys

    from streetproof.locked import is_locked
    from streetproof.passwords import PasswordError, password_from

    if source is None:
        if not is_locked(path):
            return None
        if not sys.stdin.isatty():
            raise PasswordError(
                "it is locked with a password",
                where=str(path),
                remedy="Name the environment variable that holds it with --password-from, or `-` to type it",
            )
    return password_from(source or "-", os.environ, prompt=f"{path.name} 的密码 / password of it: ")


def store_at(folder: Path | None) -> ModelStore:
    """The model store that an option names."""
    from models.store import ModelStore

    return ModelStore.default() if folder is None else ModelStore(folder)
