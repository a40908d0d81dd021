"""A daemon in one process and one thread more or less, on a machine where hours pass in seconds.

The hub, the desks, the index, the store, the model's thread and queue, the housekeeper and the sealing process are the
real ones, put together as the service does it; cameras are `SoakCamera`. Only the fleet is not there: orders go
straight to the cameras.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random

import sqlalchemy as sa
import yaml

from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock
from streetproof.daemon.books import ENTER_NS, Books
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.housekeeping import Housekeeper
from streetproof.daemon.hub import Hub
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.inference import Broken, FairQueue, InferenceThread, Seen, SeenBack
from streetproof.daemon.messages import FromCamera, ToCamera, WorkerSpec
from streetproof.daemon.notices.interface import Notice
from streetproof.daemon.reload import kept_copy, live_cameras
from streetproof.daemon.retention import Limits
from streetproof.daemon.sealing import SealingProcess
from streetproof.daemon.stations import Stations
from streetproof.settings.load import load_site
from streetproof.store.database import Store
from streetproof.store.notices import Outgoing, StoredNotice
from tests.soak.camera import SoakCamera
from tests.soak.steady import process_figures
from tests.soak.street import DWELL_S, FPS, KERB, RedDetector
from tests.soak.time_machine import TimeMachine

KEEP_S = 600
"""How long footage is kept: short, so that most of a soak is spent deleting."""
_KEEP_NS = 2 * NS_PER_S
_HOUSE_NS = 30 * NS_PER_S
_SEALED_WITHIN_S = 120


class _Fleet:
    """What the hub wants of a fleet, over cameras that live in this process."""

    def __init__(self) -> None:
        self.specs: dict[str, Callable[[], WorkerSpec]] = {}
        self.cameras: dict[str, SoakCamera] = {}

    def add(self, camera: str, spec: Callable[[], WorkerSpec]) -> None:
        self.specs[camera] = spec

    def send(self, camera: str, order: ToCamera) -> None:
        self.cameras[camera].obey(order)

    def is_current(self, camera: str, generation: int) -> bool:
        return True

    def heard(self, camera: str) -> None:
        pass


@dataclass
class Counts:
    """What happened, over all cameras."""

    notices: int = 0
    deleted: int = 0


class SoakDaemon:
    """A context manager. `run` lets hours pass; `readings` are of every `sample_s` simulated seconds."""

    def __init__(self, folder: Path, clip: Path, *, cameras: int, connected_s: float = 1500, seed: int = 1) -> None:
        self._folder = folder
        self._clip = clip
        self._names = [f"cam-{number + 1}" for number in range(cameras)]
        self._connected_s = connected_s
        self._dice = Random(seed)
        self.time = TimeMachine()
        self.counts = Counts()
        self.readings: list[dict[str, float]] = []
        self.each_second: list[Callable[[], None]] = []
        """For tests of the soak itself: called about every simulated second."""

    def __enter__(self) -> SoakDaemon:
        with ExitStack() as stack:
            self._open(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _open(self, stack: ExitStack) -> None:
        loaded = load_site(_write_site(self._folder / "站点 site.yaml", self._clip, self._names))
        kept_copy(self._folder / "configs", loaded)
        recordings = self._folder / "recordings"
        recordings.mkdir()
        self.recordings = recordings
        store = self.store = stack.enter_context(Store.open_file(self._folder / "state.db"))
        self._engine = sa.create_engine(f"sqlite:///{self._folder / 'state.db'}")
        stack.callback(self._engine.dispose)
        index = RecordingIndex(store, recordings)
        detector = RedDetector()
        self._host = HostClock(self.time.read)
        self._pictures = FairQueue()
        self._sealing = SealingProcess(lambda outcome: self.hub.tell_sealing(outcome))
        stack.callback(self._sealing.stop)
        casework = CaseWork(
            store, index, recordings, self._sealing, self._folder, self._folder / "key.pem",
            lambda camera, stay: self.hub.standing(camera, stay), telling=_Told(self.counts),
        )  # fmt: skip
        self.hub = Hub(
            loaded, store, index, detector, self._pictures, casework, self._host, self.time.now, self._notified,
            self._folder / "views",
        )  # fmt: skip
        self._fleet = _Fleet()
        self.hub.fleet = self._fleet  # type: ignore[assignment]
        stations = Stations(self.hub, self._fleet, store, index, recordings, self._host)  # type: ignore[arg-type]
        self._house = Housekeeper(store, recordings, now_ns=self._host.now_ns, mono_ns=self.time.now)
        self._books = Books(store, self._folder, loaded.site.site.id, self._folder / "key.pem")
        self._books.using(loaded, detector.info)
        stack.callback(self._books.close)
        inference = InferenceThread(detector, self._pictures, 8, self._seen)
        inference.start()
        stack.callback(inference.join, 10)
        stack.callback(self._pictures.close)
        for camera in live_cameras(loaded.site).values():
            stations.open(loaded, camera)
            one = SoakCamera(
                self._fleet.specs[camera.id](), self.time, self._teller(camera.id), Random(self._dice.random()),
                self._connected_s,
            )  # fmt: skip
            self._fleet.cameras[camera.id] = one
            stack.callback(one.stop)

    @property
    def cameras(self) -> Mapping[str, SoakCamera]:
        return self._fleet.cameras

    def run(self, hours: float, *, sample_s: float) -> None:
        """Let so many hours pass, camera by camera in small steps, with the service's loop between them."""
        end_ns = self.time.now() + round(hours * 3600 * NS_PER_S)
        due = dict.fromkeys(("second", "keep", "house", "books", "sample"), 0)

        def is_due(what: str, period_ns: int) -> bool:
            if self.time.now() < due[what]:
                return False
            due[what] = self.time.now() + period_ns
            return True

        while self.time.now() < end_ns:
            before_ns = self.time.now()
            for camera in self._fleet.cameras.values():
                camera.step()
            if self.time.now() == before_ns:
                self.time.sleep(1 / FPS)  # all cameras are off
            self.hub.work(0)
            if is_due("keep", _KEEP_NS):
                self.hub.keep()
            if is_due("second", NS_PER_S):
                self._host.check()
                self.hub.alarms.tell_due()
                for planted in self.each_second:
                    planted()
            if is_due("house", _HOUSE_NS):
                self.keep_house()
            if is_due("books", ENTER_NS):
                self._books.keep(self.time.now())
            if is_due("sample", round(sample_s * NS_PER_S)):
                self.readings.append(self.figures())

    def keep_house(self) -> None:
        """Delete what has to go; and let the sealing process, which knows real time only, come to its end."""
        deadline = 5 * _SEALED_WITHIN_S
        while self._sealing.busy and deadline:
            self.hub.work(0.2)
            deadline -= 1
        self.hub.keep()
        report = self._house.run({}, Limits(KEEP_S * NS_PER_S), min_free=0, warn_free=0)
        self.counts.deleted += report.deleted

    def away(self, days: float) -> None:
        """Nothing happens for so long: every camera is switched off."""
        for camera in self._fleet.cameras.values():
            camera.hang_up()
        self.time.sleep(days * 86_400)

    def figures(self) -> dict[str, float]:
        """All that must not grow, and what may, by name."""
        for camera in self._fleet.cameras.values():
            camera.settle()
        self.hub.work(0)
        self._books.keep(self.time.now())
        figures = process_figures()
        with self._engine.connect() as connection:
            for table in sa.inspect(connection).get_table_names():
                name = sa.table(table)
                # One string for all readings: what is measured must not grow by being measured.
                figures[sys.intern(f"{table} rows")] = (
                    connection.scalar(sa.select(sa.func.count()).select_from(name)) or 0
                )
            present = sa.text("select count(*) from segment where state = 'present' and not held")
            figures["segments free to go"] = connection.scalar(present) or 0
        figures["files"] = sum(1 for path in self.recordings.rglob("*.mp4"))
        figures["partial files"] = sum(1 for path in self.recordings.rglob("*.partial"))
        figures["tombstone lines"] = sum(
            path.read_bytes().count(b"\n") for path in self.recordings.rglob("tombstones.jsonl")
        )
        figures["state bytes"] = sum(len(station.desk.save()) for station in self.hub.stations.values())
        figures["view bytes"] = sum(path.stat().st_size for path in (self._folder / "views").glob("*.view"))
        figures["reconnects"] = sum(camera.reconnects for camera in self._fleet.cameras.values())
        figures["hours"] = self.time.hours
        return figures

    def _teller(self, camera: str) -> Callable[[FromCamera], None]:
        return lambda message: self.hub.tell_camera(camera, 1, message)

    def _seen(self, items: Sequence[Seen | SeenBack | Broken]) -> None:
        """From the model's thread; the hub gets it first, so that whoever waits finds it there."""
        self.hub.tell(items)
        for item in items:
            if isinstance(item, SeenBack):
                self._fleet.cameras[item.camera].settled(item.look)

    def _notified(self, notice: Notice) -> None:
        self.counts.notices += 1


@dataclass
class _Told:
    """Counts what people are told."""

    counts: Counts

    def outgoing(self, notice: Notice) -> Outgoing:
        self.counts.notices += 1
        return Outgoing(StoredNotice(notice.id, notice.kind.value, "", notice.at_ns), ())

    def wake(self) -> None:
        pass


def _write_site(path: Path, clip: Path, cameras: Sequence[str]) -> Path:
    x1, y1, x2, y2 = KERB
    rule = {"id": "no-parking", "kind": "no_parking", "classes": ["car"], "dwell": f"{DWELL_S}s", "max_unseen": "6s"}
    site = {
        "site": {"id": "soak", "name": "浸泡试验", "timezone": "Asia/Shanghai"},
        "evidence": {"pre_roll": "2s", "post_roll": "2s"},
        "live": {"pre_roll": "20s", "pre_roll_mib": 4, "seal_after": "20s", "retention": {"keep": f"{KEEP_S}s"}},
        "policies": [{"id": "road", "name": "一路一策", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": camera,
                "name": f"{camera} 路口",
                "policy": "road",
                "stream": {"main": f"file:{clip}"},
                "zones": [{"id": "kerb", "polygon": [[x1, y1], [x2, y1], [x2, y2], [x1, y2]], "rules": ["no-parking"]}],
            }
            for camera in cameras
        ],
    }
    path.write_text(yaml.safe_dump(site, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path
