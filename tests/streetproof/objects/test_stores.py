"""Object stores of each kind behave alike: what is there is never replaced, and nothing is half there."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streetproof.objects.interface import Kept, ObjectError, ObjectStore
from streetproof.objects.stores import Obstore, store_at
from tests.ports import reserved_port
from tests.streetproof.objects.conftest import KEYS, S3

File = Callable[[bytes], Path]


def test_what_was_put_is_there_byte_for_byte(objects: Obstore, file: File, tmp_path: Path) -> None:
    content = os.urandom(300_000)
    assert objects.size_of("cases/一 a/b.zip") is None
    assert objects.put("cases/一 a/b.zip", file(content))
    assert objects.size_of("cases/一 a/b.zip") == len(content)
    objects.fetch("cases/一 a/b.zip", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    objects.put("other/c", file(b""))
    assert list(objects.all("cases")) == [Kept("cases/一 a/b.zip", len(content))]
    assert {one.key for one in objects.all()} == {"cases/一 a/b.zip", "other/c"}


def test_nothing_is_ever_replaced(objects: Obstore, file: File, tmp_path: Path) -> None:
    assert objects.put("a", file(b"one"))
    assert not objects.put("a", file(b"one"))
    with pytest.raises(ObjectError, match="something else is there"):
        objects.put("a", file(b"two"))
    objects.fetch("a", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == b"one"


def test_of_many_that_put_at_once_one_wins(objects: Obstore, file: File) -> None:
    sources, results = [file(bytes([number]) * 1000) for number in range(8)], []

    def put(source: Path) -> None:
        try:
            results.append(objects.put("a", source))
        except ObjectError:
            results.append(False)

    threads = [threading.Thread(target=put, args=(source,)) for source in sources]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * 7 + [True]


def test_what_is_not_there_cannot_be_fetched(objects: Obstore, tmp_path: Path) -> None:
    with pytest.raises(ObjectError, match="cannot be used"):
        objects.fetch("nothing", tmp_path / "back")


def test_a_server_that_is_down_is_told_without_secrets(file: File) -> None:
    with reserved_port() as port:
        options = {"endpoint": f"http://127.0.0.1:{port}", "access_key_env": "ACCESS", "secret_key_env": "SECRET"}
        store = store_at("s3://bucket/x", KEYS, options)
        with pytest.raises(ObjectError) as caught:
            store.put("a", file(b"one"))
    assert "a-key" not in str(caught.value) and "口令" not in str(caught.value) and "s3://bucket/x" in str(caught.value)
    assert caught.value.__cause__ is None and "a-secret" not in repr(store)


def test_a_bucket_that_does_not_exist(s3: S3, file: File) -> None:
    with pytest.raises(ObjectError, match="cannot be used"):
        s3.store("no-such-bucket").put("a", file(b"one"))


@pytest.mark.parametrize("url", ["http://x/y", "s3://", "file://host/x", "s3://key@bucket/x", "nonsense"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ObjectError, match="no address"):
        store_at(url, {}, {})


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(ObjectError, match="the variable NOTHING is not set"):
        store_at("s3://bucket", {}, {"access_key_env": "NOTHING"})


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ObjectError, match="cannot be used"):
        store_at(f"file://{tmp_path}/file/below", {}, {})


BIG = 12 << 20
"""More than goes in one request, and no whole number of parts."""


def test_what_goes_in_parts_is_whole_and_is_not_replaced(objects: ObjectStore, file: File, tmp_path: Path) -> None:
    content = os.urandom(BIG + 12345)
    source = file(content)
    assert objects.put("a/b.zip", source) and not objects.put("a/b.zip", source)
    objects.fetch("a/b.zip", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content
    changed = content[:-1] + bytes([content[-1] ^ 1])
    for other in (changed, content[:-1], b"small", content + b"x"):
        with pytest.raises(ObjectError, match="something else is there"):
            objects.put("a/b.zip", file(other))
    objects.fetch("a/b.zip", tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == content


_MEASURED = """
import sys, threading
from pathlib import Path
from streetproof.objects.stores import store_at
url, endpoint, source, key = sys.argv[1:]
store = store_at(url, {"A": "a", "B": "b"}, {"endpoint": endpoint, "access_key_env": "A", "secret_key_env": "B"})
# Libraries, threads and arenas come with the first object.
small = Path(source + ".small"); small.write_bytes(bytes(6 << 20)); store.put("warm", small)

def resident(field):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(field)) // 1024

Path("/proc/self/clear_refs").write_text("5")
before = resident("VmRSS")
assert store.put(key, Path(source))
print(resident("VmHWM") - before)
"""


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_large_case_takes_a_few_megabytes_of_memory(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Held whole, it would be the 300 MiB that it has."""
    source = tmp_path / "case.zip"
    with source.open("wb") as out:
        out.truncate(150 << 20)
    url, endpoint = f"file://{tmp_path}/copies", "http://127.0.0.1:1"
    if kind == "s3":
        server: S3 = request.getfixturevalue("s3")
        url, endpoint = f"s3://{server.bucket()}/x", server.endpoint
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, url, endpoint, str(source), "a/case.zip"],
        capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 40


# -- folders -----------------------------------------------------------------------------------------------------------


class Steps:
    """What was brought to disk and named, in that order. `unsynced`: what a power cut would take."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.log: list[tuple[str, str]] = []
        self._fsync = os.fsync
        monkeypatch.setattr(os, "fsync", self.fsync)
        for name in ("link", "mkdir", "rename"):
            monkeypatch.setattr(os, name, self._noted(name, getattr(os, name)))

    def fsync(self, handle: int) -> None:
        self._fsync(handle)
        path = os.readlink(f"/proc/self/fd/{handle}")
        self.log.append(("fsync", path if os.path.isdir(path) else f"{path} {os.fstat(handle).st_size}"))

    def _noted(self, name: str, act: Callable[..., None]) -> Callable[..., None]:
        def noted(path: str, *args: object, **more: object) -> None:
            act(path, *args, **more)
            self.log.append((name, os.fspath(args[0]) if name != "mkdir" else os.fspath(path)))  # type: ignore[call-overload]

        return noted


def test_a_copy_in_a_folder_is_on_the_disk_before_it_is_told_of(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes, all of them, before the name; the name and each new folder before `put` returns."""
    root = tmp_path / "备份 盘" / "x"
    steps = Steps(monkeypatch)
    store = store_at(f"file://{root}", {}, {})
    assert store.put("cases/ab/c.zip", file(os.urandom(3 << 20)))
    named = steps.log.index(("link", str(root / "cases/ab/c.zip")))
    (content,) = [at for at, (what, path) in enumerate(steps.log) if what == "fsync" and ".partial" in path]
    assert steps.log[content][1].endswith(f" {3 << 20}") and content < named
    made = {at: path for at, (what, path) in enumerate(steps.log) if what == "mkdir"}
    assert set(made.values()) >= {str(root), str(root / "cases"), str(root / "cases/ab")}
    for at, path in [*made.items(), (named, str(root / "cases/ab/c.zip"))]:
        assert ("fsync", os.path.dirname(path)) in steps.log[at:], path


def test_what_a_killed_run_had_named_is_brought_to_disk_by_the_next(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "copies"
    store = store_at(f"file://{root}", {}, {})
    content = os.urandom(1000)
    (root / "cases").mkdir()
    (root / "cases/a.zip").write_bytes(content)
    steps = Steps(monkeypatch)
    assert not store.put("cases/a.zip", file(content))
    assert {path for what, path in steps.log if what == "fsync"} == {
        f"{root}/cases/a.zip 1000", f"{root}/cases", str(root),
    }  # fmt: skip


def test_a_disk_that_fails_to_sync_has_no_copy(file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_at(f"file://{tmp_path}/copies", {}, {})

    def failing(handle: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(ObjectError, match="Input/output error"):
        store.put("a.zip", file(b"content"))
    assert list((tmp_path / "copies").rglob("*")) == []


def test_a_share_that_cannot_sync_folders_is_taken_at_its_word(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync, files = os.fsync, []

    def of_files_only(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(22, "Invalid argument")
        files.append(handle)
        fsync(handle)

    monkeypatch.setattr(os, "fsync", of_files_only)
    store = store_at(f"file://{tmp_path}/x/copies", {}, {})
    assert store.put("cases/a.zip", file(b"one")) and len(files) == 1


def test_where_there_are_no_hard_links_it_is_renamed_and_nothing_is_replaced(
    file: File, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*paths: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    store = store_at(f"file://{tmp_path}/copies", {}, {})
    assert store.put("a.zip", file(b"one")) and not store.put("a.zip", file(b"one"))
    with pytest.raises(ObjectError, match="something else is there"):
        store.put("a.zip", file(b"two"))
    assert [path.name for path in (tmp_path / "copies").iterdir()] == ["a.zip"]


def test_drafts_are_no_objects_and_old_ones_go(file: File, tmp_path: Path) -> None:
    root = tmp_path / "copies"
    store = store_at(f"file://{root}", {}, {})
    old, new = root / f".a.zip.{'0' * 16}.partial", root / f".a.zip.{'1' * 16}.partial"
    for draft in (old, new):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert list(store.all()) == []
    assert store.put("a.zip", file(b"one")) and not old.exists() and new.exists()
    assert list(store.all()) == [Kept("a.zip", 3)]


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/x", "a//b", "", ".a.partial", "a\0b"])
def test_a_key_never_leads_out_of_the_folder(file: File, tmp_path: Path, key: str) -> None:
    store = store_at(f"file://{tmp_path}/copies", {}, {})
    with pytest.raises(ObjectError, match="no name of an object"):
        store.put(key, file(b"x"))


def test_a_link_in_the_place_of_a_copy_is_not_followed_to_write(file: File, tmp_path: Path) -> None:
    root = tmp_path / "copies"
    store = store_at(f"file://{root}", {}, {})
    (root / "a.zip").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ObjectError, match="something else is there"):
        store.put("a.zip", file(b"x"))
    assert not (tmp_path / "elsewhere").exists()
