from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import Instant, TimeSource
from tests.vision.byhand import PARKED, SHANGHAI, at, play, rules
from vision.codec import from_json, to_json
from vision.engine import Engine
from vision.errors import StateError
from vision.interface import Moment, Stay, StayEnded, Violation, ViolationFired

GOLDEN = Path(__file__).parent / "golden" / "violation.json"


def events() -> tuple[Violation, Stay]:
    engine = Engine([rules()], SHANGHAI)
    found = play(engine, lambda t: [("car", 0.9, PARKED)] if t >= 10 else [], 80) + engine.finish("gt-01")
    (violation,) = [event.violation for event in found if isinstance(event, ViolationFired)]
    (stay,) = [event.stay for event in found if isinstance(event, StayEnded)]
    return violation, stay


def test_the_format_stays_as_it_is() -> None:
    """Cases are kept for years: a change here needs a reader for what was written before."""
    violation, stay = events()
    text = json.dumps({"violation": to_json(violation), "ended": to_json(stay)}, indent=1, ensure_ascii=False) + "\n"
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_what_was_written_before_others_were_looked_for_is_read() -> None:
    earlier = json.loads(GOLDEN.with_name("violation-without-others.json").read_text(encoding="utf-8"))
    violation, stay = from_json(Violation, earlier["violation"]), from_json(Stay, earlier["ended"])
    now, ended = events()
    assert violation.hindrance is None and stay.later == ()
    assert violation == replace(now, moments=tuple(replace(one, others=None) for one in now.moments), hindrance=None)
    assert stay == replace(ended, later=())


def test_what_is_written_is_read_back_equal() -> None:
    for value in (*events(), events()[0].moments[0], at(0.123456789)):
        assert from_json(type(value), json.loads(json.dumps(to_json(value)))) == value


def test_it_can_be_written_as_canonical_json() -> None:
    for value in events():
        assert json.loads(rfc8785.dumps(to_json(value))) == to_json(value)


@given(st.integers(-(1 << 61), 1 << 62), st.sampled_from(TimeSource), st.integers(0, 1 << 52))
def test_any_instant_survives(utc_ns: int, source: TimeSource, uncertainty_ns: int) -> None:
    instant = Instant(utc_ns, source, uncertainty_ns)
    assert from_json(Instant, json.loads(json.dumps(to_json(instant)))) == instant


def broken(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(to_json(events()[0].moments[0])) | changes


@pytest.mark.parametrize(
    "data",
    [
        {},
        None,
        broken(box=[0, 0, 1]),
        broken(box=[0, 0, 1, 1.5]),
        broken(score=2),
        broken(extra=1),
        broken(at=to_json(at(0)) | {"utc_ns": "1"}),
        broken(at=to_json(at(0)) | {"utc_ns": "9" * 19}),
        broken(at=to_json(at(0)) | {"utc_ns": "x"}),
        broken(at=to_json(at(0)) | {"source": "guess"}),
        broken(at=to_json(at(0)) | {"uncertainty_ns": -1}),
    ],
)
def test_anything_else_is_refused(data: Any) -> None:
    with pytest.raises(StateError):
        from_json(Moment, data)
