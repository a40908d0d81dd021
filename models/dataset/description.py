"""Reads the YAML file that describes a data set: where the pictures of each split are, and the names of the classes.

The format is Ultralytics': `path` (optional), `train`, `val`, `test` (optional) and `names`. Two things differ, on
purpose: a relative `path` is relative to the file that says it, not to a folder in some settings; and what else the
file holds (`download`, which may be a program) is not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from models.dataset.interface import Fault, Split
from models.errors import CatalogError, DatasetError
from models.strict_yaml import read_yaml

MOST_CLASSES = 10_000
_FORMAT = "docs/training.md shows what the file holds."


@dataclass(frozen=True, slots=True)
class Description:
    """What the file says."""

    classes: tuple[str, ...]
    sources: Mapping[Split, tuple[Path, ...]]
    """Folders of pictures, or text files that list some; absolute or relative to the working folder."""


def read_description(path: Path) -> tuple[Description | None, list[Fault]]:
    """The description, or None and why not. Raises DatasetError where it is no YAML file at all."""
    try:
        fields = read_yaml(path)
    except CatalogError as error:
        raise DatasetError(error.what, where=error.where, remedy=_FORMAT) from error
    if not isinstance(fields, dict):
        raise DatasetError("holds no fields", where=str(path), remedy=_FORMAT)
    faults: list[Fault] = []
    classes = _classes(fields, str(path), faults)
    base = _base(fields, path, faults)
    sources: dict[Split, tuple[Path, ...]] = {}
    for split in Split:
        given = fields.get(split.value)
        if given is None:
            if split is not Split.TEST:
                faults.append(
                    Fault(str(path), f"`{split.value}` is missing", f"Name its folder of pictures. {_FORMAT}")
                )
            continue
        names = given if isinstance(given, list) else [given]
        if not names or not all(isinstance(name, str) and name.strip() for name in names):
            faults.append(Fault(str(path), f"`{split.value}` is neither a path nor a list of paths", _FORMAT))
            continue
        sources[split] = tuple(base / name for name in names)
    return (None, faults) if faults else (Description(classes, sources), faults)


def _base(fields: Mapping[object, object], path: Path, faults: list[Fault]) -> Path:
    given = fields.get("path")
    if given is None:
        return path.parent
    if not isinstance(given, str):
        faults.append(Fault(str(path), "`path` is no text", _FORMAT))
        return path.parent
    return path.parent / given


def _classes(fields: Mapping[object, object], where: str, faults: list[Fault]) -> tuple[str, ...]:
    def refuse(what: str, remedy: str) -> tuple[str, ...]:
        faults.append(Fault(where, what, remedy))
        return ()

    names = fields.get("names")
    if isinstance(names, dict):
        if sorted(names, key=str) != sorted(range(len(names)), key=str):
            return refuse(
                f"`names` numbers its classes {', '.join(map(str, list(names)[:6]))}", "Number them 0, 1, 2 and so on."
            )
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names or len(names) > MOST_CLASSES:
        return refuse("`names` is no list of classes", f"List the names in the order of their numbers. {_FORMAT}")
    wrong = [name for name in names if not isinstance(name, str) or not 1 <= len(name) <= 100 or not name.isprintable()]
    if wrong:
        return refuse(f"{wrong[0]!r} is no name of a class", "Quote names such as 'no' and '1'; up to 100 characters.")
    twice = [name for number, name in enumerate(names) if name in names[:number]]
    if twice:
        return refuse(f"two classes are called {twice[0]!r}", "Give each class its own name.")
    if fields.get("nc", len(names)) != len(names):
        return refuse(f"`nc` is {fields['nc']}, but there are {len(names)} names", "Correct one, or leave `nc` out.")
    return tuple(names)
