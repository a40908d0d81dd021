"""The company of a violation as JSON: for storage with whole instants, and as cases and events tell it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from vision.association.interface import JSON
from vision.codec_instant import InstantModel, Model, Ns, instant_json
from vision.interface import Companion, Company
from vision.reasons import Released
from vision.rules.no_parking import MAX_COMPANY

_Fraction = Annotated[float, Field(ge=0, le=1)]


class _Arrived(Model):
    earliest: InstantModel
    latest: InstantModel


class _Companion(Model):
    place: tuple[_Fraction, _Fraction, _Fraction, _Fraction]
    arrived: _Arrived
    stands: bool

    def value(self) -> Companion:
        return Companion(self.place, (self.arrived.earliest.value(), self.arrived.latest.value()), self.stands)


class CompanyModel(Model):
    """A company as stored."""

    since: InstantModel
    why: Released
    within_ns: Ns
    others: Annotated[tuple[_Companion, ...], Field(min_length=1, max_length=MAX_COMPANY)]

    def value(self) -> Company:
        """The company."""
        others = tuple(one.value() for one in self.others)
        return Company(self.since.value(), self.why, self.within_ns, others)


def stored_company(company: Company) -> dict[str, JSON]:
    """A company for storage."""
    return {
        "since": instant_json(company.since),
        "why": company.why.value,
        "within_ns": company.within_ns,
        "others": [
            {
                "place": list(one.place),
                "arrived": {"earliest": instant_json(one.arrived[0]), "latest": instant_json(one.arrived[1])},
                "stands": one.stands,
            }
            for one in company.others
        ],
    }


def company_json(company: Company) -> dict[str, JSON]:
    """A company as cases and events tell it; times are ISO 8601."""
    return {
        "since": company.since.isoformat(),
        "why": company.why.value,
        "within_ns": company.within_ns,
        "came": len(company.others),
        "standing": company.standing,
        "others": [
            {
                "place": list(one.place),
                "arrived": {"after": one.arrived[0].isoformat(), "by": one.arrived[1].isoformat()},
                "stands": one.stands,
            }
            for one in company.others
        ],
    }
