"""The engine: detections over time -> stays -> violations. No clock, no I/O, no randomness."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo

from models.interface import Detections
from streams.instant import Instant
from streams.interface import DecodeLevel
from vision.association.interface import JSON
from vision.errors import OrderError, PolicyError
from vision.footprints import View
from vision.holidays import Calendar
from vision.interface import NO_PIXELS, Event, PixelEvidence, Stay, StayEnded, StayOpened, ViolationFired
from vision.judges import Judge, judges_of
from vision.judges.interface import Sample
from vision.policy import CameraRules, unknown_id
from vision.state import load, store
from vision.tuning import Tuning
from vision.watch import Watch

_ORDER = (StayEnded, StayOpened, ViolationFired)


class Engine:
    """Watches any number of cameras; each is independent of the others.

    The same samples give the same events, on whatever machine and however often the engine was saved and restored in
    between. Memory depends on what stands in view, not on how long the engine has run.
    """

    def __init__(
        self,
        cameras: Sequence[CameraRules],
        zone: tzinfo,
        tuning: Tuning | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        """`zone` is the site's time zone, in which schedules are written; `calendar` whose holidays count, None is
        China's as installed (`vision.holidays.china`). PolicyError for a camera given twice.
        """
        self._zone = zone
        self._tuning = tuning or Tuning()
        self._watches: dict[str, Watch] = {}
        self._judges: dict[str, dict[str, Judge]] = {}
        """Beside the watch, of each camera, by the kind of rules that they judge."""
        for rules in cameras:
            if rules.camera in self._watches:
                raise PolicyError("two sets of rules for one camera", where=f"camera {rules.camera}")
            self._watches[rules.camera] = Watch(rules, zone, self._tuning, calendar)
            self._judges[rules.camera] = judges_of(rules, zone, self._tuning, calendar)

    def step(
        self,
        camera: str,
        at: Instant,
        detections: Detections,
        pixels: PixelEvidence = NO_PIXELS,
        view: View | None = None,
    ) -> list[Event]:
        """Take in what a detector saw on `camera` at `at`; the events this brings, ended, opened, fired in this order.

        Give every looked-at frame, those without detections as well: a frame that shows nothing is what tells an empty
        place from missing footage. `pixels` is what `vision.remembered` says of the same look; `view`: what came to
        stay on the ground by its pixels, see `vision.backdrop`, where rules of the camera ask for it
        (`CameraRules.watched_ground`). The engine is given this evidence rather than a picture, so that a decision can
        be judged again from what is stored. Raises OrderError for an unknown camera, and for a time not after the last.
        """
        events = self._watch(camera).step(at, detections, pixels)
        sample = Sample(at, detections, pixels, view)
        for judge in self._others(camera):
            events += judge.step(sample)
        return sorted(events, key=lambda event: _ORDER.index(type(event)))

    def finish(self, camera: str) -> list[Event]:
        """The footage of `camera` ended. What stands there ends too, its departure unknown: `(last_seen, None)`; what
        was missed in the last samples, too briefly to be gone, has the first of them as the end of the interval.

        Later samples of the camera must still be later in time; to them the footage begins anew.
        """
        return [*self._watch(camera).finish(), *(event for judge in self._others(camera) for event in judge.finish())]

    def suspend(self, camera: str, since: Instant) -> None:
        """The view of `camera` has been unusable since `since`: leave its samples out until it is usable again.

        The next sample then comes after a gap, however short the pause was. Of what was counted since `since`, before
        anybody could know, nothing stays: seen time becomes gap time (at worst a little too much of it), moments are
        not shown, and an empty place is no departure. What has fired or ended by then is not taken back; the events of
        the time since `since` are for the caller to mark. Saying it again, or before the first sample, changes nothing.
        Raises OrderError for an unknown camera.
        """
        self._watch(camera).suspend(since)
        for judge in self._others(camera):
            judge.suspend(since)

    def standing(self, camera: str) -> tuple[Stay, ...]:
        """The open stays as they are now, `departed` None, one for each zone they stand in, in the order they opened.

        Those of `no_parking` come first, then those of each other kind. Raises OrderError for an unknown camera.
        """
        others = (stay for judge in self._others(camera) for stay in judge.standing())
        return (*self._watch(camera).standing(), *others)

    def timed(self, camera: str) -> tuple[Stay, ...]:
        """The open stays that a rule may yet fire for, in its hours or outside them: footage of them may be needed.

        Raises OrderError for an unknown camera.
        """
        others = (stay for judge in self._others(camera) for stay in judge.timed())
        return (*self._watch(camera).timed(), *others)

    def leaving(self, camera: str) -> tuple[Stay, ...]:
        """The open stays of `no_parking` that have broken a rule and, since the last sample, may have left: so long was
        their visible place empty. A look back at their departure finds its footage still held.

        `departed` is what it would be if they have, which shows when their place stays empty. Each is told once in an
        absence. Raises OrderError for an unknown camera.
        """
        return self._watch(camera).leaving()

    def attention(self, camera: str) -> DecodeLevel:
        """How closely the next frames of `camera` are worth looking at. Never more than SAMPLED.

        SAMPLED while something stands that a rule, in its hours, has yet to fire for: an open stay, or what was seen
        twice at one place and may become one. A single sighting is not enough, or busy roads would never rest; the
        look back finds its arrival all the same. SAMPLED also while a stay may be leaving, so that its end is close.
        KEYFRAMES otherwise: a stay that has broken all its rules changes nothing more until it leaves, and one outside
        the hours is not timed. EVERY_FRAME is no state of the engine; see `vision.lookback`.
        Other kinds than `no_parking` say it for themselves. Raises OrderError for an unknown camera.
        """
        levels = {self._watch(camera).attention(), *(judge.attention() for judge in self._others(camera))}
        return DecodeLevel.SAMPLED if DecodeLevel.SAMPLED in levels else DecodeLevel.KEYFRAMES

    def note_arrival(self, camera: str, stay_id: str, earliest: Instant) -> bool:
        """Raise the earliest bound of an open stay's arrival: it was seen not to stand there yet at `earliest`.

        All later stays of the object carry the narrower interval, in every zone it stands in. The first sighting stays
        what it is, because dwell counts from it. True if the stay's bound is now no earlier than `earliest`; False,
        with nothing changed, for a stay that is not open here, or a time not before its first sighting. Saying less
        than is known changes nothing. Only stays of `no_parking` have such a bound (`StayOpened.looked_back`). Raises
        OrderError for an unknown camera.
        """
        return self._watch(camera).note_arrival(stay_id, earliest)

    def save(self) -> dict[str, JSON]:
        """All that later events depend on, ready for `json.dumps`."""
        return store(self._watches, self._judges, self._zone, self._tuning)

    @classmethod
    def restore(
        cls,
        cameras: Sequence[CameraRules],
        zone: tzinfo,
        state: Mapping[str, JSON],
        tuning: Tuning | None = None,
        calendar: Calendar | None = None,
    ) -> Engine:
        """An engine that goes on where `save` was called.

        `cameras`, `zone` and `tuning` must be those of the saved engine, and the calendar where a rule of the camera
        depends on it: what was counted under other rules cannot go on under these. Cameras that are new start from
        nothing. Raises StateError for a state that is foreign, damaged, or made under other rules.
        """
        engine = cls(cameras, zone, tuning, calendar)
        load(engine._watches, engine._judges, zone, engine._tuning, state)
        return engine

    def _others(self, camera: str) -> Collection[Judge]:
        return self._judges[camera].values()

    def _watch(self, camera: str) -> Watch:
        watch = self._watches.get(camera)
        if watch is None:
            raise OrderError(
                unknown_id("camera", camera, self._watches),
                remedy="Add the camera to the site, or leave its footage out",
            )
        return watch
