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
   breaks between them, that nothing that blocks an approval was left out, and that the picture of ground before it was
   taken is from before.
10. Check what is said of the plate: its close-ups, the frames they are cut out of, and that nothing doubtful is called
   certain.
11. Check the reasons: the steps that the stay's time was made of add up to what is stated of it, the arithmetic of the
   rule follows from its own terms, and where it was held back because it may be traffic, that is told throughout.
12. Check the certificates of the keys, where there are any: they are of the site and its authority, of these keys, were
   valid at the time of sealing, and were not withdrawn before it, as far as a revocation list is given.

A step that cannot be trusted after an earlier failure is skipped. Hashes in files that nothing vouches for any more are
still used for one thing: to say which file is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from evidence_export.bag import layout, sm3
from evidence_export.verifier.before import before_faults
from evidence_export.verifier.company import company_faults
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.files import BlameError, Files, NotCheckedError, Result, SkipStep
from evidence_export.verifier.footage import live_footage, view_faults
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest, read_manifest
from evidence_export.verifier.papers import Papers, cannot_know, check_papers
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
from evidence_export.verifier.signatures import Signatures


class Verification:
    """One run over one container."""

    def __init__(self, path: Path, container: Container, trust: Trust) -> None:
        self._path = path
        self._box = container
        self._files = Files(container)
        self._trust = trust
        self._signatures = Signatures(self._files, trust)
        self._papers: Papers | None = None
        self._case: CaseManifest | None = None

    def run(self) -> VerificationReport:
        steps = [
            self._step(1, "Container", "读取证据包", self._container),
            self._step(2, "Site key", "签名公钥", self._signatures.site_key),
            self._step(3, "Signature", "数字签名", self._signatures.signature),
            self._step(4, "Case manifest", "案件清单", self._manifest),
            self._step(5, "Completeness", "文件齐全", self._complete),
            self._step(6, "File hashes", "文件摘要", self._hashes),
            self._step(7, "BagIt files", "BagIt 清单", self._bagit),
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
            case_id=self._case.case_id if self._case else None,
            key_fingerprint=self._signatures.key.fingerprint if self._signatures.key else None,
            manifest_sha256=self._files.digest_at_hand(layout.CASE),
            cannot_know=tuple(text for text, _ in unknown),
            cannot_know_zh=tuple(text for _, text in unknown),
            second_key_fingerprint=self._signatures.second.fingerprint if self._signatures.second else None,
            authority_fingerprint=self._papers.authority.fingerprint if self._papers else None,
        )

    def _step(self, number: int, title: str, title_zh: str, check: Callable[[], Result]) -> Step:
        try:
            detail, findings = check()
        except SkipStep as skip:
            return Step(number, title, title_zh, Outcome.SKIPPED, str(skip))
        except NotCheckedError as lacking:
            return Step(number, title, title_zh, Outcome.NOT_CHECKED, str(lacking))
        except BlameError as blame:
            detail, findings = "a file cannot be read", [blame.finding]
        outcome = Outcome.FAILED if findings else Outcome.PASSED
        return Step(number, title, title_zh, outcome, detail, tuple(findings))

    # 1

    def _container(self) -> Result:
        kind = "folder" if self._box.prefix is None else "zip"
        total = sum(self._box.files.values())
        return f"{kind} of {len(self._box.files)} files, {total} bytes", list(self._box.findings)

    # 4

    def _manifest(self) -> Result:
        if not self._signatures.hold:
            raise SkipStep("case.json is not trusted without a valid signature")
        data = self._files.small(layout.CASE)
        try:
            case = read_manifest(data or b"")
        except ValueError as error:
            return "not a case manifest of this format", [Finding(layout.CASE, printable(str(error)))]
        findings = []
        if (fault := self._signatures.fault_in_naming(case)) is not None:
            findings.append(fault)
        self._case = case
        return f"case {printable(case.case_id)}, sealed at {case.sealed_at}, {len(case.files)} files listed", findings

    # 5

    def _complete(self) -> Result:
        case = self._trusted_case()
        expected = set(case.files) | layout.UNLISTED | set(case.signatures)
        findings = [self._files.absent(name) for name in sorted(expected - set(self._box.files))]
        findings += [
            Finding(printable(name), "it does not belong to the bundle: case.json does not list it")
            for name in sorted(set(self._box.files) - expected)
        ]
        return "every listed file is there, and no other", findings

    # 6

    def _hashes(self) -> Result:
        case = self._trusted_case()
        findings: list[Finding] = []
        total = 0
        for name, listed in case.files.items():
            size = self._box.files.get(name)
            if size is None:
                continue  # step 5 named it
            total += size
            if size != listed.size:
                findings.append(Finding(name, f"{size} bytes long, where {listed.size} were sealed"))
                continue
            found = self._files.digest(name)
            if found.sha256 != listed.sha256:
                findings.append(Finding(name, f"its SHA-256 is {found.sha256}, where {listed.sha256} was sealed"))
            elif found.sm3 != listed.sm3 and found.sm3:
                findings.append(Finding(name, f"its SM3 is {found.sm3}, where {listed.sm3} was sealed"))
        blamed = {finding.culprit for finding in findings}
        for name in self._box.files:
            recorded = self._box.recorded_crc32(name)
            if recorded is not None and name not in blamed and recorded != self._files.digest(name).crc32:
                findings.append(Finding(f"{printable(self._path.name)} (zip entry {name})", "its CRC-32 is wrong"))
        if sm3.new is None and not findings:
            raise NotCheckedError(
                f"size and SHA-256 of {len(case.files)} files agree, {total} bytes; SM3 is not checked: neither this "
                "Python's OpenSSL nor the package `cryptography` offers it here"
            )
        return f"size, SHA-256 and SM3 of {len(case.files)} files, {total} bytes", findings

    # 7

    def _bagit(self) -> Result:
        if self._case is None:
            return "compared with each other only, because case.json cannot be trusted", self._bagit_by_itself()
        sealed = {name: listed.sha256 for name, listed in self._case.files.items()}
        payload = {name: value for name, value in sealed.items() if name.startswith(layout.PAYLOAD)}
        tags = {name: value for name, value in sealed.items() if name in layout.TAG_FILES}
        findings = []
        outside = (layout.CASE, *self._case.signatures)
        tags |= {name: self._files.digest(name).sha256 for name in outside if name in self._box.files}
        for name, expected in (
            (layout.BAGIT, layout.BAGIT_TEXT),
            (layout.MANIFEST, layout.manifest_bytes(payload)),
            (layout.TAG_MANIFEST, layout.manifest_bytes(tags)),
        ):
            data = self._files.small(name)
            # Step 5 named a signature that is missing; what the tag manifest said of it cannot be told any more.
            lacking = name == layout.TAG_MANIFEST and any(one not in self._box.files for one in outside)
            if data is not None and data != expected and not lacking:
                findings.append(Finding(name, "it is not byte for byte what the sealed case makes of it"))
        return "bagit.txt and both manifests are exactly what the sealed case makes of them", findings

    def _bagit_by_itself(self) -> list[Finding]:
        """What `sha256sum -c` would find: used only to name culprits when the signature vouches for nothing."""
        findings: list[Finding] = []
        for manifest in (layout.MANIFEST, layout.TAG_MANIFEST):
            data = self._files.small(manifest)
            if data is None:
                findings.append(self._files.absent(manifest))
                continue
            lines = layout.parse_manifest(data)
            if layout.manifest_bytes(lines) != data:
                findings.append(Finding(manifest, "it is not a manifest in the form that bundles have"))
            for name, expected in lines.items():
                if name not in self._box.files:
                    findings.append(self._files.absent(name))
                elif self._files.digest(name).sha256 != expected:
                    findings.append(Finding(printable(name), f"its SHA-256 is not the one in {manifest}"))
            if manifest == layout.MANIFEST:
                findings += [
                    Finding(printable(name), f"{manifest} does not list it")
                    for name in sorted(self._box.files)
                    if name.startswith(layout.PAYLOAD) and name not in lines
                ]
        return findings

    # 8

    def _agreement(self) -> Result:
        case = self._trusted_case()
        findings: list[Finding] = []

        def check(holds: bool, culprit: str, what: str) -> None:
            if not holds:
                findings.append(Finding(culprit, what))

        check(layout.is_case_id(case.case_id), layout.CASE, "its case id has no valid form")
        check(case.case_id == case.derived_case_id, layout.CASE, "its case id does not follow from its content")
        policy = case.files.get(layout.POLICY)
        check(policy is not None and policy.sha256 == case.policy_sha256, layout.POLICY, "it is not the policy applied")
        parents = {f"recording:{value}" for value in case.recordings_sha256} | set(case.files)
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
        case = self._trusted_case()
        try:
            live = live_footage(case.root)
            faults = [*(live.faults() if live else ()), *(view_faults(case.root) if case.revision else ())]
            if case.revision >= layout.BEFORE_REVISION:
                faults += before_faults(case.root)
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        newer = case.revision > layout.FORMAT_REVISION
        beyond = f"; revision {case.revision} may say more than this verifier knows to check" if newer else ""
        chain = f"{len(live.segments)} segments form the chain they claim" if live else "archived files, no chain"
        return f"{chain}{beyond}", [Finding(layout.CASE, printable(fault)) for fault in faults]

    # 10

    def _plate(self) -> Result:
        case = self._trusted_case()
        try:
            faults = list(plate_faults(case.root))
            looked = optional(case.root, "plate") is not None
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        detail = "what is said of it agrees with its close-ups" if looked else "none was looked for"
        return detail, [Finding(layout.CASE, printable(fault)) for fault in faults]

    # 11

    def _reasons(self) -> Result:
        case = self._trusted_case()
        try:
            faults = [*reasons_faults(case.root), *company_faults(case.root)]
            given = reasons_given(case.root)
            if not given and case.revision == layout.REASONS_REVISION:
                faults.append("violation: no reasons are given, and its revision has them")
        except ValueError as error:
            return "not readable", [Finding(layout.CASE, printable(str(error)))]
        detail = "its steps and sums agree with what is stated" if given else "none are given: an earlier revision"
        return detail, [Finding(layout.CASE, printable(fault)) for fault in faults]

    # 12

    def _certificates(self) -> Result:
        case = self._trusted_case()
        self._papers, result = check_papers(self._files, self._trust, self._signatures, case)
        return result

    # Shared by the steps

    def _trusted_case(self) -> CaseManifest:
        if self._case is None:
            raise SkipStep("there is no case manifest to trust")
        return self._case


def unreadable(path: Path, findings: Iterable[Finding]) -> VerificationReport:
    """The report on something that is meant as a bundle but cannot even be listed."""
    step = Step(1, "Container", "读取证据包", Outcome.FAILED, "cannot be read", tuple(findings))
    return VerificationReport(
        path, (step,), None, None, None, (UNKNOWN_KEY, *CANNOT_KNOW), (UNKNOWN_KEY_ZH, *CANNOT_KNOW_ZH)
    )
