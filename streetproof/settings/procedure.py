"""Terms of the procedure (办案期限) that an office has instead of the statutory ones."""

from __future__ import annotations

from pydantic import Field

from streetproof.settings.base import Strict


class ProcedureTerms(Strict):
    """Written into each notice and decision that is taken with this site file: they are judged by them for ever."""

    statement_days: int = Field(
        default=5, ge=3, le=60, description="How long a party may speak after the notice: 行政处罚法 64 gives five days"
    )
    decision_days: int = Field(
        default=90, ge=7, le=730, description="Within how many days a decision is due: 行政处罚法 60 says ninety"
    )
    basis: str = Field(min_length=4, description="The provision that sets them")
