"""Records the cameras of a site while its database is awaited: the same processes as ever, and nobody who judges.

No picture is asked for, no rule is applied and no footage deleted: all of that needs the database. What is recorded,
and what is missing, is handed on in a backlog, which the index takes once there is a database.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path

import structlog

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock
from streams.recorder.errors import RecorderError
from streams.recorder.interface import GapStatement
from streams.recorder.names import cameras
from streetproof.daemon.backlog import Backlog
from streetproof.daemon.endings import gap_after, last_closing, recovered
from streetproof.daemon.fleet import Fleet, Tell
from streetproof.daemon.messages import (
    Connected,
    Connecting,
    Faulted,
    FromCamera,
    Gapped,
    Report,
    Segmented,
    ServerClock,
    StreamRole,
    WorkerSpec,
)
from streetproof.daemon.overview import Room
from streetproof.daemon.problems import room_kept
from streetproof.daemon.reload import live_cameras
from streetproof.daemon.snapshot import CameraSnapshot, CameraState
from streetproof.daemon.specs import addresses_of, spec_of
from streetproof.daemon.tallies import CameraTally
from streetproof.daemon.timekeeper import Timekeeper
from streetproof.daemon.worker import camera_process
from streetproof.settings.load import LoadedSite

_log = structlog.get_logger(__name__)

STOP_S = 8.0
"""What cameras' processes have for closing their segments. Systemd is told 15 s for all."""
_GIB = 1 << 30
_KEPT = 10
"""Recording stops when less than this part of `min_free_gib` is free: the database may need room to come back, and so
does what deletes footage then."""


def camera_fleet(tell: Tell) -> Fleet:
    """The processes of a site's cameras."""
    return Fleet(camera_process, tell, time.monotonic_ns, preload="streetproof.daemon.worker")


class Meanwhile:
    """All cameras of a site, recorded. For one thread, between `start` and `stop`."""

    def __init__(
        self,
        loaded: LoadedSite,
        recordings: Path,
        host: HostClock,
        *,
        fleet: Callable[[Tell], Fleet] = camera_fleet,
        room: Callable[[Path], Room] = Room.of,
    ) -> None:
        self._loaded = loaded
        self._recordings = recordings
        self._host = host
        self._ask_room = room
        self._inbox: queue.SimpleQueue[tuple[str, int, FromCamera]] = queue.SimpleQueue()
        self._fleet = fleet(lambda *said: self._inbox.put(said))
        self._supposed: dict[str, GapStatement | None] = {}
        """What each process was told of the gap before it, where files alone tell it: the database may know more."""
        self._ours: set[str] = set()
        """Of these the newest segment was made here."""
        self._tallies = {
            name: CameraTally(name, camera.name, addresses_of(loaded, camera)[0].label, host.now_ns())
            for name, camera in live_cameras(loaded.site).items()
        }
        self._timekeeper = Timekeeper(host, lambda: loaded.site.live.ntp, self._tell_line, lambda _: None)
        self._next_ns = 0
        self._kept = int(loaded.site.live.min_free_gib * _GIB) // _KEPT
        self._halted = False
        self.room = Room(0, 0)
        """Of the disk with the recordings, as it was last."""
        self.backlog = Backlog()
        self.newest_ns = self._newest()
        """Up to when there was footage before, UTC; None: there was none, or none that can be read."""

    def start(self) -> None:
        """Begin to record."""
        self._timekeeper.start()
        self._open_all()
        self._keep_room()  # before the first process is there

    def turn(self, timeout_s: float) -> None:
        """Take what cameras say within so long, and see to them. Call it without a pause."""
        self._hear(timeout_s)
        now_ns = time.monotonic_ns()
        if now_ns < self._next_ns:
            return
        self._next_ns = now_ns + NS_PER_S
        self._timekeeper.check()
        self._keep_room()
        for name, death in self._fleet.watch():
            self._tallies[name].on_death(death.why, self._host.now_ns())
            _log.error("camera_process_died", camera=name, why=death.why.en)

    def stop(self, cause: str) -> None:
        """Close every segment; `cause` as in `MainStream.stop`. The backlog then says all, also of what was killed."""
        self._timekeeper.stop()
        self._close_all(cause)

    # -- what is told ----------------------------------------------------------------------------------------------

    @property
    def problems(self) -> tuple[Said, ...]:
        """What a person should see to."""
        return (room_kept(),) if self._halted else ()

    def cameras(self) -> tuple[CameraSnapshot, ...]:
        """How they are."""
        now_ns = time.monotonic_ns()
        nothing = {"looks": 0, "inferred": 0, "shed": 0, "queue": 0, "standing": 0, "violations": 0}
        return tuple(
            tally.snapshot(now_ns, pid=self._fleet.pid(name), level="keyframes", **nothing)
            for name, tally in self._tallies.items()
        )

    # -- inside ----------------------------------------------------------------------------------------------------

    def _open_all(self) -> None:
        for name in self._tallies:
            self._supposed[name] = None
            self._fleet.add(name, lambda name=name: self._spec(name))  # type: ignore[misc]

    def _close_all(self, cause: str) -> None:
        self._fleet.stop(cause, STOP_S)
        self._hear(0)
        for name, tally in self._tallies.items():
            tally.on_end()
            for record in recovered(self._recordings, name):  # no later process of it will, where it was killed
                self.backlog.add(record)
                self.backlog.add(gap_after(name, record.closing))
                self._ours.add(name)

    def _keep_room(self) -> None:
        try:
            self.room = self._ask_room(self._recordings)
        except OSError as error:
            _log.error("room_unknown", path=str(self._recordings), error=error.strerror)
            return  # whoever writes states what the disk does not take
        free = self.room.free
        if not self._halted and free < self._kept:
            self._halted = True
            _log.error("recording_halted", free=free, kept=self._kept)
            self._close_all("disk")
            for tally in self._tallies.values():
                tally.fault, tally.fault_detail = "disk", room_kept()
                tally.enter(CameraState.WAITING, self._host.now_ns())
        elif self._halted and free > 2 * self._kept:
            self._halted = False
            _log.info("recording_again", free=free)
            self._open_all()

    def _spec(self, name: str) -> WorkerSpec:
        loaded = self._loaded
        for record in recovered(self._recordings, name):
            self.backlog.add(record)
            self._ours.add(name)
        closing, gap = last_closing(self._recordings, name), self.backlog.lasting(name)
        if gap is None or gap.start != (None if closing is None else closing.end):
            gap = None if closing is None else gap_after(name, closing)
            self._supposed[name] = None if name in self._ours else gap
        camera = live_cameras(loaded.site)[name]
        addresses = addresses_of(loaded, camera)
        # Neither a smaller stream nor what is known of the view: nobody looks.
        return spec_of(loaded, camera, (addresses[0], None), self._recordings, self._host, gap=gap, view=None)

    def _tell_line(self) -> None:
        for name in self._tallies:
            self._fleet.send(name, ServerClock(self._host.line_ns, self._host.reference))

    def _newest(self) -> int | None:
        there = cameras(self._recordings) if self._recordings.is_dir() else []
        closings = []
        for name in there:
            try:
                closings.append(last_closing(self._recordings, name))
            except RecorderError as error:
                _log.error("segment_damaged", path=error.where, why=error.what)
        return max((one.end.utc_ns for one in closings if one is not None), default=None)

    def _hear(self, timeout_s: float) -> None:
        """Take what stands in the inbox; the first is waited for."""
        try:
            self._take(*(self._inbox.get(timeout=timeout_s) if timeout_s else self._inbox.get_nowait()))
            while True:
                self._take(*self._inbox.get_nowait())
        except queue.Empty:
            return

    def _take(self, name: str, generation: int, message: FromCamera) -> None:
        tally, now_ns = self._tallies[name], self._host.now_ns()
        # What a process said before it died still counts where it is a fact on disk.
        if not isinstance(message, Segmented | Gapped) and not self._fleet.is_current(name, generation):
            return
        match message:
            case Segmented(record):
                tally.segments += 1
                self.backlog.add(record)
                self._ours.add(name)
            case Gapped(gap):
                tally.on_gap(gap)
                if gap != self._supposed[name]:
                    self.backlog.add(gap)
                if gap.end is not None:
                    _log.info("gap", camera=name, cause=gap.cause, detail=gap.detail, end=gap.end.isoformat())
            case Report():
                tally.on_report(message, time.monotonic_ns())
                self._fleet.heard(name)
            case Connecting() if tally.state is CameraState.DEAD:
                tally.enter(CameraState.CONNECTING, now_ns)
            case Connected(StreamRole.MAIN, info):
                tally.on_connected(message, now_ns)
                _log.info("connected", camera=name, stream="main", codec=info.codec, protocol=info.protocol)
            case Faulted(_, kind, what, _, retry_ns):
                tally.on_fault(message, now_ns)
                _log.warning("camera_fault", camera=name, fault=kind.value, what=what, retry_s=retry_ns / NS_PER_S)
            case _:
                pass  # what is seen of pictures and views: the database would have to be told
