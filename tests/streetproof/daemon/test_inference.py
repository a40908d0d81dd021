"""The model's queue: fair, bounded, and never an answer that belongs to another picture."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.errors import InferenceError
from models.interface import Detections, Image, ModelInfo
from streetproof.daemon import inference
from streetproof.daemon.inference import Broken, FairQueue, InferenceThread, Seen, SeenBack
from streetproof.daemon.messages import Look, LookedBack, StreamRole
from tests.vision.byhand import MODEL, at

SIZE = (64, 48)
CAMERAS = ("a", "b", "c")


def picture(number: int) -> Image:
    """A picture that says which it is."""
    image = np.zeros((2, 2, 3), np.uint8)
    image[0, 0] = (number % 256, number // 256 % 256, number // 65536)
    return image


def number_of(image: Image) -> int:
    low, middle, high = (int(value) for value in image[0, 0])
    return low + 256 * middle + 65536 * high


def found_in(number: int) -> Detections:
    """What is seen in picture `number`: one box that says which it was."""
    return Detections(
        np.array([[0, 0, 1 + number, 1]], np.float32), np.ones(1, np.float32), np.ones(1, np.int64), SIZE, MODEL
    )


def told_by(detections: Detections) -> int:
    return int(detections.xyxy[0, 2]) - 1


def look(number: int, image: bool = True) -> Look:
    return Look(StreamRole.MAIN, at(number), number, SIZE, picture(number) if image else None)


def back(number: int, token: str = "t") -> LookedBack:
    return LookedBack(token, at(number), SIZE, picture(number))


END = LookedBack("t", None, (0, 0), None)


class FakeModel:
    """Sees in each picture which it is."""

    info: ModelInfo = MODEL

    def __init__(self) -> None:
        self.batches: list[int] = []

    def fit(self, size: tuple[int, int]) -> tuple[int, int]:
        return size

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        assert sizes is not None and len(sizes) == len(images)
        self.batches.append(len(images))
        return [found_in(number_of(image)) for image in images]


def look_at(queue: FairQueue, limit: int, tell) -> list[str]:
    """One turn of the model; the cameras that were served."""
    taken = queue.take(limit)
    assert taken is not None
    for camera, group in taken[0]:
        assert group.look.image is not None
        queue.done(camera, group, found_in(number_of(group.look.image)), 1, tell)
    return [camera for camera, _ in taken[0]]


# -- one step after the other -------------------------------------------------------------------------------------


def test_a_newer_picture_takes_the_place_of_an_older_one_with_all_that_hangs_on_it() -> None:
    queue, told = FairQueue(), []
    queue.put("a", look(1))
    queue.put("a", look(2, image=False))
    queue.put("a", look(3, image=False))
    queue.put("a", look(4))
    queue.put("a", look(5, image=False))
    assert queue.waiting("a") == 1
    assert queue.shed("a") == 3
    look_at(queue, 4, told.extend)
    assert [(seen.look.pts, told_by(seen.detections), seen.repeated) for seen in told] == [(4, 4, False), (5, 4, True)]


def test_two_pictures_wait_where_something_is_timed_and_one_again_when_it_is_not() -> None:
    queue = FairQueue()
    queue.set_timed("a", True)
    for number in (1, 2):
        queue.put("a", look(number))
    assert (queue.waiting("a"), queue.shed("a")) == (2, 0)
    queue.put("a", look(3))
    assert (queue.waiting("a"), queue.shed("a")) == (2, 1)
    queue.set_timed("a", False)
    queue.put("a", look(4))
    assert (queue.waiting("a"), queue.shed("a")) == (1, 3)


def test_an_unchanged_look_is_answered_at_once_when_the_model_has_seen_what_it_refers_to() -> None:
    queue, told = FairQueue(), []
    assert queue.put("a", look(1, image=False)) is None, "nobody knows what it refers to"
    queue.put("a", look(2))
    look_at(queue, 1, told.extend)
    seen = queue.put("a", look(3, image=False))
    assert seen is not None
    assert (seen.look.pts, told_by(seen.detections), seen.repeated, seen.cost_ns) == (3, 2, True, 0)


def test_an_unchanged_look_that_comes_while_the_model_looks_waits_for_it() -> None:
    queue, told = FairQueue(), []
    queue.put("a", look(1))
    taken = queue.take(1)
    assert taken is not None
    ((camera, group),) = taken[0]
    assert queue.put("a", look(2, image=False)) is None
    queue.put("a", look(3))
    queue.put("a", look(4, image=False))
    queue.done(camera, group, found_in(1), 7, told.extend)
    assert [(seen.look.pts, told_by(seen.detections), seen.cost_ns) for seen in told] == [(1, 1, 7), (2, 1, 0)]
    look_at(queue, 1, told.extend)
    assert [seen.look.pts for seen in told] == [1, 2, 3, 4]
    assert told_by(told[-1].detections) == 3


def test_nothing_overtakes_what_the_model_has_just_seen() -> None:
    """A look that comes between the model's answer and its telling must not be told before it."""
    queue, order = FairQueue(), []
    queue.put("a", look(1))
    taken = queue.take(1)
    assert taken is not None
    ((camera, group),) = taken[0]
    entered, other_done = threading.Event(), threading.Event()

    def put() -> None:
        entered.set()
        seen = queue.put("a", look(2, image=False))
        assert seen is not None
        order.append(seen.look.pts)
        other_done.set()

    thread = threading.Thread(target=put)

    def tell(seen: Sequence[Seen]) -> None:
        thread.start()
        assert entered.wait(60)
        assert not other_done.wait(0.05), "it was taken in while this was being told"
        order.extend(one.look.pts for one in seen)

    queue.done(camera, group, found_in(1), 1, tell)
    thread.join(60)
    assert order == [1, 2]


def test_a_camera_that_was_forgotten_gets_no_answers_from_before() -> None:
    queue, told = FairQueue(), []
    queue.put("a", look(1))
    queue.put_back("a", back(1))
    queue.put_back("b", back(2))
    taken = queue.take(1)
    assert taken is not None
    ((camera, group),) = taken[0]
    queue.put("a", look(2))
    queue.forget("a")
    queue.done(camera, group, found_in(1), 1, told.extend)
    assert told == []
    assert queue.waiting("a") == 0
    assert queue.put("a", look(3, image=False)) is None
    rest = queue.take(8)
    assert rest is not None
    assert rest[0] == []
    assert [camera for camera, _ in rest[1]] in ([], ["b"])


def test_idle_cameras_are_served_however_busy_the_others_are() -> None:
    queue = FairQueue()
    for camera in "ABCDEFGH":
        queue.set_timed(camera, True)
    for limit in (1, 2, 4, 8):
        served: dict[str, int] = defaultdict(int)
        for turn in range(40):
            for camera in "ABCDEFGHxyz":
                queue.put(camera, look(turn))
            for camera in look_at(queue, limit, lambda _: None):
                served[camera] += 1
        idle, timed = ([served[camera] for camera in cameras] for cameras in ("xyz", "ABCDEFGH"))
        assert min(idle) >= 40 * max(limit / 4, 1 / 4) // 3 - 1 if limit >= 4 else min(idle) >= 3, (limit, served)
        assert max(idle) - min(idle) <= 1
        assert max(timed) - min(timed) <= 1
        assert sum(timed) >= sum(idle), "what is timed goes first"


def test_looks_back_take_what_is_left_over_and_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference, "BACK_LIMIT", 3)
    queue = FairQueue()
    assert [queue.put_back("a", back(number)) for number in range(4)] == [True, True, True, False]
    for camera in CAMERAS:
        queue.put(camera, look(1))
    first = queue.take(2)
    assert first is not None
    assert (len(first[0]), first[1]) == (2, [])
    second = queue.take(2)
    assert second is not None
    assert (len(second[0]), len(second[1])) == (1, 1)
    third = queue.take(8)
    assert third is not None
    assert [one.pts if isinstance(one, Look) else one.at for _, one in third[1]] == [at(1), at(2)]


def test_looks_back_get_on_slowly_where_the_model_has_no_time_for_them() -> None:
    queue = FairQueue()
    for number in range(8):
        queue.put_back("a", back(number))
    for camera in CAMERAS:
        queue.set_timed(camera, True)
    took = []
    for turn in range(8):
        for camera in CAMERAS:
            for number in (1, 2):
                queue.put(camera, look(10 * turn + number))
        taken = queue.take(8, 2)
        assert taken is not None
        assert len(taken[0]) == len(CAMERAS), "the street comes first"
        took.append(len(taken[1]))
    assert took == [0, 0, 0, 1, 0, 0, 0, 1]


def test_closing_wakes_who_waits() -> None:
    queue = FairQueue()
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(queue.take(4)))
    thread.start()
    queue.close()
    thread.join(60)
    assert found == [None]
    queue.put("a", look(1))
    assert queue.take(4) is None


# -- any order of steps -------------------------------------------------------------------------------------------


class Queueing(RuleBasedStateMachine):
    """Cameras and the model in any order; what each look should be told is kept by hand."""

    @initialize(limit=st.integers(1, 4))
    def begin(self, limit: int) -> None:
        self.queue = FairQueue()
        self.limit = limit
        self.number = 0
        self.refers: dict[int, int] = {}
        self.put_in: dict[str, list[int]] = defaultdict(list)
        self.told: dict[str, list[Seen]] = defaultdict(list)
        self.last_picture: dict[str, int] = {}
        self.waits: dict[str, int] = defaultdict(int)
        self.timed: set[str] = set()
        self.lost: dict[str, int] = defaultdict(int)
        self.under_way: list[tuple[str, object]] = []

    def _tell(self, seen: Sequence[Seen]) -> None:
        for one in seen:
            self.told[one.camera].append(one)

    @rule(camera=st.sampled_from(CAMERAS))
    def new_picture(self, camera: str) -> None:
        self.number += 1
        self.last_picture[camera] = self.refers[self.number] = self.number
        self.put_in[camera].append(self.number)
        assert self.queue.put(camera, look(self.number)) is None

    @rule(camera=st.sampled_from(CAMERAS))
    def unchanged(self, camera: str) -> None:
        self.number += 1
        seen = self.queue.put(camera, look(self.number, image=False))
        if camera not in self.last_picture:
            assert seen is None
            return
        self.refers[self.number] = self.last_picture[camera]
        self.put_in[camera].append(self.number)
        if seen is not None:
            self._tell([seen])

    @rule(camera=st.sampled_from(CAMERAS), timed=st.booleans())
    def set_timed(self, camera: str, timed: bool) -> None:
        self.queue.set_timed(camera, timed)
        (self.timed.add if timed else self.timed.discard)(camera)

    @rule()
    def model_takes(self) -> None:
        if self.under_way or not any(self.queue.waiting(camera) for camera in CAMERAS):
            return
        taken = self.queue.take(self.limit)
        assert taken is not None
        assert 1 <= len(taken[0]) <= self.limit
        assert len({camera for camera, _ in taken[0]}) == len(taken[0])
        self.under_way = list(taken[0])

    @rule()
    def model_answers(self) -> None:
        for camera, group in self.under_way:
            self.queue.done(camera, group, found_in(number_of(group.look.image)), 1, self._tell)  # type: ignore[attr-defined, arg-type]
        self.under_way = []

    @invariant()
    def pictures_wait_in_bounds(self) -> None:
        for camera in CAMERAS:
            assert self.queue.waiting(camera) <= 2

    @invariant()
    def every_answer_belongs_to_its_picture_and_order_is_kept(self) -> None:
        for seen in self.told.values():
            numbers = [one.look.pts for one in seen]
            assert numbers == sorted(set(numbers))
            for one in seen:
                assert told_by(one.detections) == self.refers[one.look.pts]
                assert one.repeated == (one.look.image is None)

    def teardown(self) -> None:
        if not hasattr(self, "queue"):
            return
        self.model_answers()
        while any(self.queue.waiting(camera) for camera in CAMERAS):
            self.model_takes()
            self.model_answers()
        self.every_answer_belongs_to_its_picture_and_order_is_kept()
        for camera in CAMERAS:
            told = {one.look.pts for one in self.told[camera]}
            assert len(self.put_in[camera]) == len(told) + self.queue.shed(camera), "told, or counted as left out"


TestQueueing = Queueing.TestCase
TestQueueing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


# -- the thread ---------------------------------------------------------------------------------------------------


class Told:
    """What the thread told, to be waited for."""

    def __init__(self) -> None:
        self.items: list[Seen | SeenBack | Broken] = []
        self._condition = threading.Condition()

    def __call__(self, items: Sequence[Seen | SeenBack | Broken]) -> None:
        with self._condition:
            self.items += items
            self._condition.notify_all()

    def wait(self, count: int) -> None:
        with self._condition:
            assert self._condition.wait_for(lambda: len(self.items) >= count, 60)


def test_the_thread_gives_each_picture_what_the_model_saw_in_it() -> None:
    queue, told, model = FairQueue(), Told(), FakeModel()
    for number, camera in enumerate(CAMERAS, 1):
        queue.put(camera, look(number))
    queue.put("a", look(4, image=False))
    for item in (back(5), back(6), END):
        queue.put_back("b", item)
    thread = InferenceThread(model, queue, 8, told)
    thread.start()
    told.wait(7)
    queue.close()
    thread.join(60)
    assert not thread.is_alive()
    seen = {one.look.pts: told_by(one.detections) for one in told.items if isinstance(one, Seen)}
    assert seen == {1: 1, 2: 2, 3: 3, 4: 1}
    behind = [one for one in told.items if isinstance(one, SeenBack)]
    assert [one.detections and told_by(one.detections) for one in behind] == [5, 6, None]
    assert model.batches == [5], "one batch for all"
    assert thread.batches == 1
    assert thread.busy_ns > 0


class Slow(FakeModel):
    """Takes 0.2 s for each picture."""

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        time.sleep(0.2 * len(images))
        return super().detect(images, sizes)


def test_a_slow_model_is_not_kept_from_the_street_by_looks_back() -> None:
    """It would be busy with a full batch of them for 1.6 s."""
    queue, told, model = FairQueue(), Told(), Slow()
    queue.put("a", look(1))
    thread = InferenceThread(model, queue, 8, told)
    thread.start()
    told.wait(1)
    for number in range(2, 12):
        queue.put_back("b", back(number))
    told.wait(4)
    queue.put("a", look(12))
    told.wait(12)
    queue.close()
    thread.join(60)
    assert max(model.batches) <= 2, "one picture of the street and one of a look back"
    street = [place for place, one in enumerate(told.items) if isinstance(one, Seen)]
    assert street[1] <= 6, "it was looked at before what had waited longer"
    assert sum(isinstance(one, SeenBack) for one in told.items) == 10


def test_another_model_is_used_from_the_next_batch_on() -> None:
    queue, told, first, second = FairQueue(), Told(), FakeModel(), FakeModel()
    thread = InferenceThread(first, queue, 8, told)
    thread.start()
    queue.put("a", look(1))
    told.wait(1)
    thread.use(second)
    queue.put("a", look(2))
    told.wait(2)
    queue.close()
    thread.join(60)
    assert (first.batches, second.batches) == ([1], [1])


class Failing(FakeModel):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        raise self._error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (InferenceError("numbers that are none", where="m"), "numbers that are none"),
        (ZeroDivisionError("ours"), "ours"),
    ],
)
def test_a_model_that_fails_on_everything_is_told_once_and_the_thread_ends(error: Exception, words: str) -> None:
    queue, told = FairQueue(), Told()
    thread = InferenceThread(Failing(error), queue, 8, told)
    thread.start()
    number = 0
    while thread.is_alive():
        number += 1
        assert number < 10_000
        queue.put("a", look(number))
        thread.join(0.01)
    (broken,) = (item for item in told.items if not isinstance(item, SeenBack))
    assert isinstance(broken, Broken)
    assert words in str(broken.error)
    for later in range(number + 1, number + 50):
        queue.put("a", look(later))
    assert queue.waiting("a") <= 1


class Choosy(FakeModel):
    """Fails wherever one certain picture is among those it is given."""

    def detect(self, images: Sequence[Image], sizes: Sequence[tuple[int, int]] | None = None) -> list[Detections]:
        if any(image[0, 0, 0] == 13 for image in images):
            raise InferenceError("this picture", where="m")
        return super().detect(images, sizes)


def test_one_picture_that_the_model_cannot_take_does_not_blind_the_other_cameras() -> None:
    queue, told = FairQueue(), Told()
    bad = look(13)
    assert bad.image is not None
    bad.image[...] = 13
    for item in ("a", look(1)), ("b", bad), ("b", look(14, image=False)), ("c", look(3)):
        queue.put(*item)
    thread = InferenceThread(Choosy(), queue, 8, told)
    thread.start()
    told.wait(2)
    assert {item.camera for item in told.items if isinstance(item, Seen)} == {"a", "c"}
    assert queue.shed("b") == 2, "what repeats a picture that nobody saw is left out with it"
    assert queue.put("b", look(15, image=False)) is None, "nor is an older picture repeated"
    queue.put("b", look(16))
    told.wait(3)
    queue.close()
    thread.join(60)
    assert not any(isinstance(item, Broken) for item in told.items)


@given(st.lists(st.sampled_from(CAMERAS), max_size=60), st.integers(1, 5))
def test_all_that_waits_is_served_within_a_few_turns(cameras: list[str], limit: int) -> None:
    queue = FairQueue()
    for number, camera in enumerate(cameras):
        queue.put(camera, look(number))
    served: list[str] = []
    for _ in range(3):
        if any(queue.waiting(camera) for camera in CAMERAS):
            served += look_at(queue, limit, lambda _: None)
    assert sorted(served) == sorted(set(cameras))
