"""The verification of one bundle, step by step.

1. Read the container: a folder of plain files, or exactly the zip that Streetproof packs.
2. Read the site key: Ed25519, in its one PEM form; where a trusted key is given, it is that key.
3. Check the signature: `case.json.sig` over the bytes of `case.json`, before a single byte of it is interpreted.
4. Read the case manifest: canonical JSON of a known format version, naming the same key.
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

A step that cannot be trusted after an earlier failure is skipped. Hashes in files that nothing vouches for any more are
still used for one thing: to say which file is to blame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from evidence_export.bag import layout, pubkey
from evidence_export.bag.digest import Digests, digest_bytes
from evidence_export.verifier.before import before_faults
from evidence_export.verifier.company import company_faults
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.footage import live_footage, view_faults
from evidence_export.verifier.manifest import CaseManifest, read_manifest
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

Result = tuple[str, list[Finding]]


_LIMITS = {
    **dict.fromkeys((*layout.TAG_FILES, layout.TAG_MANIFEST), layout.MAX_TAG_BYTES),
    layout.CASE: layout.MAX_CASE_BYTES,
}


class _SkipStep(Exception):
    """The step rests on one that failed."""


class _BlameError(Exception):
    """The step cannot go on because of one file."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


class Verification:
    """One run over one container."""

    def __init__(self, path: Path, container: Container, trusted: str | None) -> None:
        self._path = path
        self._box = container
        self._trusted = trusted
        self._key: Ed25519PublicKey | None = None
        self._signed = False
        self._case: CaseManifest | None = None
        self._digests: dict[str, Digests] = {}

    def run(self) -> VerificationReport:
        steps = [
            self._step(1, "Container", "读取证据包", self._container),
            self._step(2, "Site key", "签名公钥", self._site_key),
            self._step(3, "Signature", "数字签名", self._signature),
            self._step(4, "Case manifest", "案件清单", self._manifest),
            self._step(5, "Completeness", "文件齐全", self._complete),
            self._step(6, "File hashes", "文件摘要", self._hashes),
            self._step(7, "BagIt files", "BagIt 清单", self._bagit),
            self._step(8, "Inner agreement", "内部一致", self._agreement),
            self._step(9, "Footage", "录像连续", self._footage),
            self._step(10, "Plate", "号牌", self._plate),
            self._step(11, "Reasons", "认定理由", self._reasons),
        ]
        known = self._trusted is not None
        return VerificationReport(
            path=self._path,
            steps=tuple(steps),
            case_id=self._case.case_id if self._case else None,
            key_fingerprint=pubkey.fingerprint(self._key) if self._key else None,
            manifest_sha256=self._digests[layout.CASE].sha256 if layout.CASE in self._digests else None,
            cannot_know=CANNOT_KNOW if known else (UNKNOWN_KEY, *CANNOT_KNOW),
            cannot_know_zh=CANNOT_KNOW_ZH if known else (UNKNOWN_KEY_ZH, *CANNOT_KNOW_ZH),
        )

    def _step(self, number: int, title: str, title_zh: str, check: Callable[[], Result]) -> Step:
        try:
            detail, findings = check()
        except _SkipStep as skip:
            return Step(number, title, title_zh, Outcome.SKIPPED, str(skip))
        except _BlameError as blame:
            detail, findings = "a file cannot be read", [blame.finding]
        outcome = Outcome.FAILED if findings else Outcome.PASSED
        return Step(number, title, title_zh, outcome, detail, tuple(findings))

    # 1

    def _container(self) -> Result:
        kind = "folder" if self._box.prefix is None else "zip"
        total = sum(self._box.files.values())
        return f"{kind} of {len(self._box.files)} files, {total} bytes", list(self._box.findings)

    # 2

    def _site_key(self) -> Result:
        data = self._small(layout.SITE_KEY)
        if data is None:
            return "no key to check the signature with", [self._absent(layout.SITE_KEY)]
        try:
            self._key = pubkey.from_pem(data)
        except ValueError as error:
            return "no key to check the signature with", [Finding(layout.SITE_KEY, str(error))]
        found = pubkey.fingerprint(self._key)
        findings = []
        if pubkey.to_pem(self._key) != data:
            findings.append(Finding(layout.SITE_KEY, "the key is not written in its one exact form"))
        if self._trusted is not None and found != self._trusted:
            findings.append(
                Finding(layout.SITE_KEY, f"its fingerprint {found} is not the trusted one, {self._trusted}")
            )
        known = "the trusted key" if self._trusted else "fingerprint not compared: no trusted key was given"
        return f"Ed25519, fingerprint {found} ({known})", findings

    # 3

    def _signature(self) -> Result:
        failed = "the signature does not hold"
        case = self._small(layout.CASE)
        signature = self._small(layout.SIGNATURE)
        absent = [
            self._absent(name) for name, data in ((layout.CASE, case), (layout.SIGNATURE, signature)) if data is None
        ]
        if case is None or signature is None:
            return failed, absent
        if self._key is None:
            raise _SkipStep("no readable site key")
        if len(signature) == layout.SIGNATURE_SIZE:
            try:
                self._key.verify(signature, case)
            except InvalidSignature:
                pass
            else:
                self._signed = True
                return "case.json carries a valid signature of the site key", []
        else:
            wrong = f"{len(signature)} bytes long, where a signature has {layout.SIGNATURE_SIZE}"
            return failed, [Finding(layout.SIGNATURE, wrong)]
        return failed, self._blame_for_signature(case)

    def _blame_for_signature(self, case: bytes) -> list[Finding]:
        """Which of the three files changed, by the hashes that the others still hold."""
        tags = layout.parse_manifest(self._small(layout.TAG_MANIFEST) or b"")
        trio = (layout.CASE, layout.SIGNATURE, layout.SITE_KEY)
        changed = [name for name in trio if name in tags and tags[name] != self._digest(name).sha256]
        if not changed:
            changed = [layout.CASE]
            try:
                listed = read_manifest(case).files[layout.SITE_KEY].sha256
            except ValueError:
                pass
            else:
                if listed != self._digest(layout.SITE_KEY).sha256:
                    changed = [layout.SITE_KEY]
        what = {
            layout.CASE: "it is not what was signed: the signature does not belong to these bytes",
            layout.SIGNATURE: "it is not the signature that was made over case.json",
            layout.SITE_KEY: "it is not the key that signed case.json",
        }
        return [Finding(name, what[name]) for name in changed]

    # 4

    def _manifest(self) -> Result:
        if not self._signed:
            raise _SkipStep("case.json is not trusted without a valid signature")
        data = self._small(layout.CASE)
        try:
            case = read_manifest(data or b"")
        except ValueError as error:
            return "not a case manifest of this format", [Finding(layout.CASE, printable(str(error)))]
        findings = []
        if self._key is not None and case.key_fingerprint != pubkey.fingerprint(self._key):
            findings.append(Finding(layout.CASE, "it names another key than the one that signed it"))
        self._case = case
        return f"case {printable(case.case_id)}, sealed at {case.sealed_at}, {len(case.files)} files listed", findings

    # 5

    def _complete(self) -> Result:
        case = self._trusted_case()
        expected = set(case.files) | layout.UNLISTED
        findings = [self._absent(name) for name in sorted(expected - set(self._box.files))]
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
            found = self._digest(name)
            if found.sha256 != listed.sha256:
                findings.append(Finding(name, f"its SHA-256 is {found.sha256}, where {listed.sha256} was sealed"))
            elif found.sm3 != listed.sm3:
                findings.append(Finding(name, f"its SM3 is {found.sm3}, where {listed.sm3} was sealed"))
        blamed = {finding.culprit for finding in findings}
        for name in self._box.files:
            recorded = self._box.recorded_crc32(name)
            if recorded is not None and name not in blamed and recorded != self._digest(name).crc32:
                findings.append(Finding(f"{printable(self._path.name)} (zip entry {name})", "its CRC-32 is wrong"))
        return f"size, SHA-256 and SM3 of {len(case.files)} files, {total} bytes", findings

    # 7

    def _bagit(self) -> Result:
        if self._case is None:
            return "compared with each other only, because case.json cannot be trusted", self._bagit_by_itself()
        sealed = {name: listed.sha256 for name, listed in self._case.files.items()}
        payload = {name: value for name, value in sealed.items() if name.startswith(layout.PAYLOAD)}
        tags = {name: value for name, value in sealed.items() if name in layout.TAG_FILES}
        for name in (layout.CASE, layout.SIGNATURE):
            tags[name] = self._digest(name).sha256
        findings = []
        for name, expected in (
            (layout.BAGIT, layout.BAGIT_TEXT),
            (layout.MANIFEST, layout.manifest_bytes(payload)),
            (layout.TAG_MANIFEST, layout.manifest_bytes(tags)),
        ):
            data = self._small(name)
            if data is not None and data != expected:
                findings.append(Finding(name, "it is not byte for byte what the sealed case makes of it"))
        return "bagit.txt and both manifests are exactly what the sealed case makes of them", findings

    def _bagit_by_itself(self) -> list[Finding]:
        """What `sha256sum -c` would find: used only to name culprits when the signature vouches for nothing."""
        findings: list[Finding] = []
        for manifest in (layout.MANIFEST, layout.TAG_MANIFEST):
            data = self._small(manifest)
            if data is None:
                findings.append(self._absent(manifest))
                continue
            lines = layout.parse_manifest(data)
            if layout.manifest_bytes(lines) != data:
                findings.append(Finding(manifest, "it is not a manifest in the form that bundles have"))
            for name, expected in lines.items():
                if name not in self._box.files:
                    findings.append(self._absent(name))
                elif self._digest(name).sha256 != expected:
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

    # Shared by the steps

    def _trusted_case(self) -> CaseManifest:
        if self._case is None:
            raise _SkipStep("there is no case manifest to trust")
        return self._case

    def _small(self, name: str) -> bytes | None:
        """The whole of a tag file; None where it is absent."""
        if name not in self._box.files:
            return None
        self._check_size(name)
        try:
            data = self._box.read(name, _LIMITS[name])
        except OSError as error:
            raise self._unreadable(name, error) from error
        if name not in self._digests:
            self._digests[name] = digest_bytes(data)
        return data

    def _digest(self, name: str) -> Digests:
        if name not in self._digests:
            self._check_size(name)
            try:
                self._digests[name] = self._box.digest(name)
            except OSError as error:
                raise self._unreadable(name, error) from error
        return self._digests[name]

    def _check_size(self, name: str) -> None:
        """A tag file of many gigabytes must not keep the verifier busy, let alone fill its memory."""
        limit = _LIMITS.get(name)
        if limit is not None and self._box.files[name] > limit:
            raise _BlameError(Finding(name, f"it is larger than {limit} bytes; no bundle has such a file"))

    def _unreadable(self, name: str, error: OSError) -> _BlameError:
        return _BlameError(Finding(printable(name), f"it cannot be read ({error.strerror or error})"))

    def _absent(self, name: str) -> Finding:
        return Finding(printable(name), "it is missing")


def unreadable(path: Path, findings: Iterable[Finding]) -> VerificationReport:
    """The report on something that is meant as a bundle but cannot even be listed."""
    step = Step(1, "Container", "读取证据包", Outcome.FAILED, "cannot be read", tuple(findings))
    return VerificationReport(
        path, (step,), None, None, None, (UNKNOWN_KEY, *CANNOT_KNOW), (UNKNOWN_KEY_ZH, *CANNOT_KNOW_ZH)
    )
