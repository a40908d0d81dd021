"""What an attacker does to a bundle. Each mutator says what must become of it; `judge` sees that it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from random import Random

from tests.fuzz.forms import Form


class Must(StrEnum):
    """What has to be found."""

    REFUSE = "refuse"
    """Whatever is trusted: nobody who lacks the key can do this unnoticed."""
    UNVOUCHED = "unvouched"
    """Signed anew by a stranger: with the trusted key it is refused; without, it says that nobody vouches."""
    ENDURE = "endure"
    """Signed by the site's own key: it may hold or not, but no reader may break."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """A bundle that was tampered with. `culprit`: the one file that has to be named; None: whichever."""

    path: Path
    must: Must
    what: str
    culprit: str | None = None


@dataclass(frozen=True, slots=True)
class Work:
    """A fresh copy to work on, below `folder`, and dice."""

    form: Form
    bundle: Path
    folder: Path
    dice: Random

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.bundle)) for path in self.bundle.rglob("*") if path.is_file())

    def any_file(self) -> str:
        return self.dice.choice(self.files())

    def done(self, must: Must, what: str, culprit: str | None = None) -> Mutation:
        """The folder, or the zip that is made of it; links and the like do not go into a zip."""
        if not self.form.as_zip:
            return Mutation(self.bundle, must, what, culprit)
        return Mutation(self.form.packed(self.bundle, self.folder / f"{self.bundle.name}.zip"), must, what, culprit)


Mutate = Callable[[Work], Mutation | None]
"""None: it does not apply to this form, or changed nothing."""

ALL: dict[str, Mutate] = {}


def mutator(function: Mutate) -> Mutate:
    """Registers it under its name."""
    ALL[function.__name__] = function
    return function
