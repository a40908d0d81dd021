"""The daemon's path: a violation that a hub is told of, sealed, entered, and told to people.

Everything is the daemon's own but for the sealing process, which is this one, so that one step after the other happens,
and the clock, which is moved by hand.
"""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from evidence_export.bag import pubkey
from evidence_export.bag.digest import digest_file
from evidence_export.keys import load_key, load_or_create_key
from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock, HostReading
from streams.recorder.interface import ClockStatement
from streetproof.batch.work import Outcome, Seal, execute
from streetproof.daemon.beginning import ANSWERS_S
from streetproof.daemon.books import Books
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.desk import Ended, Fired
from streetproof.daemon.hub import Hub
from streetproof.daemon.index import RecordingIndex, save_holds
from streetproof.daemon.inference import FairQueue
from streetproof.daemon.notices.queue import NoticeQueue
from streetproof.daemon.notices.sender import Sender
from streetproof.daemon.reload import kept_copy
from streetproof.daemon.sealing import SealingProcess
from streetproof.databases.opening import begun_state
from streetproof.store.findings import FindingState
from tests.evidence_export.conftest import write_recording
from tests.faults.media import draw_plainly
from tests.faults.server import Server
from tests.faults.shim import Control
from tests.faults.state import Expected
from tests.streams.recorder.feeding import record
from tests.streetproof.daemon import sites
from tests.streetproof.daemon.test_inference import FakeModel
from tests.vision.byhand import T0, at

_SITE = "hangzhou"
"""Of the segments that `record` makes."""
_CLOCK = ClockStatement(120_000_000, 4_000, -3_000_000, T0 - 60 * NS_PER_S, ())
_FOOTAGE_S = 110
_DONE_S = 125.0
_STEP_S = 70
"""A case that failed is tried again after a minute, then after two."""
_ROUNDS = 14


class _Here(SealingProcess):
    """Seals in this process."""

    def _submit(self, task: Seal) -> Future[Outcome]:
        done: Future[Outcome] = Future()
        try:
            done.set_result(execute(task))
        except BaseException as error:
            done.set_exception(error)
        return done


@dataclass(frozen=True, slots=True)
class DaemonPath:
    """`as_zip`: cases are single files. `server`: who keeps state and ledger; None: SQLite files."""

    as_zip: bool = False
    server: Server | None = None

    @property
    def name(self) -> str:
        return "daemon-postgresql" if self.server is not None else "daemon-zip" if self.as_zip else "daemon"

    @property
    def warms(self) -> bool:
        return True

    def _site(self) -> dict[str, Any]:
        database = {} if self.server is None else {"database": self.server.database}
        return sites.site("gate-1", site={"id": _SITE}, evidence={"zip": self.as_zip}, **database)

    def prepare(self, data: Path) -> None:
        """A data folder with footage, right before the rule fires."""
        data.mkdir(parents=True)
        source = data / "camera.mp4"
        write_recording(source, _FOOTAGE_S)
        records, _ = record(source, data / "recordings", segment_ns=40 * NS_PER_S, start_ns=T0, clock=_CLOCK)
        load_or_create_key(data / "key.pem")
        source.unlink()
        loaded = sites.load(data / "site.yaml", self._site())
        kept_copy(data / "configs", loaded)
        if self.server is not None:
            self.server.begin()
        with begun_state(data, loaded, by="daemon") as store:
            store.segments.add(records)
            books = Books(store, data, _SITE, data / "key.pem")
            books.close()
        if self.server is not None:
            self.server.keep()

    def reset(self) -> None:
        if self.server is not None:
            self.server.reset()

    def expected(self, data: Path) -> Expected:
        originals = {str(path): digest_file(path).sha256 for path in (data / "recordings").rglob("*.mp4")}
        return Expected(pubkey.from_pem(load_key(data / "key.pem").public_key_pem), originals, notices=True)

    def run(self, data: Path, control: Control | None) -> None:
        """The daemon starts, is told of the violation, and turns until there is a case. `control`: what breaks a step
        is mended after some turns."""
        draw_plainly()
        loaded = sites.load(data.parent / "site.yaml", self._site())
        outcomes = sites.play(sites.desk_of(loaded), sites.parked(6, 80), 0, 120)
        clock = _Clock()
        with begun_state(data, loaded, by="daemon", busy_s=1.0, answers_s=ANSWERS_S) as store:
            index = RecordingIndex(store, data / "recordings")
            host = HostClock(clock.read)
            queue = NoticeQueue(store, ["webhook"], keep_ns=10**18, now_ns=host.now_ns)
            sealing = _Here(lambda outcome: hub.tell_sealing(outcome))
            sender = Sender(queue, [], randomness=Random(1))
            casework = CaseWork(
                store, index, data / "recordings", sealing, data, data / "key.pem", lambda camera, stay: None,
                telling=sender,
            )  # fmt: skip
            hub = Hub(
                loaded, store, index, FakeModel(), FairQueue(), casework, host, clock.mono_ns, queue.put, data / "views"
            )  # fmt: skip
            books = Books(store, data, _SITE, data / "key.pem")
            for outcome in outcomes:
                if isinstance(outcome, Fired | Ended):
                    hub._undone.add(("gate-1", outcome, loaded))
            for number in range(_ROUNDS):
                if number == _ROUNDS // 2 and control is not None:
                    control.disarm()
                clock.second += _STEP_S
                hub.keep()
                hub.work(0)
                hub.keep()
                queue.flush()
                books.keep(clock.mono_ns())
                if hub.store_error is None and store.findings.counts()[FindingState.SEALED] and not books.problems:
                    break
            books.close()
            save_holds(data / "recordings", store.holds.all())  # as housekeeping does every few minutes


class _Clock:
    """All clocks of the machine, since the scripts began."""

    def __init__(self) -> None:
        self.second = _DONE_S

    def mono_ns(self) -> int:
        return round(self.second * NS_PER_S)

    def read(self) -> HostReading:
        return HostReading(self.mono_ns(), at(0).utc_ns + self.mono_ns(), self.mono_ns(), 0)
