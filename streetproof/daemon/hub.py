"""The hub: everything that cameras, the model and the sealer say comes together here, in one thread and one order.

It decides and keeps account; it never reads a stream, runs a model or seals. What it must not lose it writes down
before it acts on it. Where the database does not answer, it goes on with what it knows and writes later.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import structlog

from models.interface import Detector
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.interface import DecodeLevel
from streams.live.hostclock import HostClock
from streams.recorder.interface import GapStatement
from streams.recorder.missing import missing_in
from streetproof.batch.observations import as_stored
from streetproof.daemon import announce
from streetproof.daemon.alarms import Alarms
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.desk import Departed, Desk, Ended, Fired, Outcome, Refused
from streetproof.daemon.fleet import Died, Fleet
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.inference import Broken, FairQueue, Seen, SeenBack
from streetproof.daemon.messages import (
    Connected,
    Connecting,
    Faulted,
    Fit,
    FromCamera,
    Gapped,
    Look,
    LookBack,
    LookedBack,
    Report,
    Segmented,
    SizeAsked,
    StreamRole,
    Viewed,
    Watch,
)
from streetproof.daemon.notices.interface import Notice
from streetproof.daemon.rechecking import Rechecking
from streetproof.daemon.sealing import NotSealed, Sealed
from streetproof.daemon.snapshot import CameraState
from streetproof.daemon.streets import Street, Streets
from streetproof.daemon.tallies import CameraTally
from streetproof.daemon.undone import Undone, UndoneQueue
from streetproof.daemon.views import Views, ViewsError
from streetproof.errors import StreetproofError
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera, Site
from streetproof.store.database import Store, StoreError
from streetproof.store.states import SavedState
from vision.backdrop import size_for
from vision.integrity.interface import ViewChange
from vision.interface import Stay

_log = structlog.get_logger(__name__)

_RETRY_STORE_NS = 2 * NS_PER_S


@dataclass(slots=True)
class Station:
    """One camera as the hub sees it."""

    camera: Camera
    desk: Desk
    tally: CameraTally
    rules_sha256: str
    told: Watch | None = None
    view: bytes | None = None
    last: Instant | None = None


Item: TypeAlias = tuple[str, int, FromCamera] | Seen | SeenBack | Broken | Sealed | NotSealed


class Hub:
    """Takes items from its inbox, one after the other. All methods but `tell*` belong to one thread."""

    def __init__(
        self,
        loaded: LoadedSite,
        store: Store,
        index: RecordingIndex,
        detector: Detector,
        pictures: FairQueue,
        casework: CaseWork,
        host: HostClock,
        monotonic: Callable[[], int],
        notify: Callable[[Notice], None],
        views: Path,
    ) -> None:
        self.loaded = loaded
        self.stations: dict[str, Station] = {}
        self.fleet: Fleet | None = None
        self.detector = detector
        self.pictures = pictures
        self.casework = casework
        self.rechecking: Rechecking | None = None
        self.broken: StreetproofError | None = None
        self.cases = 0
        self.views = Views(views)
        self.streets = Streets(views)
        self._store = store
        self._index = index
        self._host = host
        self._monotonic = monotonic
        self._notify = notify
        self._inbox: queue.SimpleQueue[Item] = queue.SimpleQueue()
        self.alarms = Alarms(notify, self._place, monotonic, host.now_ns)
        self._undone = UndoneQueue(store, casework, host.now_ns, notify)
        self._unanswered: Sealed | NotSealed | None = None
        self._store_again_ns = 0
        self.store_error: str | None = None

    # -- from other threads ----------------------------------------------------------------------------------------

    def tell_camera(self, camera: str, generation: int, message: FromCamera) -> None:
        """What a camera's process says. Pictures go straight to the model's queue, which is bounded."""
        if isinstance(message, Look):
            seen = self.pictures.put(camera, message)
            if seen is not None:
                self._inbox.put(seen)
        elif isinstance(message, LookedBack) and message.image is not None:
            self.pictures.put_back(camera, message)
        elif isinstance(message, LookedBack):
            # The end of a look back goes the same way, behind its pictures.
            if not self.pictures.put_back(camera, message):
                self._inbox.put(SeenBack(camera, message, None))
        else:
            self._inbox.put((camera, generation, message))

    def tell(self, items: Sequence[Seen | SeenBack | Broken]) -> None:
        """What the model saw."""
        for item in items:
            self._inbox.put(item)

    def tell_sealing(self, outcome: Sealed | NotSealed) -> None:
        """What became of a case."""
        self._inbox.put(outcome)

    # -- the loop's steps ------------------------------------------------------------------------------------------

    def work(self, timeout_s: float) -> None:
        """Take one item, if one comes within `timeout_s`, and all that stand behind it by then (bounded)."""
        try:
            self._handle(self._inbox.get(timeout=timeout_s))
            for _ in range(200):
                self._handle(self._inbox.get_nowait())
        except queue.Empty:
            return

    def drain(self) -> None:
        """Take everything that stands in the inbox: at the end, when nobody adds to it any more."""
        try:
            while True:
                self._handle(self._inbox.get_nowait())
        except queue.Empty:
            return

    def keep(self, *, last: bool = False) -> None:
        """Write down what has changed: findings first, then the states that say they have fired. Call it often.

        A database that refused is left alone for a while, but not where this is the `last` time.
        """
        now_ns = self._monotonic()
        if now_ns < self._store_again_ns and not last:
            return
        try:
            self._keep()
            self.store_error = None
        except StoreError as error:
            self.store_error = str(error)
            self._store_again_ns = now_ns + _RETRY_STORE_NS
            _log.error("database_refused", error=str(error), waiting=len(self._undone.items))

    def unkept(self) -> tuple[list[Undone], dict[str, SavedState]]:
        """What the database has not taken yet, and how all stays stand now."""
        states = {name: self._state(station) for name, station in self.stations.items() if station.last is not None}
        return list(self._undone.items), states

    def take_back(self, undone: Sequence[Undone]) -> None:
        """What an earlier run could not write down goes first. Raises StoreError."""
        self._undone.put_first(undone)
        self._undone.write()

    def keep_streets(self, *, last: bool = False) -> None:
        """Write down what a camera knows of its street, the one whose turn it is; at the `last` time those of all."""
        known = {
            name: Street(street, one.last.utc_ns, one.rules_sha256)
            for name, one in self.stations.items()
            if (street := one.desk.street) is not None and one.last is not None
        }
        self.streets.keep_in_turn(known, self._monotonic(), last=last)

    def standing(self, camera: str, stay: str) -> Stay | None:
        """An open stay as it is now."""
        station = self.stations.get(camera)
        return station.desk.stay(stay) if station is not None else None

    def leave(self, camera: str) -> None:
        """The camera is watched no more, or under other rules: what stands there is over as far as can be sworn."""
        station = self.stations[camera]
        self._outcomes(station, station.desk.finish())
        self.pictures.forget(camera)
        self.alarms.forget(camera)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _handle(self, item: Item) -> None:
        match item:
            case Seen():
                self._seen(item)
            case SeenBack(camera, look, detections):
                station = self.stations.get(camera)
                if station is not None:
                    found = None if detections is None else as_stored(detections)
                    self._outcomes(station, station.desk.seen_back(look.token, look.at, found))
            case Broken(error):
                self.broken = error
                _log.critical("model_failed", error=str(error))
            case Sealed() | NotSealed():
                self._unanswered = item
            case (camera, generation, message):
                station = self.stations.get(camera)
                # What a process said before it died still counts where it is a fact on disk.
                current = self.fleet is not None and self.fleet.is_current(camera, generation)
                if station is not None and (current or isinstance(message, Segmented | Gapped)):
                    self._from_camera(station, message)

    def _from_camera(self, station: Station, message: FromCamera) -> None:
        name, now_ns = station.camera.id, self._host.now_ns()
        match message:
            case Report():
                self._observe_clock(station, message)
                station.tally.on_report(message, self._monotonic())
                if self.fleet is not None:
                    self.fleet.heard(name)
            case Segmented(record):
                station.tally.segments += 1
                for missing in missing_in(record):
                    self._gapped(station, missing)
                self._index.add_segment(record)
            case Gapped(gap):
                self._index.add_gap(gap)
                self._gapped(station, gap)
            case Connecting():
                if station.tally.state is CameraState.DEAD:
                    station.tally.enter(CameraState.CONNECTING, now_ns)
            case Connected(role, info):
                station.tally.on_connected(message, now_ns)
                _log.info("connected", camera=name, stream=role.value, codec=info.codec, protocol=info.protocol)
                if role is StreamRole.MAIN:
                    self.alarms.fault(name, "")
                station.told = None  # a new process has to be told how to look
                self._tell_watch(station)
            case Faulted(role, kind, what, _, retry_ns):
                station.tally.on_fault(message, now_ns)
                _log.warning(
                    "camera_fault",
                    camera=name,
                    stream=role.value,
                    fault=kind.value,
                    what=what,
                    retry_s=retry_ns / NS_PER_S,
                )
                if role is StreamRole.MAIN:
                    self.alarms.fault(name, kind.value, what)
            case SizeAsked(size):
                if self.fleet is not None:
                    ground = size_for(size) if station.desk.rules.watched_ground else None
                    self.fleet.send(name, Fit(size, self.detector.fit(size), ground))
            case Viewed():
                self._viewed(station, message)
            case _:
                pass

    def _gapped(self, station: Station, gap: GapStatement) -> None:
        station.tally.on_gap(gap)
        if gap.end is not None:
            _log.info("gap", camera=gap.camera, cause=gap.cause, detail=gap.detail, end=gap.end.isoformat())

    def died(self, camera: str, death: Died) -> None:
        """A camera's process ended; the fleet starts another."""
        station = self.stations.get(camera)
        if station is not None:
            station.tally.on_death(death.why, self._host.now_ns())
            station.desk.unanswered()
            station.told = None
            _log.error("camera_process_died", camera=camera, why=death.why.en)
            self.alarms.fault(camera, "crashed", death.why.en)

    def _seen(self, seen: Seen) -> None:
        station = self.stations.get(seen.camera)
        if station is None:
            return
        station.tally.inference_ns += seen.cost_ns
        station.last = seen.look.at
        outcomes = station.desk.seen(
            seen.look.at,
            as_stored(seen.detections),
            seen.look.role,
            repeated=seen.repeated,
            image=seen.look.image,
            ground=seen.look.ground,
        )
        self._outcomes(station, outcomes)
        self._tell_watch(station)

    def _outcomes(self, station: Station, outcomes: Sequence[Outcome]) -> None:
        name = station.camera.id
        for outcome in outcomes:
            match outcome:
                case Fired(violation):
                    self._undone.add((name, outcome, self.loaded))
                    _log.info(
                        "violation", camera=name, rule=violation.rule, zone=violation.zone, stay=violation.stay.id
                    )
                case Ended():
                    self._undone.add((name, outcome, self.loaded))
                case Departed(stay, pinned):
                    self._undone.add((name, outcome, self.loaded))
                    _log.info("departure_pinned", camera=name, stay=stay.id, reason=pinned.reason.value)
                case LookBack():
                    if self.fleet is not None:
                        self.fleet.send(name, outcome)
                case Refused(what):
                    _log.warning("look_refused", camera=name, what=what)

    def _keep(self) -> None:
        self._undone.write()
        states = {name: one for name, one in self.stations.items() if one.desk.changed and one.last is not None}
        if states:
            self._store.states.save_states({name: self._state(station) for name, station in states.items()})
            for station in states.values():
                station.desk.changed = False
        self._index.flush()
        if self._unanswered is not None:
            made = self.casework.done(self._unanswered, self._host.now_ns())
            self._unanswered = None
            if made is not None:
                self._case_made(made.finding.stay.camera, made.case_id, str(made.bundle))
        self.casework.work(self._host.now_ns())
        told = None if self.rechecking is None else self.rechecking.work(self._host.now_ns())
        if told is not None:
            self._notify(announce.rechecked(self.loaded.site, told, self._host.now_ns()))

    def _state(self, station: Station) -> SavedState:
        assert station.last is not None
        return SavedState(station.rules_sha256, station.desk.save(), station.last.utc_ns)

    def _case_made(self, camera: str, case_id: str, bundle: str) -> None:
        self.cases += 1
        station = self.stations.get(camera)
        if station is not None:
            station.tally.cases += 1
        _log.info("case_sealed", camera=camera, case=case_id, bundle=bundle)

    def _tell_watch(self, station: Station) -> None:
        level, idle = station.desk.level(), station.desk.idle
        watch = Watch(level, idle)
        self.pictures.set_timed(station.camera.id, level is not DecodeLevel.KEYFRAMES)
        if watch != station.told and self.fleet is not None:
            station.told = watch
            self.fleet.send(station.camera.id, watch)

    def _viewed(self, station: Station, message: Viewed) -> None:
        """What is wrong with the view: rules are suspended meanwhile, and what they counted since it began."""
        name, desk = station.camera.id, station.desk
        station.view = message.saved
        try:
            self.views.keep(name, message.saved)
        except ViewsError as error:
            _log.error("view_not_kept", camera=name, error=str(error))  # it goes on from what is held in memory
        station.tally.integrity = tuple(fault.value for fault in message.faults)
        for event in message.events:
            begun = event.change is ViewChange.BEGUN
            if begun:
                desk.suspend(event.since)
            self._undone.add((name, event, self.loaded))
            _log.warning("view", camera=name, fault=event.fault.value, change=event.change.value)
            site, now_ns = self.loaded.site, self._host.now_ns()
            self._notify(announce.view(site, station.camera, event.fault.value, begun, bool(message.faults), now_ns))
        if not message.faults:
            desk.resume()
        elif not desk.suspended:
            # It was so when the process ended, or this daemon did, and still is.
            desk.suspend(station.last or Instant(self._host.now_ns(), TimeSource.ARRIVAL, 0))

    def _observe_clock(self, station: Station, report: Report) -> None:
        """Log what changes about a camera's clock; tell people where it is off, and where it is no longer."""
        before = station.tally.report
        if report.last_packet_age_ns is None or (before is not None and before.clock_flags == report.clock_flags):
            return
        name = station.camera.id
        _log.info(
            "camera_clock",
            camera=name,
            offset_s=None if report.offset_ns is None else report.offset_ns / NS_PER_S,
            drift_ppm=None if report.drift_ppb is None else report.drift_ppb / 1000,
            flags=report.clock_flags,
        )
        self.alarms.clock(name, "camera_offset_over_1s" in report.clock_flags, report.offset_ns)

    def _place(self, camera: str) -> tuple[Site, Camera] | None:
        station = self.stations.get(camera)
        return None if station is None else (self.loaded.site, station.camera)
