"""How long cases are kept, by what became of them. Footage has its own setting (`live.retention`)."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from streetproof.settings.base import Strict
from streetproof.settings.periods import PeriodText, parse_period

LEAST = {"lead": "30d", "rejected": "60d", "corrected": "1y", "decided": "5y"}
"""Shorter would take from people what they may still need: footage itself is kept for 30 days; 60 days to ask for a
review (行政复议法 20); an order can be contested for half a year (行政诉讼法 46), and a decision that nobody told its
party of for five years (the same)."""


class CaseRetention(Strict):
    """After the last day of its period a case is deleted, and a tombstone stays. null: kept for ever.

    What is in procedure (办案) has no period: it is never deleted, nor is what a legal hold is on.
    """

    lead: PeriodText | None = Field(
        default="180d",
        validate_default=True,
        description="A lead that nobody took up, from its sealing: twice the 90 days of 行政处罚法 60, as long as "
        "needed and no longer (个人信息保护法 19)",
    )
    rejected: PeriodText | None = Field(
        default="1y",
        validate_default=True,
        description="Not found to be a violation, from the last step: complaints, and seeing which cameras are wrong",
    )
    corrected: PeriodText | None = Field(
        default="5y",
        validate_default=True,
        description="Closed after correction without a penalty, from the last step: an order can be contested",
    )
    decided: PeriodText | None = Field(
        default="30y",
        validate_default=True,
        description="Closed after a decision, from the last step: as case files are kept in archives; the office's own "
        "archive schedule comes first",
    )

    automatic: bool = Field(
        default=False,
        description="The daemon deletes what is due once a day. Look at `streetproof retention plan` before; without "
        "it, `streetproof retention apply` deletes",
    )

    @model_validator(mode="after")
    def _long_enough(self) -> Self:
        for name, least in LEAST.items():
            period = getattr(self, name)
            if period is not None and period.at_least_days < parse_period(least).at_least_days:
                raise ValueError(f"`{name}` must be at least {least}: people may need it so long")
        return self
