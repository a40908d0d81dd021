"""The root of the error tree. A leaf: it imports nothing of this project, so that every layer may stand on it."""

from __future__ import annotations


class StreetproofError(Exception):
    """What happened, where, and what the reader can do about it.

    `where` is a path, a camera id, a line of a file; `remedy` is a sentence addressed to an operator. Both may
    be empty only where nothing better is known. Neither may hold a secret: URLs lose their credentials before they get
    here.
    """

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what, where, remedy)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.remedy}" if self.remedy else head

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders in a batch; keyword-only fields would be lost by the default pickling.
        return _rebuild, (type(self), self.what, self.where, self.remedy)


def _rebuild(kind: type[StreetproofError], what: str, where: str, remedy: str) -> StreetproofError:
    return kind(what, where=where, remedy=remedy)
