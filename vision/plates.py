"""The plate of one stay, out of what was read in several frames. Pure; the order of the reads does not matter.

Frames of a camera that stands still are not independent: what blurs one blurs the next. So confidences are averaged and
never multiplied into something larger, and no number of frames makes a doubtful read certain without agreement.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from models.plates.ballot import Reading, count
from models.plates.certainty import SHARP_ENOUGH
from models.plates.grammar import form_named, form_of
from models.plates.interface import Colour, Doubt, PlateCharacter, PlateRead, text_of, weakest_of
from vision.plate_frames import quality


class VoteDoubt(StrEnum):
    """Why the plate of a stay is not certain."""

    NOTHING_READ = "nothing_read"
    NO_FORM = "no_form"
    """The winning text has none of the forms of GA 36-2018."""
    WEAK_CHARACTER = "weak_character"
    FRAMES_DISAGREE = "frames_disagree"
    """Too few of the frames read the whole text that won."""
    CERTAIN_READ_DIFFERS = "certain_read_differs"
    """A frame that was certain by itself says something else."""
    COLOUR_CONTRADICTS = "colour_contradicts"
    NEVER_WHOLE = "never_whole"
    """In no frame that reads the winning text does the plate lie wholly inside the picture."""
    NEVER_SHARP = "never_sharp"
    """In no frame that reads the winning text is the plate more than a blur."""
    SINGLE_FRAME = "single_frame"
    """One frame only, and its read is not certain by itself."""


LEAST_QUALITY = 0.001
"""What the worst frame is worth: where there is nothing better, it still has a say."""


@dataclass(frozen=True, slots=True)
class VoteRule:
    """What a vote needs to be called certain. How the numbers were set: docs/plates.md."""

    min_character: float = 0.98
    """Share of the weakest character among all that was read, 0..1."""
    min_agreeing: float = 0.6
    """Share of frames, of those in which anything was read, that read exactly the winning text."""
    min_best: float = 0.9
    """The weakest character of the best frame that reads the winning text, 0..1."""
    min_sharpness: float = SHARP_ENOUGH
    """Of the sharpest whole plate that reads the winning text (`PlateSpot.sharpness`)."""

    def __post_init__(self) -> None:
        if self.min_sharpness < 0:
            raise ValueError(f"a sharpness is not negative, got {self}")
        if not all(0 < share <= 1 for share in (self.min_character, self.min_agreeing, self.min_best)):
            raise ValueError(f"shares must be in (0, 1], got {self}")


@dataclass(frozen=True, slots=True)
class PlateVerdict:
    """What a stay's plate says, and how surely."""

    text: str | None
    """What won position by position; None where nothing was read in any frame."""
    characters: tuple[PlateCharacter, ...]
    """One per position, with the share that it got over all frames (0..1) and what else was read there."""
    form: str | None
    colour: Colour
    """What most of the weight saw; UNKNOWN where nothing did, or two colours draw."""
    frames: int
    """In how many frames anything was read."""
    agreeing: int
    """How many of them read exactly `text`."""
    doubts: tuple[VoteDoubt, ...]

    @property
    def certain(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts

    @property
    def weakest(self) -> float:
        """The share of the least sure character, 0..1; 0 where nothing was read."""
        return weakest_of(self.characters)


NOTHING = PlateVerdict(None, (), None, Colour.UNKNOWN, 0, 0, (VoteDoubt.NOTHING_READ,))


def vote(reads: Iterable[PlateRead], rule: VoteRule | None = None) -> PlateVerdict:
    """The verdict over `reads`: at most one per frame, all of the same vehicle.

    A read weighs its weakest character's confidence times what its frame is worth (`vision.plate_frames.quality`).
    A single certain read is a certain verdict; any certain read that says something else takes the certainty away.
    """
    given = [read for read in reads if read.characters]
    if not given:
        return NOTHING
    weights = [_weight(read) for read in given]
    characters = count(Reading(read.characters, weight) for read, weight in zip(given, weights, strict=True))
    if not characters:
        return NOTHING
    text = text_of(characters)
    form = form_of(text)
    agreeing = [read for read in given if read.text == text]
    colour = _colour(given, weights)
    against = _doubts(given, agreeing, characters, colour, form.name if form else None, rule or VoteRule())
    return PlateVerdict(
        text, characters, form.name if form else None, colour, len(given), len(agreeing), tuple(against)
    )


def _doubts(
    given: Sequence[PlateRead],
    agreeing: Sequence[PlateRead],
    characters: Sequence[PlateCharacter],
    colour: Colour,
    form: str | None,
    rule: VoteRule,
) -> list[VoteDoubt]:
    best = max((read.weakest for read in agreeing if read.spot.whole), default=0.0)
    sharpest = max((read.spot.sharpness for read in agreeing if read.spot.whole), default=0.0)
    certain = [read for read in given if read.certain]
    contradicts = form is not None and colour is not Colour.UNKNOWN and colour not in form_named(form).colours
    against = {
        VoteDoubt.NO_FORM: form is None,
        VoteDoubt.WEAK_CHARACTER: weakest_of(characters) < rule.min_character or best < rule.min_best,
        VoteDoubt.FRAMES_DISAGREE: len(agreeing) < rule.min_agreeing * len(given),
        VoteDoubt.CERTAIN_READ_DIFFERS: any(read not in agreeing for read in certain),
        VoteDoubt.COLOUR_CONTRADICTS: contradicts,
        VoteDoubt.NEVER_WHOLE: not any(read.spot.whole for read in agreeing),
        VoteDoubt.NEVER_SHARP: sharpest < rule.min_sharpness,
        VoteDoubt.SINGLE_FRAME: len(given) == 1 and not certain,
    }
    return [doubt for doubt in VoteDoubt if against.get(doubt)]


def _weight(read: PlateRead) -> float:
    # A plate that is cut off may have lost a character; it may speak, but hardly.
    share = 0.1 if Doubt.CUT_OFF in read.doubts else 1.0
    return share * read.weakest * max(LEAST_QUALITY, quality(read.spot))


def _colour(reads: Sequence[PlateRead], weights: Sequence[float]) -> Colour:
    seen: dict[Colour, list[float]] = defaultdict(list)
    for read, weight in zip(reads, weights, strict=True):
        if read.colour is not Colour.UNKNOWN:
            seen[read.colour].append(weight)
    totals = {colour: math.fsum(parts) for colour, parts in seen.items()}
    ranked = Counter(totals).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] <= 2 * ranked[1][1]):
        return Colour.UNKNOWN
    return ranked[0][0]
