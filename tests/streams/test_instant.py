"""ISO 8601 as nanoseconds: exact, and never without an offset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, from_iso, iso_utc

FIRST, LAST = -62_135_596_800 * NS_PER_S, 253_402_300_800 * NS_PER_S - 1
"""The years 1 to 9999."""


@given(st.integers(FIRST, LAST))
def test_what_is_written_is_read_back_exactly(utc_ns: int) -> None:
    # strftime writes years below 1000 without zeros; nothing of ours is that old.
    if utc_ns >= from_iso("1000-01-01T00:00:00Z"):
        assert from_iso(iso_utc(utc_ns)) == utc_ns


@given(st.integers(0, LAST - 24 * 3600 * NS_PER_S), st.integers(-23 * 60, 23 * 60))
def test_an_offset_is_taken_off(utc_ns: int, minutes: int) -> None:
    there = iso_utc(utc_ns + minutes * 60 * NS_PER_S) if utc_ns + minutes * 60 * NS_PER_S >= 0 else None
    if there is not None:
        sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
        assert from_iso(f"{there[:-1]}{sign}{hours:02d}:{rest:02d}") == utc_ns


def test_the_usual_spellings_are_one_time() -> None:
    spellings = (
        "2026-11-02T00:00:00Z", "2026-11-02 00:00:00.0z", "2026-11-02T08:00:00+08:00", "2026-11-02T08:00:00,000+0800",
        "2026-11-01T16:00:00.000000000-08",
    )  # fmt: skip
    assert {iso_utc(from_iso(one)) for one in spellings} == {"2026-11-02T00:00:00.000000000Z"}


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-11-02", "2026-11-02T08:00Z", "2026-11-02T08:00:00", "2026-11-02T24:00:00Z", "2026-11-02T08:00:60Z",
        "2026-13-02T08:00:00Z", "2026-11-02T08:00:00+24:00", "2026-11-02T08:00:00.1234567890Z", "0000-01-01T00:00:00Z",
        "2026-11-02T08:00:00Z ", "２０２６-11-02T08:00:00Z", "1793577600",
    ],
)  # fmt: skip
def test_all_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time|offset"):
        from_iso(text)
