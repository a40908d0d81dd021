"""Errors of the evidence package."""

from streetproof.errors import StreetproofError


class EvidenceError(StreetproofError):
    """Root of the errors that sealing and packing can raise."""


class SealError(EvidenceError):
    """A case that cannot be sealed as asked."""


class SigningKeyError(EvidenceError):
    """A signing key that is missing, unreadable, too widely readable, or no Ed25519 key."""


class NotABundleError(EvidenceError):
    """A path that cannot be read as a bundle at all, or a trusted key that cannot be read: nothing was verified."""


class MaskError(EvidenceError):
    """A copy that cannot be masked as asked: nothing of it may leave the department."""


class CredentialError(EvidenceError):
    """A copy that cannot be given Content Credentials (C2PA)."""
