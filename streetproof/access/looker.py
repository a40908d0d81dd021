"""Who looks, and what for: asked before pictures of cases or plates are shown to anybody (个人信息保护法 26)."""

from __future__ import annotations

from dataclasses import dataclass

from evidence_export.bag.canonical import JsonObject
from streetproof.access.purposes import Purpose, purpose_of
from streetproof.errors import StreetproofError

_MOST = 100


class ViewError(StreetproofError):
    """A case that nobody can look at."""


@dataclass(frozen=True, slots=True)
class Looker:
    """An officer with a purpose. Raises ViewError where name or licence is none that the ledger could have."""

    purpose: Purpose
    name: str
    licence: str

    def __post_init__(self) -> None:
        for field, option in (("name", "--officer"), ("licence", "--licence")):
            text = " ".join(getattr(self, field).split())
            if not text:
                raise ViewError("who looks needs a name and the number of a licence", where=option)
            if len(text) > _MOST or not text.isprintable():
                raise ViewError(f"a name, and a licence, has {_MOST} characters at most", where=option)
            object.__setattr__(self, field, text)

    @property
    def by(self) -> str:
        """As the ledger names them."""
        return f"{self.name} {self.licence}"

    def told(self) -> JsonObject:
        """What for, as the ledger has it."""
        return {"purpose": str(self.purpose.reason), "text": self.purpose.text}


def looker_of(purpose: str, officer: str, licence: str) -> Looker:
    """As people type it. Raises PurposeError, ViewError."""
    return Looker(purpose_of(purpose), officer, licence)
