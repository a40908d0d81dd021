"""Where the recording of a camera ended, as its files tell it: whoever records next goes on from there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import structlog

from streams.recorder.errors import RecorderError
from streams.recorder.interface import CloseReason, Closing, GapStatement, SegmentRecord
from streams.recorder.names import listed
from streams.recorder.reading import read_facts
from streams.recorder.recovery import partials, recover

_log = structlog.get_logger(__name__)

_TRIED = 10


def recovered(recordings: Path, camera: str) -> Iterator[SegmentRecord]:
    """Finish what a process that died has left open. What cannot be finished now is logged, and tried again by the
    next one."""
    for path in list(partials(recordings, camera=camera)):
        try:
            outcome = recover(path)
        except RecorderError as error:
            _log.error("segment_not_recovered", camera=camera, error=str(error))
            continue
        if isinstance(outcome, SegmentRecord):
            _log.warning("segment_recovered", camera=camera, path=str(outcome.path))
            yield outcome


def last_closing(recordings: Path, camera: str) -> Closing | None:
    """Of the newest segment of a camera that can be read; None where there is none. Recover partial segments first.

    Raises RecorderError where none of the newest can be read: that is no damaged file, that is the disk.
    """
    files = listed(recordings, camera)[-_TRIED:] if (recordings / camera).is_dir() else []
    while files:
        path = files.pop().path
        try:
            return read_facts(path)[1]
        except RecorderError as error:
            if not files:
                raise
            _log.warning("segment_damaged", path=str(path), why=error.what)
    return None


def gap_after(camera: str, closing: Closing) -> GapStatement:
    """The gap that lasts since a segment, where nobody has told more of it."""
    match closing.reason:
        case CloseReason.STOPPED:
            cause, detail = "stopped", "the recorder was stopped"
        case CloseReason.FAULT | CloseReason.CHANGED if closing.detail:
            # What came after that fault, a stop among them, is not in the file.
            cause, detail = "crashed", f"the recording ended ({closing.detail}), and the recorder before it went on"
        case _:
            cause, detail = "crashed", "the recorder ended without closing its segment"
    return GapStatement(camera, start=closing.end, end=None, cause=cause, detail=detail)
