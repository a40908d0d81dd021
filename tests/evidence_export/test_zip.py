from __future__ import annotations

import random
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from evidence_export.bag.digest import digest_file
from evidence_export.bag.zipform import MAX_ZIP_BYTES, ZipMember, structure, write_zip
from evidence_export.keys import Ed25519Signer
from evidence_export.verifier import verify
from evidence_export.verifier.__main__ import as_text
from tests.evidence_export.helpers import files_of, flip, tiny


@pytest.fixture(scope="module")
def folder(sealed_folder: Path, signer: Ed25519Signer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny(sealed_folder, tmp_path_factory.mktemp("tiny") / sealed_folder.name, signer)


@pytest.fixture
def packed(folder: Path, tmp_path: Path) -> Path:
    path = tmp_path / f"{folder.name} 副本.zip"
    digests = {name: digest_file(folder / name, with_crc32=True) for name in files_of(folder)}
    with path.open("wb") as out:
        write_zip(out, folder, folder.name, digests)
    return path


def test_python_and_unzip_read_it_and_it_unpacks_to_a_valid_folder(sealed_zip: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(sealed_zip) as archive:
        assert archive.testzip() is None
        infos = archive.infolist()
        assert [i.filename for i in infos] == sorted(i.filename for i in infos)
        assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)}
        assert {i.compress_type for i in infos} == {zipfile.ZIP_STORED}
        archive.extractall(tmp_path)
    assert verify(tmp_path / sealed_zip.stem).ok
    if unzip := shutil.which("unzip"):
        subprocess.run([unzip, "-tq", str(sealed_zip)], check=True, capture_output=True)


def test_every_byte_of_the_zip_counts(packed: Path) -> None:
    size = packed.stat().st_size
    with zipfile.ZipFile(packed) as archive:
        contents = [
            range(
                info.header_offset + 30 + len(info.filename),
                info.header_offset + 30 + len(info.filename) + info.file_size,
            )
            for info in archive.infolist()
        ]
        names = [info.filename.partition("/")[2] for info in archive.infolist()]
    dice = random.Random(1)
    for offset in range(size):
        inside = next((name for name, content in zip(names, contents, strict=True) if offset in content), None)
        if inside and offset % 5:  # contents are flipped exhaustively in the folder tests
            continue
        bit = dice.randrange(8)
        flip(packed, offset, bit)
        report = verify(packed)
        assert not report.ok, f"byte {offset} bit {bit}"
        blamed = inside or packed.name.encode("unicode_escape").decode()
        assert any(blamed in culprit for culprit in report.culprits), f"byte {offset}\n{as_text(report)}"
        flip(packed, offset, bit)
    assert verify(packed).ok


@pytest.mark.parametrize("cut", [1, 21, 22, 23, 500, 5000])
def test_a_truncated_zip_fails(packed: Path, cut: int) -> None:
    packed.write_bytes(packed.read_bytes()[:-cut])
    assert not verify(packed).ok


@pytest.mark.parametrize("keep", [0, 1, 4, 30, 100])
def test_almost_nothing_of_a_zip_fails(packed: Path, keep: int) -> None:
    packed.write_bytes(packed.read_bytes()[:keep])
    assert not verify(packed).ok


def test_data_before_and_after_is_refused(packed: Path) -> None:
    data = packed.read_bytes()
    for changed in (b"#!/bin/sh\n" + data, data + b"\0", data + data, b"\0" * 30 + data):
        packed.write_bytes(changed)
        assert not verify(packed).ok


def repack(
    source: Path, target: Path, compression: int = zipfile.ZIP_STORED, extra: dict[str, bytes] | None = None
) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", compression) as new:
        for info in old.infolist():
            new.writestr(info.filename, old.read(info))
        for name, data in (extra or {}).items():
            new.writestr(name, data)


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_repacked_zip_says_what_to_do(packed: Path, tmp_path: Path, compression: int) -> None:
    target = tmp_path / "again.zip"
    repack(packed, target, compression)
    report = verify(target)
    assert not report.ok
    assert "unpack it and verify the folder" in as_text(report)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    "name",
    ["../../evil", "/etc/passwd", "C:\\x", "a/../../b", "SP/./x", "{prefix}/case.json", "{prefix}/data/片.mp4", "x"],
)
def test_hostile_names_are_refused(packed: Path, folder: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / "hostile.zip"
    repack(packed, target, extra={name.replace("{prefix}", folder.name): b"x"})
    report = verify(target)
    assert not report.ok
    assert not (tmp_path.parent / "evil").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    target = tmp_path / "bomb.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("SP-20260302-AAAAAAAAAAAA/case.json", bytes(50_000_000))
    report = verify(target)
    assert not report.ok and "compressed" in as_text(report)


def test_renamed_folder_inside_is_found(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    digests = {name: digest_file(folder / name, with_crc32=True) for name in files_of(folder)}
    with path.open("wb") as out:
        write_zip(out, folder, "SP-20260302-AAAAAAAAAAAA", digests)
    report = verify(path)
    assert not report.ok and report.culprits == ("x.zip",)


def test_an_overlong_zip_is_refused_when_written() -> None:
    with pytest.raises(ValueError, match="4 GiB"):
        list(structure([ZipMember("a/b", MAX_ZIP_BYTES, 0)]))
