"""One batch: probe, observe, judge, seal, report.

Every step leaves whole files or none, so a run that is killed and started again ends with the same cases.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from evidence_export import drafts
from evidence_export.case import CaseRequest
from evidence_export.keys import open_keys
from evidence_export.ledger.entry import Kind
from evidence_export.sealer import SealedCase
from evidence_export.timestamp.interface import StampError
from models.interface import ModelInfo
from models.store import locate
from streams.instant import Instant, TimeSource
from streetproof.batch.cases import case_request
from streetproof.batch.chain import Chain
from streetproof.batch.events import BatchEvent, CaseReady, FileDone, FileFailed, Judged, Planned
from streetproof.batch.inputs import BatchRequest, probes
from streetproof.batch.judge import Judge
from streetproof.batch.observations import model_json
from streetproof.batch.observe import CarryMissingError, DetectorSpec, Observe, Observed, Probe, Probed
from streetproof.batch.plan import Failure, camera_named
from streetproof.batch.pool import Pool
from streetproof.batch.register import CaseRegister
from streetproof.batch.report import BatchReport, write_report
from streetproof.batch.summary import case_json, input_json, note_of, totals_json
from streetproof.batch.work import Confirm, Confirmed, Outcome, Seal, Task, execute
from streetproof.bundles import read_manifest
from streetproof.clock import now
from streetproof.databases.opening import begun_state
from streetproof.errors import StreetproofError
from streetproof.events import EventLog, check_place, write_events
from streetproof.keys import check_keys
from streetproof.ledgers.authority import authority_of
from streetproof.ledgers.bookkeeping import Bookkeeper, ledger_of
from streetproof.lock import only_one
from streetproof.objects import copies
from streetproof.objects.named import stores_of
from streetproof.plates import check_plates, plate_spec
from streetproof.settings.classes import check_classes
from streetproof.settings.times import time_rules
from streetproof.store.database import Store
from streetproof.vehicles.rows import vehicle_row


class OutputError(StreetproofError):
    """The output folder cannot be used."""


def run_batch(request: BatchRequest, on_event: Callable[[BatchEvent], None]) -> BatchReport:
    """Do the whole batch. Inputs that cannot be used are reported, not raised.

    Raises StreetproofError where nothing can be done at all: a model that is missing, an output folder that cannot be
    written or is in use by another run.
    """
    site = request.loaded.site
    if request.camera is not None:
        camera_named(site, request.camera)
    if request.events is not None:
        check_place(request.events, [request.loaded.path, *map(Path, request.inputs)])
    model = locate(site.model.name, store=request.models)
    check_classes(site, model.info.classes, str(request.loaded.path))
    check_plates(request.loaded, request.models)
    check_keys(request.key)
    try:
        (request.out / "cases").mkdir(parents=True, exist_ok=True)
        (request.out / "observations").mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the output folder cannot be made: {error.strerror}",
            where=str(request.out),
            remedy="Name another folder with --out",
        ) from error
    with _only_batch(request.out), begun_state(request.out, request.loaded, by="batch") as store:
        _refuse_other_site(request.out, site.site.id)
        for partial in (request.out / "observations").glob("*.partial"):
            partial.unlink(missing_ok=True)  # of a run that was killed: the lock says that nobody writes it
        drafts.clear(request.out / "cases")
        return _Batch(request, model.info, store, on_event).run()


class _Batch:
    def __init__(
        self, request: BatchRequest, model: ModelInfo, store: Store, on_event: Callable[[BatchEvent], None]
    ) -> None:
        self._request = request
        self._model = model
        self._authority = authority_of(request.loaded)
        self._site = request.loaded.site
        self._store = store
        self._tell = on_event
        self._failures: list[Failure] = []
        self._recordings: dict[Path, Probed] = {}
        """In order of time."""
        self._observed: dict[str, dict[Path, Observed]] = {}
        self._judges: dict[str, Judge] = {}
        self._chains: dict[str, Chain] = {}
        """Of cameras whose ground is watched: their recordings are looked at one after the other."""
        self._log = EventLog(self._site.site.id, stays=request.stays) if request.events is not None else None
        self._cases: list[dict[str, Any]] = []

    def run(self) -> BatchReport:
        started = now()
        run = self._store.begin_run(started.utc_ns, self._request.loaded.sha256)
        self._note_what_is_used()
        self._register = CaseRegister(self._store, self._request.out, run)
        tasks = deque[Task](probes(self._request, self._fail))
        waiting = len(tasks)
        recordings: list[Probed] = []
        # One pool for all kinds of task: starting workers costs as much as looking at minutes of footage.
        pool: Pool[Task, Outcome] = Pool(execute, tasks, workers=self._request.workers, on_message=self._tell)
        for task, outcome in pool.results():
            match task, outcome:
                case Probe(), _:
                    waiting -= 1
                    if isinstance(outcome, Probed):
                        recordings.append(outcome)
                    elif isinstance(outcome, StreetproofError):
                        self._fail(Failure.of(str(task.path), outcome))
                    if not waiting:
                        tasks.extend(self._plan(recordings))
                case Observe(), Observed():
                    self._store.remember_recording(outcome.path, outcome.size_bytes, outcome.changed_ns, outcome.sha256)
                    if not self._is_judged(task):
                        self._tell(FileDone(task.path, self._recordings[task.path].footage_ns or 0, outcome.reused))
                        tasks.extendleft(self._judge(task.path, outcome))
                    tasks.extendleft(self._next(task, outcome))
                case Observe(), CarryMissingError():
                    tasks.extendleft(self._anew(task, outcome))
                case Observe(), StreetproofError():
                    self._fail(Failure.of(str(task.path), outcome))
                    tasks.extendleft(self._judge(task.path, None))
                    tasks.extendleft(self._next(task, None))
                case Seal(), SealedCase():
                    self._register.add(outcome, task.request)
                    self._case_ready(outcome.path, task.request, new=True)
                case Confirm(), Confirmed():
                    self._case_ready(task.bundle, task.request, new=False)
                case ((Seal() | Confirm()), StreetproofError()):
                    self._fail(Failure.of(f"case at {task.request.stay.arrived[1].isoformat()}", outcome))
        self._copy()
        self._keep_books()
        finished = now()
        report = self._report(started, finished)
        if self._request.events is not None and self._log is not None:
            write_events(self._request.events, self._log.document())
        self._store.end_run(run, finished.utc_ns, int(bool(self._failures)))
        return report

    def _note_what_is_used(self) -> None:
        loaded, model = self._request.loaded, self._model
        self._store.happenings.note(Kind.CONFIGURATION_USED, loaded.path.name, {"sha256": loaded.sha256})
        self._store.happenings.note(Kind.MODEL_USED, model.name, {"sha256": model.sha256})

    def _copy(self) -> None:
        """Sealed cases go to the stores that the site file names; one that is down is told, and asked next time."""
        try:
            for _ in copies.make(self._request.out, self._store, stores_of(self._request.loaded)):
                pass
        except StreetproofError as error:
            self._fail(Failure.of("copies", error))

    def _keep_books(self) -> None:
        """What happened goes into the ledger, and the site signs it."""
        with ledger_of(self._request.out, self._site.site.id) as ledger:
            books = Bookkeeper(self._store, ledger)
            books.enter()
            books.checkpoint(self._request.out, open_keys(self._request.key).first)
            if self._authority is not None:
                try:
                    books.stamp(self._authority)
                except StampError as error:
                    self._fail(Failure.of("ledger", error))

    def _plan(self, recordings: Sequence[Probed]) -> Iterator[Observe]:
        """All recordings are known: set up a judge per camera, and look at them in order of time."""
        stated: dict[str, list[Probed]] = {}
        for recording in recordings:
            if recording.start.source is TimeSource.OPERATOR:
                stated.setdefault(recording.camera, []).append(recording)
        undated = {one.path for several in stated.values() if len(several) > 1 for one in several}
        for path in sorted(undated):
            self._fail(
                Failure(
                    str(path),
                    "the site states one start for its camera, but several recordings cannot all begin then",
                    "Let their names tell: `sources: [filename]` under `time` of the camera, and no `start`",
                )
            )
        in_order = sorted(
            (recording for recording in recordings if recording.path not in undated),
            key=lambda recording: (recording.start.utc_ns, str(recording.path)),
        )
        self._recordings = {recording.path: recording for recording in in_order}
        self._tell(Planned(len(in_order), sum(recording.footage_ns or 0 for recording in in_order)))
        for camera in self._site.cameras:
            own = [recording for recording in in_order if recording.camera == camera.id]
            if own:
                self._judges[camera.id] = Judge(
                    self._site.rules_of(camera), self._site.site.zone, own, self._site.evidence.post_roll, self._log
                )
                self._observed[camera.id] = {}
                if self._site.rules_of(camera).watched_ground:
                    self._chains[camera.id] = Chain(own)
        for recording in in_order:
            if recording.camera not in self._chains:
                yield self._observe_task(recording)
        for chain in self._chains.values():
            yield from self._linked(chain)

    def _is_judged(self, task: Observe) -> bool:
        """Whether it was looked at before in this run, and is again only for what it leaves behind."""
        return task.path in self._observed[task.camera]

    def _next(self, task: Observe, observed: Observed | None) -> Iterator[Observe]:
        """The recording that goes on where this one ended, where ground is watched."""
        chain = self._chains.get(task.camera)
        if chain is not None:
            chain.done(observed)
            yield from self._linked(chain)

    def _anew(self, task: Observe, error: CarryMissingError) -> Iterator[Task]:
        """Look again at the recordings before, for what they leave behind."""
        chain = self._chains[task.camera]
        if chain.restart():
            yield from self._linked(chain)
        else:
            self._fail(Failure.of(str(task.path), error))
            yield from self._judge(task.path, None)
            yield from self._next(task, None)

    def _linked(self, chain: Chain) -> Iterator[Observe]:
        link = chain.link()
        if link is not None:
            yield replace(self._observe_task(link.recording), carry=link.carry, again=link.again)

    def _judge(self, path: Path, observed: Observed | None) -> Iterator[Seal | Confirm]:
        """Hand a recording to its camera's judge; seal what it completes, unless that was done before."""
        recording = self._recordings[path]
        judge = self._judges[recording.camera]
        if observed is not None:
            self._observed[recording.camera][path] = observed
        for finding in judge.give(recording, observed):
            camera = camera_named(self._site, recording.camera)
            footage = [one for one in self._in_order(camera.id) if str(one.path) not in judge.duplicates]
            request = case_request(self._request.loaded, camera, finding, footage)
            known = self._register.case_of(finding)
            if known is not None:
                yield Confirm(self._request.out / known.bundle, self._request.key, request)
            elif not self._register.was_deleted(finding):
                plates = plate_spec(self._site, self._request.models, request)
                cases, as_zip = self._request.out / "cases", self._site.evidence.zip
                yield Seal(request, cases, self._request.key, as_zip, plates, self._detector)
        self._tell(
            Judged(
                stays=sum(one.standing for one in self._judges.values()),
                violations=sum(one.violations for one in self._judges.values()),
            )
        )

    def _in_order(self, camera: str) -> list[Observed]:
        """What was observed of a camera so far, in order of time."""
        observed = self._observed[camera]
        return [observed[path] for path in self._recordings if path in observed]

    def _observe_task(self, recording: Probed) -> Observe:
        camera = camera_named(self._site, recording.camera)
        return Observe(
            path=recording.path,
            camera=recording.camera,
            time_rules=time_rules(self._site, camera, self._request.start),
            look=camera.look,
            detector=self._detector,
            folder=self._request.out / "observations",
            sha256=self._known_sha256(recording.path),
            ground=self._site.rules_of(camera).watched_ground,
        )

    @property
    def _detector(self) -> DetectorSpec:
        model = self._site.model
        return DetectorSpec(model.name, self._request.models, model.min_score, model.iou)

    def _known_sha256(self, path: Path) -> str | None:
        try:
            status = path.stat()
        except OSError:
            return None  # it vanished since it was probed: the worker says so
        return self._store.recording_sha256(path, status.st_size, status.st_ctime_ns)

    def _fail(self, failure: Failure) -> None:
        self._failures.append(failure)
        self._tell(FileFailed(failure))

    def _case_ready(self, bundle: Path, request: CaseRequest, *, new: bool) -> None:
        manifest = read_manifest(bundle)
        if manifest is None:
            raise OutputError("a bundle has vanished", where=str(bundle), remedy="Run the same command again")
        row = vehicle_row(manifest)
        if row is not None:
            self._store.vehicles.keep(row)
        case = case_json(manifest, bundle.relative_to(self._request.out), new=new, note=note_of(manifest, request))
        self._cases.append(case)
        self._tell(CaseReady(case["id"], bundle, new))

    def _report(self, started: Instant, finished: Instant) -> BatchReport:
        loaded = self._request.loaded
        inputs = [
            input_json(observed, self._judges[camera], self._cases, self._request.out)
            for camera in self._observed
            for observed in self._in_order(camera)
        ]
        document = {
            "site": {"id": loaded.site.site.id, "name": loaded.site.site.name, "timezone": loaded.site.site.timezone},
            "config": {"path": str(loaded.path), "sha256": loaded.sha256},
            "model": model_json(locate(loaded.site.model.name, store=self._request.models).info),
            "started": started.isoformat(),
            "finished": finished.isoformat(),
            "totals": totals_json(inputs, self._cases, self._failures, finished.utc_ns - started.utc_ns),
            "inputs": inputs,
            "cases": sorted(self._cases, key=lambda case: (case["arrived"], case["id"])),
            "failures": [asdict(failure) for failure in sorted(self._failures, key=lambda one: one.path)],
        }
        return write_report(self._request.out, document)


def _refuse_other_site(out: Path, site: str) -> None:
    """Two sites in one folder would mix cases of cameras with the same id."""
    try:
        before = json.loads((out / "report.json").read_bytes())["site"]["id"]
    except (OSError, ValueError, KeyError, TypeError):
        return
    if before != site:
        raise OutputError(
            f"the output folder belongs to site {before!r}, not {site!r}",
            where=str(out),
            remedy="Name another folder with --out",
        )


def _only_batch(out: Path) -> AbstractContextManager[None]:
    """Hold the folder for this run. Raises OutputError."""
    busy = OutputError(
        "another batch is writing into this folder",
        where=str(out),
        remedy="Wait for it to end, or name another folder with --out",
    )
    return only_one(out, busy, OutputError, "--out")
