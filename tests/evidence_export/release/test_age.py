"""Files locked with a password: in the form that age itself reads and writes, and nothing opens that was changed."""

from __future__ import annotations

import base64
import io
import os
import shutil
import subprocess
from pathlib import Path

import pyrage
import pytest

from evidence_export.release import age
from evidence_export.release.age import AgeError, DamagedError, WrongPasswordError

PASSWORD = "口令 correct horse"
SIZES = [0, 1, 15, 16, 65535, 65536, 65537, 131072, 200_000]
needs_age = pytest.mark.skipif(
    shutil.which("age") is None or shutil.which("script") is None, reason="age, or script of util-linux, is missing"
)


def locked(content: bytes, work_factor: int = 2) -> bytes:
    out = io.BytesIO()
    age.lock(io.BytesIO(content), out, PASSWORD, work_factor=work_factor)
    return out.getvalue()


def unlocked(data: bytes, password: str = PASSWORD) -> bytes:
    out = io.BytesIO()
    age.unlock(io.BytesIO(data), out, password)
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_it_is_the_form_of_age_both_ways(size: int) -> None:
    """Held against rage's implementation, which takes seconds for a password of its own."""
    content = os.urandom(size)
    assert unlocked(locked(content)) == content
    assert pyrage.passphrase.decrypt(locked(content), PASSWORD) == content
    if size in (0, 65536, 65537):
        assert unlocked(pyrage.passphrase.encrypt(content, PASSWORD)) == content


@needs_age
def test_the_ordinary_tool_opens_it_and_the_other_way_round(tmp_path: Path) -> None:
    """Held against Go's implementation, which asks at a terminal."""
    content = os.urandom(100_000)
    ours, opened, plain, theirs = (tmp_path / one for one in ("ours.age", "opened", "plain", "theirs.age"))
    ours.write_bytes(locked(content, age.WORK_FACTOR))
    plain.write_bytes(content)

    def at_a_terminal(line: str, typed: str) -> None:
        told = subprocess.run(
            ["script", "-qec", line, "/dev/null"], input=typed.encode(), capture_output=True, check=False, cwd=tmp_path,
            env={**os.environ, "SHELL": "/bin/sh"}, timeout=600,
        )  # fmt: skip
        assert told.returncode == 0, told.stdout

    at_a_terminal(f"age -d -o {opened} {ours}", f"{PASSWORD}\n")
    assert opened.read_bytes() == content
    at_a_terminal(f"age -p -o {theirs} {plain}", f"{PASSWORD}\n{PASSWORD}\n")
    assert unlocked(theirs.read_bytes()) == content


def test_the_same_twice_is_nowhere_the_same() -> None:
    one, other = locked(b"x" * 100), locked(b"x" * 100)
    assert not set(one.split(b"\n")[1:3]) & set(other.split(b"\n")[1:3]) and one[-116:] != other[-116:]


def test_another_password_is_told_apart_from_a_damaged_file() -> None:
    data = locked(b"content")
    with pytest.raises(WrongPasswordError, match="not the password"):
        unlocked(data, PASSWORD + " ")
    with pytest.raises(DamagedError):
        unlocked(data[:-1])


def test_no_bit_can_be_changed_unseen() -> None:
    data = locked(os.urandom(200))
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1
        with pytest.raises(AgeError):
            unlocked(bytes(changed))


def test_no_end_can_be_cut_off_and_none_added() -> None:
    """Also where a chunk ends, and where all that is left is whole chunks."""
    data = locked(os.urandom(3 * 65536))
    start = len(data) - 3 * (65536 + 16)
    for cut in [*range(start + 1), start + 65552, start + 2 * 65552, len(data) - 16, len(data) - 1, start + 65553]:
        with pytest.raises(DamagedError if cut > 130 else AgeError):
            unlocked(data[:cut])
    with pytest.raises(DamagedError, match="its end is missing"):
        unlocked(data[: start + 65552])
    for more in (b"x", bytes(16), bytes(65552), data[-65552:]):
        with pytest.raises(DamagedError):
            unlocked(data + more)


def test_chunks_cannot_be_exchanged() -> None:
    data = locked(os.urandom(3 * 65536))
    a, b, c = (data[-n * 65552 :][:65552] for n in (3, 2, 1))
    head = data[: -3 * 65552]
    for order in (b + a + c, a + c + b, a + a + c, a + c):
        with pytest.raises(DamagedError):
            unlocked(head + order)


def test_what_is_something_else_is_told() -> None:
    stanza = b"-> X25519 O6DLx/wDIawpUC978NSPjYvrfDtJVnZApXKp4FMPHCY\n"
    for data, said in (
        (b"PK\x03\x04 a zip", "not locked with a password"),
        (b"", "not locked with a password"),
        (b"age-encryption.org/v2\n", "newer form of age"),
        (b"age-encryption.org/v", "its end is missing"),
        (b"-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n", "text form of age"),
        (b"age-encryption.org/v1\n" + stanza + b"x\n", "for a key, not with a password"),
        (pyrage.encrypt(b"x", [pyrage.x25519.Identity.generate().to_public()]), "for a key, not with a password"),
        (b"age-encryption.org/v1\n" + b"x" * 100_000, "not in the form of age|end is missing"),
    ):
        with pytest.raises(AgeError, match=said):
            unlocked(data)
        assert age.is_locked(data) == data.startswith((b"age-", b"-----"))


@pytest.mark.parametrize("work_factor", [21, 63, 99])
def test_a_file_cannot_ask_for_all_of_the_memory(work_factor: int) -> None:
    data = locked(b"x").replace(b" 2\n", b" %d\n" % work_factor)
    with pytest.raises(AgeError, match=f"too much memory \\(work factor {work_factor}\\)"):
        unlocked(data)


def test_too_little_memory_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    data = locked(b"x")

    def none_left(**more: object) -> None:
        raise MemoryError

    monkeypatch.setattr(age, "Scrypt", none_left)
    with pytest.raises(AgeError, match="not enough free memory"):
        unlocked(data)


@pytest.mark.parametrize("written", [b"02", b"+2", b"2 ", b"0", b"-1", b"2 2", b"", b"2" * 9])
def test_a_work_factor_has_one_form(written: bytes) -> None:
    with pytest.raises(AgeError):
        unlocked(locked(b"x").replace(b" 2\n", b" %b\n" % written))


def test_base64_has_one_form() -> None:
    """Bits left over, and padding, would be a second file with the same content."""
    version, stanza, body, *rest = locked(b"x").split(b"\n")
    for changed in (body + b"=", body[:-1] + bytes([body[-1] ^ 1]), body[:20] + b"\r" + body[20:]):
        with pytest.raises(AgeError):
            unlocked(b"\n".join([version, stanza, changed, *rest]))


class Counted(io.RawIOBase):
    """Zeros, and how many were asked for at once."""

    def __init__(self, size: int) -> None:
        self.left, self.most = size, 0

    def read(self, size: int = -1) -> bytes:
        self.most = max(self.most, size if size >= 0 else 1 << 60)
        given = min(size, self.left)
        self.left -= given
        return bytes(given)


class Taken(io.RawIOBase):
    """Takes whatever is written, and how much at once."""

    def __init__(self) -> None:
        self.size = self.most = 0

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.most = max(self.most, len(data))
        self.size += len(data)
        return len(data)


def test_no_more_than_a_chunk_is_held_at_once(tmp_path: Path) -> None:
    source, path, out = Counted(64 << 20), tmp_path / "a.age", Taken()
    with path.open("wb") as to:
        age.lock(source, to, PASSWORD, work_factor=2)  # type: ignore[arg-type]
    with path.open("rb") as stream:
        age.unlock(stream, out, PASSWORD)  # type: ignore[arg-type]
    assert out.size == 64 << 20 and max(source.most, out.most) <= 65552


def test_the_default_costs_an_attacker_what_the_tool_costs() -> None:
    data = locked(b"x", age.WORK_FACTOR)
    assert data.split(b"\n")[1].split(b" ")[1] == b"scrypt" and data.split(b"\n")[1].endswith(b" 18")
    assert len(base64.b64decode(data.split(b"\n")[2] + b"=")) == 32
