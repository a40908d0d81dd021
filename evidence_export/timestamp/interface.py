"""Who can stamp: the seam between whatever is stamped and an authority."""

from __future__ import annotations

from typing import Protocol

from evidence_export.errors import EvidenceError


class StampError(EvidenceError):
    """A stamp that an authority did not give, or that does not hold."""


class Authority(Protocol):
    """A time-stamping authority."""

    @property
    def label(self) -> str:
        """For people, without secrets: `tsa.example.cn`."""

    def stamp(self, data: bytes) -> bytes:
        """A token over `data`, checked. Raises StampError: no answer, a refusal, or what was given does not hold."""
