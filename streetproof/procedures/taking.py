"""Steps of a case's procedure: those that the ledger holds, and the next one.

The ledger is the only place where they stand: in order, each under a number, signed with everything else. What a case
is, its sealed bundle says, which is verified first.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from evidence_export.errors import EvidenceError
from evidence_export.ledger.entry import Happening, Kind, read_entry
from evidence_export.ledger.log import Ledger
from evidence_export.procedure.procedure import Facts, Procedure, Terms
from evidence_export.procedure.states import path_of
from evidence_export.procedure.steps import Step, read_step
from evidence_export.register import OWNER_UNKNOWN, register_blockers
from evidence_export.verifier import verify
from streams.instant import from_datetime, from_iso, iso_utc, to_datetime
from streetproof.bundles import read_bytes
from streetproof.errors import StreetproofError
from streetproof.procedures.wording import mistake
from streetproof.store.database import Store
from streetproof.store.ledger.database import SqlLedger


class CaseError(StreetproofError):
    """A case whose procedure cannot be read or gone on with."""


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case and how far it has come."""

    procedure: Procedure
    manifest_sha256: str
    numbers: tuple[int, ...]
    """Of the entries of its steps in the ledger."""
    zone: str
    """The IANA name of the time zone of its site."""
    bundle: Path
    key_fingerprint: str
    """Of the key that sealed it."""
    authority: str | None
    """Fingerprint of the certificate of the authority that certified that key; None: nobody did."""


def open_case(data: Path, store: Store, ledger: SqlLedger, case_id: str, terms: Terms | None = None) -> OpenCase:
    """Read a case of a data folder. Raises CaseError: there is none of that id, its bundle does not verify, or the
    ledger holds steps that cannot have been taken."""
    row = next((row for row in store.cases() if row.id == case_id), None)
    if row is None:
        raise CaseError("there is no such case", where=case_id, remedy="`streetproof cases` lists those there are")
    bundle = data / row.bundle
    try:
        report = verify(bundle)
    except EvidenceError as error:
        raise CaseError(f"its bundle cannot be read: {error.what}", where=str(bundle), remedy=error.remedy) from error
    manifest = read_bytes(bundle)
    if not report.ok or manifest is None or report.manifest_sha256 is None:
        raise CaseError(
            "its bundle does not verify: no procedure goes on with it",
            where=str(bundle),
            remedy="`streetproof verify` says what is wrong with it",
        )
    case: dict[str, Any] = json.loads(manifest)
    told = _told_of(ledger, case_id)
    _must_be_known(told, report.manifest_sha256, bundle)
    steps, numbers = _steps_in(told, case_id, report.manifest_sha256)
    try:
        procedure = replayed(case, steps, terms)
    except EvidenceError as error:
        raise CaseError(
            f"the ledger holds a step that cannot have been taken: {error.what}",
            where=case_id,
            remedy="`streetproof ledger check` says whether it was changed",
        ) from error
    zone = str(case["site"]["timezone"])
    sealed = report if report.inner is None else report.inner
    assert sealed.key_fingerprint is not None, "it verified"
    key, authority = sealed.key_fingerprint, sealed.authority_fingerprint
    return OpenCase(procedure, report.manifest_sha256, numbers, zone, bundle, key, authority)


def _told_of(ledger: SqlLedger, case_id: str) -> list[tuple[int, Happening]]:
    """What the ledger holds about a case, by its numbers. Raises CaseError."""
    told = []
    for row in ledger.rows_about(case_id):
        try:
            told.append((row.seq, read_entry(row.entry).happening))
        except ValueError as error:
            raise _no_step(row.seq, case_id, error) from error
    return told


def _must_be_known(told: Sequence[tuple[int, Happening]], manifest_sha256: str, bundle: Path) -> None:
    """See that the bundle is the one that came into the ledger, where one did. Raises CaseError."""
    beginnings = [one for _, one in told if one.kind in (Kind.CASE_SEALED, Kind.CASE_IMPORTED)]
    came = beginnings[-1].data.get("manifest_sha256") if beginnings else None
    if came is not None and came != manifest_sha256:
        raise CaseError(
            "its bundle is not the one that the ledger says was sealed or imported",
            where=str(bundle),
            remedy="Keep it as it is for inquiry, and bring the bundle back from a copy",
        )


def _steps_in(
    told: Sequence[tuple[int, Happening]], case_id: str, manifest_sha256: str
) -> tuple[list[Step], tuple[int, ...]]:
    """The steps among what the ledger holds of a case, and their numbers. Raises CaseError."""
    steps, numbers = [], []
    for number, happening in told:
        if happening.kind is not Kind.CASE_STEP:
            continue
        try:
            if happening.data.get("manifest_sha256") != manifest_sha256:
                raise ValueError("it is about another bundle of this case")
            steps.append(read_step(happening.data.get("step")))
        except ValueError as error:
            raise _no_step(number, case_id, error) from error
        numbers.append(number)
    return steps, tuple(numbers)


def _no_step(number: int, case_id: str, error: ValueError) -> CaseError:
    return CaseError(
        f"entry {number} of the ledger is no step: {mistake(error)}",
        where=case_id,
        remedy="`streetproof ledger check` says whether it was changed",
    )


def take(ledger: SqlLedger, case: OpenCase, step: Step) -> tuple[Procedure, int]:
    """Take a step, and return the procedure after it and its number in the ledger; on disk when this returns.

    Raises ProcedureError where it may not be taken, CaseError where somebody else has taken one meanwhile.
    """
    after = case.procedure.take(step)
    about = case.procedure.facts.case_id

    def nobody_else() -> None:
        if is_deleted(ledger, about):
            raise CaseError("it was deleted meanwhile, as its time was up", where=about)
        if _steps_in(_told_of(ledger, about), about, case.manifest_sha256)[1] != case.numbers:
            raise CaseError(
                "somebody else has taken a step meanwhile",
                where=about,
                remedy="Look at the case again, and decide anew",
            )

    happening = Happening(
        Kind.CASE_STEP,
        iso_utc(from_datetime(step.at)),
        f"{step.by.name} {step.by.licence}",
        about,
        {"manifest_sha256": case.manifest_sha256, "step": json.loads(step.model_dump_json())},
    )
    return after, Ledger(ledger).add([happening], provided=nobody_else).start


def replayed(case: dict[str, Any], steps: Sequence[Step], terms: Terms | None = None) -> Procedure:
    """The procedure of the case with that manifest after these steps. Raises ProcedureError, CaseError."""
    return Procedure.replayed(_facts(case, steps), steps, terms)


def steps_taken(ledger: SqlLedger, case_id: str, since: int) -> bool:
    """Whether the ledger has a step of a case from entry `since` on."""
    rows = (ledger.row(number) for number in ledger.numbers_about(case_id, since))
    return any(row is not None and read_entry(row.entry).happening.kind is Kind.CASE_STEP for row in rows)


def is_deleted(ledger: SqlLedger, case_id: str, since: int = 0) -> bool:
    """Whether the ledger says that a case was deleted, and not that it came again since. `since`: the entry to begin
    with."""
    deleted = False
    for number in ledger.numbers_about(case_id, since):
        row = ledger.row(number)
        assert row is not None, "it was found a moment ago"
        kind = read_entry(row.entry).happening.kind
        if kind in (Kind.CASE_DELETED, Kind.CASE_SEALED, Kind.CASE_IMPORTED):
            deleted = kind is Kind.CASE_DELETED
    return deleted


def _facts(case: dict[str, Any], steps: Sequence[Step]) -> Facts:
    violation = case["violation"]
    kind = (violation.get("occupied") or {}).get("kind") or violation["kind"]
    if not isinstance(kind, str):
        raise CaseError("its manifest does not say what kind of violation it is", where=case["case"]["id"])
    seen = datetime.fromisoformat(violation["stay"]["last_seen"][:26].removesuffix("Z") + "+00:00")
    blockers = frozenset(case["case"]["approval_blocked_by"]) | _registered(case, steps)
    return Facts(case["case"]["id"], path_of(kind), seen, blockers)


def _registered(case: dict[str, Any], steps: Sequence[Step]) -> frozenset[str]:
    """What the register of its camera says against it: also where an earlier version sealed it.

    What was confirmed while nobody asked for the owner stays confirmed: its steps could not be read otherwise.
    """
    register, site = case["camera"]["register"], case["site"]

    def told(name: str) -> str | None:
        return value if isinstance(value := register.get(name), str) else None

    proof = to_datetime(from_iso(case["violation"]["fired_at"]))
    found = frozenset(
        register_blockers(
            owner=told("owner"),
            site=site["name"],
            sharing_agreement=told("sharing_agreement"),
            calibration_valid_until=told("calibration_valid_until"),
            day=proof.astimezone(ZoneInfo(site["timezone"])).date(),
        )
    )
    return found - {OWNER_UNKNOWN} if any(step.step == "confirm" for step in steps) else found


def listed(steps: Sequence[Step]) -> list[dict[str, object]]:
    """Steps as JSON values."""
    return [json.loads(step.model_dump_json()) for step in steps]
