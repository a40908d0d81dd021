"""`streetproof plates read`: what stands on the plates in pictures, and how surely."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streetproof.cli.exits import Exit
from streetproof.cli.options import Json, Store, store_at
from streetproof.cli.output import counted, err, out, print_error, print_json

if TYPE_CHECKING:
    from models.plates.interface import PlateRead

app = typer.Typer(help="Number plates in pictures.", no_args_is_help=True, rich_markup_mode=None)

WORDS = {
    "no_form": "not the form of any plate 不符合号牌式样",
    "weak_character": "a character is unsure 有字符不确定",
    "colour_contradicts": "the colour belongs to another kind 颜色与号码不符",
    "cut_off": "cut off by the edge of the picture 号牌不完整",
    "too_small": "too few pixels 号牌过小",
    "blurred": "too blurred 过于模糊",
    "doubtful_plate": "perhaps no plate at all 可能不是号牌",
}


@app.command(
    epilog="Example: streetproof plates read stills/ 'close up.jpg' --json    Exit codes: 0 done, also where no plate "
    "is there · 2 usage · 3 some pictures could not be read · 4 nothing could be done"
)
def read(
    images: Annotated[list[Path], typer.Argument(help="Pictures, or folders of them.", show_default=False)],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Read the Chinese number plates in pictures: text, colour, confidence of each character, and every doubt.

    A read with a doubt is uncertain, and shown with what else its weak characters may be. Nothing is corrected.
    """
    from models.plates.loading import load_plate_reader
    from streetproof.pictures import PictureError, find_pictures, read_picture

    try:
        paths = find_pictures(images)
    except PictureError as error:
        print_error(error)
        raise typer.Exit(Exit.USAGE) from error
    if not paths:
        raise PictureError(
            "there are no pictures here", where=", ".join(map(str, images)), remedy="Name files, or folders with some."
        )
    reader = load_plate_reader(store=store_at(store))
    rows: list[dict[str, Any]] = []
    failed = 0
    for path in paths:
        try:
            reads = reader.read(read_picture(path))
        except PictureError as error:
            failed += 1
            rows.append({"picture": str(path), "error": {"what": error.what, "remedy": error.remedy}})
            if not as_json:
                print_error(error)
            continue
        rows.append({"picture": str(path), "plates": [as_dict(one) for one in reads]})
        if not as_json:
            _show(path, reads)
    if as_json:
        print_json({"models": list(reader.models), "pictures": rows})
    if failed:
        err.print(f"{counted(failed, 'picture')} of {len(paths)} could not be read", style="yellow")
        raise typer.Exit(Exit.PARTIAL if failed < len(paths) else Exit.ERROR)


def as_dict(one: PlateRead) -> dict[str, Any]:
    """A read as JSON says it: shares to four decimals, pixels to one."""
    return {
        "text": one.text,
        "certain": one.certain,
        "doubts": [doubt.value for doubt in one.doubts],
        "form": one.form,
        "colour": one.colour.value,
        "rows": one.rows.value,
        "characters": [
            {
                "text": character.text,
                "confidence": round(character.confidence, 4),
                "alternatives": [{"text": text, "share": round(share, 4)} for text, share in character.alternatives],
            }
            for character in one.characters
        ],
        "corners": [[round(x, 1), round(y, 1)] for x, y in one.spot.corners],
        "score": round(one.spot.score, 4),
        "sharpness": round(one.spot.sharpness, 4),
        "angle": round(one.spot.angle, 1),
        "size": [round(side, 1) for side in one.spot.size],
        "whole": one.spot.whole,
    }


def _show(path: Path, reads: list[PlateRead]) -> None:
    out.print(str(path), style="bold", markup=False)
    if not reads:
        out.print("  no plate found 未发现号牌", style="dim")
    for one in reads:
        mark = "[bold green]certain 确定[/]" if one.certain else "[bold yellow]uncertain 不确定[/]"
        width, height = one.spot.size
        out.print(f"  {one.text or '?'}  ", markup=False, style="bold", end="")
        out.print(mark, end="")
        out.print(f"  {one.colour.value}, {one.form or 'no form'}, {width:.0f}×{height:.0f} px", markup=False)
        shares = "  ".join(f"{c.text} {c.confidence:.2f}{_others(c.alternatives)}" for c in one.characters)
        out.print(f"    {shares}", markup=False, style="dim")
        for doubt in one.doubts:
            out.print(f"    – {WORDS[doubt.value]}", markup=False, style="yellow")


def _others(alternatives: tuple[tuple[str, float], ...]) -> str:
    """What else is worth a look: from 5 % on."""
    others = [f"{text} {share:.2f}" for text, share in alternatives if share >= 0.05]
    return f" (or {', '.join(others)})" if others else ""
