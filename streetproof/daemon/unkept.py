"""What the database does not take, in a file: a daemon that ends while the database is away loses none of it.

Written now and then while the database refuses, and at the end; the next run writes it into the database before
anything is watched. Writing it twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from models.interface import ModelInfo
from streams.recorder.durable import write_whole
from streetproof.daemon.casework import kept_site
from streetproof.daemon.desk import Departed, Ended, Fired
from streetproof.daemon.messages import StreamRole
from streetproof.daemon.undone import Undone
from streetproof.errors import StreetproofError
from streetproof.store.database import Store
from streetproof.store.states import SavedState
from vision.codec import from_json, to_json
from vision.integrity.interface import ViewEvent
from vision.interface import Stay, Violation
from vision.lookback import Pinned

_log = structlog.get_logger(__name__)

FILE = "unkept.json"
_FORMAT = "streetproof-unkept/1"
_MODEL = TypeAdapter(ModelInfo)
_PINNED = TypeAdapter(Pinned)
_EVENT = TypeAdapter(ViewEvent)


class Unkept:
    """The file of one data folder."""

    def __init__(self, data: Path) -> None:
        self._path, self._configs = data / FILE, data / "configs"
        self._there = self._path.exists()

    def save(self, undone: Sequence[Undone], states: Mapping[str, SavedState]) -> None:
        """Keep it, in the place of what was kept before. A disk that does not take it is logged."""
        value = {
            "format": _FORMAT,
            "undone": [_document(*one) for one in undone],
            "states": {
                name: {"rules_sha256": one.rules_sha256, "state": one.state, "at_ns": one.at_ns}
                for name, one in states.items()
            },
        }
        try:
            write_whole(self._path, json.dumps(value, ensure_ascii=False).encode())
        except OSError as error:
            _log.warning("unkept_not_saved", error=error.strerror or str(error), waiting=len(undone))
            with suppress(OSError):
                self._path.with_name(FILE + ".partial").unlink(missing_ok=True)
        else:
            self._there = True

    def clear(self) -> None:
        """The database has it all."""
        if self._there:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)
                self._there = False

    def take_back(self, store: Store) -> list[Undone]:
        """Bring the states that the last run left into the database, where it has none as new, and return the rest.

        What cannot be read is logged and put aside: recording must not wait for it. Raises StoreError.
        """
        if not self._there:
            return []
        try:
            value = json.loads(self._path.read_bytes())
            if value["format"] != _FORMAT:
                raise ValueError("another format")
            states = {name: SavedState(**one) for name, one in value["states"].items()}
            undone = [self._undone(one) for one in value["undone"]]
        except (OSError, ValueError, KeyError, TypeError, ValidationError, StreetproofError) as error:
            aside = self._path.with_name(f"{FILE}.unreadable")
            with suppress(OSError):
                self._path.replace(aside)
            # A batch over the recordings of that time finds again what stood there.
            _log.error("unkept_unreadable", path=str(aside), error=f"{type(error).__name__}: {error}"[:500])
            self._there = False
            return []
        known = store.states.states()
        newer = {name: one for name, one in states.items() if name not in known or known[name].at_ns < one.at_ns}
        if newer:
            store.states.save_states(newer)
        _log.info("unkept_taken_back", findings=len(undone), states=len(newer))
        return undone

    def _undone(self, value: Mapping[str, Any]) -> Undone:
        loaded = kept_site(self._configs, value["config"])
        outcome: Fired | Ended | Departed | ViewEvent
        match value["what"]:
            case "fired":
                violation = from_json(Violation, value["violation"])
                outcome = Fired(violation, StreamRole(value["role"]), _MODEL.validate_python(value["model"]))
            case "ended":
                outcome = Ended(from_json(Stay, value["stay"]))
            case "departed":
                outcome = Departed(from_json(Stay, value["stay"]), _PINNED.validate_python(value["pinned"]))
            case "view":
                outcome = _EVENT.validate_python(value["event"])
            case _:
                raise ValueError("unknown kind")
        return str(value["camera"]), outcome, loaded


def _document(camera: str, outcome: Fired | Ended | Departed | ViewEvent, loaded: Any) -> dict[str, Any]:
    head = {"camera": camera, "config": loaded.sha256}
    match outcome:
        case Fired(violation, role, model):
            named = _MODEL.dump_python(model, mode="json")
            return {**head, "what": "fired", "violation": to_json(violation), "role": role.value, "model": named}
        case Ended(stay):
            return {**head, "what": "ended", "stay": to_json(stay)}
        case Departed(stay, pinned):
            told = {"stay": to_json(stay), "pinned": _PINNED.dump_python(pinned, mode="json")}
            return {**head, "what": "departed", **told}
        case _:
            return {**head, "what": "view", "event": _EVENT.dump_python(outcome, mode="json")}
