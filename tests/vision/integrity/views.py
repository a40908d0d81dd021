"""Looks at rendered streets under every kind of light and weather, and ways to spoil them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache

import cv2
import numpy as np
import numpy.typing as npt

from streams.instant import NS_PER_S, Instant, TimeSource
from tests.scenes import Actor, Backdrop, Light, Look, Noise, Occluder, Renderer, Scene, Stop
from vision.integrity.interface import ViewEvent
from vision.integrity.monitor import ViewMonitor
from vision.integrity.picture import look
from vision.integrity.reference import Cells8, Reference, made_from

Luma = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 768, 576
RNG = np.random.default_rng(5)
_FRAMES = (0, 23, 47, 70, 105, 128, 151, 174)
_NIGHT = Light(((0, 0.15),))

CONDITIONS: dict[str, dict[str, object]] = {
    "day": {},
    "dusk": {"light": Light(((0, 0.45),))},
    "night": {"light": _NIGHT},
    "dark": {"light": Light(((0, 0.06),))},
    "rain": {"noise": Noise(rain=1.0)},
    "night rain": {"light": _NIGHT, "noise": Noise(rain=1.0)},
    "shake": {"noise": Noise(shake=3)},
    "night shake": {"light": _NIGHT, "noise": Noise(shake=2)},
    "exposure hunting": {"light": Light(pumping=0.3)},
    "glaring day": {"light": Light(((0, 1.6),))},
    "dawn": {"light": Light(((0, 0.06), (17, 1.0)))},
    "light switch": {"light": Light(((0, 0.1), (9, 0.1), (9.01, 0.5)))},
}
"""`dark` and `night` are those of streets whose vehicles drive with their headlights on."""


def at(seconds: float) -> Instant:
    return Instant(1_793_606_400 * NS_PER_S + round(seconds * NS_PER_S), TimeSource.ARRIVAL, 0)


@cache
def frames(condition: str = "day", backdrop: Backdrop = Backdrop.VTEST, seed: int = 0) -> tuple[Luma, ...]:
    """Eight looks at a street on which a van comes to stand and cars pass."""
    van = Actor("van", Look.VAN, enter=((1.2, 0.7),), stops=(Stop((0.75, 0.7), 4),))
    car = Actor("car", Look.DRAWN_CAR, enter=((-0.2, 0.8), (1.2, 0.8)), passes=(1, 9))
    late = Actor("late", Look.DRAWN_CAR, enter=((1.2, 0.6), (-0.2, 0.6)), passes=(10, 19), mirrored=True)
    return _rendered(Scene(seed=seed, backdrop=backdrop, actors=(van, car, late), **CONDITIONS[condition]))  # type: ignore[arg-type]


@cache
def bus(size: float, backdrop: Backdrop = Backdrop.VTEST) -> tuple[Luma, ...]:
    """A bus that stands before the camera; at size 3 nothing else is to be seen."""
    row = 0.98 if size < 2 else 1.2
    stands = Occluder(((-0.3, row), (1.3, row)), (-10, 30), 38, size=size)
    return _rendered(Scene(backdrop=backdrop, occluders=(stands,)))


def _rendered(scene: Scene) -> tuple[Luma, ...]:
    renderer = Renderer(scene)
    return tuple(renderer.frame(index)[:HEIGHT].copy() for index in _FRAMES)


@cache
def reference(backdrop: Backdrop = Backdrop.VTEST) -> Reference:
    made = made_from([cells(picture) for picture in frames("day", backdrop, seed=1)])
    assert made is not None
    return made


def cells(luma: Luma) -> Cells8:
    return np.clip(look(luma).cells.round(), 0, 255).astype(np.uint8)


def watch(monitor: ViewMonitor, looks: Iterable[Luma], start: float = 0, every: float = 2) -> list[ViewEvent]:
    return [event for n, luma in enumerate(looks) for event in monitor.look(at(start + n * every), luma)]


def cycled(pictures: tuple[Luma, ...], seconds: float, spoil: Callable[[Luma], Luma] = lambda p: p) -> list[Luma]:
    """Looks two seconds apart, none the same as the one before it."""
    spoilt = [spoil(picture) for picture in pictures]
    return [spoilt[n % len(spoilt)] for n in range(round(seconds / 2))]


# -- ways to spoil a picture ------------------------------------------------------------------------------------


def noisy(picture: npt.NDArray[np.generic], sigma: float = 2) -> Luma:
    return np.clip(picture + RNG.normal(0, sigma, picture.shape), 0, 255).astype(np.uint8)


def warped(dx: float = 0, dy: float = 0, turn: float = 0, zoom: float = 1) -> Callable[[Luma], Luma]:
    """Shifts are fractions of the width, turns degrees."""

    def spoil(luma: Luma) -> Luma:
        matrix = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), turn, zoom)
        matrix[:, 2] += (dx * WIDTH, dy * WIDTH)
        return np.asarray(cv2.warpAffine(luma, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return spoil


def blurred(sigma: float) -> Callable[[Luma], Luma]:
    """In pixels of a 768 pixel wide picture; the sensor's noise comes after the lens."""
    return lambda luma: noisy(cv2.GaussianBlur(luma, (0, 0), sigma), 1.5)


def covered(share: float, level: int = 60) -> Callable[[Luma], Luma]:
    """A sheet over the left part."""

    def spoil(luma: Luma) -> Luma:
        out = luma.copy()
        out[:, : round(share * WIDTH)] = noisy(np.full((HEIGHT, round(share * WIDTH)), level))
        return out

    return spoil


def fogged(left: float) -> Callable[[Luma], Luma]:
    return lambda luma: noisy(luma * left + 200 * (1 - left), 1.5)


def under_lamps(luma: Luma) -> Luma:
    """Lit by three street lamps only."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    light = sum(
        np.exp(-(((x / WIDTH - cx) / 0.15) ** 2 + ((y / HEIGHT - cy) / 0.2) ** 2))
        for cx, cy in ((0.2, 0.3), (0.6, 0.5), (0.9, 0.8))
    )
    return noisy(luma * (0.15 + 0.9 * light), 3)


def lens_cap(luma: Luma) -> Luma:
    return noisy(np.full(luma.shape, 17), 1.5)


def sun_in_the_lens(luma: Luma) -> Luma:
    return np.clip(luma.astype(np.float32) * 4 + 60, 0, 255).astype(np.uint8)


def another_street(luma: Luma) -> Luma:
    return np.ascontiguousarray(luma[::-1, ::-1])
