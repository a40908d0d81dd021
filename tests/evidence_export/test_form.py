"""Digests, canonical JSON, paths and case ids."""

from __future__ import annotations

import hashlib
import io

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.bag import canonical, digest, layout, native, sm3
from evidence_export.manifest import exact

KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_is_rfc_8785_and_reads_back(value: canonical.JsonValue) -> None:
    data = canonical.dumps(value)
    assert data == rfc8785.dumps(value)
    assert canonical.loads(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":{"b":1,"b":2}}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'\xef\xbb\xbf{"a":1}',
        b'{"a":1.5}',
        b'{"a":1e3}',
        b'{"a":-0}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":9007199254740992}',
        b'{"a":' + b"1" * 5000 + b"}",
        b'{"a":"\\u4e2d"}',
        b'{"a":"\\ud800"}',
        b'{"a":"\\/"}',
        b'{"\xc3\xa9":1}',
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b"[" * 100 + b"]" * 100,
        b"[" * 200_000 + b"]" * 200_000,
        b'{"a":' * 100_000,
        b"",
        b"null x",
    ],
    ids=lambda data: str(data[:16]),
)
def test_anything_but_the_canonical_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        canonical.loads(data)


@pytest.mark.parametrize("value", [1.5, 2**53, {"é": 1}, {"": 1}, {1: 2}, b"x", {"a": [float("nan")]}, "\ud800"])
def test_what_readers_could_disagree_on_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):
        canonical.dumps(value)  # type: ignore[arg-type]


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_exact_keeps_every_float(value: float) -> None:
    text = exact({"x": [value]})
    assert float(text["x"][0]) == value  # type: ignore[index,call-overload]
    canonical.dumps(text)


@given(st.binary(max_size=5000), st.integers(1, 999))
def test_digests_agree_with_the_libraries(data: bytes, chunk: int) -> None:
    hasher = digest.Hasher(with_crc32=True)
    for start in range(0, len(data), chunk):
        hasher.update(data[start : start + chunk])
    found = hasher.result()
    assert found == digest.digest_bytes(data) == digest.digest_stream(io.BytesIO(data), with_crc32=True)
    assert (found.size, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_sm3_is_the_standards_sm3(monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of GB/T 32905-2016, annex A.1, by OpenSSL, by cryptography, and in plain Python."""
    expected = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert digest.digest_bytes(b"abc").sm3 == expected

    def absent(*_: object, **__: object) -> None:
        raise ValueError("unsupported hash type sm3")

    monkeypatch.setattr("evidence_export.bag.sm3.hashlib.new", absent)
    found = sm3._fast()
    assert found is not None
    monkeypatch.setattr(sm3, "new", found)
    assert found is native.Sm3 and digest.digest_bytes(b"abc").sm3 == expected
    monkeypatch.setattr(sm3, "new", None)
    assert digest.digest_bytes(b"abc").sm3 == "" and sm3.digest(b"a", b"bc").hex() == expected


@given(st.binary(max_size=300))
def test_plain_sm3_is_openssls(data: bytes) -> None:
    assert sm3.plain(data) == hashlib.new("sm3", data).digest()


@pytest.mark.parametrize(
    "path",
    [
        *("", "/x", "../x", "a/../b", "./a", "a//b", "a/", ".hidden", "a/.b", "a\\b", "片.mp4", "a b", "a\n", "x."),
        *("a:b", "é", "e\u0301", "-x", "~/x", "a\x00", "a" * 101, "/".join("a" * 9)),
    ],
)
def test_paths_that_could_fool_somebody_are_none(path: str) -> None:
    assert not layout.is_path(path)


def test_case_ids_follow_from_content() -> None:
    facts = {
        "local_date": "2026-03-02",
        "site": "s",
        "camera": "c",
        "rule": "r",
        "zone": "西侧",
        "policy_sha256": "00" * 32,
        "recordings_sha256": ["11" * 32],
        "stay": "1",
    }
    one = layout.case_id(**facts)
    assert one == layout.case_id(**facts) and layout.is_case_id(one)
    for name in facts:
        other = {**facts, name: ["22" * 32] if name == "recordings_sha256" else "2026-03-03"}
        assert layout.case_id(**other) != one
