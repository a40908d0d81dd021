"""The verification of a re-check (复查), step by step. Steps 1 to 7 and 9 are those of every bundle, see `bagsteps`.

8. Check the outcome: it is one of three, with a reason exactly where nobody can tell; the looks that it stands on are
   of the time that was asked for, in order, of recordings that are named, each with a picture and a copy of that; they
   show what the outcome says, and the counts of looks fit.
9. Check the certificates of the keys.

Whether the case that it names is the one at hand is for whoever has both: a release does it, and `procedure take`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from evidence_export.bag import forms, rechecks
from evidence_export.bag.certificate import Revoked
from evidence_export.verifier.bagsteps import BagVerification
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.files import Result, blaming
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest
from evidence_export.verifier.outcome import outcome_faults
from evidence_export.verifier.papers import cannot_know
from evidence_export.verifier.recheckmanifest import RecheckManifest, read_recheck
from evidence_export.verifier.report import (
    CANNOT_KNOW,
    RECHECK_CLOCKS,
    RECHECK_CLOCKS_ZH,
    RecheckFacts,
    VerificationReport,
)


class RecheckVerification(BagVerification[RecheckManifest]):
    """One run over a re-check."""

    def __init__(
        self, path: Path, container: Container, trust: Trust, withheld: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(path, container, trust, forms.RECHECK, withheld)

    def run(self) -> VerificationReport:
        steps = [
            *self._bag_steps("Re-check manifest", "复查清单"),
            self._step(8, "Outcome", "复查结论", self._outcome),
            self._step(9, "Key certificate", "密钥证书", self._certificates),
        ]
        unknown = [
            (RECHECK_CLOCKS, RECHECK_CLOCKS_ZH) if one[0] == CANNOT_KNOW[0] else one
            for one in cannot_know(self._trust, self._signatures, self._papers)
        ]
        return VerificationReport(
            path=self._path,
            steps=tuple(steps),
            case_id=None,
            key_fingerprint=self._signatures.key.fingerprint if self._signatures.key else None,
            manifest_sha256=None,
            cannot_know=tuple(en for en, _ in unknown),
            cannot_know_zh=tuple(zh for _, zh in unknown),
            second_key_fingerprint=self._signatures.second.fingerprint if self._signatures.second else None,
            authority_fingerprint=self._papers.authority.fingerprint if self._papers else None,
            recheck=self._facts(),
        )

    @property
    def case(self) -> CaseManifest | None:
        """It carries none."""
        return None

    @property
    def withdrawn(self) -> tuple[Revoked, ...]:
        """Withdrawals of its keys since a later time than the one at which it says that it was sealed."""
        return self._papers.withdrawn if self._papers else ()

    @property
    def footage(self) -> tuple[tuple[str, str | None], ...]:
        """SHA-256 of each recording that was looked at, and when it begins; empty where the signature does not hold."""
        return () if self._sealed is None else tuple(zip(self._sealed.recordings, self._sealed.starts, strict=True))

    def _facts(self) -> RecheckFacts | None:
        sha256, told = self._files.digest_at_hand(forms.RECHECK.manifest), self._sealed
        if told is None or sha256 is None:
            return None
        case_id, case_sha256 = told.case or (None, None)
        return RecheckFacts(sha256, case_id, case_sha256, printable(told.verdict), told.due)

    def _read(self, data: bytes) -> RecheckManifest:
        return read_recheck(data)

    def _name(self, manifest: RecheckManifest) -> str:
        return f"re-check of {manifest.stay if manifest.case is None else manifest.case[0]}"

    # 8

    def _outcome(self) -> Result:
        told = self._trusted()
        with blaming(forms.RECHECK.manifest):
            findings = outcome_faults(told)
        newer = told.revision > rechecks.FORMAT_REVISION
        beyond = f"; revision {told.revision} may say more than this verifier knows to check" if newer else ""
        return f"{printable(told.verdict)}, from {len(told.shown)} looks that are shown{beyond}", findings
