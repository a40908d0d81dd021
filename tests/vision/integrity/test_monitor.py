"""Faults of a view are found, in time; weather, light and traffic are none."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest

from streams.instant import NS_PER_S, Instant, TimeSource
from tests.conftest import ROOT
from tests.scenes import Backdrop
from tests.vision.integrity import views
from tests.vision.integrity.views import CONDITIONS, Luma, at, bus, cycled, frames, reference, watch
from vision.errors import OrderError, StateError
from vision.integrity.interface import ViewChange, ViewEvent, ViewFault
from vision.integrity.monitor import JUDGES, ViewMonitor, ViewSettings
from vision.integrity.picture import PictureError

BEGUN, ENDED = ViewChange.BEGUN, ViewChange.ENDED
BACKDROPS = [Backdrop.VTEST, Backdrop.DRAWN]


def seconds(event: ViewEvent) -> tuple[float, float]:
    return (event.since.utc_ns - at(0).utc_ns) / NS_PER_S, (event.at.utc_ns - at(0).utc_ns) / NS_PER_S


# -- what is no fault -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize("condition", CONDITIONS)
def test_weather_light_and_shake_are_no_fault(condition: str, backdrop: Backdrop) -> None:
    seed = 3 + BACKDROPS.index(backdrop)
    assert watch(ViewMonitor(reference(backdrop)), cycled(frames(condition, backdrop, seed), 60), every=5) == []


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(views.fogged(0.5), id="haze"),
        pytest.param(views.fogged(0.25), id="fog"),
        pytest.param(views.under_lamps, id="lamps"),
        pytest.param(views.blurred(1), id="soft"),
        pytest.param(views.warped(0.005), id="a nudge"),
        pytest.param(views.warped(turn=0.5), id="a slight turn"),
    ],
)
def test_what_a_view_can_bear_is_no_fault(spoil: Callable[[Luma], Luma], backdrop: Backdrop) -> None:
    looks = cycled(frames("day", backdrop, 3), 56, spoil)
    assert watch(ViewMonitor(reference(backdrop)), looks, every=5) == []


def test_day_and_night_in_turns_are_no_fault() -> None:
    monitor = ViewMonitor(reference())
    for n in range(6):
        condition = "dark" if n % 2 else "day"
        assert watch(monitor, cycled(frames(condition, seed=3), 32), start=n * 80, every=5) == []


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize("size", [1.6, 3.0])
def test_a_bus_that_stops_before_the_camera_for_a_minute_is_no_fault(size: float, backdrop: Backdrop) -> None:
    monitor = ViewMonitor(reference(backdrop))
    for n in range(3):
        assert watch(monitor, cycled(bus(size, backdrop), 30), start=n * 80, every=4) == []
        assert watch(monitor, cycled(frames("day", backdrop, 3), 10), start=n * 80 + 60, every=4) == []


def test_real_footage_is_sound_and_its_faults_are_found() -> None:
    pictures = []
    with av.open(ROOT / "configs" / "demo" / "footage" / "vtest-h264.mp4") as container:
        for n, frame in enumerate(container.decode(video=0)):
            if n % 25 == 0:
                pictures.append(frame.to_ndarray(format="gray"))
    monitor = ViewMonitor()
    assert watch(monitor, pictures[:9] * 3, every=4) == []
    assert monitor.reference is not None
    rest = pictures[9:]
    assert watch(monitor, rest * 2, start=200) == []
    assert monitor.reading is not None
    assert monitor.reading.match is not None
    assert monitor.reading.match > 0.7
    events = watch(monitor, cycled(tuple(rest), 20, views.warped(0.03)), start=200 + 4 * len(rest))
    assert [(event.fault, event.change) for event in events] == [(ViewFault.MOVED, BEGUN)]


# -- what is one ------------------------------------------------------------------------------------------------

FAULTS: dict[str, tuple[ViewFault, float, Callable[[Luma], Luma]]] = {
    "shifted": (ViewFault.MOVED, 10, views.warped(0.02, 0.005)),
    "shifted far": (ViewFault.MOVED, 10, views.warped(0.2, 0.05)),
    "turned": (ViewFault.MOVED, 10, views.warped(turn=4)),
    "zoomed": (ViewFault.MOVED, 10, views.warped(zoom=1.08)),
    "covered": (ViewFault.BLOCKED, 10, views.covered(1.0)),
    "covered for the most part": (ViewFault.BLOCKED, 120, views.covered(0.75)),
    "out of focus": (ViewFault.DEFOCUSED, 60, views.blurred(4)),
    "far out of focus": (ViewFault.DEFOCUSED, 60, views.blurred(7)),
    "lens cap": (ViewFault.BLACK, 10, views.lens_cap),
    "sun": (ViewFault.OVEREXPOSED, 30, views.sun_in_the_lens),
}


@pytest.mark.parametrize("backdrop", BACKDROPS)
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_in_its_time_and_ends(name: str, backdrop: Backdrop) -> None:
    fault, confirm, spoil = FAULTS[name]
    day = frames("day", backdrop, 3)
    monitor = ViewMonitor(reference(backdrop))
    assert watch(monitor, cycled(day, 10), start=30) == []
    every = 2 if confirm < 60 else 5
    bad = cycled(day, (confirm + 10) * 2 / every, spoil)
    (begun,) = watch(monitor, bad, start=40, every=every)
    assert (begun.fault, begun.change, seconds(begun)) == (fault, BEGUN, (40, 40 + confirm))
    assert monitor.faults == (fault,)
    good = 40 + every * len(bad)
    (ended,) = watch(monitor, cycled(day, 16), start=good)
    assert (ended.fault, ended.change, seconds(ended)) == (fault, ENDED, (good, good + 10))
    assert monitor.faults == ()


@pytest.mark.parametrize("name", ["shifted", "shifted far", "turned", "zoomed", "covered", "lens cap"])
def test_a_fault_is_found_by_night_as_well(name: str) -> None:
    fault, confirm, spoil = FAULTS[name]
    events = watch(ViewMonitor(reference()), cycled(frames("night", seed=3), confirm + 10, spoil))
    assert [event.fault for event in events] == [fault]


def test_another_street_is_a_moved_view() -> None:
    events = watch(ViewMonitor(reference()), cycled(frames(seed=3), 70, views.another_street))
    assert [(event.fault, seconds(event)) for event in events] == [(ViewFault.MOVED, (0, 60))]


def test_a_lorry_that_stays_is_a_blocked_view() -> None:
    (event,) = watch(ViewMonitor(reference()), cycled(bus(3.0), 130))
    assert (event.fault, seconds(event)) == (ViewFault.BLOCKED, (0, 120))


def test_a_frozen_picture_is_found_after_half_a_minute_and_a_still_one_never() -> None:
    still, monitor = frames(seed=3)[0], ViewMonitor(reference())
    assert watch(monitor, [views.noisy(still, 0.5) for _ in range(20)], start=80) == []
    assert watch(monitor, [still] * 15, start=120) == [], "28 s"
    assert watch(monitor, [views.noisy(still, 0.5)], start=150) == []
    (begun,) = watch(monitor, [still] * 20, start=152)
    assert (begun.fault, seconds(begun)) == (ViewFault.FROZEN, (152, 182)), "since the first of the equal pictures"
    one_pixel = still.copy()
    one_pixel[200:210, 300:310] ^= 1
    assert watch(monitor, [one_pixel, still] * 10, start=200)[0].change is ENDED


def test_without_a_reference_the_picture_alone_is_judged() -> None:
    monitor = ViewMonitor()
    (event,) = watch(monitor, cycled(frames("night"), 30, views.lens_cap))
    assert event.fault is ViewFault.BLACK
    assert monitor.reading is not None
    assert monitor.reading.severities["moved"] is None
    assert monitor.reading.shift is None


def test_shifts_are_told_in_fractions_of_the_picture() -> None:
    monitor = ViewMonitor(reference())
    watch(monitor, [views.warped(0.05, -0.03)(frames(seed=3)[2])])
    assert monitor.reading is not None
    assert monitor.reading.shift == pytest.approx((0.05, -0.03 * 768 / 576), abs=0.002)


# -- confirmation -----------------------------------------------------------------------------------------------


def test_one_sound_look_starts_the_confirmation_anew() -> None:
    day, moved = frames(seed=3), views.warped(0.05)
    looks = [day[0] if n % 5 == 4 else moved(day[n % 8]) for n in range(30)]
    monitor = ViewMonitor(reference())
    assert watch(monitor, looks) == []
    assert monitor.suspected is None
    watch(monitor, [moved(day[1])], start=60)
    assert monitor.suspected == at(60)


def test_a_pause_without_looks_starts_the_confirmation_anew() -> None:
    day, moved = frames(seed=3), views.warped(0.05)
    monitor = ViewMonitor(reference())
    assert watch(monitor, cycled(day, 8, moved)) == []
    assert watch(monitor, cycled(day, 8, moved), start=100) == []
    (event,) = watch(monitor, cycled(day, 8, moved), start=108)
    assert seconds(event)[0] == 100


def test_few_looks_confirm_nothing() -> None:
    day, moved = frames(seed=3), views.warped(0.05)
    monitor = ViewMonitor(reference())
    assert watch(monitor, cycled(day, 4, moved), every=20) == []
    assert len(watch(monitor, cycled(day, 2, moved), start=40)) == 1


def test_looks_go_forward_and_need_a_picture() -> None:
    monitor = ViewMonitor()
    day = frames()[0]
    monitor.look(at(1), day)
    for moment in (at(1), at(0), Instant(1 << 63, TimeSource.OSD, 0)):
        with pytest.raises(OrderError):
            monitor.look(moment, day)
    empty, long, colour = (np.zeros(shape, np.uint8) for shape in ((0, 0), (200, 6000), (300, 300, 3)))
    for bad in (day[:20], day[:, :20], empty, long, colour, day.astype(np.float32)):
        with pytest.raises(PictureError):
            monitor.look(at(2), bad)


@pytest.mark.parametrize("size", [(352, 288), (640, 480), (1920, 1080), (1080, 1920), (3840, 2160)])
def test_any_size_of_camera_is_watched(size: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, size[::-1], np.uint8)
    monitor = ViewMonitor()
    assert watch(monitor, [picture, picture[::-1]] * 3) == []


def test_another_shape_of_picture_is_not_compared() -> None:
    monitor = ViewMonitor(reference())
    assert watch(monitor, [picture[:400] for picture in frames()]) == []
    assert monitor.reading is not None
    assert monitor.reading.match is None


@pytest.mark.parametrize("restart", [False, True])
def test_a_camera_that_was_aimed_anew_gets_a_new_reference(restart: bool) -> None:
    monitor = ViewMonitor(reference())
    watch(monitor, cycled(frames(seed=3), 20, views.warped(0.1)))
    assert monitor.faults == (ViewFault.MOVED,)
    if restart:
        monitor = ViewMonitor.restore(monitor.save(), None)
    else:
        monitor.forget()
    (ended,) = watch(monitor, cycled(frames(seed=3), 30, views.warped(0.1)), start=20, every=10)
    assert (ended.fault, ended.change, seconds(ended)) == (ViewFault.MOVED, ENDED, (20, 20))
    assert monitor.reference is not None
    assert monitor.reading is not None
    assert monitor.reading.shift == pytest.approx((0, 0), abs=0.002)


def test_a_look_costs_little() -> None:
    """About ten times what was measured for 1080p on one core of a small server, for machines that do other things."""
    big = [np.ascontiguousarray(picture.repeat(3, 0).repeat(3, 1)[:1080, :1920]) for picture in frames()]
    monitor = ViewMonitor()
    watch(monitor, big + big[:1], every=10)
    assert monitor.reference is not None
    costs = []
    for n in range(20):
        begin = time.process_time()
        monitor.look(at(100 + n * 2), big[n % 8])
        costs.append(time.process_time() - begin)
    assert monitor.reading is not None
    assert monitor.reading.match is not None
    assert sorted(costs)[10] < 30e-3


# -- saved and restored -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [0, 1, 12, 17, 26, 40])
def test_saved_and_restored_at_any_look_nothing_changes(cut: int) -> None:
    looks = [*cycled(frames(seed=3), 20), *cycled(frames(seed=3), 30, views.lens_cap), *cycled(frames(seed=3), 32)]
    undisturbed = watch(ViewMonitor(reference()), looks)
    monitor = ViewMonitor(reference())
    events = watch(monitor, looks[:cut])
    monitor = ViewMonitor.restore(json.loads(json.dumps(monitor.save())), reference())
    assert [*events, *watch(monitor, looks[cut:], start=2 * cut)] == undisturbed
    assert len(undisturbed) == 2


def saved() -> dict[str, Any]:
    monitor = ViewMonitor(reference())
    watch(monitor, cycled(frames(seed=3), 8, views.warped(0.05)))
    return json.loads(json.dumps(monitor.save()))


def memory(state: Any) -> Any:
    return state["memory"]


DAMAGE: dict[str, Callable[[Any], object]] = {
    "another format": lambda s: s.update(format="x"),
    "an unknown field": lambda s: s.update(more=1),
    "no memory": lambda s: s.pop("memory"),
    "no object": lambda s: s.update(memory=[]),
    "an unknown sign": lambda s: memory(s)["signs"].update(x={}),
    "a missing sign": lambda s: memory(s)["signs"].pop("moved"),
    "suspected in the future": lambda s: memory(s)["signs"]["moved"]["since"].update(utc_ns=1 << 61),
    "suspected in antiquity": lambda s: memory(s)["signs"]["moved"]["since"].update(utc_ns=-(1 << 70)),
    "looks without a first": lambda s: memory(s)["signs"]["black"].update(looks=2),
    "a first without looks": lambda s: memory(s)["signs"]["moved"].update(looks=0),
    "a negative count": lambda s: memory(s)["signs"]["moved"].update(looks=-1),
    "a text for a flag": lambda s: memory(s)["signs"]["moved"].update(active="yes"),
    "no last look": lambda s: memory(s).update(last=None),
    "an impossible time": lambda s: memory(s)["last"].update(utc_ns=1 << 80),
    "a long digest": lambda s: memory(s).update(digest="0" * 1000),
    "not a number": lambda s: memory(s).update(digest=float("nan")),
    "no JSON": lambda s: memory(s).update(digest=object()),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_state_is_refused(name: str) -> None:
    state = copy.deepcopy(saved())
    DAMAGE[name](state)
    with pytest.raises(StateError) as caught:
        ViewMonitor.restore(state, reference())
    assert len(str(caught.value)) < 1000


def test_settings_that_make_no_sense_are_refused() -> None:
    for wrong in ({"min_looks": 0}, {"looks_kept": 0}, {"looks_kept": 10**9}, {"recover_ns": -1}):
        with pytest.raises(ValueError, match="must"):
            ViewSettings(**wrong)


def test_names_of_judges_are_unique_and_every_fault_has_one() -> None:
    assert len({judge.name for judge in JUDGES}) == len(JUDGES)
    assert {judge.fault for judge in JUDGES} == set(ViewFault)
