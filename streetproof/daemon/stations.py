"""Opens, closes and changes cameras: what a process is told when it starts, and what a new site file means for each."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import rfc8785
import structlog

from streams.live.address import CameraAddress
from streams.live.hostclock import HostClock
from streams.recorder.interface import GapStatement
from streetproof.daemon.desk import restored
from streetproof.daemon.endings import last_closing, recovered
from streetproof.daemon.fleet import Fleet
from streetproof.daemon.hub import Hub, Station
from streetproof.daemon.index import RecordingIndex
from streetproof.daemon.messages import ServerClock, WorkerSpec
from streetproof.daemon.reload import Changes, live_cameras
from streetproof.daemon.specs import addresses_of, spec_of
from streetproof.daemon.tallies import CameraTally
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera
from streetproof.store.database import Store, StoreError
from streetproof.store.states import SavedState
from vision.policy import CameraRules

_log = structlog.get_logger(__name__)

_CHANGE_S = 5.0
"""What a process has for closing its segment when its camera changes."""


class Stations:
    """The cameras under watch. Called by the hub's thread."""

    def __init__(
        self,
        hub: Hub,
        fleet: Fleet,
        store: Store,
        index: RecordingIndex,
        recordings: Path,
        host: HostClock,
    ) -> None:
        self._hub = hub
        self._fleet = fleet
        self._store = store
        self._index = index
        self._recordings = recordings
        self._host = host
        self._addresses: dict[str, tuple[CameraAddress, CameraAddress | None]] = {}
        """Where each process was told its camera is, passwords included."""

    def open(self, loaded: LoadedSite, camera: Camera) -> None:
        """Watch a camera from now on; stays go on where an earlier run under the same rules left them. Raises
        StoreError."""
        self._open(loaded, camera, self._store.states.state(camera.id))

    def _open(self, loaded: LoadedSite, camera: Camera, saved: SavedState | None) -> None:
        main, _ = addresses_of(loaded, camera)
        rules = loaded.site.rules_of(camera)
        digest = rules_sha256(rules, loaded.site.site.timezone)
        usable = saved is not None and saved.rules_sha256 == digest
        desk, refused = restored(
            rules, loaded.site.site.zone, json.loads(saved.state) if saved is not None and usable else None
        )
        if saved is not None and (not usable or refused):
            _log.warning("stays_begin_anew", camera=camera.id, why=refused or "its rules or zones have changed")
        street = self._hub.streets.load(camera.id, digest, self._host.now_ns()) if refused is None else None
        if street is not None:
            desk.go_on(street)
        tally = CameraTally(camera.id, camera.name, main.label, self._host.now_ns())
        station = Station(camera, desk, tally, digest, view=self._hub.views.load(camera.id))
        self._hub.stations[camera.id] = station
        self._fleet.add(camera.id, lambda: self._spec(camera.id))

    def close(self, name: str, cause: str) -> None:
        """Watch it no more."""
        self._hub.leave(name)
        self._fleet.remove(name, cause, _CHANGE_S)
        self._recover(name)  # no later process of it will, where this one had to be killed
        self._hub.drain()
        self._hub.keep()
        del self._hub.stations[name]
        self._addresses.pop(name, None)

    def apply(self, loaded: LoadedSite, found: Changes) -> None:
        """Take over a new site, camera by camera; what has not changed is not touched."""
        for name in found.removed:
            self.close(name, "reload")
        self._hub.keep()  # what fired under the old site is kept with it
        self._hub.loaded = loaded
        cameras = live_cameras(loaded.site)
        for name, camera in cameras.items():
            station = self._hub.stations.get(name)
            if station is not None:
                station.camera = camera
                station.tally.name = camera.name
                station.tally.address = addresses_of(loaded, camera)[0].label
        for name in found.ruled:
            station = self._hub.stations[name]
            self._hub.leave(name)
            rules = loaded.site.rules_of(cameras[name])
            suspended = station.desk.suspended
            station.desk, _ = restored(rules, loaded.site.site.zone, None)
            station.desk.suspended = suspended  # other rules make no better view
            station.rules_sha256 = rules_sha256(rules, loaded.site.site.timezone)
            station.told = None
        for name in found.restarted:
            self._restart(name)
        for name in found.added:
            self._open(loaded, cameras[name], self._saved(name))

    def _saved(self, name: str) -> SavedState | None:
        """What stood there when it was watched last. Recording does not wait for the database."""
        try:
            return self._store.states.state(name)
        except StoreError as error:
            _log.warning("stays_begin_anew", camera=name, why=str(error))
            return None

    def renew_passwords(self) -> list[str]:
        """Connect anew to cameras whose password is another than their process was told; returns which.

        Raises StreetproofError where one cannot be read.
        """
        renewed = []
        for name, station in self._hub.stations.items():
            told = self._addresses.get(name)
            if told is not None and told != addresses_of(self._hub.loaded, station.camera):
                renewed.append(name)
        for name in renewed:
            self._restart(name)
        return renewed

    def _restart(self, name: str) -> None:
        self._fleet.restart(name, lambda: self._spec(name), "reload", _CHANGE_S)
        self._hub.stations[name].desk.unanswered()
        self._hub.stations[name].tally.on_end()

    def tell_line(self) -> None:
        """The server's line of time has moved: every process takes it as soon as it times nothing."""
        for name in self._hub.stations:
            self._fleet.send(name, ServerClock(self._host.line_ns, self._host.reference))

    def _spec(self, name: str) -> WorkerSpec:
        """What a process is told when it starts; made anew each time, after what the last one left was recovered."""
        loaded, station = self._hub.loaded, self._hub.stations[name]
        self._recover(name)
        self._index.flush()
        addresses = self._addresses[name] = addresses_of(loaded, station.camera)
        return spec_of(
            loaded, station.camera, addresses, self._recordings, self._host, gap=self._gap(name), view=station.view
        )

    def _gap(self, name: str) -> GapStatement | None:
        """The gap that lasts until the new process records; None where nothing was recorded before."""
        try:
            gap, last = self._index.open_gap(name), self._store.segments.last(name)
            end = None if last is None else last.closing.end
        except StoreError:
            # Recording does not wait for the database. What the newest file says is in the index later, too.
            gap, closing = self._index.reported_gap(name), last_closing(self._recordings, name)
            end = None if closing is None else closing.end
            gap = gap if gap is not None and gap.start == end else None
        if gap is None and end is not None:
            gap = GapStatement(name, end, None, "crashed", "the process of the camera died")
            self._index.add_gap(gap)
        return gap

    def _recover(self, name: str) -> None:
        """A process that died left an open segment behind."""
        for record in recovered(self._recordings, name):
            self._index.add_segment(record)


def rules_sha256(rules: CameraRules, timezone: str) -> str:
    """SHA-256 over everything that a camera's stays are judged by, hex."""
    return hashlib.sha256(rfc8785.dumps([rules.model_dump(mode="json"), timezone])).hexdigest()
