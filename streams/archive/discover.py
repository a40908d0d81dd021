"""Which recordings are meant by files, folders and globs: the same list every time."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from streams.errors import MediaError

MEDIA_SUFFIXES = frozenset(
    ".mp4 .m4v .mov .3gp .mkv .webm .ts .m2ts .mts .avi .flv .f4v .ps .mpg .mpeg .vob .dav .nut".split()
)
"""What is taken from folders and globs. A file that is named itself is tried whatever it is called."""
_DIGITS = re.compile(r"(\d+)")


def discover(inputs: Sequence[str | Path]) -> list[Path]:
    """The recordings named by `inputs`, in the order of the inputs and in natural order within each; none twice.

    A folder stands for the media files below it, hidden ones left out; links to folders are followed, and each real
    folder is visited once. A glob (`*`, `?`, `[..]`, `**`) may match files and folders. An existing file always wins
    over a reading of its name as a glob. Raises MediaError, for all such inputs at once, where an input matches nothing.
    """
    found: dict[Path, Path] = {}
    empty: list[str] = []
    for given in inputs:
        matches = list(_expand(given))
        if not matches:
            empty.append(str(given))
        for path in matches:
            found.setdefault(_identity(path), path)
    if empty:
        raise MediaError(
            "no recording is found there",
            where=", ".join(empty),
            remedy=f"Folders and globs are searched for {' '.join(sorted(MEDIA_SUFFIXES))}; other files can be named",
        )
    return list(found.values())


def natural_key(path: Path) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Sorts numbers in names by value, part by part; ties by plain text, so that the order is total."""
    parts = []
    for part in path.as_posix().split("/"):
        for k, piece in enumerate(_DIGITS.split(part)):
            # Two thousand digits in a name would not convert; their length and text order them just as well.
            stripped = piece.lstrip("0")
            parts.append((1, len(stripped), stripped) if k % 2 else (0, 0, piece.casefold()))
        parts.append((-1, 0, ""))
    return tuple(parts), path.as_posix()


def _expand(given: str | Path) -> Iterator[Path]:
    path = Path(given).expanduser()
    try:
        if path.is_dir():
            yield from sorted(_below(path), key=natural_key)
            return
        if path.exists():
            yield path
            return
    except (OSError, ValueError):
        return
    if glob.has_magic(str(path)):
        matches: set[Path] = set()
        for name in glob.iglob(str(path), recursive=True):
            match = Path(name)
            if match.is_dir():
                matches.update(_below(match))
            elif match.suffix.lower() in MEDIA_SUFFIXES:
                matches.add(match)
        yield from sorted(matches, key=natural_key)


def _below(folder: Path) -> Iterator[Path]:
    """Media files below a folder. Folders that cannot be listed are left out, as a search does."""
    visited: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        status = os.stat(place)
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(place, name)


def _identity(path: Path) -> Path:
    """The real file, so that two ways to name it give one recording."""
    return Path(os.path.realpath(path))
