"""From a finding to a sealed case: waits until the footage is there, seals one at a time, and tries again what failed.

Findings stand in the database before anything else happens with them, so that none is lost to a crash.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import structlog

from evidence_export.case import CaseRequest, ViewFaultFacts, recording_of
from evidence_export.keys import KeySpec
from evidence_export.plan import begins_at
from models.interface import ModelInfo
from models.store import ModelStore
from streams.instant import NS_PER_S, Instant, TimeSource
from streams.recorder.errors import RecorderError
from streetproof import cases
from streetproof.batch.observations import model_json, model_of
from streetproof.batch.work import Seal
from streetproof.bundles import case_row, read_manifest
from streetproof.daemon import announce
from streetproof.daemon.appointments import appointments, done_from_ns
from streetproof.daemon.index import RecordingIndex, save_holds
from streetproof.daemon.messages import StreamRole
from streetproof.daemon.notices.interface import Notice
from streetproof.daemon.sealing import NotSealed, Sealed, SealingProcess, clear_drafts
from streetproof.errors import StreetproofError
from streetproof.plates import plate_spec
from streetproof.settings.load import LoadedSite, load_site
from streetproof.settings.site import Camera, Site
from streetproof.store.database import Store, StoreError
from streetproof.store.findings import StoredFinding
from streetproof.store.notices import Outgoing
from streetproof.vehicles.rows import vehicle_row
from vision.codec_lookback import pinned_json, pinned_of
from vision.interface import Stay, Violation
from vision.lookback import Pinned

_log = structlog.get_logger(__name__)

_SUB_TOLERANCE_NS = NS_PER_S // 2
_LATE_NS = 15 * NS_PER_S
_RETRY_NS = 60 * NS_PER_S
_MAX_ATTEMPTS = 8
_MARGIN_NS = NS_PER_S
_LOOKED_AT = 50


class CaseWorkError(StreetproofError):
    """A finding that cannot be made into a case as things stand."""


@dataclass(frozen=True, slots=True)
class CaseMade:
    """A case was sealed now, or was found sealed before."""

    finding: StoredFinding
    case_id: str
    bundle: Path


class Telling(Protocol):
    """Brings notices to people."""

    def outgoing(self, notice: Notice) -> Outgoing:
        """As it is put into the database, together with what it tells of: neither is lost without the other."""

    def wake(self) -> None:
        """It is there."""


class CaseWork:
    """All findings of a site. Called by the hub's thread."""

    def __init__(
        self,
        store: Store,
        index: RecordingIndex,
        recordings: Path,
        sealing: SealingProcess,
        data: Path,
        key: KeySpec | Path,
        standing: Callable[[str, str], Stay | None],
        models: ModelStore | None = None,
        telling: Telling | None = None,
    ) -> None:
        """`standing(camera, stay id)`: an open stay as it is now. `models`: None is the usual store. `telling`: None:
        nobody is told."""
        self._store = store
        self._index = index
        self._recordings = recordings
        self._sealing = sealing
        self._data = data
        self._key = key
        self._standing = standing
        self._models = models or ModelStore.default()
        self._telling = telling
        self._frozen: dict[int, tuple[Stay, bool, int]] = {}
        """Stays as they were when their finding became due, whether they still stood, and when that was."""
        self._under_way: tuple[StoredFinding, CaseRequest] | None = None
        clear_drafts(data / "cases")
        store.findings.resume()

    def fired(self, loaded: LoadedSite, violation: Violation, role: StreamRole, model: ModelInfo) -> StoredFinding:
        """Keep a violation with the site file and the model it fired under; hold its footage; tell people. Raises
        StoreError."""
        evidence, fired_ns = loaded.site.evidence, violation.fired_at.utc_ns
        due_ns = fired_ns + loaded.site.live.seal_after
        camera = loaded.site.camera(violation.stay.camera)
        kept = self._store.findings.add(
            violation,
            due_ns=due_ns,
            hold_from_ns=begins_at(violation, violation.stay, evidence.pre_roll) - loaded.site.live.segment,
            hold_to_ns=due_ns + evidence.post_roll + 2 * loaded.site.live.segment,
            context={"config": loaded.sha256, "role": role.value, "model": model_json(model)},
            telling=None if camera is None else self._told(announce.lead(loaded.site, camera, violation)),
        )
        self._wake()
        return kept

    def ended(self, loaded: LoadedSite, stay: Stay) -> None:
        """A stay is over: what waits for it need wait no longer. Raises StoreError."""
        until_ns = stay.last_seen.utc_ns + loaded.site.evidence.post_roll
        self._store.findings.stay_ended(stay, due_ns=until_ns, hold_to_ns=until_ns + loaded.site.live.segment)

    def departed(self, stay: Stay, pinned: Pinned) -> None:
        """A look back has narrowed when it left. A bundle that is sealed stays as it is. Raises StoreError."""
        self._store.findings.departed(stay, pinned_json(pinned))

    def work(self, now_ns: int) -> None:
        """Begin to seal the next finding that is due and whose footage is complete. Raises StoreError."""
        if self._sealing.busy or self._under_way is not None:
            return
        for finding in self._store.findings.due(now_ns, _LOOKED_AT):
            try:
                request = self._request(finding, now_ns)
            except StreetproofError as error:
                if isinstance(error, StoreError):
                    raise
                self._store.findings.begin(finding.id)  # counts as an attempt, so that there is a last one
                self._failed(finding, error, now_ns)
                continue
            if request is None:
                continue
            site = self._config(finding).site
            task = Seal(
                request, self._data / "cases", self._key, site.evidence.zip, plate_spec(site, self._models, request)
            )
            # First in the database: where that refuses, nothing is under way.
            self._store.findings.begin(finding.id)
            self._under_way = (finding, request)
            self._sealing.seal(str(finding.id), task)
            return

    def done(self, outcome: Sealed | NotSealed, now_ns: int) -> CaseMade | None:
        """The sealing process has answered. Raises StoreError; then call it again."""
        if self._under_way is None:
            return None
        finding, request = self._under_way
        if isinstance(outcome, NotSealed):
            self._failed(finding, outcome.error, now_ns)
            self._under_way = None
            return None
        bundle = str(outcome.case.path.relative_to(self._data))
        used = [
            (recording.start.utc_ns, recording.segment.closing.end.utc_ns)
            for recording in request.recordings
            if recording.segment is not None
        ]
        self._store.remember_case(
            case_row(outcome.case.case_id, bundle, request, run=None), outcome.case.manifest_sha256
        )
        if request.plates is not None:
            self._enter(outcome.case.path)
        loaded = self._config(finding)
        for asked in appointments(loaded, finding, outcome.case.case_id, bundle):
            self._store.rechecks.add(asked, try_ns=done_from_ns(asked, loaded))
        said = announce.sealed(loaded.site, finding.stay.camera, outcome.case.case_id, str(outcome.case.path), now_ns)
        # Last, and with the notice: until then a crash has all of this done again, and nothing of it twice.
        self._store.findings.sealed(finding.id, outcome.case.case_id, bundle, used, self._told(said))
        self._frozen.pop(finding.id, None)
        self._under_way = None
        self._wake()
        try:
            save_holds(self._recordings, self._store.holds.all())
        except (RecorderError, StoreError) as error:
            _log.warning("holds_not_saved", error=error)  # the next housekeeping does it
        return CaseMade(finding, outcome.case.case_id, outcome.case.path)

    def _told(self, notice: Notice) -> Outgoing | None:
        return None if self._telling is None else self._telling.outgoing(notice)

    def _wake(self) -> None:
        if self._telling is not None:
            self._telling.wake()

    def _enter(self, bundle: Path) -> None:
        """The plate goes into the ledger of vehicles as the bundle states it."""
        manifest = read_manifest(bundle)
        row = None if manifest is None else vehicle_row(manifest)
        if row is None:
            _log.error("plate_not_in_ledger", bundle=str(bundle))
        else:
            self._store.vehicles.keep(row)

    def _failed(self, finding: StoredFinding, error: StreetproofError, now_ns: int) -> None:
        attempts = finding.attempts + 1
        again = attempts < _MAX_ATTEMPTS
        _log.error(
            "case_not_sealed",
            camera=finding.stay.camera,
            finding=finding.id,
            attempts=attempts,
            given_up=not again,
            error=str(error),
        )
        self._store.findings.failed(finding.id, str(error), retry_ns=now_ns + attempts * _RETRY_NS if again else None)
        if not again:
            self._frozen.pop(finding.id, None)

    def _request(self, finding: StoredFinding, now_ns: int) -> CaseRequest | None:
        """What the sealer must be told; None while footage is still being written."""
        loaded = self._config(finding)
        camera = loaded.site.camera(finding.stay.camera)
        if camera is None:
            raise CaseWorkError("its camera is not in the site file it fired under", where=f"finding {finding.id}")
        stay, still_standing, since_ns = self._freeze(finding, now_ns)
        limits = cases.limits_of(loaded)
        from_ns, to_ns = cases.span_of(finding.violation, stay, limits)
        records = self._index.between(camera.id, from_ns, to_ns)
        complete = bool(records) and records[-1].closing.end.utc_ns >= to_ns - _MARGIN_NS
        enough_ns = 2 * loaded.site.live.segment + limits.post_roll_ns + _LATE_NS
        if not complete and 0 <= now_ns - since_ns < enough_ns:  # below 0: the clock was put back meanwhile
            return None
        if not records:
            raise CaseWorkError(
                "no footage of it was recorded",
                where=f"camera {camera.id}",
                remedy="See the gaps of this camera at that time: `streetproof status` names faults of disk and stream",
            )
        sub = finding.context.get("role") == StreamRole.SUB.value
        request = cases.case_request(
            loaded,
            camera,
            finding.violation,
            stay,
            [recording_of(record, self._recordings) for record in records],
            model_of(finding.context["model"]),
            ["live"],
        )
        return replace(
            request,
            view_faults=self._view_faults(camera, from_ns, to_ns),
            moment_tolerance_ns=_SUB_TOLERANCE_NS if sub else 0,
            seen_in="sub" if sub else "main",
            still_standing=still_standing,
            departure=pinned_of(finding.context.get("departure"), stay),
        )

    def _freeze(self, finding: StoredFinding, now_ns: int) -> tuple[Stay, bool, int]:
        """The stay as it was when the finding became due: waiting for footage must not move what is waited for."""
        known = self._frozen.get(finding.id)
        if known is None:
            current = self._standing(finding.stay.camera, finding.stay.id)
            stay = current or finding.stay
            known = self._frozen[finding.id] = (stay, current is not None, now_ns)
        return known

    def _view_faults(self, camera: Camera, from_ns: int, to_ns: int) -> tuple[ViewFaultFacts, ...]:
        return tuple(
            ViewFaultFacts(
                span.kind, _instant(span.since_ns), None if span.until_ns is None else _instant(span.until_ns)
            )
            for span in self._store.views.between(camera.id, from_ns, to_ns)
        )

    def _config(self, finding: StoredFinding) -> LoadedSite:
        """The site file that was in force when the rule fired, and no other."""
        return kept_site(self._data / "configs", finding.context["config"])


def needed_from_ns(site: Site, arrived_ns: int) -> int:
    """From when on a case needs footage of what was first seen at `arrived_ns`: whole segments, with the pre-roll."""
    return arrived_ns - site.evidence.pre_roll - site.live.segment


@lru_cache(maxsize=8)
def kept_site(folder: Path, sha256: str) -> LoadedSite:
    """The site file of that hash, as `kept_copy` left it in `folder`. Raises CaseWorkError and ConfigError."""
    loaded = load_site(folder / f"{sha256}.yaml")
    if loaded.sha256 != sha256:
        raise CaseWorkError(
            "the kept copy of the site file is no longer the one that was in force",
            where=str(loaded.path),
            remedy="Put it back from a backup: its name is the SHA-256 of its content",
        )
    return loaded


def _instant(utc_ns: int) -> Instant:
    return Instant(utc_ns, TimeSource.ARRIVAL, 0)
