"""`export`, `verify` and `import` of releases that are locked with a password."""

# ruff: noqa: F811

from __future__ import annotations

import os
import pty
import shutil
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pyrage
import pytest

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Kind
from evidence_export.release import age
from evidence_export.verifier import verify
from streetproof.locked import LockedError, lock_into, private_folder, unlocked
from streetproof.passwords import PasswordError, password_from
from tests.conftest import ROOT
from tests.once import once
from tests.streetproof.commands import command, streetproof
from tests.streetproof.test_export_command import (  # noqa: F401
    LI,
    TO_COURT,
    WANG,
    Command,
    case,
    entries_of,
    made,
    other,
    run,
    site,
    take_in,
)

PASSWORD = "口令 correct horse battery"


@pytest.fixture(scope="module")
def office(made: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A data folder after its case was released, and the folder with that locked release; only looked at."""
    place = tmp_path_factory.mktemp("office")
    data = Path(shutil.copytree(made[0], place / "库 一"))
    site = Path(shutil.copytree(ROOT / "configs/demo", place / "site")) / "site.yaml"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RELEASE_PASSWORD", PASSWORD)
        ran = streetproof(
            "export", made[1], site, *TO_COURT, *LI, "--data", data, "--key", data / "key.pem", "--out", place / "out",
            "--profile", "full", "--password-from", "RELEASE_PASSWORD", "--json",
        )  # fmt: skip
    assert ran.code == 0 and ran.json["encrypted"] is True, ran.err
    return data, Path(ran.json["path"]).parent


@pytest.fixture
def data(office: tuple[Path, Path]) -> Path:
    return office[0]


@pytest.fixture
def released(office: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RELEASE_PASSWORD", PASSWORD)
    folder = Path(shutil.copytree(office[1], tmp_path / "out"))
    return next(folder.glob("*.age"))


@pytest.fixture
def export(run: Command, made: tuple[Path, str], site: Path, tmp_path: Path) -> Command:
    """Release the case of a data folder of the test's own."""
    data = Path(shutil.copytree(made[0], tmp_path / "mine"))
    fixed = ("--data", data, "--key", data / "key.pem", "--out", tmp_path / "out", "--profile", "full")
    return lambda *args: run("export", made[1], site, *TO_COURT, *LI, *fixed, *args)


@pytest.fixture
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """No release, and locked in no time: where nobody gets as far as to look at what is in it."""

    def make(folder: Path) -> None:
        folder.mkdir()
        with (folder / "a.zip.age").open("wb") as to, (folder / "plain").open("wb+") as plain:
            plain.write(os.urandom(300_000))
            plain.seek(0)
            age.lock(plain, to, PASSWORD, work_factor=2)

    return once(tmp_path_factory, "locked", make) / "a.zip.age"


def test_a_locked_release_is_opened_verified_and_taken_in(
    released: Path, take_in: Command, run: Command, data: Path, other: Path, tmp_path: Path, case: str
) -> None:  # fmt: skip
    assert released.name.endswith(".zip.age")
    assert {one.name for one in released.parent.iterdir()} == {released.name, f"{released.name}.README.txt"}
    told = (released.parent / f"{released.name}.README.txt").read_text(encoding="utf-8")
    assert f"age -d -o {released.stem} {released.name}" in told and "打开方法" in told and PASSWORD not in told
    # Any reader of the form opens it; its own README says how it was handed over.
    opened = tmp_path / released.stem
    opened.write_bytes(pyrage.passphrase.decrypt(released.read_bytes(), PASSWORD))
    key = load_or_create_key(data / "key.pem").fingerprint
    assert verify(opened, trusted_key=key).ok
    assert b"age -d -o" in opened.read_bytes()
    ran = run("verify", released, "--key", key, "--password-from", "RELEASE_PASSWORD", "--json")
    assert ran.code == 0 and ran.json[0]["ok"] and ran.json[0]["path"] == str(released)
    taken = take_in(released, "--password-from", "RELEASE_PASSWORD", "--json")
    assert taken.code == 0 and taken.json["path"] == str(other / "imports" / released.stem), taken.err
    assert run("cases", "--data", other, "--json").json[0]["case"] == case
    assert not [one for folder in (data, other) for one in folder.glob(".opened-*")]


@pytest.mark.skipif(shutil.which("age") is None or shutil.which("script") is None, reason="age, or script, is missing")
def test_what_the_readme_beside_it_says_works(released: Path, data: Path) -> None:
    """With the ordinary tool, which asks at a terminal."""
    told = (released.parent / f"{released.name}.README.txt").read_text(encoding="utf-8")
    line = next(line.partition("  age -d")[2] for line in told.splitlines() if "  age -d" in line)
    done = subprocess.run(
        ["script", "-qec", f"age -d{line}", "/dev/null"], input=f"{PASSWORD}\n".encode(), cwd=released.parent,
        env={**os.environ, "SHELL": "/bin/sh"}, capture_output=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert verify(released.with_suffix(""), trusted_key=load_or_create_key(data / "key.pem").fingerprint).ok


def test_the_ledger_tells_that_it_was_locked_and_nobody_with_what(
    released: Path, data: Path, tmp_path: Path
) -> None:  # fmt: skip
    last = entries_of(data)[-1]
    assert last.kind is Kind.CASE_EXPORTED and last.data["encrypted"] is True
    for path in (one for folder in (data, tmp_path) for one in folder.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert PASSWORD.encode() not in content, path


def test_an_open_release_says_nothing_of_a_password(export: Command, tmp_path: Path) -> None:
    ran = export("--json")
    assert ran.json["encrypted"] is False and "encrypted" not in entries_of(tmp_path / "mine")[-1].data
    assert "age -d" not in (Path(ran.json["path"]) / "README.txt").read_text(encoding="utf-8")


def test_what_cannot_be_opened_is_told_in_both_languages(
    small: Path, take_in: Command, run: Command, other: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("RELEASE_PASSWORD", PASSWORD)
    monkeypatch.setenv("WRONG", "another password")
    whole = small.read_bytes()
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    for name, content, source, code, said, zh in (
        ("a.zip.age", whole, "WRONG", 2, "not the password that it was locked with", "密码不正确"),
        ("b.zip.age", whole[:-1], "RELEASE_PASSWORD", 1, "or its end is missing", "结尾缺失"),
        ("c.zip.age", whole[:70_000], "RELEASE_PASSWORD", 1, "end is missing", "结尾缺失"),
        ("d.zip.age", bytes(changed), "RELEASE_PASSWORD", 1, "it was changed", "被改动"),
        ("e.zip.age", b"PK\x03\x04", "RELEASE_PASSWORD", 2, "no file of age's", "没有用密码加密"),
        ("f.zip", b"PK\x03\x04", "RELEASE_PASSWORD", 2, "no file of age's", "没有用密码加密"),
        ("g.zip.age", b"", "RELEASE_PASSWORD", 2, "no file of age's", "没有用密码加密"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        ran = run("verify", path, "--password-from", source)
        assert ran.code == code and said in ran.err and zh in ran.err and str(path) in ran.err, (name, ran)
        assert "another password" not in ran.err and PASSWORD not in ran.err
        refused = take_in(path, "--password-from", source)
        assert refused.code == 4 and zh in refused.err
    assert entries_of(other) == [] and not list(other.glob(".opened-*")) and not (other / "imports").exists()


def test_a_locked_release_that_does_not_verify_is_named_by_its_own_path(
    released: Path, run: Command, other: Path
) -> None:  # fmt: skip
    strange = load_or_create_key(other / "key.pem").fingerprint
    ran = run(
        "import", released, "--key", strange, "--from", "x", *WANG, "--data", other,
        "--password-from", "RELEASE_PASSWORD",
    )  # fmt: skip
    assert ran.code == 4 and str(released) in ran.err and ".opened-" not in ran.err


def test_without_a_password_one_is_told_where_to_give_it(released: Path, take_in: Command, run: Command) -> None:
    for ran in (run("verify", released), take_in(released)):
        assert ran.code == 4 and "--password-from" in ran.err


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("eleven char", "too weak: it has 11 characters, and needs 12"), ("abababababab", "fewer than 6 different"),
        ("密码密码密码密码密码密", "too weak"), ("a tab\tin a password", "can be typed"),
        (" leading is lost", "without a space"), ("", "no password"),
    ],
)  # fmt: skip
def test_weak_passwords_lock_nothing(
    export: Command, tmp_path: Path, password: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setenv("RELEASE_PASSWORD", password)
    ran = export("--password-from", "RELEASE_PASSWORD")
    assert ran.code == 4 and said in ran.err and not (password and password in ran.err)
    assert (
        Kind.CASE_EXPORTED not in [one.kind for one in entries_of(tmp_path / "mine")]
        and not (tmp_path / "out").exists()
    )


def test_what_may_be_the_password_itself_is_not_repeated(export: Command) -> None:
    ran = export("--password-from", "my own password!")
    assert ran.code == 4 and "no name of an environment variable" in ran.err and "my own" not in ran.err


def test_it_is_read_from_the_first_line_of_the_input(released: Path) -> None:
    done = subprocess.run(
        command("verify", released, "--password-from", "-", "--quiet"), input=f"{PASSWORD}\nmore\n".encode(),
        capture_output=True, check=False, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()


def test_whoever_sits_at_the_terminal_is_asked_and_it_is_not_shown(released: Path) -> None:
    leader, follower = pty.openpty()
    running = subprocess.Popen(
        command("verify", released, "--quiet"), stdin=follower, stdout=follower, stderr=follower,
        start_new_session=True, preexec_fn=lambda: _take_terminal(follower),
    )  # fmt: skip
    os.close(follower)
    shown = b""
    while b"password" not in shown:
        shown += os.read(leader, 1000)
    os.write(leader, f"{PASSWORD}\n".encode())
    code = running.wait(600)
    os.close(leader)
    assert code == 0 and PASSWORD.encode() not in shown


def _take_terminal(descriptor: int) -> None:
    import fcntl
    import termios

    fcntl.ioctl(descriptor, termios.TIOCSCTTY, 0)


def test_two_that_differ_when_typed_lock_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter(["correct horse battery", "correct horse batterie"])
    monkeypatch.setattr("getpass.getpass", lambda prompt: next(typed))
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    with pytest.raises(PasswordError, match="differ"):
        password_from("-", {}, new=True)


# -- what lies open meanwhile ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nothing_stays_open_after_a_signal(
    small: Path, tmp_path: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), unlocked(small, PASSWORD, tmp_path) as opened:
        assert stat.S_IMODE(opened.parent.stat().st_mode) == 0o700 and opened.stat().st_size == 300_000
        os.kill(os.getpid(), number)
    assert list(tmp_path.iterdir()) == [] and signal.getsignal(number) is before

    def halfway(source: object, to: object, password: str) -> None:
        assert len(list(tmp_path.iterdir())) == 1
        os.kill(os.getpid(), number)

    monkeypatch.setattr(age, "unlock", halfway)
    with pytest.raises(KeyboardInterrupt), unlocked(small, PASSWORD, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_open_is_removed_by_the_next(small: Path, tmp_path: Path) -> None:
    work = (
        "import sys; from pathlib import Path; from streetproof.locked import unlocked\n"
        "with unlocked(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3])):\n print('open', flush=True); input()"
    )
    held = [
        subprocess.Popen(
            [sys.executable, "-c", work, str(small), PASSWORD, str(tmp_path)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
        )
        for _ in range(2)
    ]  # fmt: skip
    killed, lives = held
    assert all(one.stdout is not None and one.stdout.readline() == b"open\n" for one in held)
    stranger = tmp_path / ".opened-link"
    (tmp_path / "else").mkdir()
    stranger.symlink_to(tmp_path / "else")
    killed.kill()
    killed.communicate()
    left = list(tmp_path.glob(".opened-*/*"))
    assert len(left) == 2
    with private_folder(tmp_path):
        assert len(list(tmp_path.glob(".opened-*/*"))) == 2  # none is old enough yet
    for folder in (*(one.parent for one in left), stranger):
        os.utime(folder, (1, 1), follow_symlinks=False)
    with private_folder(tmp_path):
        assert len(list(tmp_path.glob(".opened-*/*"))) == 1
    assert stranger.is_symlink() and (tmp_path / "else").is_dir()
    lives.communicate(b"\n")
    assert lives.returncode == 0 and list(tmp_path.glob(".opened-*")) == [stranger]


def test_what_was_opened_of_a_damaged_file_does_not_stay(small: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "b.zip.age"
    damaged.write_bytes(small.read_bytes()[:-1])
    with pytest.raises(age.DamagedError), unlocked(damaged, PASSWORD, tmp_path):
        pass
    assert list(tmp_path.iterdir()) == [damaged]


def test_locking_replaces_nothing_and_leaves_no_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, final = tmp_path / "a.zip", tmp_path / "out" / "a.zip.age"
    plain.write_bytes(b"content")
    monkeypatch.setattr(age, "lock", partial(age.lock, work_factor=2))
    lock_into(plain, final, PASSWORD)
    with pytest.raises(LockedError, match="there is a release of this name"):
        lock_into(plain, final, PASSWORD)
    assert len(list(final.parent.iterdir())) == 2

    def full(source: object, to: object, password: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(age, "lock", full)
    with pytest.raises(LockedError, match="No space left"):
        lock_into(plain, tmp_path / "b.zip.age", PASSWORD)
    assert {one.name for one in tmp_path.iterdir()} == {"a.zip", "out"}


def test_a_release_is_never_open_where_it_goes_to(
    export: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """That may be a drive that is carried away, from which deleted files come back."""
    seen = []
    lock = age.lock

    def looked(source: object, to: object, password: str) -> None:
        seen.extend(path.name for path in (tmp_path / "out").rglob("*"))
        lock(source, to, password, work_factor=2)  # type: ignore[arg-type]

    monkeypatch.setattr(age, "lock", looked)
    monkeypatch.setenv("RELEASE_PASSWORD", PASSWORD)
    assert export("--password-from", "RELEASE_PASSWORD").code == 0
    assert [name.rpartition(".zip.age")[2] for name in seen] == [".partial"]


def test_a_private_folder_works_in_a_thread_too(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def inside() -> bool:
        with private_folder(tmp_path) as folder:
            return folder.is_dir()

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(inside).result()
    assert list(tmp_path.iterdir()) == []
