"""The seam between what has to be kept somewhere else and where that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from streetproof.errors import StreetproofError


class ObjectError(StreetproofError):
    """A store that cannot be reached or refuses, or an object that is not what was put there."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One object. `size` in bytes."""

    key: str
    size: int


class ObjectStore(Protocol):
    """Objects under keys: paths of `/`-separated names. Nothing that is there is ever replaced. Raises ObjectError."""

    @property
    def label(self) -> str:
        """For people, without secrets: `s3://bucket/prefix`."""

    def put(self, key: str, source: Path) -> bool:
        """Put a file; False: the same bytes are there already. Where other bytes are, it refuses and changes nothing.

        Either the whole object is there afterwards, or none.
        """

    def size_of(self, key: str) -> int | None:
        """None: there is no such object."""

    def fetch(self, key: str, to: Path) -> None:
        """Write the object to a file."""

    def all(self, prefix: str = "") -> Iterator[Kept]:
        """Every object whose key begins with `prefix`, a folder."""
