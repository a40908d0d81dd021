"""The reference: made by day, renewed slowly, never from a faulty view; its bytes are hostile input."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vision.integrity import views
from tests.vision.integrity.views import at, bus, cells, cycled, frames, reference, watch
from vision.errors import StateError
from vision.integrity.interface import ViewChange, ViewFault
from vision.integrity.monitor import ViewMonitor, ViewSettings
from vision.integrity.reference import Reference, made_from

QUICK = ViewSettings(first_every_ns=0, renew_every_ns=0, looks_kept=3)
DATA = reference().to_bytes()


def test_a_reference_is_made_from_the_first_looks_by_day() -> None:
    monitor = ViewMonitor()
    assert watch(monitor, frames(seed=3), every=5) == []
    assert monitor.reference is None, "eight looks, of which those ten seconds apart count"
    watch(monitor, frames(seed=3) * 2, start=50, every=10)
    made = monitor.reference
    assert made is not None
    typical = np.abs(made.cells.astype(int) - cells(frames(seed=3)[0]).astype(int))
    assert np.median(typical) <= 2


def test_what_drives_by_is_not_in_the_reference() -> None:
    day = [cells(picture) for picture in frames(seed=3)]
    with_bus = made_from([*day[3:8], *[cells(picture) for picture in bus(3.0)[:4]]])
    without = made_from(day[3:8])
    assert with_bus is not None
    assert without is not None
    assert np.median(np.abs(with_bus.cells.astype(int) - without.cells.astype(int))) <= 3


@pytest.mark.parametrize("condition", ["night", "dark"])
def test_no_reference_is_made_by_night(condition: str) -> None:
    monitor = ViewMonitor(settings=QUICK)
    watch(monitor, cycled(frames(condition), 60))
    assert monitor.reference is None


def test_no_reference_is_made_of_a_blank_wall_or_of_a_frozen_picture() -> None:
    wall = [views.noisy(np.full((576, 768), 120), 2) for _ in range(6)]
    monitor = ViewMonitor(settings=QUICK)
    watch(monitor, wall)
    assert monitor.reference is None
    watch(monitor, [frames()[0]] * 20, start=20)
    assert monitor.reference is None


@pytest.mark.parametrize("spoil", [views.warped(0.05), views.covered(0.75), views.blurred(5), views.another_street])
def test_a_faulty_view_never_becomes_the_reference(spoil: Callable[[views.Luma], views.Luma]) -> None:
    """Not even while it is only suspected, nor between two confirmations."""
    monitor = ViewMonitor(reference(), QUICK)
    watch(monitor, cycled(frames(seed=3), 60, spoil), every=5)
    assert monitor.reference is reference()


def test_seasons_are_followed() -> None:
    """The street turns by and by into one of other contrasts, to which the old reference would not do."""
    monitor = ViewMonitor(reference(), QUICK)
    for step in range(8):
        leaves = views.fogged(1 - 0.09 * step)
        assert watch(monitor, cycled(frames(seed=3), 8, leaves), start=step * 8) == []
    assert monitor.reference is not reference()


def test_a_camera_that_creeps_is_found_although_the_reference_follows() -> None:
    monitor, events = ViewMonitor(reference(), QUICK), []
    for step in range(16):
        events += watch(monitor, cycled(frames(seed=3), 8, views.warped(0.001 * step)), start=step * 8)
    assert [(event.fault, event.change) for event in events] == [(ViewFault.MOVED, ViewChange.BEGUN)]
    assert monitor.reference is not reference()
    assert monitor.reference is not None
    kept = Reference.from_bytes(monitor.reference.to_bytes())
    assert kept.drift == monitor.reference.drift
    assert kept.drift[0] > 1


def test_bytes_come_back_as_they_were() -> None:
    back = Reference.from_bytes(DATA)
    assert (back.cells == reference().cells).all()
    assert back.to_bytes() == DATA
    monitor = ViewMonitor(back)
    assert watch(monitor, frames(seed=3)) == watch(ViewMonitor(reference()), frames(seed=3))
    assert len(DATA) < 64_000


def packed(**arrays: Any) -> bytes:
    out = io.BytesIO()
    good = dict(np.load(io.BytesIO(DATA)))
    np.savez_compressed(out, **{**good, **arrays})
    return out.getvalue()


def zip_bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("format", "cells", "anchor", "offset"):
            archive.writestr(f"{name}.npy", bytes(4 << 20))
    return out.getvalue()


GOOD = reference().cells
BAD: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "no archive": lambda: b"x" * 5000,
    "too large": lambda: DATA + bytes(2 << 20),
    "a bomb": zip_bomb,
    "cut": lambda: DATA[: len(DATA) // 2],
    "another format": lambda: packed(format=np.array([2], np.int64)),
    "a format that is none": lambda: packed(format=np.array(["x"])),
    "objects": lambda: packed(cells=np.array([[object()]], object)),
    "floats": lambda: packed(cells=GOOD.astype(np.float32)),
    "narrow": lambda: packed(cells=GOOD[:, :100], anchor=GOOD[:, :100]),
    "flat": lambda: packed(cells=GOOD[:5], anchor=GOOD[:5]),
    "a line": lambda: packed(cells=GOOD.ravel(), anchor=GOOD.ravel()),
    "two sizes": lambda: packed(cells=GOOD[:100]),
    "no number": lambda: packed(offset=np.array([np.nan, 0])),
    "far off": lambda: packed(offset=np.array([1e6, 0.0])),
    "more than that": lambda: packed(extra=np.zeros(3)),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_reference_is_refused(name: str) -> None:
    with pytest.raises(StateError) as caught:
        Reference.from_bytes(BAD[name]())
    assert len(str(caught.value)) < 500


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_flipped_byte_is_refused_or_harmless(where: int, by: int) -> None:
    damaged = bytearray(DATA)
    damaged[where] ^= by
    try:
        kept = Reference.from_bytes(bytes(damaged))
    except StateError:
        return
    ViewMonitor(kept).look(at(0), frames()[0])
