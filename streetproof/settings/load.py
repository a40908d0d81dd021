"""From a YAML file to a validated site, or to a list of mistakes with file, line and what to do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from streetproof.settings.document import ConfigError, Document, read_document
from streetproof.settings.site import Site
from vision.words import placed


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong in a site file."""

    path: Path
    line: int
    location: str
    message: str

    def __str__(self) -> str:
        where = f" {self.location}:" if self.location else ""
        return f"{self.path}:{self.line}:{where} {self.message}"


class SiteInvalidError(ConfigError):
    """A site file with mistakes; `mistakes` holds all of them."""

    def __init__(self, path: Path, mistakes: list[Mistake]) -> None:
        count = f"{len(mistakes)} mistake" + ("s" if len(mistakes) != 1 else "")
        super().__init__(
            f"{count}:\n  " + "\n  ".join(map(str, mistakes)) + "\n",
            where=str(path),
            remedy="`streetproof config check` explains them; docs/operators.md and docs/daemon.md have every setting",
        )
        self.mistakes = mistakes


@dataclass(frozen=True)
class LoadedSite:
    """A valid site with the identity of the file it came from."""

    site: Site
    path: Path
    sha256: str
    document: Document


def load_site(path: Path) -> LoadedSite:
    """Read and validate `path`. Raises ConfigError; SiteInvalidError lists every mistake with its line."""
    document = read_document(path)
    if not isinstance(document.data, dict):
        raise ConfigError(
            "the file holds no site",
            where=str(path),
            remedy="Start from configs/demo/site.yaml; it explains each field",
        )
    try:
        site = Site.model_validate(document.data)
    except ValidationError as error:
        raise SiteInvalidError(path, [_mistake(document, detail) for detail in _causes(error)]) from error
    return LoadedSite(site, path, hashlib.sha256(document.content).hexdigest(), document)


def site_schema() -> str:
    """The JSON Schema of a site file, as text that ends with a newline; the same for the same code."""
    return json.dumps(Site.model_json_schema(by_alias=True), ensure_ascii=False, indent=2) + "\n"


def _causes(error: ValidationError) -> list[Any]:
    """Every mistake, without the remark that a list is too short which follows from mistakes in its items."""
    details = error.errors()
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(other["loc"][: len(detail["loc"])] == detail["loc"] for other in details if other is not detail)
    ]


def _mistake(document: Document, detail: Any) -> Mistake:
    location, message = placed(detail)
    if detail["type"] == "extra_forbidden":
        message = "there is no such setting; remove it or correct its spelling"
    return mistake_at(document, location, message)


def mistake_at(document: Document, location: Sequence[int | str], message: str) -> Mistake:
    """A mistake in the value at `location`."""
    name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).lstrip(".")
    return Mistake(document.path, document.line_of(location), name, message)
