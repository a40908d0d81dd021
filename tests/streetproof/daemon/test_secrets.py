"""Passwords: read exactly, refused where they are not safe, and never shown."""

from __future__ import annotations

import os
import pickle
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streetproof.daemon import secrets
from streetproof.daemon.secrets import Secret, SecretError, password_of, redact, signing_secret_of
from streetproof.settings.live import Credentials, Webhook

WORD = "zq7-Täglich!neu"


@pytest.fixture(autouse=True, scope="module")
def known_here_alone() -> Iterator[None]:
    """Values of these tests, any word at all, are not left out of what other tests log."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(secrets, "_known", secrets._Known())
        yield


def from_file(file: Path, site: Path) -> Secret | None:
    return password_of(Credentials(username="admin", password_file=file), site)


def written(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_no_password_where_none_is_set(tmp_path: Path) -> None:
    assert password_of(Credentials(username="viewer"), tmp_path / "site.yaml") is None


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (b"secret word\nsecond line\n", "secret word"),
        (b" leading and trailing \n", " leading and trailing "),
        (b"windows\r\n", "windows"),
        ("口令 一号".encode(), "口令 一号"),
    ],
)
def test_the_first_line_of_a_file_without_its_newline(tmp_path: Path, content: bytes, password: str) -> None:
    folder = tmp_path / "站点 一"
    folder.mkdir()
    written(folder / "口令 1", content)
    secret = from_file(Path("口令 1"), folder / "site.yaml")  # relative to the site file
    assert secret is not None and secret.reveal() == password


def test_from_the_environment(tmp_path: Path) -> None:
    settings = Credentials(username="admin", password_env="GATE_1")
    secret = password_of(settings, tmp_path / "s.yaml", environ={"GATE_1": WORD})
    assert secret == Secret(WORD)
    with pytest.raises(SecretError, match=r"GATE_1.*not set"):
        password_of(settings, tmp_path / "s.yaml", environ={})


def test_the_signing_secret_of_a_webhook(tmp_path: Path) -> None:
    file = written(tmp_path / "hook", WORD.encode())
    hook = Webhook(url="https://example.org/hook", secret_file=file)
    assert signing_secret_of(hook, tmp_path / "s.yaml").reveal() == WORD


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o602, 0o666])
def test_a_file_that_everybody_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    file = written(tmp_path / "open", WORD.encode(), mode)
    with pytest.raises(SecretError, match="everybody") as refused:
        from_file(file, tmp_path / "s.yaml")
    assert f"chmod 640 {file}" in refused.value.remedy


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n" + WORD.encode(), "empty"),
        (WORD.encode("utf-16"), "UTF-8"),
        (b"\xef\xbb\xbf" + WORD.encode(), "byte order mark"),
        (WORD.encode() + b"\x00", "control character"),
        (WORD.encode() * 100, "longer than"),
        (b"x" * 100_000, "larger than"),
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_it(tmp_path: Path, content: bytes, why: str) -> None:
    file = written(tmp_path / "p", content)
    with pytest.raises(SecretError, match=why) as refused:
        from_file(file, tmp_path / "s.yaml")
    shown = "".join(traceback.format_exception(refused.value))
    assert str(file) in shown
    assert WORD not in shown and "Täglich" not in shown and "xxxx" not in shown


def test_missing_files_folders_and_pipes_are_named(tmp_path: Path) -> None:
    with pytest.raises(SecretError, match="No such file"):
        from_file(tmp_path / "none", tmp_path / "s.yaml")
    with pytest.raises(SecretError, match="regular"):
        from_file(tmp_path, tmp_path / "s.yaml")
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SecretError, match="regular"):  # and does not wait for a writer
        from_file(tmp_path / "pipe", tmp_path / "s.yaml")


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(WORD)
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r}",
        "".join(map(str, [secret])),
        repr({"password": secret}),
        repr(secret.__class__),
    ]
    assert not any(WORD in text for text in shown)
    assert "***" in shown[0]
    assert not hasattr(secret, "__dict__")


def test_secrets_reach_another_process_and_tell_a_change() -> None:
    copied = pickle.loads(pickle.dumps(Secret(WORD)))
    assert copied == Secret(WORD) and hash(copied) == hash(Secret(WORD))
    assert copied != Secret(WORD + "2")
    assert copied != WORD


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://admin:pa:ss@10.0.0.1:554/main", "rtsp://***@10.0.0.1:554/main"),
        ("cannot open 'rtsp://admin:p@ss/w0rd@host/x': refused", "cannot open 'rtsp://***@host/x': refused"),
        ("rtsp://viewer@host/x", "rtsp://***@host/x"),
        ("rtsp://host:554/live@2 and http://[::1]:80/a@b", "rtsp://host:554/live@2 and http://[::1]:80/a@b"),
        ("rtsp://host/live@main", "rtsp://host/live@main"),
        ("two rtsp://a:b@c rtsp://d:e@f", "two rtsp://***@c rtsp://***@f"),
        ("mail somebody@example.org", "mail somebody@example.org"),
    ],
)
def test_credentials_in_addresses_are_left_out(text: str, shown: str) -> None:
    assert redact(text) == shown


def test_known_secrets_are_left_out_also_as_they_stand_in_addresses() -> None:
    Secret("k9/w+ ö%x")
    assert redact("a k9/w+ ö%x b") == "a *** b"
    assert redact("a k9%2Fw%2B%20%C3%B6%25x b") == "a *** b"


def test_the_longer_of_two_secrets_leaves_no_rest() -> None:
    Secret("umbrella")
    Secret("umbrella-stand")
    assert redact("umbrella-stand umbrella") == "*** ***"


def test_a_short_secret_does_not_eat_holes_into_numbers() -> None:
    Secret("8642")
    assert redact("pin 8642, 186420 packets") == "pin ***, 186420 packets"


@given(st.text(min_size=6, max_size=40).filter(str.isprintable), st.text(max_size=30), st.text(max_size=30))
def test_no_text_keeps_a_secret(value: str, before: str, after: str) -> None:
    Secret(value)
    assert value not in redact(before + value + after) or value in "***"
