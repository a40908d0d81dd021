"""What a re-check in a procedure stands on: a re-check that verifies, or an exhibit of the case, and nothing else.

Checked where the step is taken. Steps that earlier versions took stay what they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_export.procedure.naming import VERDICTS
from evidence_export.procedure.procedure import ProcedureError
from evidence_export.procedure.steps import Exhibit, Rechecked
from evidence_export.words import Said
from streams.instant import to_datetime
from streetproof.procedures.taking import OpenCase
from streetproof.recheck.keeping import Entered, Recheck, entered, read
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


def recheck_for(folder: Path, case: OpenCase, ledger: SqlLedger) -> Recheck:
    """The re-check in a folder, for a step of that case.

    Raises ProcedureError where it does not verify, is of another case, or nobody here vouches for its key;
    NotABundleError for no bundle.
    """
    report, found = read(folder)
    if not report.ok:
        culprits = ", ".join(report.culprits[:3])
        raise _refused(
            case,
            "recheck_unverified",
            Said(
                f"复查材料核验未通过（{culprits}）；请用 `streetproof verify {folder}` 查看，或重新复查",
                f"the re-check does not verify ({culprits}): look at it with `streetproof verify {folder}`, or look "
                "at the place again",
            ),
        )
    about = case.procedure.facts.case_id
    if found is None or (found.case_id, found.case_sha256) != (about, case.manifest_sha256):
        of = "no case" if found is None else found.case_id
        raise _refused(
            case,
            "recheck_of_another_case",
            Said(
                f"不是本案的复查（{'无案件' if found is None else of}）；请给出本案的复查材料",
                f"it is no re-check of this case, but of {of}: give one that was made of this case's bundle",
            ),
        )
    same_key = found.key_fingerprint == case.key_fingerprint
    same_authority = found.authority is not None and found.authority == case.authority
    if not (same_key or same_authority or found.sha256 in entered(ledger, about, case.manifest_sha256)):
        raise _refused(
            case,
            "recheck_by_a_stranger",
            Said(
                f"复查材料的签名密钥（{found.key_fingerprint}）既非封存本案的密钥，也非同一签发机构所发，"
                "存证日志中也无此次复查；请用 `streetproof recheck --data` 重新复查",
                f"its key ({found.key_fingerprint}) is neither that of the case nor certified by the same authority, "
                "and the ledger tells of no such re-check: look again with `streetproof recheck --data`",
            ),
        )
    return found


def seen_in(found: Recheck) -> Seen:
    """What a re-check says."""
    return Seen(found.sha256, found.verdict, to_datetime(found.due_ns))


def check(step: Rechecked, case: OpenCase, ledger: SqlLedger, told: Seen | None) -> None:
    """See that a step stands on evidence, and says what that says. `told`: what the re-check says that was handed in.

    Raises ProcedureError.
    """
    if told is None:
        kept = entered(ledger, case.procedure.facts.case_id, case.manifest_sha256).get(step.evidence_sha256)
        told = None if kept is None else _seen(kept)
    if told is None:
        if step.evidence_sha256 in {one.sha256 for one in case.procedure.steps if isinstance(one, Exhibit)}:
            return
        raise _refused(
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
    if step.evidence_sha256 != told.sha256:
        raise _contradiction(case, "evidence_sha256", step.evidence_sha256, told.sha256)
    if step.verdict != told.verdict:
        raise _contradiction(case, "verdict", step.verdict, told.verdict)
    if step.seen_at != told.at:
        raise _contradiction(case, "seen_at", step.seen_at.isoformat(), told.at.isoformat())


def _seen(kept: Entered) -> Seen:
    return Seen(kept.sha256, kept.verdict, to_datetime(kept.due_ns))


def _contradiction(case: OpenCase, name: str, typed: str, told: str) -> ProcedureError:
    zh = [VERDICTS[one].zh if one in VERDICTS else one for one in (typed, told)]
    return _refused(
        case,
        "recheck_contradicted",
        Said(
            f"所填 {name} 为 {zh[0]}，而复查材料为 {zh[1]}；请去掉 --set {name}=…",
            f"{name} was typed as {typed}, and the re-check says {told}: leave --set {name}=... out",
        ),
    )


def _refused(case: OpenCase, code: str, said: Said) -> ProcedureError:
    return ProcedureError(code, said, case.procedure.facts.case_id)
