"""Object stores of each kind behave alike: what is there is never replaced, and nothing is half there."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from streetproof.objects.interface import Kept, ObjectError
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
