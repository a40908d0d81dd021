"""The verification of one bundle, step by step.

1. Read the container: a folder of plain files, or exactly the zip that Streetproof packs.
2. Read the site key: Ed25519, ECDSA P-256 or SM2, in its one PEM form; where a trusted key is given, it is that key.
3. Check the signature, or both: over the bytes of `case.json`, before a single byte of it is interpreted.
4. Read the case manifest: canonical JSON of a known format version, naming the same keys.
5. Compare the list of files: everything listed is there, nothing else is.
6. Compare every listed file's size, SHA-256 and SM3.
7. Compare the BagIt files with what the case manifest makes of them, byte for byte.
8. Check that the parts agree: case id, policy, parents of derived files, folder name inside a zip.
9. Check what is said of the footage: the chain of a live camera's segments, their order, the clips cut from them, the
   breaks between them, that nothing that blocks an approval was left out, that the picture of ground before it was
   taken is from before, and that the image set is what the policy and the stills make of it.
10. Check what is said of the plate: its close-ups, the frames they are cut out of, and that nothing doubtful is called
   certain.
11. Check the reasons: the steps that the stay's time was made of add up to what is stated of it, the arithmetic of the
   rule follows from its own terms, and where it was held back because it may be traffic, that is told throughout.
12. Check the certificates of the keys, where there are any: they are of the site and its authority, of these keys, were
   valid at the time of sealing, and were not withdrawn before it, as far as a revocation list is given.

Steps 1 to 7 and 12 are those of every bundle, see `bagsteps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from evidence_export.bag import forms, layout
from evidence_export.bag.certificate import Revoked
from evidence_export.bag.pubkey import PublicKey
from evidence_export.verifier.bagsteps import BagVerification
from evidence_export.verifier.before import before_faults
from evidence_export.verifier.company import company_faults
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.files import Result
from evidence_export.verifier.footage import live_footage, view_faults
from evidence_export.verifier.imageset import image_faults
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest, read_manifest
from evidence_export.verifier.papers import cannot_know
from evidence_export.verifier.plates import plate_faults
from evidence_export.verifier.reading import optional
from evidence_export.verifier.reasons import reasons_faults, reasons_given
from evidence_export.verifier.report import (
    CANNOT_KNOW,
    CANNOT_KNOW_ZH,
    UNKNOWN_KEY,
    UNKNOWN_KEY_ZH,
    Finding,
    Outcome,
    Step,
    VerificationReport,
)


class Verification(BagVerification[CaseManifest]):
    """One run over a sealed case."""

    def __init__(
        self, path: Path, container: Container, trust: Trust, withheld: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(path, container, trust, forms.CASE, withheld)

    def run(self) -> VerificationReport:
        steps = [
            *self._bag_steps("Case manifest", "案件清单"),
            self._step(8, "Inner agreement", "内部一致", self._agreement),
            self._step(9, "Footage", "录像连续", self._footage),
            self._step(10, "Plate", "号牌", self._plate),
            self._step(11, "Reasons", "认定理由", self._reasons),
            self._step(12, "Key certificate", "密钥证书", self._certificates),
        ]
        unknown = cannot_know(self._trust, self._signatures, self._papers)
        return VerificationReport(
            path=self._path,
            steps=tuple(steps),
            case_id=self._sealed.case_id if self._sealed and layout.is_case_id(self._sealed.case_id) else None,
            key_fingerprint=self._signatures.key.fingerprint if self._signatures.key else None,
            manifest_sha256=self._files.digest_at_hand(layout.CASE),
            cannot_know=tuple(text for text, _ in unknown),
            cannot_know_zh=tuple(text for _, text in unknown),
            second_key_fingerprint=self._signatures.second.fingerprint if self._signatures.second else None,
            authority_fingerprint=self._papers.authority.fingerprint if self._papers else None,
        )

    @property
    def case(self) -> CaseManifest | None:
        """The manifest, once it was found to be signed; for whoever carries the case."""
        return self._sealed

    @property
    def key(self) -> PublicKey | None:
        """The key that sealed it, as it was found."""
        return self._signatures.key

    @property
    def withdrawn(self) -> tuple[Revoked, ...]:
        """Withdrawals of its keys since a later time than the one at which it says that it was sealed."""
        return self._papers.withdrawn if self._papers else ()

    def _read(self, data: bytes) -> CaseManifest:
        return read_manifest(data)

    def _name(self, manifest: CaseManifest) -> str:
        return f"case {manifest.case_id}"

    # 8

    def _agreement(self) -> Result:
        case = self._trusted()
        findings: list[Finding] = []

        def check(holds: bool, culprit: str, what: str) -> None:
            if not holds:
                findings.append(Finding(culprit, what))

        check(layout.is_case_id(case.case_id), layout.CASE, "its case id has no valid form")
        check(case.case_id == case.derived_case_id, layout.CASE, "its case id does not follow from its content")
        policy = case.files.get(layout.POLICY)
        check(policy is not None and policy.sha256 == case.policy_sha256, layout.POLICY, "it is not the policy applied")
        parents = {f"recording:{value}" for value in case.recordings} | set(case.files)
        for name, listed in case.files.items():
            known = listed.parent is None or (listed.parent in parents and listed.parent != name)
            check(known, name, "its parent is neither in the bundle nor a recording of the case")
        prefix = self._box.prefix
        check(
            prefix in (None, case.case_id), printable(self._path.name), "the folder inside the zip is not the case id"
        )
        return "case id, policy and parents of derived files agree with each other", findings

    # 9

    def _footage(self) -> Result:
        case = self._trusted()
        try:
            live = live_footage(case.root)
            faults = [*(live.faults() if live else ()), *(view_faults(case.root) if case.revision else ())]
            if case.revision >= layout.BEFORE_REVISION:
                faults += before_faults(case.root)
            faults += image_faults(case.root, self._policy())
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        newer = case.revision > layout.FORMAT_REVISION
        beyond = f"; revision {case.revision} may say more than this verifier knows to check" if newer else ""
        chain = f"{len(live.segments)} segments form the chain they claim" if live else "archived files, no chain"
        return f"{chain}{beyond}", [Finding(layout.CASE, printable(fault)) for fault in faults]

    def _policy(self) -> bytes | None:
        """The policy, where it is the one that was sealed: another step names it where it is not."""
        data = self._files.small(layout.POLICY, layout.MAX_CASE_BYTES)
        listed = self._trusted().files.get(layout.POLICY)
        fits = data is not None and listed is not None and self._files.digest(layout.POLICY).sha256 == listed.sha256
        return data if fits else None

    # 10

    def _plate(self) -> Result:
        case = self._trusted()
        try:
            faults = list(plate_faults(case.root))
            looked = optional(case.root, "plate") is not None
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        detail = "what is said of it agrees with its close-ups" if looked else "none was looked for"
        return detail, [Finding(layout.CASE, printable(fault)) for fault in faults]

    # 11

    def _reasons(self) -> Result:
        case = self._trusted()
        try:
            faults = [*reasons_faults(case.root), *company_faults(case.root)]
            given = reasons_given(case.root)
            if not given and case.revision == layout.REASONS_REVISION:
                faults.append("violation: no reasons are given, and its revision has them")
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        detail = (
            "its steps and sums agree with what is stated" if given else "none are given: an earlier version timed it"
        )
        return detail, [Finding(layout.CASE, printable(fault)) for fault in faults]


def unreadable(path: Path, findings: Iterable[Finding]) -> VerificationReport:
    """The report on something that is meant as a bundle but cannot even be listed."""
    step = Step(1, "Container", "读取证据包", Outcome.FAILED, "cannot be read", tuple(findings))
    return VerificationReport(
        path, (step,), None, None, None, (UNKNOWN_KEY, *CANNOT_KNOW), (UNKNOWN_KEY_ZH, *CANNOT_KNOW_ZH)
    )
