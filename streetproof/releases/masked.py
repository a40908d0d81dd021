"""Masked copies that an officer has looked at, read from the folder that `streetproof mask` made.

They are trusted no further than the case itself says what they were made from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag import releases
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import digest_file
from evidence_export.bagging import Part
from evidence_export.masking.interface import Masked
from evidence_export.release.carried import CarriedCase
from evidence_export.statements.values import exact
from streetproof.errors import StreetproofError

DOCUMENT = "masked.json"
_MAX_DOCUMENT = 4 << 20
_NOT_PICTURES = frozenset({"clip"})
_MASKED = frozenset({"panorama", "overlay", "before", "obstruction", "sign_close_up", "sign_photo", "clip"})
"""Roles of files that show bystanders: each needs a masked copy."""


class MaskedError(StreetproofError):
    """A folder that does not hold masked copies of the case."""


@dataclass(frozen=True, slots=True)
class MaskedParts:
    """What a release carries instead of originals. `pictures`: path in the case -> masked copy."""

    parts: tuple[Part, ...]
    told: JsonObject
    pictures: Mapping[str, bytes]


def write_document(folder: Path, made: Masked) -> None:
    """What masking says of the copies, beside them: `export` reads it. Raises MaskedError."""
    path = folder / DOCUMENT
    try:
        path.write_text(json.dumps(made.document(), ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise MaskedError(f"it cannot be written ({error.strerror})", where=str(path)) from error


def read_masked(folder: Path, case: CarriedCase, looked_at_by: tuple[str, str]) -> MaskedParts:
    """The copies in `folder`, which that officer has looked at. Raises MaskedError where they are not of this case, are
    not what was made, or do not stand for every picture and clip that is withheld."""
    document = _document(folder)
    sealed = {listed["path"]: listed["sha256"] for listed in case.manifest["files"]}
    parts, pictures = [], {}
    try:
        for one in document["files"]:
            name, derived = str(one["path"]), one["derived_from"]
            parent = str(derived["parent"])
            path = folder / name
            if Path(name).name != name or sealed.get(parent) != derived["parent_sha256"]:
                raise MaskedError("it holds a copy of something else than this case", where=str(path))
            if digest_file(path).sha256 != one["sha256"]:
                raise MaskedError(
                    "a copy is no longer what was made", where=str(path), remedy="Mask the case again, and look at it"
                )
            if one["role"] not in _NOT_PICTURES:
                pictures[parent] = path.read_bytes()
            parts.append(Part(f"{releases.MASKED}{name}", "masked", path, f"case:{parent}", str(derived["transform"])))
    except OSError as error:
        raise MaskedError(f"a masked copy cannot be read ({error.strerror})", where=str(error.filename)) from error
    except (KeyError, TypeError) as error:
        raise MaskedError(
            f"its {DOCUMENT} is not one of `streetproof mask`", where=str(folder), remedy="Mask the case again"
        ) from error
    shown = {one["path"] for one in case.manifest["files"] if one["role"] in _MASKED}
    missing = sorted(shown - {str(one["derived_from"]["parent"]) for one in document["files"]})
    if missing:
        raise MaskedError(f"it holds no copy of {missing[0]}", where=str(folder), remedy="Mask the whole case again")
    name, licence = looked_at_by
    told = {key: value for key, value in document.items() if key != "files"}
    told |= {"status": "masked", "looked_at_by": {"name": name, "licence": licence}}
    return MaskedParts(tuple(parts), {key: exact(value) for key, value in told.items()}, pictures)


def _document(folder: Path) -> dict[str, Any]:
    path = folder / DOCUMENT
    try:
        with path.open("rb") as stream:
            data = stream.read(_MAX_DOCUMENT + 1)
        found = json.loads(data)
        if len(data) > _MAX_DOCUMENT or not isinstance(found, dict) or not isinstance(found.get("files"), list):
            raise ValueError("no document of masked copies")
    except (OSError, ValueError, RecursionError) as error:
        raise MaskedError(
            "there are no masked copies here",
            where=str(path),
            remedy="Make them with `streetproof mask CASE-BUNDLE --out FOLDER`, look at each, then name that folder",
        ) from error
    return found
