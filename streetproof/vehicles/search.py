"""Searching the ledger of vehicles: exactly, or with what may have been misread."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from streetproof.store.database import Store
from streetproof.store.tables import VehicleRow
from streetproof.store.vehicles import Span
from streetproof.vehicles.matching import ANY, HALF, WHOLE, Position, halves


class Order(StrEnum):
    """What entries are sorted by."""

    NEAREST = "nearest"
    """The smallest distance first, of equals the newest."""
    TIME = "time"
    """The newest first."""
    PLATE = "plate"
    CAMERA = "camera"
    CERTAINTY = "certainty"
    """Certain ones first, then by their weakest character."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry that was found."""

    row: VehicleRow
    reading: dict[str, Any]
    """`plate` of the bundle's manifest."""
    distance: float | None
    """In edits; None where nothing was asked for."""

    @property
    def weakest(self) -> float:
        """The confidence of the least sure character, 0..1; 0 where nothing was read."""
        return min((float(one["confidence"]) for one in self.reading.get("characters", ())), default=0.0)


def search(store: Store, query: str | None, span: Span, *, edits: float | None, order: Order) -> list[Entry]:
    """Entries of a time, sorted. `query`: normalised, `?` for any one character; None: all of them.

    `edits`: None asks for exactly that plate, else how far a plate may be from it (`streetproof.vehicles.matching`).
    Other plates that stood in the same vehicle's box are not searched. Raises StoreError.
    """
    if query is None:
        found = [_entry(row, None) for row in store.vehicles.all(span)]
    elif edits is None:
        found = [_entry(row, 0.0) for row in store.vehicles.exactly(query, span)]
    else:
        found = list(_near(store, query, span, round(edits * WHOLE)))
    return _sorted(found, order)


def _near(store: Store, query: str, span: Span, limit: int) -> Iterable[Entry]:
    spare = limit // WHOLE
    # What the reader named besides makes a whole edit half of one, and nothing nearer than that. So most are too far
    # whatever it named, and only the others are read whole.
    perhaps = [
        case_id
        for case_id, plate in store.vehicles.plates(span, range(len(query) - spare, len(query) + spare + 1))
        if _may_be_near(query, plate, 2 * limit)
    ]
    for row in store.vehicles.of(perhaps):
        entry = _entry(row, None)
        distance = halves(query, _positions(entry.reading), limit)
        if distance is not None:
            yield Entry(row, entry.reading, distance * HALF / WHOLE)


def _may_be_near(query: str, plate: str, limit: int) -> bool:
    strange = sum(one != ANY and one not in plate for one in query)
    return strange * HALF <= limit and halves(query, [Position(one) for one in plate], limit) is not None


def _positions(reading: dict[str, Any]) -> list[Position]:
    return [
        Position(one["text"], frozenset(other["text"] for other in one["alternatives"]))
        for one in reading.get("characters", ())
    ]


def _entry(row: VehicleRow, distance: float | None) -> Entry:
    return Entry(row, json.loads(row.reading), distance)


def _sorted(entries: list[Entry], order: Order) -> list[Entry]:
    keys: dict[Order, Callable[[Entry], Any]] = {
        Order.NEAREST: lambda one: (one.distance or 0.0, -one.row.arrived_ns),
        Order.TIME: lambda one: -one.row.arrived_ns,
        # What was not read stands last.
        Order.PLATE: lambda one: (one.row.plate is None, one.row.plate or "", -one.row.arrived_ns),
        Order.CAMERA: lambda one: (one.row.camera, -one.row.arrived_ns),
        Order.CERTAINTY: lambda one: (one.row.status != "certain", -one.weakest, -one.row.arrived_ns),
    }
    return sorted(entries, key=lambda one: (keys[order](one), one.row.case_id))
