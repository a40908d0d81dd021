"""Things as patches of the picture: what covers, premultiplied and with smooth edges, and what darkens the ground."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from tests.scenes.cutouts import Sprite
from tests.scenes.pavement.camera import Camera, Floats
from tests.scenes.pavement.script import Parasol, Piece
from tests.scenes.pavement.skins import skin

Image = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]

_FINE = 4
"""Things are drawn this much larger, and shrunk."""
SUN = (-0.62, 0.34)
"""How far the tip of a shadow lies from its foot, in heights, along X and Y."""
_SIDE = {"-x": 0.66, "+x": 0.8, "-y": 0.82, "+y": 0.6, "top": 1.0}
"""How much light falls on each side of a block."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A part of the picture at (x, y): `rgba` float32 [h, w, 4], colour times coverage and coverage."""

    x: int
    y: int
    rgba: Pixels


@dataclass(frozen=True, slots=True, eq=False)
class Dark:
    """How much light is taken from the ground at (x, y): float32 [h, w], 0..1."""

    x: int
    y: int
    share: Pixels


Quad = tuple[Floats, Image, float]
"""Four points in the picture, from the texture's upper left clockwise, the texture, and the light on it."""


def block(camera: Camera, piece: Piece, x: float, y: float) -> list[Quad]:
    """The sides of a block that the camera sees; none hides another."""
    look = skin(piece.skin, piece.wide, piece.deep, piece.high, piece.seed)
    x, y = x + piece.x, y + piece.y
    x1, x2, y1, y2 = x - piece.wide / 2, x + piece.wide / 2, y - piece.deep / 2, y + piece.deep / 2
    low, high = piece.z, piece.z + piece.high
    quads: list[tuple[list[tuple[float, float, float]], Image, float]] = []
    if y1 > 0:
        quads.append(([(x1, y1, high), (x2, y1, high), (x2, y1, low), (x1, y1, low)], look.side, _SIDE["-y"]))
    if x1 > 0:
        quads.append(([(x1, y2, high), (x1, y1, high), (x1, y1, low), (x1, y2, low)], look.end, _SIDE["-x"]))
    if x2 < 0:
        quads.append(([(x2, y1, high), (x2, y2, high), (x2, y2, low), (x2, y1, low)], look.end, _SIDE["+x"]))
    if high < camera.height:
        quads.append(([(x1, y2, high), (x2, y2, high), (x2, y1, high), (x1, y1, high)], look.top, _SIDE["top"]))
    return [(camera.project(corners), texture, light) for corners, texture, light in quads]


def parasol(camera: Camera, form: Parasol, x: float, y: float) -> list[Quad]:
    """Base, pole and canopy, in the order in which they are drawn."""
    grey = np.full((8, 8, 3), (96, 98, 100), np.uint8)
    quads: list[Quad] = []
    base = [(x + 0.28 * cos(k * pi / 4), y + 0.28 * sin(k * pi / 4), 0.1) for k in range(8)]
    for k in range(0, 6, 2):
        quads.append((camera.project([base[0], base[k + 1], base[(k + 2) % 8], base[(k + 3) % 8]]), grey, 0.7))
    right = camera.axes()[0] * 0.03
    foot, head = np.array([x, y, 0.0]), np.array([x, y, form.rim + 0.3])
    quads.append((camera.project(np.stack([head - right, head + right, foot + right, foot - right])), grey, 1.3))
    rim = [
        (x + form.radius * cos((k + 0.5) * pi / 4), y + form.radius * sin((k + 0.5) * pi / 4), form.rim)
        for k in range(8)
    ]
    top = (x, y, form.rim + 0.4)
    eye = np.array([0.0, 0.0, camera.height])
    facets = []
    for k in range(8):
        a, b = np.array(rim[k]), np.array(rim[(k + 1) % 8])
        normal = np.cross(a - top, b - top)
        normal = normal / np.linalg.norm(normal) * (1 if normal[2] > 0 else -1)
        outside = float(normal @ (eye - np.array(top))) > 0
        light = 0.62 + 0.42 * max(0.0, float(normal @ np.array([0.5, -0.4, 0.77]))) if outside else 0.4
        far = float(np.linalg.norm((a + b) / 2 - eye))
        drop = np.array([0.0, 0.0, 0.16])
        colour = form.colours[k % 2]
        facets.append((far, [np.array(top), a, b, np.array(top)], colour, light))
        facets.append((far - 0.01, [a, b, b - drop, a - drop], colour, light * 0.85))
    for _, corners, colour, light in sorted(facets, key=lambda facet: -facet[0]):
        quads.append((camera.project(np.stack(corners)), _fabric(colour), light))
    return quads


def _fabric(colour: tuple[int, int, int]) -> Image:
    rng = np.random.default_rng(sum(colour))
    cloth = np.array(colour, np.float32) + rng.normal(0, 4, (48, 48, 1)).astype(np.float32)
    cloth *= np.linspace(0.9, 1.05, 48, dtype=np.float32)[:, None, None]
    return np.clip(cloth, 0, 255).astype(np.uint8)


def drawn(quads: Sequence[Quad], size: tuple[int, int]) -> Patch | None:
    """Quads, the later ones in front, as one patch; None: nothing of them is in the picture."""
    points = np.concatenate([corners for corners, _, _ in quads])
    x1, y1 = (max(0, int(v) - 2) for v in points.min(axis=0))
    x2, y2 = (min(side, int(v) + 3) for v, side in zip(points.max(axis=0), size, strict=True))
    if x1 >= x2 or y1 >= y2:
        return None
    shape = ((y2 - y1) * _FINE, (x2 - x1) * _FINE)
    canvas, cover = np.zeros((*shape, 3), np.float32), np.zeros(shape, np.uint8)
    for corners, texture, light in quads:
        at = ((corners + 0.5 - (x1, y1)) * _FINE - 0.5).astype(np.float32)
        mask = np.zeros(shape, np.uint8)
        cv2.fillPoly(mask, [np.round(at * 16).astype(np.int32)], 255, shift=4)
        h, w = texture.shape[:2]
        if len({tuple(point) for point in at.tolist()}) < 4:  # a facet with three corners
            mean = texture.reshape(-1, 3).mean(axis=0) * light
            canvas[mask > 0] = mean
        else:
            edge = np.array([(0, 0), (w - 1, 0), (w - 1, h - 1), (0, h - 1)], np.float32)
            turned = cv2.warpPerspective(
                _reduced(texture, at, edge), _map(edge, at, texture), shape[::-1], borderMode=cv2.BORDER_REPLICATE
            )
            canvas[mask > 0] = turned[mask > 0] * light
        cover |= mask
    small = cv2.resize(canvas, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cover, (x2 - x1, y2 - y1), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    rgba = np.dstack([np.clip(small, 0, 255 * np.maximum(alpha, 1e-3)[..., None]), alpha])
    return Patch(x1, y1, np.asarray(cv2.GaussianBlur(rgba, (0, 0), 0.5), np.float32))


def _map(edge: Pixels, at: Pixels, texture: Image) -> Floats:
    return np.asarray(cv2.getPerspectiveTransform(edge, at))


def _reduced(texture: Image, at: Pixels, edge: Pixels) -> Image:
    """Smoothed by as much as it will be shrunk, so that its details do not alias."""
    shown = max(float(np.linalg.norm(at[1] - at[0])), float(np.linalg.norm(at[2] - at[3])), 1.0)
    ratio = texture.shape[1] / shown
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), ratio * 0.5), np.uint8) if ratio > 1.2 else texture


def figure(camera: Camera, sprite: Sprite, tall: float, x: float, y: float, mirrored: bool) -> Patch | None:
    """A person, upright at a point of the ground."""
    rgba = sprite.rgba[:, ::-1] if mirrored else sprite.rgba
    x1, y1, x2, y2 = sprite.body
    if mirrored:
        x1, x2 = rgba.shape[1] - x2, rgba.shape[1] - x1
    points = camera.project([(x, y, 0.0), (x, y, tall)])
    by = float(points[0, 1] - points[1, 1]) / (y2 - y1)
    return _pasted(rgba, by, ((x1 + x2) / 2, y2 - 1.0), (float(points[0, 0]), float(points[0, 1])), camera.size)


def pasted(
    camera: Camera, sprite: Sprite, by: float, x: float, y: float, tint: tuple[float, float, float]
) -> Patch | None:
    """A cut-out with its anchor at a point of the ground, `by` times its own size."""
    at = camera.project([(x, y, 0.0)])[0]
    rgba = sprite.rgba * np.array((*tint, 1.0), np.float32)
    return _pasted(rgba, by, sprite.anchor, (float(at[0]), float(at[1])), camera.size)


def _pasted(
    rgba: Pixels, by: float, anchor: tuple[float, float], at: tuple[float, float], size: tuple[int, int]
) -> Patch | None:
    height, width = rgba.shape[:2]
    left, top = at[0] - anchor[0] * by, at[1] - anchor[1] * by
    x1, y1 = max(0, int(np.floor(left))), max(0, int(np.floor(top)))
    x2, y2 = min(size[0], int(np.ceil(left + width * by))), min(size[1], int(np.ceil(top + height * by)))
    if x1 >= x2 or y1 >= y2:
        return None
    if by < 0.75:
        rgba = np.asarray(cv2.GaussianBlur(rgba, (0, 0), 0.35 / by), np.float32)
    elif by > 1.2:
        large = cv2.resize(rgba, (width * 2, height * 2), interpolation=cv2.INTER_CUBIC)
        sharp = large * 1.25 - cv2.GaussianBlur(large, (0, 0), 1.4) * 0.25
        alpha = np.clip(sharp[..., 3:], 0, 1)
        rgba = np.concatenate([np.clip(sharp[..., :3], 0, 255 * alpha), alpha], axis=2)
        by /= 2
    shift = (by - 1) / 2
    matrix = np.array([[by, 0, shift + left - x1], [0, by, shift + top - y1]])
    return Patch(x1, y1, np.asarray(cv2.warpAffine(np.ascontiguousarray(rgba), matrix, (x2 - x1, y2 - y1)), np.float32))


def dark(polygons: Sequence[tuple[Floats, float]], soft: float, size: tuple[int, int]) -> Dark | None:
    """Polygons of the picture, each with how much light it takes, with edges `soft` pixels wide."""
    points = np.concatenate([corners for corners, _ in polygons])
    room = int(soft * 3) + 2
    x1, y1 = (max(0, int(v) - room) for v in points.min(axis=0))
    x2, y2 = (min(side, int(v) + room + 1) for v, side in zip(points.max(axis=0), size, strict=True))
    if x1 >= x2 or y1 >= y2:
        return None
    share = np.zeros((y2 - y1, x2 - x1), np.float32)
    for corners, much in polygons:
        mask = np.zeros(share.shape, np.uint8)
        cv2.fillPoly(mask, [np.round((corners - (x1, y1)) * 16).astype(np.int32)], 255, shift=4, lineType=cv2.LINE_AA)
        np.maximum(share, mask.astype(np.float32) * (much / 255), out=share)
    return Dark(x1, y1, np.asarray(cv2.GaussianBlur(share, (0, 0), max(0.4, soft)), np.float32))
