from __future__ import annotations

import numpy as np
import pytest

from models.plates.ctc import decode

ALPHABET = ("A", "B", "1")


def steps(*rows):
    return np.array(rows, np.float32)


BLANK = (0.97, 0.01, 0.01, 0.01)


def test_runs_collapse_and_blanks_separate():
    a, b = (0.1, 0.8, 0.05, 0.05), (0.05, 0.05, 0.9, 0.0)
    found = decode(steps(BLANK, a, (0.0, 0.9, 0.1, 0.0), BLANK, a, b, b), ALPHABET)
    assert "".join(c.text for c in found) == "AAB"
    assert [round(c.confidence, 4) for c in found] == [0.9, 0.8, 0.9]


def test_a_character_carries_what_else_it_may_be_from_its_best_step():
    (found,) = decode(steps((0.05, 0.5, 0.45, 0.0), (0.1, 0.6, 0.005, 0.295)), ALPHABET)
    assert (found.text, round(found.confidence, 4)) == ("A", 0.6)
    # B was 0.45 one step earlier, but the step that counts gives it less than is worth telling; the blank is no text.
    assert [(text, round(share, 4)) for text, share in found.alternatives] == [("1", 0.295)]


def test_the_same_letter_again_needs_a_blank():
    a = (0.1, 0.8, 0.05, 0.05)
    assert len(decode(steps(a, a), ALPHABET)) == 1
    assert len(decode(steps(a, BLANK, a), ALPHABET)) == 2
    assert len(decode(steps(a, (0.1, 0.0, 0.0, 0.9), a), ALPHABET)) == 3


def test_nothing_but_blanks_is_no_text():
    assert decode(steps(BLANK, BLANK), ALPHABET) == ()
    assert decode(np.empty((0, 4), np.float32), ALPHABET) == ()


@pytest.mark.parametrize("shape", [(3, 3), (3, 5), (4,), (1, 3, 4)])
def test_another_alphabet_is_refused(shape):
    with pytest.raises(ValueError, match="expected"):
        decode(np.zeros(shape, np.float32), ALPHABET)
