"""docs/schema/release-1.schema.json says what releases are, and refuses what they are not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from evidence_export.bag import layout
from evidence_export.bag.releases import Profile
from tests.conftest import ROOT
from tests.evidence_export.release.conftest import Office

SCHEMA = json.loads((ROOT / "docs/schema/release-1.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def manifest(path: Path) -> dict[str, Any]:
    root: dict[str, Any] = json.loads((path / layout.RELEASE).read_bytes())
    return root


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_releases_of_each_kind_are_what_it_says(full: Path, office: Office, tmp_path: Path) -> None:
    bare = office.released(tmp_path / "bare", office.request(), ledger=False)
    masking = {"status": "masked", "looked_at_by": {"name": "李明", "licence": "33010012"}, "counts": {"people": 3}}
    request = replace(office.request(Profile.OUTGOING), masking=masking)
    outgoing = office.released(tmp_path / "out", request, ledger=False)
    for path in (full, bare, outgoing):
        assert [f"{one.json_path}: {one.message}" for one in VALIDATOR.iter_errors(manifest(path))] == []


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of every field and item."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in [(*at, key), *places(one, (*at, key))]]


def holder(root: Any, at: tuple[Any, ...]) -> Any:
    for key in at[:-1]:
        root = root[key]
    return root


def test_every_field_has_a_form_and_is_asked_for(full: Path) -> None:
    root = manifest(full)
    optional = {"derived_from", "second"}
    for at in places(root):
        wrong = copy.deepcopy(root)
        holder(wrong, at)[at[-1]] = 1.5
        assert not VALIDATOR.is_valid(wrong), at
        if isinstance(at[-1], str) and at[-1] not in optional:
            lacking = copy.deepcopy(root)
            del holder(lacking, at)[at[-1]]
            assert not VALIDATOR.is_valid(lacking), at


@pytest.mark.parametrize(
    "edit",
    [
        lambda root: root.update(extra=1),
        lambda root: root["release"].update(profile="secret"),
        lambda root: root["seal"].update(sealed_at="2026-03-04T04:53:20Z"),
        lambda root: root["files"][0].update(path="../x"),
        lambda root: root["case"].update(manifest_sha256="AB" * 32),
        lambda root: root.update(version=2),
    ],
)  # fmt: skip
def test_what_no_release_says_is_refused(full: Path, edit: Callable[[dict[str, Any]], object]) -> None:
    root = manifest(full)
    edit(root)
    assert not VALIDATOR.is_valid(root)
