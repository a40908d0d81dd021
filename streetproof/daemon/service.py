"""The daemon as a whole: puts the parts together, turns the loop, and takes everything apart again in order."""

from __future__ import annotations

import random
import time
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from evidence_export.keys import KeySpec
from evidence_export.words import Said
from models.detector import YoloDetector
from models.store import ModelStore, load_detector
from streams.instant import NS_PER_S
from streetproof.daemon import announce
from streetproof.daemon.awaiting import Opened, opened_store
from streetproof.daemon.beginning import Start
from streetproof.daemon.books import ENTER_NS, Books
from streetproof.daemon.casekeeping import CaseKeeper
from streetproof.daemon.casework import CaseWork
from streetproof.daemon.copier import Copier
from streetproof.daemon.housekeeping import Housekeeper
from streetproof.daemon.http import StatusServer
from streetproof.daemon.hub import Hub
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.inference import FairQueue, InferenceThread
from streetproof.daemon.meanwhile import STOP_S, camera_fleet
from streetproof.daemon.notices.interface import Notice, NoticeKind
from streetproof.daemon.notices.queue import NoticeQueue
from streetproof.daemon.notices.sender import Sender
from streetproof.daemon.notices.targets import targets_of
from streetproof.daemon.overview import overview
from streetproof.daemon.problems import site_file_refused
from streetproof.daemon.rechecking import Rechecking
from streetproof.daemon.reload import SiteFile, changes, kept_copy, live_cameras
from streetproof.daemon.sealing import SealingProcess
from streetproof.daemon.snapshot import DaemonSnapshot
from streetproof.daemon.specs import check_cameras
from streetproof.daemon.stations import Stations
from streetproof.daemon.timekeeper import Timekeeper
from streetproof.daemon.unkept import Unkept
from streetproof.daemon.upkeep import Upkeep
from streetproof.databases.opening import check_database
from streetproof.errors import StreetproofError
from streetproof.keys import check_keys
from streetproof.ledgers.authority import authority_of
from streetproof.lock import only_one
from streetproof.objects.named import stores_of
from streetproof.plates import check_plates
from streetproof.settings.classes import check_classes
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import ModelSettings

_log = structlog.get_logger(__name__)

_UNKEPT_NS = 30 * NS_PER_S
_HEARTBEAT_NS = 15 * NS_PER_S
_HOUSE_NS = 30 * NS_PER_S


class DaemonError(StreetproofError):
    """The daemon cannot begin to work."""


@dataclass(frozen=True, slots=True)
class DaemonRequest:
    """What `streetproof run` was asked for."""

    loaded: LoadedSite
    data: Path
    key: KeySpec | Path
    models: ModelStore


def check_daemon(request: DaemonRequest) -> YoloDetector:
    """See whether the daemon could start: cameras, passwords, targets of notices, models. Raises StreetproofError."""
    loaded = request.loaded
    if not live_cameras(loaded.site):
        raise DaemonError(
            "no camera of the site has a `stream`",
            where=str(loaded.path),
            remedy="Give each live camera `stream: {main: rtsp://...}`; docs/daemon.md shows a whole file",
        )
    targets_of(loaded)
    check_cameras(loaded)
    check_plates(loaded, request.models)
    check_keys(request.key)
    check_database(loaded)
    authority_of(loaded)
    return _detector(loaded, request.models)


def run_daemon(request: DaemonRequest) -> None:
    """Run until SIGTERM or SIGINT. Raises StreetproofError where it cannot begin."""
    with ExitStack() as stack:
        stack.enter_context(only_daemon(request.data))
        detector = check_daemon(request)
        start = Start()
        start.listen()
        opened = opened_store(request.data, request.loaded, detector.info.name, start)
        if opened is not None:
            stack.enter_context(opened.store)
            Daemon(request, start, opened, detector, stack).run()


class Daemon:
    """All parts of one running daemon."""

    def __init__(
        self, request: DaemonRequest, start: Start, opened: Opened, detector: YoloDetector, stack: ExitStack
    ) -> None:
        loaded, store = request.loaded, opened.store
        self._request = request
        self._stop, self._reload = start.stop, start.reload
        self._started_ns, self._beat_ns = start.began_ns, time.monotonic_ns()
        self._notifier, self._host = start.notifier, start.host
        self._file = SiteFile(loaded, self._can_run)
        kept_copy(request.data / "configs", loaded)
        self._recordings = request.data / "recordings"
        self._recordings.mkdir(parents=True, exist_ok=True)
        self._index = RecordingIndex(store, self._recordings, opened.backlog)
        self._recover()
        targets = targets_of(loaded)
        self._notices = NoticeQueue(
            store, [target.key for target in targets], keep_ns=loaded.site.live.notices.keep, now_ns=self._host.now_ns
        )
        self._sender = Sender(self._notices, targets, randomness=random.Random())
        self._pictures = FairQueue()
        self._sealing = SealingProcess(lambda outcome: self._hub.tell_sealing(outcome))
        casework = CaseWork(
            store,
            self._index,
            self._recordings,
            self._sealing,
            request.data,
            request.key,
            lambda camera, stay: self._hub.standing(camera, stay),
            request.models,
            self._sender,
        )
        self._hub = Hub(
            loaded,
            store,
            self._index,
            detector,
            self._pictures,
            casework,
            self._host,
            time.monotonic_ns,
            self._notify,
            request.data / "views",
        )
        self._unkept = Unkept(request.data)
        self._hub.take_back(self._unkept.take_back(store))
        self._hub.rechecking = self._rechecking = Rechecking(
            store, self._index, self._recordings, request.data, request.key, request.models.folder
        )
        live = loaded.site.live
        self._inference = InferenceThread(detector, self._pictures, live.inference_batch, self._hub.tell)
        self._hub.fleet = self._fleet = camera_fleet(self._hub.tell_camera)
        self._stations = Stations(self._hub, self._fleet, store, self._index, self._recordings, self._host)
        house = Housekeeper(store, self._recordings, now_ns=self._host.now_ns, mono_ns=time.monotonic_ns)
        self._upkeep = Upkeep(self._hub, store, house, self._notices, request.data, self._say, opened.before)
        self._cases = CaseKeeper(request.data, lambda: self._hub.loaded.site, self._upkeep.sure_now_ns)
        self._timekeeper = Timekeeper(
            self._host,
            lambda: self._hub.loaded.site.live.ntp,
            self._stations.tell_line,
            lambda said: self._say(NoticeKind.TIME, said),
        )
        self._books = Books(store, request.data, loaded.site.site.id, request.key, authority_of(loaded))
        self._books.using(loaded, detector.info)
        self._copier = Copier(request.data, store, stores_of(loaded))
        self._timekeeper.noted = self._books.time_checked
        self._snapshot: DaemonSnapshot | None = None
        self._server = StatusServer(live.address, self._latest, self._alive)
        stack.callback(self._close)

    def run(self) -> None:
        """Turn until told to stop."""
        loaded = self._request.loaded
        self._take_snapshot()
        self._server.start()  # first: a port that is taken is found before anything is recorded
        for camera in live_cameras(loaded.site).values():
            self._stations.open(loaded, camera)
        self._sender.start()
        self._inference.start()
        self._timekeeper.start()
        self._copier.start()
        self._cases.start()
        _log.info("started", site=loaded.site.site.id, cameras=len(self._hub.stations), config=loaded.sha256)
        self._turn()

    # -- the loop --------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        every = _Every()
        said_ready = False
        while not self._stop.is_set():
            self._hub.work(0.2)
            self._beat_ns = time.monotonic_ns()
            if every.due("keep", NS_PER_S // 2, self._beat_ns):
                self._hub.keep()
                if self._hub.store_error is None:
                    self._unkept.clear()
                elif every.due("unkept", _UNKEPT_NS, self._beat_ns):
                    self._unkept.save(*self._hub.unkept())
            if every.due("watch", NS_PER_S, self._beat_ns):
                for camera, death in self._fleet.watch():
                    self._hub.died(camera, death)
                self._hub.alarms.tell_due()
                self._timekeeper.check()
                self._sealing.watch(self._beat_ns)
                self._take_snapshot()
                if self._inference.works(self._beat_ns) or self._hub.broken is not None:
                    self._notifier.watchdog()
            if every.due("file", 2 * NS_PER_S, self._beat_ns) or self._reload.is_set():
                self._reread()
            if every.due("house", _HOUSE_NS, self._beat_ns):
                self._upkeep.run(self._host)
            if every.due("books", ENTER_NS, self._beat_ns):
                self._books.keep(self._beat_ns)
            if every.due("streets", NS_PER_S, self._beat_ns):
                self._hub.keep_streets()
            if not said_ready and self._snapshot is not None and self._snapshot.ready:
                said_ready = self._notifier.ready(f"{len(self._hub.stations)} cameras") or True
                _log.info("ready")

    def _reread(self) -> None:
        asked = self._reload.is_set()
        self._reload.clear()
        before, error = self._file.loaded, self._file.error
        if asked:
            self._notifier.reloading()
        loaded = self._file.read() if asked else self._file.poll()
        if loaded is not None:
            self._apply(before, loaded)
        if asked and self._file.error is None:
            self._renew_passwords()
        if self._file.error is not None and self._file.error != error:
            _log.error("config_refused", error=self._file.error)
            self._say(NoticeKind.CONFIG, site_file_refused(self._file.error[:2000]))
        if self._file.error is None and error is not None:
            _log.info("config_in_force_again", config=self._file.loaded.sha256)
            self._say(NoticeKind.CONFIG, announce.SITE_FILE_IN_FORCE)
        if asked:
            self._notifier.ready()

    def _renew_passwords(self) -> None:
        try:
            renewed = self._stations.renew_passwords()
        except StreetproofError as error:
            _log.error("password_unreadable", error=str(error))
            return
        if renewed:
            _log.info("passwords_taken_over", cameras=renewed)

    def _apply(self, before: LoadedSite, loaded: LoadedSite) -> None:
        found = changes(before.site, loaded.site)
        if found.model:
            # The file was checked with this model a moment ago, so it can be loaded.
            detector = _detector(loaded, self._request.models)
            self._hub.detector = detector
            self._inference.use(detector)
        self._stations.apply(loaded, found)
        self._books.using(loaded, self._hub.detector.info)
        _log.info(
            "config_taken_over",
            config=loaded.sha256,
            added=found.added,
            removed=found.removed,
            restarted=found.restarted,
            ruled=found.ruled,
            needs_restart=found.needs_restart,
        )

    # -- what is told ----------------------------------------------------------------------------------------------

    def _notify(self, notice: Notice) -> None:
        self._notices.put(notice)
        self._sender.wake()

    def _say(self, kind: NoticeKind, said: Said) -> None:
        self._notify(announce.plain(self._hub.loaded.site, kind, said, self._host.now_ns()))

    def _take_snapshot(self) -> None:
        if self._inference.ident is not None and not self._inference.is_alive() and self._hub.broken is None:
            self._hub.broken = DaemonError("the thread that asks the model has ended", remedy="Restart the daemon")
        known = self._upkeep.overview
        known.config_error = self._file.error
        known.measured = self._timekeeper.measured
        known.index_problem = self._index.problem
        known.ledger_problems = (*self._books.problems, *self._copier.problems)
        known.case_problem = self._cases.problem
        known.batches, known.inference_ns = self._inference.batches, self._inference.busy_ns
        self._snapshot = overview(self._hub, self._fleet, self._host, known, self._started_ns)

    def _latest(self) -> DaemonSnapshot:
        assert self._snapshot is not None
        return self._snapshot

    def _alive(self) -> bool:
        now_ns = time.monotonic_ns()
        return now_ns - self._beat_ns < _HEARTBEAT_NS and self._inference.works(now_ns)

    # -- beginning and end -----------------------------------------------------------------------------------------

    def _recover(self) -> None:
        recovery = self._index.recover_all()
        for record in recovery.recovered:
            _log.warning("segment_recovered", camera=record.camera, path=str(record.path))
        for text in recovery.failed:
            _log.error("segment_not_recovered", error=text)

    def _can_run(self, loaded: LoadedSite) -> None:
        """Raises StreetproofError for a site that cannot be run here, or that no case could be made from."""
        check_daemon(replace(self._request, loaded=loaded))
        kept_copy(self._request.data / "configs", loaded)

    def _close(self) -> None:
        """Stop, in the order in which things depend on each other. Nothing here takes long but the cameras."""
        _log.info("stopping")
        self._notifier.stopping()
        self._cases.stop(1)
        self._timekeeper.stop()
        self._fleet.stop("stopped", STOP_S)
        self._hub.drain()
        self._pictures.close()
        if self._inference.is_alive():
            self._inference.join(2)
        self._hub.drain()
        self._hub.keep(last=True)
        if self._hub.store_error is None:
            self._unkept.clear()
        else:
            self._unkept.save(*self._hub.unkept())
        self._hub.keep_streets(last=True)
        self._sealing.stop()
        self._copier.stop()
        self._books.close()
        self._rechecking.stop()
        self._sender.stop(1)
        self._server.stop()
        _log.info("stopped")


class _Every:
    """Says when something is due again."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def due(self, name: str, period_ns: int, now_ns: int) -> bool:
        """Whether `name` was not done for `period_ns`; then it counts as done now."""
        if now_ns < self._next.get(name, 0):
            return False
        self._next[name] = now_ns + period_ns
        return True


def _detector(loaded: LoadedSite, models: ModelStore) -> YoloDetector:
    settings: ModelSettings = loaded.site.model
    detector = load_detector(
        settings.name,
        store=models,
        min_score=settings.min_score,
        iou=settings.iou,
        threads=loaded.site.live.inference_threads,
    )
    check_classes(loaded.site, detector.info.classes, str(loaded.path))
    return detector


def only_daemon(data: Path) -> AbstractContextManager[None]:
    """Hold the data folder. Raises DaemonError."""
    busy = DaemonError(
        "another daemon works in this folder",
        where=str(data),
        remedy="`streetproof status` shows it; stop it first, or name another folder",
    )
    return only_one(data, busy, DaemonError, "--data")
