"""Votes over the frames of a stay, and which frames are worth reading."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.plates.interface import Colour, Doubt, PlateSpot
from tests.models.plates.drawing import upright
from tests.models.plates.reads import read, spot
from vision.plate_frames import Candidate, quality, rank
from vision.plates import NOTHING, VoteDoubt, VoteRule, vote

texts = st.sampled_from(["京A12345", "京A1234S", "京A1234B", "晋A12345", "京A1234", "川AD12345"])
reads = st.builds(
    read,
    texts,
    st.sampled_from([0.4, 0.7, 0.9, 0.96, 0.99, 1.0]),
    colour=st.sampled_from([Colour.BLUE, Colour.GREEN, Colour.UNKNOWN]),
    other=st.sampled_from(["", "8", "S"]),
    height=st.sampled_from([10.0, 20.0, 60.0]),
    sharpness=st.sampled_from([0.0, 0.05, 0.3]),
    whole=st.booleans(),
)


def test_frames_that_agree_are_certain_and_say_how_many():
    # No frame is certain by itself: one character is weaker than the rule for a single picture asks.
    one = read("京A12345", [0.99] * 6 + [0.985])
    assert not one.certain
    verdict = vote([one] * 3)
    assert (verdict.text, verdict.certain, verdict.frames, verdict.agreeing) == ("京A12345", True, 3, 3)
    assert (verdict.form, verdict.colour) == ("ordinary", Colour.BLUE)
    assert verdict.weakest == pytest.approx(0.985)


def test_nothing_read_is_no_text():
    assert vote([]) == NOTHING
    assert vote([read("")]) == NOTHING
    assert not NOTHING.certain and NOTHING.text is None and NOTHING.weakest == 0


def test_the_better_frames_outweigh_more_bad_ones():
    good = [read("京A12345", 0.97, sharpness=0.4, height=60.0)] * 2
    bad = [read("京A1234S", 0.6, sharpness=0.02, height=12.0)] * 4
    verdict = vote([*good, *bad])
    assert verdict.text == "京A12345"
    assert (verdict.agreeing, verdict.frames) == (2, 6)
    assert VoteDoubt.FRAMES_DISAGREE in verdict.doubts


@pytest.mark.parametrize(
    ("given_reads", "doubt"),
    [
        ([read("京A12345", 0.7)] * 5, VoteDoubt.WEAK_CHARACTER),
        ([read("京A1234")] * 5, VoteDoubt.NO_FORM),
        ([read("京A12345", colour=Colour.GREEN)] * 5, VoteDoubt.COLOUR_CONTRADICTS),
        ([read("京A12345", whole=False)] * 5, VoteDoubt.NEVER_WHOLE),
        ([read("京A12345", 0.93)], VoteDoubt.SINGLE_FRAME),
        ([read("京A12345")] * 7 + [read("京A1234S")], VoteDoubt.CERTAIN_READ_DIFFERS),
    ],
)
def test_what_takes_the_certainty_away(given_reads, doubt):
    verdict = vote(given_reads)
    assert not verdict.certain and doubt in verdict.doubts


def test_a_vote_may_say_what_no_frame_said_but_is_not_certain_then():
    made_up = vote([read("京A1234S", 0.9), read("晋A12345", 0.9), read("京B12345", 0.9)])
    assert made_up.text == "京A12345"
    assert made_up.agreeing == 0 and not made_up.certain


@given(st.lists(reads, max_size=6), st.randoms())
def test_the_order_of_the_frames_does_not_matter(given_reads, random):
    shuffled = list(given_reads)
    random.shuffle(shuffled)
    assert vote(shuffled) == vote(given_reads)


@given(st.lists(reads, min_size=1, max_size=7))
def test_a_certain_verdict_never_contradicts_a_certain_read(given_reads):
    verdict = vote(given_reads)
    certain = Counter(one.text for one in given_reads if one.certain)
    if verdict.certain:
        assert set(certain) <= {verdict.text}
        assert verdict.agreeing >= VoteRule().min_agreeing * verdict.frames
        assert verdict.form is not None
        assert any(one.text == verdict.text and one.spot.whole for one in given_reads)


@given(st.lists(reads, min_size=1, max_size=7))
def test_a_strict_majority_of_certain_reads_is_never_contradicted(given_reads):
    verdict = vote(given_reads)
    certain = [one.text for one in given_reads if one.certain]
    for text, times in Counter(certain).items():
        assert not (2 * times > len(certain) and verdict.certain and verdict.text != text)


@given(reads)
def test_one_frame_is_as_certain_as_its_read(one):
    assert vote([one]).certain <= one.certain


@given(reads, st.integers(2, 8))
def test_the_same_frame_again_makes_no_character_surer(one, times):
    first, many = vote([one]), vote([one] * times)
    assert many.text == first.text
    assert many.weakest == pytest.approx(first.weakest)


def test_rules_that_make_no_sense_are_refused():
    for fields in ({"min_character": 0}, {"min_agreeing": 1.5}, {"min_best": -1}):
        with pytest.raises(ValueError, match="shares"):
            VoteRule(**fields)


def turned(height=40.0):
    (x, y), *rest = upright((200.0, 100.0), height * 440 / 140)
    return PlateSpot(((x, y), *((px, py + (px - x) * 0.5) for px, py in rest)), 0.99, 0.25, True)


def test_frames_are_ranked_by_sharpness_size_and_angle():
    best = spot(height=50.0, sharpness=0.3)
    worse = {
        "blurred": spot(height=50.0, sharpness=0.03),
        "far": spot(height=10.0, sharpness=0.3),
        "oblique": turned(50.0),
        "cut off": spot(height=50.0, sharpness=0.3, whole=False),
    }
    ranked = rank([*(Candidate(name, one) for name, one in worse.items()), Candidate("best", best)])
    assert ranked[0].frame == "best"
    assert ranked[-1].frame == "cut off"
    assert len(rank(ranked, 2)) == 2 and rank(ranked, 2) == ranked[:2]
    assert all(quality(one) < quality(best) for name, one in worse.items() if name != "cut off")


def test_equal_frames_stay_in_order_and_nothing_is_nothing():
    assert [c.frame for c in rank([Candidate(i, spot()) for i in range(5)])] == [0, 1, 2, 3, 4]
    assert rank([]) == []


@given(st.floats(1, 500), st.floats(0, 5), st.floats(1.01, 3), st.sampled_from(["height", "sharpness"]))
def test_more_of_what_is_good_is_never_worth_less(height, sharpness, factor, which):
    plain = {"height": height, "sharpness": sharpness}
    better = plain | {which: plain[which] * factor}
    assert 0 <= quality(spot(**plain)) <= quality(spot(**better)) <= 1


def test_what_is_a_blur_in_every_frame_is_not_certain_however_sure_the_characters_look():
    blurred = read("京A12345", 0.999, sharpness=0.04)
    assert blurred.doubts == (Doubt.BLURRED,)
    assert vote([blurred] * 4).doubts == (VoteDoubt.NEVER_SHARP,)
    assert vote([blurred] * 4, VoteRule(min_sharpness=0.0)).certain
    # One frame that shows it sharply is enough, and it has to be whole.
    sharp = read("京A12345", 0.985, sharpness=0.3)
    assert vote([blurred] * 3 + [sharp]).certain
    cut = read("京A12345", 0.985, sharpness=0.3, whole=False)
    assert VoteDoubt.NEVER_SHARP in vote([blurred] * 3 + [cut]).doubts
    with pytest.raises(ValueError, match="sharpness"):
        VoteRule(min_sharpness=-1)
