"""Errors of the vision package."""

from streetproof.errors import StreetproofError


class VisionError(StreetproofError):
    """Root of the errors that policies, zones and the engine can raise."""


class PolicyError(VisionError):
    """A policy or zone that cannot be meant as written."""


class OrderError(VisionError):
    """Samples that arrive out of order, or for a camera the engine was not made for."""


class StateError(VisionError):
    """A saved engine state that cannot be restored."""


class GroundError(VisionError):
    """Points from which no ground plane follows, or a point that does not lie on it."""
