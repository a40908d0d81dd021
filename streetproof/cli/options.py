"""Options that several commands share.

Commands import what they work with inside their functions: `--help`, `verify` and `config` then start in a fraction of
the time that media, models and the tracker take to load.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.store import ModelStore

Json = Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")]
Store = Annotated[
    Path | None,
    typer.Option(
        "--store", help="Folder of models; default: $STREETPROOF_MODELS or ~/.local/share/streetproof/models."
    ),
]


def store_at(folder: Path | None) -> ModelStore:
    """The model store that an option names."""
    from models.store import ModelStore

    return ModelStore.default() if folder is None else ModelStore(folder)
