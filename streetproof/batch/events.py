"""What a running batch tells whoever shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streetproof.batch.plan import Failure


@dataclass(frozen=True, slots=True)
class Planned:
    """All inputs were opened: how many recordings there are and how much footage, as far as containers tell."""

    files: int
    footage_ns: int


@dataclass(frozen=True, slots=True)
class Advanced:
    """A worker has come this far into a recording."""

    path: Path
    done_ns: int


@dataclass(frozen=True, slots=True)
class FileDone:
    """A recording was looked at, or its observations were found from an earlier run."""

    path: Path
    footage_ns: int
    reused: bool


@dataclass(frozen=True, slots=True)
class FileFailed:
    """An input gave nothing."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Judged:
    """The engine has advanced: stays being timed now, and violations found so far, over all cameras."""

    stays: int
    violations: int


@dataclass(frozen=True, slots=True)
class CaseReady:
    """A case stands on disk; `new` tells whether this run sealed it."""

    case: str
    bundle: Path
    new: bool


BatchEvent = Planned | Advanced | FileDone | FileFailed | Judged | CaseReady
