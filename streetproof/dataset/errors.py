"""Errors of making a data set."""

from streetproof.errors import StreetproofError


class ReviewsError(StreetproofError):
    """A table of reviews that cannot be read, or that says what is not understood."""


class CaseRefusedError(StreetproofError):
    """A bundle that does not verify, or that has nothing to learn from."""


class DatasetExportError(StreetproofError):
    """A data set that cannot be made."""
