"""Which recordings are meant by files, folders and globs: the same list every time."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from streams.errors import MediaError
from streams.interface import Problem

MEDIA_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".ts", ".m2ts", ".mts", ".avi", ".flv", ".f4v"}
    | {".ps", ".mpg", ".mpeg", ".vob", ".dav", ".nut"}
)
"""What is taken from folders and globs. A file that is named itself is tried whatever it is called."""
_DIGITS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """Recordings in order, none twice, and the inputs that stand for none."""

    paths: tuple[Path, ...]
    problems: tuple[Problem, ...]


def search(inputs: Sequence[str | Path]) -> Found:
    """The recordings named by `inputs`, in the order of the inputs, and in natural order within each.

    A folder stands for the media files below it, hidden ones left out; links to folders are followed, and each real
    folder is visited once. A glob (`*`, `?`, `[..]`, `**`) may match files and folders. An existing file always wins
    over a reading of its name as a glob. A plain name is taken as it is: if it does not exist, opening it says so.
    """
    found: dict[str, Path] = {}
    problems: list[Problem] = []
    for given in inputs:
        matches = _expand(Path(given).expanduser())
        if not matches:
            problems.append(Problem("no recording is found there", str(given), "nothing"))
        for path in matches:
            found.setdefault(_identity(path), path)
    return Found(tuple(found.values()), tuple(problems))


def discover(inputs: Sequence[str | Path]) -> list[Path]:
    """`search`, for callers that want all or nothing: raises MediaError where an input stands for no recording."""
    found = search(inputs)
    if found.problems:
        raise MediaError(
            "no recording is found there",
            where=", ".join(problem.where for problem in found.problems),
            remedy=f"Folders and globs are searched for {' '.join(sorted(MEDIA_SUFFIXES))}; other files can be named",
        )
    return list(found.paths)


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


def _expand(path: Path) -> list[Path]:
    try:
        if path.is_dir():
            return sorted(_below(path), key=natural_key)
        if path.exists() or not glob.has_magic(str(path)):
            return [path]
    except (OSError, ValueError):
        # A name no file can have: opening it will say so.
        return [path]
    matches: set[Path] = set()
    for name in glob.iglob(str(path), recursive=True):
        match = Path(name)
        if match.is_dir():
            matches.update(_below(match))
        elif match.suffix.lower() in MEDIA_SUFFIXES:
            matches.add(match)
    return sorted(matches, key=natural_key)


def _below(folder: Path) -> Iterator[Path]:
    """Media files below a folder. Folders that cannot be listed are left out, as a search does."""
    visited: set[tuple[int, int]] = set()
    for place, folders, files in os.walk(folder, followlinks=True):
        try:
            status = os.stat(place)
        except OSError:
            folders.clear()
            continue
        if (status.st_dev, status.st_ino) in visited:
            folders.clear()
            continue
        visited.add((status.st_dev, status.st_ino))
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in files:
            if not name.startswith(".") and Path(name).suffix.lower() in MEDIA_SUFFIXES:
                yield Path(place, name)


def _identity(path: Path) -> str:
    """The real file, so that two ways to name it give one recording."""
    try:
        return os.path.realpath(path)
    except (OSError, ValueError):
        return str(path)
