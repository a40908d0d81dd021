"""A hub with a real database and a real queue of pictures, but cameras and clocks that a test moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock, HostReading
from streams.live.interface import StreamInfo
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.hub import Hub
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.inference import FairQueue, Seen
from streetproof.daemon.messages import Connected, FromCamera, Look, Report, StreamRole, ToCamera, WorkerSpec
from streetproof.daemon.notices.interface import Notice
from streetproof.daemon.reload import changes, kept_copy
from streetproof.daemon.stations import Stations
from streetproof.settings.load import LoadedSite
from streetproof.store.database import Store
from streetproof.store.notices import Outgoing, StoredNotice
from tests.streetproof.daemon.test_casework import FakeSealing
from tests.streetproof.daemon.test_inference import FakeModel
from tests.vision.byhand import T0, at, detections
from tests.vision.byhand import Seen as Boxes

SIZE = (1920, 1080)
INFO = StreamInfo("h264", 1920, 1080, Fraction(1, 90_000), None, "rtsp/tcp")


class FakeFleet:
    """Processes that are there as long as nobody says otherwise; generation 1 is the current one."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, ToCamera]] = []
        self.specs: dict[str, Callable[[], WorkerSpec]] = {}
        self.did: list[tuple[str, str]] = []
        self.all_alive = True

    def is_current(self, camera: str, generation: int) -> bool:
        return generation == 1

    def heard(self, camera: str) -> None:
        pass

    def pid(self, camera: str) -> int | None:
        return 4711

    def send(self, camera: str, message: ToCamera) -> None:
        self.sent.append((camera, message))

    def add(self, camera: str, spec: Callable[[], WorkerSpec]) -> None:
        self.specs[camera] = spec
        self.did.append(("add", camera))

    def remove(self, camera: str, cause: str, timeout_s: float) -> None:
        del self.specs[camera]
        self.did.append(("remove", camera))

    def restart(self, camera: str, spec: Callable[[], WorkerSpec], cause: str, timeout_s: float) -> None:
        self.specs[camera] = spec
        self.did.append(("restart", camera))


@dataclass
class Told:
    """Notices as the database takes them: `notices` gets those that it has."""

    store: Store
    notices: list[Notice]
    waiting: list[Notice] = field(default_factory=list)

    def outgoing(self, notice: Notice) -> Outgoing:
        self.waiting.append(notice)
        stored = StoredNotice(notice.id, notice.kind.value, notice.body().decode(), notice.at_ns)
        return Outgoing(stored, ("somebody",))

    def wake(self) -> None:
        there = {one.notice.id for one in self.store.notices.due("somebody", 2**62, 1000)}
        self.notices += [one for one in self.waiting if one.id in there]
        self.waiting.clear()


class Centre:
    """Everything around the hub. `second` is the time of all clocks, since the scripts began."""

    def __init__(self, folder: Path, loaded: LoadedSite) -> None:
        self.folder = folder
        self.database = folder / "state.db"
        self.store = Store.open_file(self.database, busy_s=0.02)
        self.second = 0.0
        self.stepped_ns = 0
        self.start(loaded)

    def start(self, loaded: LoadedSite) -> None:
        """The daemon starts, or starts again."""
        kept_copy(self.folder / "configs", loaded)
        self.notices: list[Notice] = []
        self.fleet, self.sealing, self.pictures = FakeFleet(), FakeSealing(), FairQueue()
        self.host = HostClock(self._read)
        recordings = self.folder / "recordings"
        recordings.mkdir(exist_ok=True)
        self.index = RecordingIndex(self.store, recordings)
        self.casework = CaseWork(
            self.store,
            self.index,
            recordings,
            self.sealing,  # type: ignore[arg-type]
            self.folder,
            self.folder / "key.pem",
            lambda camera, stay: self.hub.standing(camera, stay),
            telling=Told(self.store, self.notices),
        )
        self.hub = Hub(
            loaded,
            self.store,
            self.index,
            FakeModel(),
            self.pictures,
            self.casework,
            self.host,
            self.mono_ns,
            self.notices.append,
            self.folder / "views",
        )
        self.hub.fleet = self.fleet  # type: ignore[assignment]
        self.stations = Stations(
            self.hub,
            self.fleet,  # type: ignore[arg-type]
            self.store,
            self.index,
            recordings,
            self.host,
        )
        for camera in loaded.site.cameras:
            if camera.stream is not None:
                self.stations.open(loaded, camera)

    def reload(self, loaded: LoadedSite) -> None:
        kept_copy(self.folder / "configs", loaded)
        self.stations.apply(loaded, changes(self.hub.loaded.site, loaded.site))

    def mono_ns(self) -> int:
        return round(self.second * NS_PER_S)

    def _read(self) -> HostReading:
        return HostReading(self.mono_ns(), T0 + self.mono_ns() + self.stepped_ns, self.mono_ns(), 0)

    def say(self, message: FromCamera, camera: str = "gate-1", generation: int = 1) -> None:
        """A camera's process says something, and the hub takes it."""
        self.hub.tell_camera(camera, generation, message)
        self.hub.work(0)

    def play(self, script: Callable[[float], Sequence[Boxes]], start: int, until: int, camera: str = "gate-1") -> None:
        """Looks every two seconds that the model has answered; what they bring is kept after each."""
        for t in range(start, until + 1, 2):
            self.second = float(t)
            look = Look(StreamRole.MAIN, at(t), t, SIZE, None)
            self.hub.tell([Seen(camera, look, detections(script(t)), False, 1_000_000)])
            self.hub.work(0)
            self.hub.keep()

    def sent(self, kind: type) -> list[Any]:
        return [message for _, message in self.fleet.sent if isinstance(message, kind)]

    def tally(self, camera: str = "gate-1") -> Any:
        return self.hub.stations[camera].tally


def connected(role: StreamRole = StreamRole.MAIN) -> Connected:
    return Connected(role, INFO)


def report(packets: int = 100, **changes: Any) -> Report:
    values: dict[str, Any] = {
        "packets": packets,
        "bytes": packets * 1000,
        "fps": 25.0,
        "last_packet_age_ns": 40_000_000,
        "decoded": packets // 10,
        "decode_ns": packets * 1_000_000,
        "unsent": 2,
        "overflow_ns": 0,
        "offset_ns": 12_000_000,
        "drift_ppb": 3000,
        "clock_flags": ("server_offset_unknown",),
        "resident_bytes": 90 << 20,
    }
    return Report(**{**values, **changes})
