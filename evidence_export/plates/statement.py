"""What a bundle says of the plate: `plate` in `case.json` (docs/evidence-format.md). Pure."""

from __future__ import annotations

from dataclasses import dataclass

from evidence_export.bag.canonical import JsonObject, JsonValue
from evidence_export.plates.reading import FoundPlate, PlateFindings
from evidence_export.plates.words import CERTAIN, NONE_FOUND, UNCERTAIN
from evidence_export.statements.values import exact, known
from models.plates.interface import Colour, PlateCharacter

MOST_MARKED = 2
"""Other characters that are named beside a doubtful one in `marked`."""
ROLE = "plate_close_up"


@dataclass(frozen=True, slots=True, eq=False)
class CloseUp:
    """A plate, and the file of the bundle that shows it."""

    plate: FoundPlate
    path: str


@dataclass(frozen=True, slots=True, eq=False)
class PlateFiles:
    """What was found of the plate, and the close-ups written: first that of `findings.plate`, then the others."""

    findings: PlateFindings
    close_ups: tuple[CloseUp, ...]


def plate_statement(made: PlateFiles, camera: str, panoramas: dict[tuple[int, int], str]) -> JsonObject:
    """`panoramas`: the stills by recording and pts of their frames."""
    found = made.findings
    rules = found.rules
    plates = [_plate(one, camera, panoramas, rules.min_character) for one in made.close_ups]
    first: JsonObject = plates[0] if plates else {"status": NONE_FOUND}
    return {
        **first,
        "others": list(plates[1:]),
        "looked_at": found.looks,
        "left_out": {"of_nearer_vehicles": found.nearer, "passing": found.passing},
        "models": list(found.models),
        "rules": {"frames": rules.frames, "min_character": exact(rules.min_character)},
    }


def marked(characters: tuple[PlateCharacter, ...], min_character: float) -> str:
    """The text with each doubtful character in brackets beside what else it may be: `京A1[2/Z]345`, `京A1[2/?]345`."""
    return "".join(
        one.text if one.confidence >= min_character else f"[{'/'.join((one.text, *_alternatives(one)))}]"
        for one in characters
    )


def _alternatives(one: PlateCharacter) -> tuple[str, ...]:
    return tuple(text for text, _ in one.alternatives[:MOST_MARKED]) or ("?",)


def _plate(
    shown: CloseUp, camera: str, panoramas: dict[tuple[int, int], str], min_character: float
) -> dict[str, JsonValue]:
    plate, look, verdict = shown.plate, shown.plate.look, shown.plate.verdict
    _, (x, y, width, height) = plate.close_up()
    return {
        "status": CERTAIN if plate.certain else UNCERTAIN,
        "text": known(verdict.text),
        "marked": known(marked(verdict.characters, min_character) or None),
        "form": known(verdict.form),
        "colour": known(None if verdict.colour is Colour.UNKNOWN else verdict.colour.value),
        "rows": plate.rows.value,
        "characters": [
            {
                "text": one.text,
                "confidence": _share(one.confidence),
                "doubtful": one.confidence < min_character,
                "alternatives": [{"text": text, "share": _share(share)} for text, share in one.alternatives],
            }
            for one in verdict.characters
        ],
        "doubts": list(plate.doubts),
        "frames": {"found_in": plate.found_in, "read": verdict.frames, "agreeing": verdict.agreeing},
        "close_up": {
            "path": shown.path,
            "camera": camera,
            "recording": look.recording,
            "pts": look.pts,
            "at": look.at.isoformat(),
            "frame_size": list(look.size),
            "cut": [x, y, width, height],
            "vehicle": exact(look.box),
            "box": exact(plate.box),
            "corners": exact(plate.corners),
            "panorama": known(panoramas.get((look.recording, look.pts))),
        },
    }


def _share(value: float) -> str:
    """To four decimals, cut and not rounded: 0.99996 must not read as sure."""
    return f"{int(value * 10_000) / 10_000:.4f}"
