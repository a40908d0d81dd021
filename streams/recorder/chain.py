"""The index made from files alone, and the check that nobody took a segment away, changed or exchanged one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from streams.recorder.errors import RecorderError, from_os
from streams.recorder.hashes import hash_file
from streams.recorder.interface import Link, SegmentRecord
from streams.recorder.names import cameras, listed
from streams.recorder.reading import read_record
from streams.recorder.tombstones import Tombstone, tombstones


@dataclass(frozen=True, slots=True)
class Damaged:
    """A file under a segment's name that is none, or not a whole one."""

    path: Path
    """Relative to the folder of recordings."""
    what: str


class ChainFaultKind(StrEnum):
    """What is wrong with a chain. Names are stable: they stand in reports."""

    MISSING = "missing"
    """Segments are neither there nor said to be deleted."""
    WRONG_PREVIOUS = "wrong_previous"
    """A segment names another hash than that of the one before it: one of the two was changed or exchanged."""
    DUPLICATE = "duplicate"
    """Two segments have the same number."""
    CHANGED = "changed"
    """A file is not what its record says."""


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One fault, at segment `sequence` of a camera (`missing`: the first of those missing)."""

    kind: ChainFaultKind
    camera: str
    sequence: int
    what: str


class _Span(NamedTuple):
    first: int
    last: int
    previous: str | None
    sha256: str
    buried: bool


def scan(
    folder: Path, *, camera: str | None = None, after: Mapping[str, int] | None = None
) -> Iterator[SegmentRecord | Damaged]:
    """Every finished segment below `folder`, camera by camera, each in the order of its chain.

    Every file is read whole, because its hashes are part of its record. `after` maps a camera to the last sequence that
    is known already: files with a higher number alone are read. Partial segments are left out, see `partials`.

    Raises RecorderError where a folder cannot be read; a file that cannot is told as Damaged.
    """
    try:
        for name in [camera] if camera is not None else cameras(folder) if folder.is_dir() else []:
            known = (after or {}).get(name, 0)
            for item in listed(folder, name) if (folder / name).is_dir() else ():
                if item.sequence > known:
                    yield _record_or_damage(folder, item.path)
    except OSError as error:
        raise from_os(error, folder, "read") from error


def last_link(folder: Path, camera: str) -> Link | None:
    """What a camera's next segment follows on: its last file or, where that was deleted, its last tombstone.

    None: the camera has recorded nothing yet. Recover partial segments first. Raises RecorderError.
    """
    found = max(((stone.last, stone.sha256) for stone in tombstones(folder, camera)), default=None)
    try:
        files = listed(folder, camera) if (folder / camera).is_dir() else []
        if files and (found is None or files[-1].sequence > found[0]):
            # Whatever it holds: the next one names the bytes that are there.
            with files[-1].path.open("rb") as file:
                found = files[-1].sequence, hash_file(file).sha256
    except OSError as error:
        raise from_os(error, folder / camera, "read") from error
    return None if found is None else Link(*found)


def verify(folder: Path, record: SegmentRecord) -> ChainFault | None:
    """Compare a segment's file with its record: size, SHA-256 and SM3 over all of it."""
    try:
        with (folder / record.path).open("rb") as file:
            found = hash_file(file)
    except FileNotFoundError:
        return _fault(ChainFaultKind.MISSING, record, f"{record.path} is not there")
    except OSError as error:
        raise from_os(error, folder / record.path, "read") from error
    if (found.size, found.sha256, found.sm3) != (record.size, record.sha256, record.sm3):
        return _fault(ChainFaultKind.CHANGED, record, f"{record.path} is not the file that was recorded")
    return None


def check_chain(records: Iterable[SegmentRecord], stones: Iterable[Tombstone] = ()) -> list[ChainFault]:
    """What is wrong with the chains of the cameras that appear; nothing: an empty list.

    Records need no order, but all of a camera's must be there up to the last one looked at. The files themselves are
    not read: `scan` has just done so, and `verify` does it for records kept elsewhere. That the newest segments were
    taken away shows only against something kept elsewhere.
    """
    spans = [
        (r.camera, _Span(r.opening.sequence, r.opening.sequence, r.opening.previous, r.sha256, False)) for r in records
    ]
    spans += [(s.camera, _Span(s.first, s.last, s.previous, s.sha256, True)) for s in stones]
    spans.sort(key=lambda pair: (pair[0], pair[1].first, not pair[1].buried))
    return [
        fault
        for camera, group in groupby(spans, key=lambda pair: pair[0])
        for fault in _faults(camera, (span for _, span in group))
    ]


def _faults(camera: str, spans: Iterable[_Span]) -> Iterator[ChainFault]:
    last, sha256, buried = 0, None, False
    for span in spans:
        if span.last <= last:
            # Said to be deleted and still there: a deletion that a crash interrupted.
            if not (buried or span.buried) or (span.last == last and span.sha256 != sha256):
                yield ChainFault(ChainFaultKind.DUPLICATE, camera, span.first, f"number {span.first} exists twice")
            continue
        if span.first > last + 1:
            count = span.first - last - 1
            what = f"{count} segment{'s' if count > 1 else ''} before number {span.first} are neither there nor deleted"
            yield ChainFault(ChainFaultKind.MISSING, camera, last + 1, what)
        elif span.first == last + 1 and span.previous != sha256:
            what = f"number {span.first} does not follow on what number {last} is now"
            yield ChainFault(ChainFaultKind.WRONG_PREVIOUS, camera, span.first, what)
        last, sha256, buried = span.last, span.sha256, span.buried


def _record_or_damage(folder: Path, path: Path) -> SegmentRecord | Damaged:
    try:
        return read_record(path)
    except RecorderError as error:
        return Damaged(path.relative_to(folder), error.what)


def _fault(kind: ChainFaultKind, record: SegmentRecord, what: str) -> ChainFault:
    return ChainFault(kind, record.camera, record.opening.sequence, what)
