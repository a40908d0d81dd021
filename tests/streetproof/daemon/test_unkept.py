"""What a database did not take is there again after a restart, and a spoilt file of it stops nobody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.interface import ModelInfo
from streetproof.daemon.desk import Departed, Ended, Fired
from streetproof.daemon.messages import StreamRole
from streetproof.daemon.reload import kept_copy
from streetproof.daemon.undone import Undone
from streetproof.daemon.unkept import FILE, Unkept
from streetproof.settings.load import load_site
from streetproof.store.database import Store
from streetproof.store.states import SavedState
from tests.conftest import ROOT
from tests.vision.byhand import at
from tests.vision.test_codec import events
from vision.integrity.interface import ViewChange, ViewEvent, ViewFault
from vision.lookback import Pinned, PinReason


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open_file(tmp_path / "state.db") as opened:
        yield opened


def undone(data: Path) -> list[Undone]:
    loaded = load_site(ROOT / "configs/demo/site.yaml")
    kept_copy(data / "configs", loaded)
    violation, stay = events()
    model = ModelInfo("m", "a" * 64, "x", "yolox", ("car", "人"), (416, 416))
    return [
        ("gate-1", Fired(violation, StreamRole.SUB, model), loaded),
        ("gate-1", Ended(stay), loaded),
        ("gate-1", Departed(stay, Pinned(at(1.5), None, PinReason.SEEN_STANDING)), loaded),
        ("gate-2", ViewEvent(ViewFault.MOVED, ViewChange.BEGUN, at(3), at(4)), loaded),
    ]


def plain(values: list[Undone]) -> list[tuple[object, ...]]:
    return [(camera, outcome, loaded.sha256) for camera, outcome, loaded in values]


def test_all_of_it_comes_back_as_it_was(tmp_path: Path, store: Store) -> None:
    values, states = undone(tmp_path), {"gate-1": SavedState("b" * 64, '{"门": 1}', 50)}
    Unkept(tmp_path).save(values, states)
    again = Unkept(tmp_path)
    assert plain(again.take_back(store)) == plain(values)
    assert store.states.states() == states
    again.clear()
    assert Unkept(tmp_path).take_back(store) == [] and not list(tmp_path.glob("unkept*"))


def test_a_state_that_is_newer_in_the_database_stays(tmp_path: Path, store: Store) -> None:
    newer = SavedState("b" * 64, "newer", 60)
    store.states.save_states({"gate-1": newer})
    Unkept(tmp_path).save([], {"gate-1": SavedState("b" * 64, "older", 50)})
    Unkept(tmp_path).take_back(store)
    assert store.states.state("gate-1") == newer


@pytest.mark.parametrize("spoilt", ["", "[]", '{"format": "other"}', "config", "violation", "states"])
def test_a_file_that_cannot_be_read_is_put_aside(tmp_path: Path, store: Store, spoilt: str) -> None:
    unkept = Unkept(tmp_path)
    unkept.save(undone(tmp_path), {"gate-1": SavedState("b" * 64, "x", 50)})
    path = tmp_path / FILE
    value = json.loads(path.read_text())
    match spoilt:
        case "config":
            value["undone"][0]["config"] = "f" * 64
        case "violation":
            del value["undone"][0]["violation"]["stay"]
        case "states":
            value["states"]["gate-1"] = {"other": 1}
        case _:
            value = None
    path.write_text(spoilt if value is None else json.dumps(value))
    again = Unkept(tmp_path)
    assert again.take_back(store) == []
    assert not path.exists() and (tmp_path / f"{FILE}.unreadable").exists()
    assert store.states.states() == {}


def test_a_disk_that_does_not_take_it_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    Unkept(tmp_path).save([], {})
    assert [one.name for one in tmp_path.iterdir()] == [FILE]
