"""What truly happens in a scene, as the JSON that `evaluate` reads."""

from __future__ import annotations

from fractions import Fraction

from streams.instant import from_datetime, iso_utc
from tests.scenes import stage
from tests.scenes.motion import placements
from tests.scenes.scene import Actor, Scene, Seconds, Stop

FORMAT = "streetproof-truth/1"


def true_ns(scene: Scene, second: Seconds) -> int:
    """Scene time as true UTC nanoseconds."""
    return from_datetime(scene.clock.start) + int(Fraction(second) * 1_000_000_000)


def camera_ns(scene: Scene, second: Seconds) -> int:
    """What the camera's clock reads at a scene time, in UTC nanoseconds."""
    elapsed = int(Fraction(second) * 1_000_000_000 * (1_000_000 + scene.clock.drift_ppm) / 1_000_000)
    return from_datetime(scene.clock.start) + scene.clock.offset_ms * 1_000_000 + elapsed


def truth_of(scene: Scene) -> dict[str, object]:
    """`entries`: one per stop with a kind, in order of arrival. `scene`: what it was made of.

    Times are true UTC; `scene.clock` tells how the camera's clock differs. `arrived` may lie before the recording
    starts; `departed` is null for what still stands at the end. Boxes are x1, y1, x2, y2 as fractions of the image,
    clipped to it.
    """
    stops = sorted(
        ((actor, stop) for actor in scene.actors for stop in actor.stops if stop.kind is not None),
        key=lambda pair: (Fraction(pair[1].arrived), pair[0].name),
    )
    return {
        "format": FORMAT,
        "scene": {
            "camera": scene.camera,
            "condition": scene.condition,
            "seed": scene.seed,
            "size": list(scene.size),
            "fps": str(scene.fps),
            "frames": scene.frame_count - sum(scene.in_gap(i) for i in _gap_frames(scene)),
            "start": iso_utc(true_ns(scene, 0)),
            "end": iso_utc(true_ns(scene, scene.seconds)),
            "clock": {
                "start": iso_utc(camera_ns(scene, 0)),
                "offset_ms": scene.clock.offset_ms,
                "drift_ppm": scene.clock.drift_ppm,
            },
            "gaps": [[iso_utc(true_ns(scene, g.start)), iso_utc(true_ns(scene, g.end))] for g in scene.gaps],
        },
        "entries": [_entry(scene, actor, stop) for actor, stop in stops],
    }


def _entry(scene: Scene, actor: Actor, stop: Stop) -> dict[str, object]:
    ends_inside = stop.departed is not None and Fraction(stop.departed) < Fraction(scene.seconds)
    return {
        "camera": scene.camera,
        "kind": stop.kind,
        "cls": actor.look.cls,
        "arrived": iso_utc(true_ns(scene, stop.arrived)),
        "departed": iso_utc(true_ns(scene, stop.departed)) if ends_inside and stop.departed is not None else None,
        "box": [round(min(max(v, 0.0), 1.0), 4) for v in _box(scene, actor, stop)],
        "condition": stop.condition or scene.condition,
        "actor": actor.name,
    }


def _box(scene: Scene, actor: Actor, stop: Stop) -> tuple[float, float, float, float]:
    index = max(0, int(Fraction(stop.arrived) * scene.fps) + 1)
    standing = next(p for p in placements(scene, index) if p.name == actor.name)
    return stage.box_of(standing, scene.size)


def _gap_frames(scene: Scene) -> set[int]:
    frames: set[int] = set()
    for gap in scene.gaps:
        first, last = int(Fraction(gap.start) * scene.fps), int(Fraction(gap.end) * scene.fps) + 1
        frames.update(range(max(0, first), min(scene.frame_count, last)))
    return frames
