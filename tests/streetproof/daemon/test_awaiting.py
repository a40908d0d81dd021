"""A start that waits for its database ends in one of three ways, and each closes what was recorded."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.live.hostclock import HostClock
from streetproof.daemon import awaiting
from streetproof.daemon.awaiting import Opened, opened_store
from streetproof.daemon.backlog import Backlog
from streetproof.daemon.beginning import Start
from streetproof.daemon.overview import Room
from streetproof.daemon.sdnotify import Notifier
from streetproof.settings.load import LoadedSite
from streetproof.store.connection import StoreAwayError, StoreError
from streetproof.store.database import Store
from tests.ports import reserved_port
from tests.streetproof.daemon import sites

AWAY = StoreAwayError("it does not answer")


class FakeMeanwhile:
    """Remembers how it was stopped."""

    newest_ns = 4711
    problems = ()
    room = Room(2, 1)

    def __init__(self, *_: object) -> None:
        self.backlog = Backlog()

    def start(self) -> None:
        causes.clear()

    def turn(self, timeout_s: float) -> None:
        time.sleep(0.01)

    def stop(self, cause: str) -> None:
        causes.append(cause)

    def cameras(self) -> tuple[()]:
        return ()


causes: list[str] = []


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[LoadedSite]:
    with reserved_port() as port:
        yield sites.load(tmp_path / "site.yaml", sites.site("gate-1", live={"listen": f"127.0.0.1:{port}"}))


@pytest.fixture
def opens(tmp_path: Path, loaded: LoadedSite, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Opened | None]:
    """Start, with what each attempt to open the database comes to, and when it is told to stop."""
    monkeypatch.setattr(awaiting, "Meanwhile", FakeMeanwhile)
    monkeypatch.setattr(awaiting, "_AGAIN_S", 0.02)
    monkeypatch.setattr(awaiting, "has_state", lambda _: True)
    start = Start(HostClock(), Notifier())

    def run(*attempts: Callable[[], Store], stop_s: float | None = None) -> Opened | None:
        left = iter(attempts)
        monkeypatch.setattr(awaiting, "daemon_store", lambda *_: next(left)())
        if stop_s is not None:
            threading.Timer(stop_s, start.stop.set).start()
        return opened_store(tmp_path, loaded, "model", start)

    return run


def away() -> Store:
    raise AWAY


def test_a_database_that_answers_in_the_end_takes_over(tmp_path: Path, opens: Any) -> None:
    with Store.open_file(tmp_path / "a.db") as store:
        found = opens(away, away, lambda: store)
    assert found.store is store
    assert found.backlog is not None and found.before.newest_ns == 4711
    assert causes == ["handover"]


def test_one_that_answers_and_is_the_wrong_one_ends_the_daemon(opens: Any) -> None:
    def wrong() -> Store:
        raise StoreError("the state database is empty, and it was not when it was opened last")

    with pytest.raises(StoreError, match="is empty"):
        opens(away, away, wrong)
    assert causes == ["stopped"]


def test_a_stop_does_not_wait_for_an_attempt_that_hangs(opens: Any) -> None:
    hangs, began = threading.Event(), time.monotonic()

    def never() -> Store:
        hangs.wait(60)
        raise AWAY

    try:
        assert opens(away, never, stop_s=0.2) is None
    finally:
        hangs.set()
    assert time.monotonic() - began < 20
    assert causes == ["stopped"]


def test_one_that_was_never_there_is_not_waited_for(opens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(awaiting, "has_state", lambda _: False)
    with pytest.raises(StoreAwayError):
        opens(away)
