"""Lines of a text file, plain or gzip, one at a time and never longer than `MAX_LINE`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from streetproof.errors import StreetproofError

MAX_LINE = 4 * 1024 * 1024
"""Bytes of one line: more than 20,000 boxes in a frame."""
_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"


class DetectionsError(StreetproofError):
    """Detections that cannot be judged: of no known form, damaged, or not about this site."""


def lines_of(path: Path, on_bytes: Callable[[int], None] | None = None) -> Iterator[tuple[int, bytes]]:
    """Line number (from 1) and content of each line that is not blank. Whether it is gzip is told by the file itself.

    `on_bytes` is given, every thousand lines, how many bytes of the file were read. Raises DetectionsError with file
    and line where it cannot be read, is cut short, or has a line longer than `MAX_LINE`.
    """
    number = 0
    try:
        if not path.is_file():
            raise DetectionsError(
                "there is no such file" if not path.exists() else "this is no regular file",
                where=str(path),
                remedy="Give files or folders of detections; a pipe must be written to a file first",
            )
        with ExitStack() as stack:
            raw = stack.enter_context(path.open("rb"))
            zipped = raw.read(2) == _GZIP
            raw.seek(0)
            file = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=raw, mode="rb"))) if zipped else raw
            while line := file.readline(MAX_LINE + 1):
                number += 1
                if len(line) > MAX_LINE:
                    raise DetectionsError(
                        f"a line of more than {MAX_LINE // 2**20} MiB",
                        where=f"{path}:{number}",
                        remedy="Write one frame to a line, as docs/replay.md shows",
                    )
                if on_bytes is not None and number % 1000 == 0:
                    on_bytes(raw.tell())
                if number == 1:
                    line = line.removeprefix(_BOM)
                if line := line.strip():
                    yield number, line
    except (OSError, EOFError, zlib.error) as error:
        what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise DetectionsError(
            f"the file cannot be read on: {what[:200]}",
            where=f"{path}:{number + 1}" if number else str(path),
            remedy="It is damaged or was not written to its end: write it again, or take it from a copy",
        ) from error
