"""Names and fixed values of the evidence of a re-check (复查), format version 2. See docs/recheck.md.

Version 1 was a folder that nothing verified; the words below are those of `vision.recheck`.
"""

from __future__ import annotations

FORMAT = "streetproof-recheck"
FORMAT_VERSION = 2
FORMAT_REVISION = 0

STILLS = "data/stills/"
OVERLAYS = "data/overlay/"
STILL, OVERLAY = "still", "overlay"
"""Roles of the frames that the outcome stands on, and of the copies that are drawn on."""

CORRECTED, NOT_CORRECTED, CANNOT_TELL = "corrected", "not_corrected", "cannot_tell"
VERDICTS = (CORRECTED, NOT_CORRECTED, CANNOT_TELL)
NO_FOOTAGE = "no_footage"
REASONS = (NO_FOOTAGE, "view_fault", "too_dark", "hidden", "too_few_looks", "unfamiliar", "unclear")
"""Why nobody can tell."""
FREE, TAKEN = "free", "taken"
STATES = (FREE, TAKEN, "unchanged", "hidden", "too_dark", "view_fault", "unfamiliar")
"""What one look says of the place."""
ENOUGH_LOOKS, ENOUGH_NS = 10, 60 * 1_000_000_000
"""A place is in order that was seen so in so many looks, over so long."""
