"""One model for all cameras: pictures wait in a fair queue, are looked at in batches, and the least important go first.

A camera has one picture waiting, two while something is timed on it: a newer picture takes the place of an older one,
which is counted as shed. So overload makes every camera look less often, idle ones most, and never makes a queue grow.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from models.interface import Detections, Detector, Image
from streams.instant import NS_PER_S
from streetproof.daemon.messages import Look, LookedBack
from streetproof.errors import StreetproofError

_log = structlog.get_logger(__name__)

BACK_LIMIT = 600
"""Pictures of looks back that may wait, over all cameras."""
_BACK_NS = NS_PER_S // 4
"""So long a batch may take for the sake of looks back: the street goes on meanwhile, and its pictures wait."""
_HUNG_NS = 120 * NS_PER_S
"""No batch takes a model so long, however busy the machine is."""


@dataclass(slots=True, eq=False)
class _Group:
    """A picture and the looks after it that showed no change: what is seen in the first holds for all."""

    look: Look
    unchanged: list[Look] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the model saw in a look, or in the last one that differed from it."""

    camera: str
    look: Look
    detections: Detections
    repeated: bool
    cost_ns: int


@dataclass(frozen=True, slots=True, eq=False)
class SeenBack:
    """What the model saw in one picture of a look back; None: the picture was left out."""

    camera: str
    look: LookedBack
    detections: Detections | None


@dataclass(frozen=True, slots=True)
class Broken:
    """The model failed; nothing is looked at any more."""

    error: StreetproofError


class FairQueue:
    """Pictures waiting for the model. Thread-safe."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._waiting: OrderedDict[str, deque[_Group]] = OrderedDict()
        """Cameras in the order in which they were served last."""
        self._in_flight: dict[str, _Group] = {}
        self._last: dict[str, Detections] = {}
        self._timed: set[str] = set()
        self._back: deque[tuple[str, LookedBack]] = deque()
        self._shed: dict[str, int] = {}
        self._turn = 0
        self._closed = False

    def put(self, camera: str, look: Look) -> Seen | None:
        """Add a look. Returns what it shows where that is known already: nothing has changed since the last one."""
        with self._condition:
            groups = self._waiting.setdefault(camera, deque())
            if look.image is None:
                newest = groups[-1] if groups else self._in_flight.get(camera)
                if newest is not None:
                    newest.unchanged.append(look)
                    return None
                last = self._last.get(camera)
                return None if last is None else Seen(camera, look, last, True, 0)
            while len(groups) >= (2 if camera in self._timed else 1):
                left_out = groups.popleft()
                self._shed[camera] = self._shed.get(camera, 0) + 1 + len(left_out.unchanged)
            groups.append(_Group(look))
            self._condition.notify()
            return None

    def put_back(self, camera: str, look: LookedBack) -> bool:
        """Add a picture of a look back; False where too many wait."""
        with self._condition:
            if len(self._back) >= BACK_LIMIT:
                return False
            self._back.append((camera, look))
            self._condition.notify()
            return True

    def set_timed(self, camera: str, timed: bool) -> None:
        """Whether something is being timed on a camera: its pictures go first."""
        with self._condition:
            (self._timed.add if timed else self._timed.discard)(camera)

    def forget(self, camera: str) -> None:
        """The camera is gone, or its view is another: what waits and what was seen last do not count any more."""
        with self._condition:
            self._waiting.pop(camera, None)
            self._in_flight.pop(camera, None)
            self._last.pop(camera, None)
            self._timed.discard(camera)
            self._back = deque(item for item in self._back if item[0] != camera)

    def waiting(self, camera: str) -> int:
        """Pictures of a camera that wait."""
        with self._condition:
            return len(self._waiting.get(camera, ()))

    def shed(self, camera: str) -> int:
        """Looks of a camera that were left out, since the start."""
        with self._condition:
            return self._shed.get(camera, 0)

    def close(self) -> None:
        """No more is taken; `take` returns nothing."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def take(
        self, limit: int, back_limit: int | None = None
    ) -> tuple[list[tuple[str, _Group]], list[tuple[str, LookedBack]]] | None:
        """Wait for pictures and take up to `limit`, one per camera: timed cameras first, then whoever waited longest.

        A quarter of the places, or every fourth turn, is kept for cameras on which nothing is timed, so that a new
        arrival is seen however busy it is elsewhere. What is left over goes to looks back, as far as there are fewer
        than `back_limit` pictures; they get on by one every fourth turn, however busy it is. None: the queue was
        closed.
        """
        with self._condition:
            while not self._closed and not self._back and not any(self._waiting.values()):
                self._condition.wait()
            if self._closed:
                return None
            ready = [camera for camera, groups in self._waiting.items() if groups]
            timed = [camera for camera in ready if camera in self._timed]
            idle = [camera for camera in ready if camera not in self._timed]
            self._turn += 1
            kept = min(len(idle), max(limit // 4, self._turn % 4 == 0))
            chosen = timed[: limit - kept]
            chosen += idle[: limit - len(chosen)]
            taken = []
            for camera in chosen:
                group = self._waiting[camera].popleft()
                self._waiting.move_to_end(camera)
                self._in_flight[camera] = group
                taken.append((camera, group))
            room = (limit if back_limit is None else min(limit, back_limit)) - len(taken)
            if not taken or self._turn % 4 == 0:
                room = max(1, room)
            back = [self._back.popleft() for _ in range(min(max(0, room), len(self._back)))]
            return taken, back

    def fail(self, camera: str, group: _Group) -> None:
        """The model cannot look at this picture: it is left out, with the looks that repeat it."""
        with self._condition:
            if self._in_flight.get(camera) is group:
                del self._in_flight[camera]
                # What was seen before it is no longer what later looks repeat.
                self._last.pop(camera, None)
                self._shed[camera] = self._shed.get(camera, 0) + 1 + len(group.unchanged)

    def done(
        self,
        camera: str,
        group: _Group,
        detections: Detections,
        cost_ns: int,
        tell: Callable[[Sequence[Seen]], None],
    ) -> None:
        """The model has looked: `tell` is given what is now known, in order, and must not wait.

        It is told before anything more is taken in: what `put` answers at once must not overtake it.
        """
        with self._condition:
            if self._in_flight.get(camera) is not group:
                return  # the camera was forgotten meanwhile
            del self._in_flight[camera]
            self._last[camera] = detections
            repeats = [Seen(camera, look, detections, True, 0) for look in group.unchanged]
            tell([Seen(camera, group.look, detections, False, cost_ns), *repeats])


_MAX_FAILURES = 20
"""Pictures in a row that the model may fail on before nothing is looked at any more."""


class InferenceThread(threading.Thread):
    """Takes pictures, asks the model, and hands on what it saw. `tell` is called from this thread."""

    def __init__(
        self,
        detector: Detector,
        queue: FairQueue,
        batch: int,
        tell: Callable[[Sequence[Seen | SeenBack | Broken]], None],
    ) -> None:
        super().__init__(name="inference", daemon=True)
        self._detector = detector
        self._queue = queue
        self._batch = batch
        self._tell = tell
        self._looking_since_ns: int | None = None
        self._each_ns = 0
        """What one picture took in the last batch."""
        self._failures = 0
        self._failure: StreetproofError | None = None
        self.batches = 0
        self.busy_ns = 0

    def use(self, detector: Detector) -> None:
        """Look with another model from the next batch on."""
        self._detector = detector

    def works(self, now_ns: int) -> bool:
        """Whether it runs, and the model comes back; `now_ns` is CLOCK_MONOTONIC."""
        since_ns = self._looking_since_ns
        return self.is_alive() and (since_ns is None or now_ns - since_ns <= _HUNG_NS)

    def run(self) -> None:
        while (taken := self._queue.take(self._batch, self._affordable())) is not None:
            try:
                self._look(*taken)
            except StreetproofError as error:
                self._tell([Broken(error)])
                return

    def _affordable(self) -> int:
        """Pictures after which looks back have to wait for the next batch.

        A look back is dozens of pictures. Where the model is slow, or the machine is busy, full batches of them would
        keep the model from the street for seconds, and what happens there would be left out.
        """
        return _BACK_NS // max(1, self._each_ns)

    def _look(self, groups: list[tuple[str, _Group]], back: list[tuple[str, LookedBack]]) -> None:
        pictures = [(group.look.image, group.look.size) for _, group in groups]
        pictures += [(look.image, look.size) for _, look in back]
        images = [image for image, _ in pictures if image is not None]
        began = self._looking_since_ns = time.monotonic_ns()
        found = self._detect(images, [size for image, size in pictures if image is not None])
        self._looking_since_ns = None
        cost_ns = time.monotonic_ns() - began
        self.batches += 1
        self.busy_ns += cost_ns
        each = cost_ns // max(1, len(images))
        if images:
            self._each_ns = each
        results = iter(found)
        for camera, group in groups:
            detections = next(results)
            if detections is None:
                self._queue.fail(camera, group)
            else:
                self._queue.done(camera, group, detections, each, self._tell)
        self._tell([SeenBack(camera, look, None if look.image is None else next(results)) for camera, look in back])

    def _detect(self, images: list[Image], sizes: list[tuple[int, int]]) -> list[Detections | None]:
        """What is in each picture; None where the model fails on it, even alone: one picture must not blind the others.

        Raises StreetproofError where it has failed on everything for some time.
        """
        try:
            found: list[Detections | None] = [*self._detector.detect(images, sizes=sizes)]
        except Exception:
            found = [self._detect_one(image, size) for image, size in zip(images, sizes, strict=True)]
        if any(one is not None for one in found) or not found:
            self._failures, self._failure = 0, None
        elif self._failures >= _MAX_FAILURES and self._failure is not None:
            raise self._failure
        return found

    def _detect_one(self, image: Image, size: tuple[int, int]) -> Detections | None:
        try:
            return self._detector.detect([image], sizes=[size])[0]
        except StreetproofError as error:
            self._failure = error
        except Exception as error:
            # A mistake of ours or of a runtime: told like any other failure, and never a daemon that only looks alive.
            self._failure = StreetproofError(f"{type(error).__name__}: {error}", where="inference")
        self._failures += 1
        _log.error("model_failed_on_a_picture", error=self._failure)
        return None
