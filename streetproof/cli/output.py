"""How the command line prints: results to standard output, everything about the work to standard error."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from rich.console import Console

from evidence_export.words import Language, Said
from streetproof.cli.language import language_asked
from streetproof.cli.refusals import in_chinese
from streetproof.errors import StreetproofError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def print_error(error: StreetproofError) -> None:
    """What happened, where, and what to do, on standard error; as JSON on standard output where that was asked for."""
    if "--json" in sys.argv[1:]:
        print_json({"error": {"what": error.what, "where": error.where, "remedy": error.remedy}})
    where = f"{error.where}: " if error.where else ""
    if language_asked(sys.argv[1:], os.environ) is Language.ZH:
        _print_chinese(error)
    err.print("error: ", style="bold red", end="")
    err.print(f"{where}{error.what}", markup=False)
    if error.remedy:
        err.print("  → ", style="cyan", end="")
        err.print(error.remedy, markup=False)


def _print_chinese(error: StreetproofError) -> None:
    """Before the English, which is what others can look up."""
    own = getattr(error, "said", None)  # some errors bring their Chinese with them
    what = own.zh if isinstance(own, Said) and own.zh else in_chinese(error.what)
    remedy = in_chinese(error.remedy)
    if what is None:
        return
    err.print("错误：", style="bold red", end="")
    err.print(f"{error.where}：{what}" if error.where else what, markup=False)
    if remedy is not None:
        err.print("  → ", style="cyan", end="")
        err.print(remedy, markup=False)


def span(ns: int) -> str:
    """A duration for people: `1:19.5`, `12:03`, `2:05:00`; tenths only below ten minutes."""
    tenths = ns // 100_000_000
    hours, minutes, rest = tenths // 36_000, tenths // 600 % 60, tenths % 600
    if hours:
        return f"{hours}:{minutes:02d}:{rest // 10:02d}"
    return f"{minutes}:{rest // 10:02d}.{rest % 10}" if minutes < 10 else f"{minutes}:{rest // 10:02d}"


def counted(number: int, thing: str) -> str:
    """`1 case`, `2 cases`."""
    return f"{number} {thing}" + ("" if number == 1 else "s")
