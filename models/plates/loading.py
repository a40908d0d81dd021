"""A ready reader out of the models on this machine."""

from __future__ import annotations

from pathlib import Path

from models.backends.interface import Session
from models.backends.registry import BackendName, backend
from models.catalog import Catalog, load_catalog
from models.errors import ModelRefusedError
from models.guard import inspect
from models.plates.detector import PlateDetector
from models.plates.reader import ClprReader, ReaderSettings
from models.plates.recogniser import PlateRecogniser
from models.spec import LayoutName
from models.store import LocatedModel, ModelStore, locate

DETECTOR = "plate-detector"
RECOGNISER = "plate-recogniser"


def load_plate_reader(
    detector: str | Path = DETECTOR,
    recogniser: str | Path = RECOGNISER,
    *,
    store: ModelStore | None = None,
    catalog: Catalog | None = None,
    settings: ReaderSettings | None = None,
    threads: int = 1,
    backend_name: BackendName = BackendName.ONNXRUNTIME,
) -> ClprReader:
    """A `PlateReader` from two names of the catalog, or the paths of their files.

    Raises ModelMissingError where one is not on this machine (`streetproof models pull plates` brings both), and
    ModelRefusedError for a file that is tampered with or is no such model.
    """
    catalog = catalog or load_catalog()
    finds = locate(detector, store=store, catalog=catalog)
    reads = locate(recogniser, store=store, catalog=catalog)
    corners = PlateDetector(_open(finds, LayoutName.PLATE_CORNERS, threads, backend_name), where=finds.info.name)
    session = _open(reads, LayoutName.PLATE_TEXT, threads, backend_name)
    texts = PlateRecogniser(session, reads.spec.classes, where=reads.info.name)
    names = tuple(f"{found.info.name}@{found.info.sha256}" for found in (finds, reads))
    return ClprReader(corners, texts, models=names, settings=settings)


def _open(found: LocatedModel, layout: LayoutName, threads: int, backend_name: BackendName) -> Session:
    where = str(found.path)
    if found.spec.layout is not layout:
        raise ModelRefusedError(
            f"{found.info.name} has the layout {found.spec.layout.value}, not {layout.value}",
            where=where,
            remedy="Name the model that finds plates first, and the one that reads them second.",
        )
    inspect(found.data, where=where)
    return backend(backend_name).open(found.data, threads=threads, where=where)
