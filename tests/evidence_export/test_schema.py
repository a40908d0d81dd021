"""The published schema of the manifest: it holds for what is sealed, and for nothing near it.

That every manifest fits which any test of this folder seals is seen to in conftest.py.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evidence_export import manifest
from evidence_export.bag import layout
from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.sealer import seal
from tests.evidence_export.conftest import SEALED_AT
from tests.evidence_export.schema import faults, fits, validator
from tests.once import once
from tests.streetproof.commands import streetproof


@pytest.fixture
def case(sealed_folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((sealed_folder / layout.CASE).read_bytes())
    return found


def test_a_sealed_case_fits(case: dict[str, Any]) -> None:
    assert faults(case) == []


def test_what_is_built_in_these_tests_is_held_against_it(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field that the code writes and the schema does not know fails the test that seals it."""
    genuine = manifest.view_statement
    monkeypatch.setattr(manifest, "view_statement", lambda request: {**genuine(request), "sharpness": 3})
    with pytest.raises(AssertionError, match="sharpness"):
        seal(request_, tmp_path, signer, SEALED_AT)


def test_the_demo_fits(tmp_path_factory: pytest.TempPathFactory, bootstrap_model: str) -> None:
    def demo(folder: Path) -> None:
        assert streetproof("demo", "--out", folder).code == 0

    cases = list(once(tmp_path_factory, "demo", demo).glob("cases/*/case.json"))
    assert cases and all(faults(json.loads(one.read_bytes())) == [] for one in cases)


def test_it_knows_the_revision_of_the_code() -> None:
    schema = validator().schema
    assert schema["properties"]["revision"]["maximum"] == layout.FORMAT_REVISION
    assert str(layout.FORMAT_REVISION) in schema["title"]
    assert schema["properties"]["seal"]["properties"]["algorithm"]["enum"] == list(layout.ALGORITHMS)


def objects(schema: object) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for value in schema.values():
            yield from objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects(value)


def test_every_object_is_closed() -> None:
    """But settings and looks of detectors, which are anybody's, and then hold no fractions."""
    found = list(objects({key: value for key, value in validator().schema.items() if key != "allOf"}))
    assert len(found) > 60
    for one in found:
        rest = one["additionalProperties"]
        assert rest is False or rest == {"$ref": "#/$defs/anything"}


def leaves(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from leaves(item, (*place, key))
    else:
        yield place, value


def changed(case: dict[str, Any], place: tuple[Any, ...], value: object) -> dict[str, Any]:
    found = copy.deepcopy(case)
    at: Any = found
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return found


OPEN = ("settings", "look")


def test_a_value_of_another_type_does_not_fit_anywhere(case: dict[str, Any]) -> None:
    """Every single value: an integer as fraction and as text, a text as number, null where something must be said."""
    tried = 0
    for place, value in leaves(case):
        others: list[object] = [1.5, [], {"x": 1}]
        if place[:1] == ("detection",) and place[1] in OPEN:
            others = [1.5]
        elif not isinstance(value, bool) and isinstance(value, int):
            others += ["7", -(2**53), None]
        elif isinstance(value, str):
            others += [True, None]
        for other in others:
            tried += 1
            assert not fits(changed(case, place, other)), (place, other)
    assert tried > 500


def test_a_missing_field_does_not_fit_anywhere(case: dict[str, Any]) -> None:
    optional = {"kept", "trace", "reckoning", "grounds", "derived_from"}
    tried = 0

    def walk(value: Any, place: tuple[Any, ...]) -> None:
        nonlocal tried
        if isinstance(value, dict):
            for key in value:
                if key not in optional and not (place[:1] == ("detection",) and place[1:2] and place[1] in OPEN):
                    less = copy.deepcopy(case)
                    at: Any = less
                    for one in place:
                        at = at[one]
                    del at[key]
                    tried += 1
                    assert not fits(less), (place, key)
                walk(value[key], (*place, key))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                walk(item, (*place, index))

    walk(case, ())
    assert tried > 200


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("seal", "sealed_at"), "2026-03-02T00:00:00Z"),
        (("seal", "sealed_at"), "2026-03-02T00:00:00.123456Z"),
        (("seal", "sealed_at"), "2026-03-02T00:00:00.123456789+08:00"),
        (("seal", "sealed_at"), "2026-13-02T00:00:00.123456789Z"),
        (("seal", "sealed_at"), "2026-03-02T24:00:00.123456789Z"),
        (("seal", "sealed_at"), "2026-03-02 00:00:00.123456789Z"),
        (("seal", "algorithm"), "RSA"),
        (("seal", "key_fingerprint"), "AB" * 32),
        (("seal", "time_stamp"), "today"),
        (("case", "id"), "SP-20260302-abcdefghijkl"),
        (("case", "local_date"), "02.03.2026"),
        (("case", "status"), "proven"),
        (("case", "approval_blocked_by"), ["Not Reviewed"]),
        (("files", 0, "path"), "../README.txt"),
        (("files", 0, "size"), -1),
        (("files", 0, "sha256"), "0" * 63),
        (("recordings", 0, "time_base"), "0/1"),
        (("images", "panoramas", 0, "box"), ["0.1", "0.2", "0.3"]),
        (("images", "panoramas", 0, "box"), [0.1, "0.2", "0.3", "0.4"]),
        (("camera", "road"), {"known": True}),
        (("camera", "road"), {"known": False, "why": "x"}),
        (("format",), "other"),
        (("version",), 2),
        (("revision",), layout.FORMAT_REVISION + 1),
        (("revision",), 0),
        (("review",), {"status": "approved"}),
    ],
)
def test_what_does_not_fit(case: dict[str, Any], place: tuple[Any, ...], value: object) -> None:
    assert faults(changed(case, place, value))


def test_what_a_revision_brought_does_not_fit_the_one_before(case: dict[str, Any]) -> None:
    assert faults({**case, "revision": 11})
    del case["legal_basis"]["competence"]
    assert faults(case) and not faults({**case, "revision": 11})
    assert faults({**case, "revision": 10})
    case["files"] = [one for one in case["files"] if one["path"] != layout.OWN_VERIFIER]
    assert not faults({**case, "revision": 1})
    case["seal"]["second"] = {"algorithm": "SM2-SM3", "key_fingerprint": "0" * 64}
    assert faults({**case, "revision": 7}) and not faults({**case, "revision": 8})


def test_an_unknown_field_does_not_fit_and_a_later_revision_says_why(case: dict[str, Any]) -> None:
    assert faults({**case, "mood": "good"})
    later = faults({**case, "revision": layout.FORMAT_REVISION + 1})
    assert len(later) == 1 and later[0].startswith("$.revision")
