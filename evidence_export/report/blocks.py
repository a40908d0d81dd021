"""What a report is made of: sections of a few kinds of blocks. They hold texts; how these look, the template says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from evidence_export.words import Said


class ReportLanguage(StrEnum):
    """What a report is written in; `both`: Chinese first, English beneath."""

    ZH = "zh"
    EN = "en"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Lines:
    """Statements, one below the other."""

    said: tuple[Said, ...]
    kind: str = "lines"


@dataclass(frozen=True, slots=True)
class Rows:
    """What something is, and its value; several values stand below each other."""

    rows: tuple[tuple[Said, tuple[Said, ...]], ...]
    kind: str = "rows"


@dataclass(frozen=True, slots=True)
class Grid:
    """A table with a head. `widths`: of its columns, in percent."""

    head: tuple[Said, ...]
    rows: tuple[tuple[Said, ...], ...]
    widths: tuple[int, ...]
    kind: str = "grid"


@dataclass(frozen=True, slots=True)
class Files:
    """The table of files: path, role, size, and hashes."""

    rows: tuple[tuple[str, Said, str, str, str], ...]
    kind: str = "files"


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture that the renderer hands over under this name; `wide`: as wide as the page."""

    name: str
    caption: Said
    wide: bool = True
    kind: str = "figure"


@dataclass(frozen=True, slots=True)
class Note:
    """A statement that must not be overlooked."""

    said: Said
    kind: str = "note"


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines to be typed."""

    lines: tuple[str, ...]
    kind: str = "commands"


Block = Lines | Rows | Grid | Files | Figure | Note | Commands


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section."""

    title: Said
    blocks: tuple[Block, ...]
    own_page: bool = False
    together: bool = False
    """It is not broken over two pages."""
