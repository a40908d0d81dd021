"""The recordings that a case is made from: hashed once, and the same when it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from evidence_export.bag.digest import Digests, digest_file
from evidence_export.case import Recording
from evidence_export.errors import SealError
from evidence_export.footage import Footage
from evidence_export.made import Source

Opener = Callable[[Recording, str], Footage]


@lru_cache(maxsize=256)
def _digests(path: Path, inode: int, size: int, changed_ns: int, with_sm3: bool) -> Digests:
    """Digests of a recording, once for all cases in it: hashing an hour of footage takes longer than sealing a case.

    `inode`, `size` and `changed_ns` tell whether it is still the same file.
    """
    return digest_file(path, with_sm3=with_sm3)


def source_of(recording: Recording, camera: str, opener: Opener) -> tuple[Source, Footage]:
    """A recording as it is on disk, and its footage. Raises SealError where it is not the one that was observed."""
    try:
        status = recording.path.stat()
        changed_ns = status.st_ctime_ns
        told = None if recording.segment is None else recording.segment.sm3
        digests = _digests(recording.path, status.st_ino, status.st_size, changed_ns, told is None)
    except OSError as error:
        raise SealError(
            f"the recording cannot be read ({error.strerror})", where=str(recording.path), remedy="Bring it back"
        ) from error
    if digests.sha256 != recording.sha256:
        raise SealError(
            "the recording is no longer the one that was observed: its SHA-256 is another",
            where=str(recording.path),
            remedy="Bring the observed file back, or run again to observe this one",
        )
    if told is not None:
        # Both were taken of the same bytes when the segment was closed, and by their SHA-256 these are still the bytes.
        digests = replace(digests, sm3=told)
    footage = opener(recording, camera)
    return Source(recording, digests, changed_ns, footage.info, footage.contents()), footage


def unchanged(source: Source) -> None:
    """The recording was hashed before it was cut; its size and time of change must be the same afterwards.

    Raises SealError where they are not.
    """
    status = source.recording.path.stat()
    if status.st_size != source.digests.size or status.st_ctime_ns != source.changed_ns:
        raise SealError(
            "the recording was changed while it was sealed",
            where=str(source.recording.path),
            remedy="Seal recordings that are finished",
        )
