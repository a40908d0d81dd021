"""Content Credentials in derived copies, read again by the C2PA library as any reader of them would."""

from __future__ import annotations

import json
import socket
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import c2pa
import pytest
from cryptography import x509
from PIL import Image

from evidence_export.bag import layout
from evidence_export.case import Software
from evidence_export.errors import CredentialError, SigningKeyError
from evidence_export.keys import SealingKeys, open_keys
from evidence_export.keys.management import NewKey, Secrets, init
from evidence_export.keys.ring import Role
from evidence_export.provenance import credentials
from evidence_export.provenance.credentials import Derived, embed

SOFTWARE = Software("streetproof", "1")
DERIVED = Derived("SP-20260302-ABCDEFGHIJKL", "data/stills/panorama-1.png", "ab" * 32, "painted grey 遮挡")


def ring(folder: Path, *keys: NewKey) -> SealingKeys:
    init(folder, "西湖 demo", keys, Secrets(), datetime.now(UTC) - timedelta(minutes=5))
    return open_keys(folder)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> SealingKeys:
    return ring(tmp_path_factory.mktemp("keys") / "ring", NewKey(Role.SEAL))


@pytest.fixture
def still(tmp_path: Path) -> Path:
    path = tmp_path / "遮挡 1.png"
    Image.effect_noise((320, 180), 40).convert("RGB").save(path)
    return path


def read(path: Path, keys: SealingKeys) -> dict[str, Any]:
    """What a reader says who trusts the site's authority."""
    assert keys.authority is not None
    trust = {"verify": {"verify_trust": True}, "trust": {"trust_anchors": keys.authority.decode()}}
    with (
        c2pa.Context.from_dict(trust) as context,
        path.open("rb") as stream,
        c2pa.Reader(credentials.FORMATS[path.suffix], stream, context=context) as reader,
    ):
        found: dict[str, Any] = json.loads(reader.json())
    return found


def active(said: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = said["manifests"][said["active_manifest"]]
    return found


@pytest.mark.parametrize("algorithm", [layout.ED25519, layout.ECDSA])
def test_a_reader_that_trusts_the_site_finds_it_whole_and_what_it_was_made_from(
    algorithm: str, still: Path, tmp_path: Path
) -> None:
    keys = ring(tmp_path / "ring", NewKey(Role.SEAL, algorithm))
    out = tmp_path / "out 1.png"
    embed(still, out, DERIVED, keys, SOFTWARE)
    said = read(out, keys)
    assert said["validation_state"] == "Trusted"
    manifest = active(said)
    (original,) = manifest["ingredients"]
    assert (original["title"], original["instance_id"]) == (DERIVED.parent, f"urn:sha256:{'ab' * 32}")
    assert original["relationship"] == "parentOf" and "thumbnail" not in manifest
    told = {one["label"]: one["data"] for one in manifest["assertions"]}
    assert told[credentials.DERIVED] == {
        "case": DERIVED.case_id,
        "parent": DERIVED.parent,
        "parent_sha256": "ab" * 32,
        "transform": DERIVED.transform,
    }
    with Image.open(still) as before, Image.open(out) as after:
        assert before.tobytes() == after.tobytes()


def test_a_clip_keeps_every_packet(keys: SealingKeys, recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "clip.mp4"
    embed(recording, out, DERIVED, keys, SOFTWARE)
    assert read(out, keys)["validation_state"] == "Trusted"

    def packets(path: Path) -> list[tuple[int | None, bytes]]:
        with av.open(str(path)) as container:
            return [(packet.pts, bytes(packet)) for packet in container.demux(video=0)]

    assert packets(out) == packets(recording)


@pytest.mark.parametrize("suffix", [".png", ".mp4"])
def test_a_changed_copy_is_told(keys: SealingKeys, still: Path, recording: Path, tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"x{suffix}"
    embed(still if suffix == ".png" else recording, out, DERIVED, keys, SOFTWARE)
    data = bytearray(out.read_bytes())
    data[data.rindex({".png": b"IDAT", ".mp4": b"mdat"}[suffix]) + 50] ^= 1
    out.write_bytes(data)
    assert read(out, keys)["validation_state"] == "Invalid"


def test_another_sites_authority_does_not_make_it_trusted(keys: SealingKeys, still: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    embed(still, out, DERIVED, keys, SOFTWARE)
    said = read(out, ring(tmp_path / "other", NewKey(Role.SEAL)))
    assert said["validation_state"] == "Valid"
    assert [one["code"] for one in said["validation_status"]] == ["signingCredential.untrusted"]


def test_the_second_key_signs_where_the_first_is_none_that_c2pa_knows(still: Path, tmp_path: Path) -> None:
    pytest.importorskip("gmssl")
    keys = ring(tmp_path / "ring", NewKey(Role.SEAL, layout.SM2), NewKey(Role.SECOND, layout.ECDSA))
    out = tmp_path / "x.png"
    embed(still, out, DERIVED, keys, SOFTWARE)
    assert active(read(out, keys))["signature_info"]["alg"] == "Es256"
    with pytest.raises(CredentialError, match="seals with neither"):
        embed(still, tmp_path / "y.png", DERIVED, replace(keys, second=None), SOFTWARE)


def test_keys_that_it_cannot_be_done_with(keys: SealingKeys, still: Path, tmp_path: Path) -> None:
    out = tmp_path / "x.png"
    with pytest.raises(CredentialError, match="has none"):
        embed(still, out, DERIVED, SealingKeys(keys.first), SOFTWARE)
    # The authority's own certificate stands for those that were issued before this was thought of.
    with pytest.raises(CredentialError, match="was issued before"):
        embed(still, out, DERIVED, replace(keys, certificate=keys.authority), SOFTWARE)

    class Away:
        algorithm = layout.ED25519
        public_key_pem = keys.first.public_key_pem
        fingerprint = keys.first.fingerprint

        def sign(self, data: bytes) -> bytes:
            raise SigningKeyError("the token was pulled out")

    with pytest.raises(SigningKeyError, match="pulled out"):
        embed(still, out, DERIVED, replace(keys, first=Away()), SOFTWARE)


def test_what_is_no_picture_is_refused_in_words(keys: SealingKeys, tmp_path: Path) -> None:
    for name in ("x.png", "x.mp4"):
        (tmp_path / name).write_bytes(b"neither a picture nor a clip")
        with pytest.raises(CredentialError, match="takes no C2PA manifest"):
            embed(tmp_path / name, tmp_path / f"out-{name}", DERIVED, keys, SOFTWARE)


def test_nobody_is_asked(keys: SealingKeys, still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refused)
    embed(still, tmp_path / "x.png", DERIVED, keys, SOFTWARE)


def test_without_the_library_it_says_what_to_install(
    keys: SealingKeys, still: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(CredentialError, match="not installed") as found:
        embed(still, tmp_path / "x.png", DERIVED, keys, SOFTWARE)
    assert "streetproof[c2pa]" in str(found.value)


def test_new_certificates_are_fit_for_it_and_say_so_uncritically(keys: SealingKeys) -> None:
    assert keys.certificate is not None
    found = x509.load_pem_x509_certificate(keys.certificate).extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert not found.critical
