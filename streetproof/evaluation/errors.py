"""Errors of the evaluation."""

from streetproof.errors import StreetproofError


class EntriesError(StreetproofError):
    """A file of truth or of events that cannot be meant as written."""
