"""Every sealed case gets its copy in every store, once; what is missing or wrong is found."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from evidence_export.keys import load_or_create_key
from evidence_export.ledger.entry import Kind, read_entry
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from streetproof.bundles import case_row
from streetproof.daemon.copier import Copier
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.objects import copies
from streetproof.objects.interface import ObjectError
from streetproof.objects.stores import Obstore, store_at
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.evidence_export.conftest import SEALED_AT, make_request, write_recording
from tests.streetproof.commands import Ran, inside
from tests.streetproof.daemon.test_notices import until


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with two cases: a folder and a zip."""
    data = tmp_path_factory.mktemp("数据 一")
    key = load_or_create_key(data / "key.pem")
    with Store.open_file(data / "state.db") as store:
        for number in range(2):
            recording = data / f"东门 {number}.mp4"
            write_recording(recording, 30, seed=number)
            request = make_request(recording)
            case = seal(request, data / "cases", key, SEALED_AT, as_zip=bool(number))
            store.remember_case(
                case_row(case.case_id, str(case.path.relative_to(data)), request, None), case.manifest_sha256
            )
    ledger_of(data, "demo").close()
    return data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "库 一"))


@pytest.fixture
def store(data: Path) -> Iterator[Store]:
    with Store.open_file(data / "state.db") as opened:
        yield opened


def noted(data: Path, store: Store) -> list[str]:
    with ledger_of(data, "demo") as ledger:
        Bookkeeper(store, ledger).enter()
        found = [read_entry(row.entry).happening for row in ledger.rows()]
    return [str(one.data["store"]) for one in found if one.kind is Kind.CASE_COPIED]


def test_each_case_is_copied_once_and_verifies_there(
    data: Path, store: Store, objects: Obstore, tmp_path: Path
) -> None:
    assert copies.waiting(data, store, [objects]) == 2
    assert [one.new for one in copies.make(data, store, [objects])] == [True, True]
    assert list(copies.make(data, store, [objects])) == []
    assert copies.waiting(data, store, [objects]) == 0
    assert list(copies.check(data, store, [objects], deep=True)) == []
    assert noted(data, store) == [objects.label] * 2
    for kept in objects.all():
        fetched = tmp_path / Path(kept.key).name
        objects.fetch(kept.key, fetched)
        assert verify(fetched, trusted_key=load_or_create_key(data / "key.pem").fingerprint).ok
    assert not list(data.glob(".copy-*"))


def test_what_was_copied_by_a_run_that_was_killed_then_is_found(data: Path, store: Store, objects: Obstore) -> None:
    """Between the copy and what is written down of it; or the data folder came back from an older backup."""
    list(copies.make(data, store, [objects]))
    shutil.rmtree(data / copies.FOLDER)
    assert [one.new for one in copies.make(data, store, [objects])] == [False, False]


def test_a_copy_that_is_missing_or_altered_is_found(data: Path, store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "另一 磁盘"
    objects = store_at(f"file://{folder}", {}, {})
    list(copies.make(data, store, [objects]))
    first, second = sorted(folder.rglob("*.zip"))
    first.unlink()
    content = bytearray(second.read_bytes())
    content[len(content) // 2] ^= 1
    second.write_bytes(content)
    assert [one.what for one in copies.check(data, store, [objects])] == ["it is not there"]
    deep = {one.case_id: one.what for one in copies.check(data, store, [objects], deep=True)}
    assert deep[first.stem] == "it is not there" and "does not verify" in deep[second.stem]


def test_one_store_that_is_down_keeps_no_other_waiting_and_is_caught_up(
    data: Path, store: Store, tmp_path: Path
) -> None:
    class Flaky:
        """Refuses while it is down."""

        label, down = "flaky", True

        def __init__(self) -> None:
            self.kept: dict[str, bytes] = {}

        def put(self, key: str, source: Path) -> bool:
            if self.down:
                raise ObjectError("the store cannot be used", where=self.label)
            self.kept[key] = source.read_bytes()
            return True

    flaky, steady = Flaky(), store_at(f"file://{tmp_path}/steady", {}, {})
    copier = Copier(data, store, [flaky, steady], period_s=0.05)  # type: ignore[list-item]
    copier.start()
    try:
        until(lambda: len(list(steady.all())) == 2 and len(copier.problems) == 1)
        assert "2 个案件等待复制到 flaky" in copier.problems[0].zh
        flaky.down = False
        until(lambda: not copier.problems)
        assert len(flaky.kept) == 2
    finally:
        copier.stop(30)


def test_something_else_under_its_name_is_left_and_told(
    data: Path, store: Store, objects: Obstore, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"something else")
    row = store.cases()[0]
    objects.put(copies.key_of(data, row), other)
    with pytest.raises(ObjectError, match="something else is there"):
        list(copies.make(data, store, [objects]))
    assert copies.waiting(data, store, [objects]) == 2


def test_on_the_command_line(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "configs/demo", tmp_path / "site")
    site = tmp_path / "site/site.yaml"
    content = yaml.safe_load(site.read_text(encoding="utf-8"))
    content.setdefault("evidence", {})["copies"] = [{"url": f"file://{tmp_path}/备份 盘"}]
    site.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def run(*args: object) -> Ran:
        return inside(capsys, monkeypatch, "copies", *args, site, "--data", data, width=200)

    missing = run("check", "--lang", "zh")
    assert missing.code == 1 and "副本有缺失或错误" in missing.out
    assert missing.out.count("：不存在") == 2 and "it is not there" not in missing.out
    assert run("make", "--lang", "zh").out.count("已复制到") == 2
    assert run("check", "--deep").code == 0
    assert run("make", "--json").json == []
