"""Which characters can be shown: those of the bundled font, and those of the system's Noto Sans CJK SC, where it is.

Names hold characters beyond GB 2312, which the bundled font ends with. What neither font shows stands as `[U+XXXX]`.
"""

from __future__ import annotations

import subprocess
import unicodedata
from functools import cache
from importlib.resources import files

BUNDLED, SYSTEM = "Streetproof Sans", "Noto Sans CJK SC"
_FILE = "NotoSansCJKsc-Regular-Subset.otf"


@cache
def bundled_font() -> bytes:
    """The font that comes with this package."""
    return files("evidence_export").joinpath("fonts", _FILE).read_bytes()


def shown(text: str) -> str:
    """`text` on one line, with every character that no font shows, or that has no shape, as `[U+XXXX]`."""
    return "".join(_one(character) for character in text)


@cache
def _one(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Zs" or character in "\t\n\r":
        return " "
    if category[0] in "CZM" or not _has_glyph(ord(character)):
        return f"[U+{ord(character):04X}]"
    return character


def _has_glyph(code: int) -> bool:
    return code in _bundled() or (code > 0x7F and code in _of_system())


@cache
def _bundled() -> frozenset[int]:
    from io import BytesIO

    from fontTools.ttLib import TTFont

    return frozenset(TTFont(BytesIO(bundled_font()), lazy=True).getBestCmap())


@cache
def _of_system() -> frozenset[int]:
    """The characters of the system's font; none where it, or fontconfig, is not there."""
    from fontTools.ttLib import TTCollection, TTFont, TTLibError

    asked = ["fc-match", "-f", "%{family}\n%{file}", f"{SYSTEM}:style=Regular"]
    try:
        answer = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False).stdout
        family, _, path = answer.partition("\n")
        if SYSTEM not in family:
            return frozenset()
        if not path.endswith((".ttc", ".otc")):
            with TTFont(path, lazy=True) as font:
                return frozenset(font.getBestCmap())
        with TTCollection(path, lazy=True) as collection:
            named = [font for font in collection.fonts if SYSTEM in str(font["name"].getDebugName(1))]
            return frozenset((named or collection.fonts)[0].getBestCmap())
    except (OSError, subprocess.SubprocessError, TTLibError):
        return frozenset()
