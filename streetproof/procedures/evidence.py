"""What a re-check in a procedure stands on: a re-check that is believed (see `streetproof.recheck.vouching`), or an
exhibit of the case that was taken after the order and lies here; nothing else.

Checked where the step is taken. Steps that earlier versions took stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_export.procedure.naming import VERDICTS
from evidence_export.procedure.procedure import ProcedureError
from evidence_export.procedure.steps import Exhibit, Order, Rechecked
from evidence_export.words import Said
from streams.instant import to_datetime
from streetproof.procedures.taking import OpenCase
from streetproof.recheck.keeping import FOLDER, Entered, Recheck, entered
from streetproof.recheck.vouching import believed, refused
from streetproof.releases import exhibits
from streetproof.store.ledger.database import SqlLedger


@dataclass(frozen=True, slots=True)
class Seen:
    """What the evidence says. `at`: from when on the place was looked at."""

    sha256: str
    verdict: str
    at: datetime

    def values(self, typed: Sequence[str]) -> list[str]:
        """What it tells of the step, as NAME=VALUE; not what was typed."""
        names = {value.partition("=")[0].strip() for value in typed}
        told = {"verdict": self.verdict, "seen_at": self.at.isoformat(), "evidence_sha256": self.sha256}
        return [f"{name}={value}" for name, value in told.items() if name not in names]


def seen_in(found: Recheck) -> Seen:
    """What a re-check says."""
    return Seen(found.sha256, found.verdict, to_datetime(found.due_ns))


def check(data: Path, step: Rechecked, case: OpenCase, ledger: SqlLedger, told: Seen | None) -> None:
    """See that a step stands on evidence, and says what that says. `told`: what the re-check says that was handed in.

    Raises ProcedureError, KeptRecheckError where a re-check cannot be read, ExhibitError where an exhibit was changed.
    """
    if told is None:
        kept = entered(ledger, case.procedure.facts.case_id, case.manifest_sha256).get(step.evidence_sha256)
        told = None if kept is None else _kept(data, kept, case, ledger)
    if told is None:
        _must_be_exhibited(data, step, case)
        return
    if step.evidence_sha256 != told.sha256:
        raise _contradiction(case, "evidence_sha256", step.evidence_sha256, told.sha256)
    if step.verdict != told.verdict:
        raise _contradiction(case, "verdict", step.verdict, told.verdict)
    if step.seen_at != told.at:
        raise _contradiction(case, "seen_at", step.seen_at.isoformat(), told.at.isoformat())


def _kept(data: Path, kept: Entered, case: OpenCase, ledger: SqlLedger) -> Seen:
    """What a re-check says that the ledger tells of: it has to lie here still, as it was entered."""
    folder = data / FOLDER / Path(kept.folder).name
    if not folder.is_dir():
        raise refused(
            case,
            "recheck_gone",
            Said(
                f"存证日志载有此次复查，但材料已不在此处（{folder}）；请从备份恢复，或另选时间重新复查",
                f"the ledger tells of this re-check, and it lies here no longer ({folder}): bring it back from a "
                "backup, or look again at another time",
            ),
        )
    found = believed(folder, case, ledger)
    if found.sha256 != kept.sha256:
        raise refused(
            case,
            "recheck_changed",
            Said(
                f"此处的复查材料（{folder}）不是存证日志所载的那一份；请从备份恢复",
                f"what lies here ({folder}) is not the one that the ledger tells of: bring that back from a backup",
            ),
        )
    return seen_in(found)


def _must_be_exhibited(data: Path, step: Rechecked, case: OpenCase) -> None:
    """Of a re-check in person: an exhibit whose file lies here, added and taken after the order."""
    steps = case.procedure.steps
    ordered = [number for number, one in enumerate(steps) if isinstance(one, Order)]
    added = [(number, one) for number, one in enumerate(steps) if isinstance(one, Exhibit)]
    named = [(number, one) for number, one in added if one.sha256 == step.evidence_sha256]
    if not named:
        raise refused(
            case,
            "recheck_without_evidence",
            Said(
                "所填摘要既不是存证日志中本案的复查，也不是本案的补充材料；请用 --recheck 文件夹 提交复查材料，"
                "现场复查的，先用 `exhibit --file` 登记照片，再填其摘要",
                "this hash is neither that of a re-check of this case in the ledger nor of an exhibit of it: hand the "
                "re-check in with --recheck FOLDER; of one in person, add the photographs with `exhibit --file` first, "
                "and give the hash of one",
            ),
        )
    if exhibits.found(data, step.evidence_sha256) is None:
        raise refused(
            case,
            "exhibit_not_here",
            Said(
                "该补充材料只登记了摘要，文件不在此处，不能作为复查依据；请用 `exhibit --file` 登记照片本身",
                "of this exhibit only the hash is known, and no file lies here: no re-check stands on that. Add the "
                "photograph itself with `exhibit --file`",
            ),
        )
    for number, one in named:
        order = steps[ordered[-1]] if ordered else None
        if order is not None and number > ordered[-1] and (one.taken_at is None or one.taken_at > order.at):
            return
    raise refused(
        case,
        "exhibit_before_order",
        Said(
            "该补充材料在责令改正之前登记或拍摄，不能说明是否改正；请登记复查时拍摄的照片",
            "this exhibit was added or taken before the order: it does not show whether that was obeyed. Add a "
            "photograph that was taken at the re-check",
        ),
    )


def _contradiction(case: OpenCase, name: str, typed: str, told: str) -> ProcedureError:
    zh = [VERDICTS[one].zh if one in VERDICTS else one for one in (typed, told)]
    return refused(
        case,
        "recheck_contradicted",
        Said(
            f"所填 {name} 为 {zh[0]}，而复查材料为 {zh[1]}；请去掉 --set {name}=…",
            f"{name} was typed as {typed}, and the re-check says {told}: leave --set {name}=... out",
        ),
    )
