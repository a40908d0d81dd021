"""What stands keeps its number without being tracked."""

from __future__ import annotations

from collections.abc import Callable

from tests.vision.byhand import PARKED, SHANGHAI, Seen, at, detections, moved, rules
from vision.association.bytetrack import ByteTrackAssociator
from vision.engine import Engine
from vision.interface import Box

BESIDE = moved(PARKED, dx=0.3)
ELSEWHERE = moved(PARKED, dy=1.5)


def tracks_of(engine: Engine) -> list[int | None]:
    return [standing.track for standing in engine._watches["gt-01"].memory.standings if standing.open]


def followed(engine: Engine) -> int:
    associator = engine._watches["gt-01"].associator
    assert isinstance(associator, ByteTrackAssociator)
    return len(associator._tracker.tracks)


def play(engine: Engine, script: Callable[[float], list[Box]], start: int, until: int) -> None:
    for t in range(start, until, 2):
        seen: list[Seen] = [("car", 0.9, box) for box in script(t)]
        engine.step("gt-01", at(t), detections(seen))


def test_what_stands_keeps_its_number_and_is_not_followed() -> None:
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: [PARKED, ELSEWHERE], 0, 40)
    tracks = tracks_of(engine)
    assert None not in tracks and len(set(tracks)) == 2 and followed(engine) == 0
    play(engine, lambda t: [PARKED, ELSEWHERE] if t % 10 else [PARKED], 40, 200)
    assert tracks_of(engine) == tracks and followed(engine) == 0


def test_nothing_else_is_given_the_number_of_what_stands() -> None:
    """A box beside it would have been taken for the next of its track."""
    engine = Engine([rules()], SHANGHAI)
    play(engine, lambda t: [PARKED], 0, 20)
    play(engine, lambda t: [BESIDE] if t < 26 else [PARKED, ELSEWHERE], 20, 60)
    tracks = tracks_of(engine)
    assert None not in tracks and len(set(tracks)) == len(tracks) == 2


def test_unseen_for_longer_than_a_tracker_remembers_it_gets_another_number() -> None:
    bus: Box = (0.75, 0.3, 1.0, 0.75)
    for hidden_s, same in ((8, True), (20, False)):
        engine = Engine([rules(classes=["car"])], SHANGHAI)
        play(engine, lambda t: [PARKED], 0, 20)
        (track,) = tracks_of(engine)
        for t in range(20, 20 + hidden_s, 2):
            engine.step("gt-01", at(t), detections([("bus", 0.9, bus)]))
        play(engine, lambda t: [PARKED], 20 + hidden_s, 40 + hidden_s)
        assert track in tracks_of(engine) if same else track not in tracks_of(engine)
        assert None not in tracks_of(engine)
