"""What a segment says of itself survives the way into JSON and back; nothing else comes in."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import Instant, TimeSource
from streams.recorder.boxes import MAX_RECORD, OPENING, uuid_box
from streams.recorder.interface import ClockStatement, CloseReason, Closing, GapStatement, Opening
from streams.recorder.record_json import closing_bytes, opening_bytes, parse_closing, parse_opening

wide = st.integers(-(2**62), 2**62)
maybe = st.none() | wide
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
instants = st.builds(Instant, wide, st.sampled_from(TimeSource), st.integers(0, 2**62))
hexes = st.binary(min_size=32, max_size=32).map(bytes.hex)
clocks = st.builds(ClockStatement, maybe, maybe, maybe, maybe, st.lists(st.sampled_from("abc")).map(tuple))
gaps = st.builds(GapStatement, words, st.none() | instants, st.none() | instants, words, words)
openings = st.builds(
    Opening,
    site=words,
    camera=st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z"),
    session=words,
    sequence=st.integers(1, 10**12),
    previous=st.none() | hexes,
    start=instants,
    first_pts=wide,
    time_base=st.integers(1, 10**9).map(lambda n: Fraction(1, n)),
    codec=words,
    width=st.integers(0, 65536),
    height=st.integers(0, 65536),
    protocol=words,
    clock=clocks,
    gap_before=st.none() | gaps,
)
closings = st.builds(
    Closing, st.sampled_from(CloseReason), st.integers(1, 2**40), wide, instants, st.none() | hexes, words
)


@given(openings)
def test_openings(opening):
    data = opening_bytes(opening)
    assert parse_opening(data) == opening and opening_bytes(parse_opening(data)) == data
    assert uuid_box(OPENING, data)[24:] == data


@given(closings)
def test_closings(closing):
    assert parse_closing(closing_bytes(closing)) == closing


@given(st.binary(max_size=200) | st.text().map(str.encode) | st.just(b"[" * 100_000))
def test_garbage_is_refused(data):
    for parse in (parse_opening, parse_closing):
        with pytest.raises(ValueError):
            parse(data)


@given(st.data(), openings)
def test_every_field_is_checked(data, opening):
    fields = json.loads(opening_bytes(opening))
    name = data.draw(st.sampled_from(sorted(fields)))
    wrong = data.draw(st.sampled_from([1.5, True, [], {}, "\u4e00" * 2000, -1, {"utc_ns": 1}]))
    with pytest.raises(ValueError):
        parse_opening(json.dumps({**fields, name: wrong}).encode())
    if name not in ("previous", "gap_before"):
        fields.pop(name)
        with pytest.raises(ValueError):
            parse_opening(json.dumps(fields).encode())


@pytest.mark.parametrize("base", ["1/0", "2/25", "0/1", "1/-5", "1", "1/90000 ", "1/99999999999"])
def test_ticks_that_cannot_be(base):
    opening = Opening(
        "s", "c", "x", 1, None, Instant(1, TimeSource.ARRIVAL, 0), 0, Fraction(1, 25), "h264", 1, 1, "file",
        ClockStatement(None, None, None, None, ()), None,
    )  # fmt: skip
    fields = json.loads(opening_bytes(opening))
    with pytest.raises(ValueError, match="time_base"):
        parse_opening(json.dumps({**fields, "time_base": base}).encode())


def test_long_texts_are_cut_and_records_stay_small():
    at = Instant(1, TimeSource.ARRIVAL, 0)
    closing = Closing(CloseReason.FAULT, 1, 2, at, None, "断" * 5000 + "\ud800")
    parsed = parse_closing(closing_bytes(closing))
    assert parsed.detail == "断" * 1000
    with pytest.raises(ValueError, match="longer"):
        uuid_box(OPENING, bytes(MAX_RECORD + 1))
