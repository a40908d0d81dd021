"""Steps 2 and 3: the keys in a bundle, and their signatures over the bytes of `case.json`. Nothing is interpreted here
but the keys themselves."""

from __future__ import annotations

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.verifier.files import Files, Result, SkipStep
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest, read_manifest
from evidence_export.verifier.report import Finding


class Signatures:
    """`key` and `second`: the keys that were found; `hold`: every signature that is there is valid."""

    def __init__(self, files: Files, trust: Trust) -> None:
        self._files = files
        self._trust = trust
        self.key: PublicKey | None = None
        self.second: PublicKey | None = None
        self.hold = False
        self.by_authority = False
        """The key is trusted only if the trusted authority certified it."""

    def site_key(self) -> Result:
        """Step 2."""
        none = "no key to check the signature with"
        data = self._files.small(layout.SITE_KEY)
        if data is None:
            return none, [self._files.absent(layout.SITE_KEY)]
        try:
            self.key = pubkey.from_pem(data)
        except ValueError as error:
            return none, [Finding(layout.SITE_KEY, str(error))]
        found = self.key.fingerprint
        findings = []
        if self.key.pem != data:
            findings.append(Finding(layout.SITE_KEY, "the key is not written in its one exact form"))
        known, fault = self._trusted(found)
        if fault is not None:
            findings.append(fault)
        return f"{self.key.algorithm}, fingerprint {found} ({known})", findings

    def _trusted(self, found: str) -> tuple[str, Finding | None]:
        """How the key is vouched for, and what is wrong with that."""
        wanted, is_authority = self._trust.fingerprint, self._trust.is_authority
        if wanted is None:
            return "fingerprint not compared: no trusted key was given", None
        if found == wanted and is_authority is not True:
            return "the trusted key", None
        if is_authority is not False and self._authority() == wanted:
            self.by_authority = True
            return "its certificate is to be of the trusted authority: step 12", None
        if is_authority:
            return "not vouched for", Finding(
                layout.SITE_KEY, f"the bundle has no certificate of the trusted authority, {wanted}"
            )
        return "not the trusted key", Finding(
            layout.SITE_KEY, f"its fingerprint {found} is not the trusted one, {wanted}"
        )

    def _authority(self) -> str | None:
        data = self._files.small(layout.CA_CERTIFICATE)
        try:
            return None if data is None else certificate.fingerprint_in(data)
        except ValueError:
            return None

    def signature(self) -> Result:
        """Step 3."""
        failed = "the signature does not hold"
        case = self._files.small(layout.CASE)
        signature = self._files.small(layout.SIGNATURE)
        pairs = ((layout.CASE, case), (layout.SIGNATURE, signature))
        absent = [self._files.absent(name) for name, data in pairs if data is None]
        if case is None or signature is None:
            return failed, absent
        if self.key is None:
            raise SkipStep("no readable site key")
        if not _has_size(self.key, signature):
            wrong = f"{len(signature)} bytes long, where a signature has {_size_of(self.key)}"
            return failed, [Finding(layout.SIGNATURE, wrong)]
        if not self.key.verify(signature, case):
            return failed, self._blame(case)
        second = self._second_signature(case)
        if second is not None:
            return "the second signature does not hold", [second]
        self.hold = True
        if self.second is None:
            return "case.json carries a valid signature of the site key", []
        return f"case.json carries valid signatures of the site key and of a second key, {self.second.algorithm}", []

    def fault_in_naming(self, case: CaseManifest) -> Finding | None:
        """What is wrong where `case.json` does not name exactly the keys that signed it."""
        if self.key is None or (case.algorithm, case.key_fingerprint) != (self.key.algorithm, self.key.fingerprint):
            return Finding(layout.CASE, "it names another key than the one that signed it")
        if case.second is not None and self.second is None:
            return Finding(layout.SECOND_SIGNATURE, "it is missing: case.json says that there is a second signature")
        if self.second is not None and case.second != (self.second.algorithm, self.second.fingerprint):
            return Finding(layout.CASE, "it names another second key than the one that signed it")
        return None

    def _second_signature(self, case: bytes) -> Finding | None:
        """What is wrong with it; None also where there is none. Both its files are there, or neither."""
        signature, pem = self._files.small(layout.SECOND_SIGNATURE), self._files.small(layout.SECOND_KEY)
        if signature is None and pem is None:
            return None
        if signature is None or pem is None:
            return self._files.absent(layout.SECOND_SIGNATURE if signature is None else layout.SECOND_KEY)
        try:
            key = pubkey.from_pem(pem)
        except ValueError as error:
            return Finding(layout.SECOND_KEY, str(error))
        if key.pem != pem:
            return Finding(layout.SECOND_KEY, "the key is not written in its one exact form")
        if key == self.key:
            return Finding(layout.SECOND_KEY, "it is the site key again, and no second one")
        if not key.verify(signature, case):
            # The first signature holds, so case.json says which of the two files is another than it was.
            if self._listed(case, layout.SECOND_KEY) == self._files.digest(layout.SECOND_KEY).sha256:
                return Finding(layout.SECOND_SIGNATURE, "it is not the signature that was made over case.json")
            return Finding(layout.SECOND_KEY, "it is not the key that signed case.json")
        self.second = key
        return None

    def _blame(self, case: bytes) -> list[Finding]:
        """Which of the three files changed, by the hashes that the others still hold."""
        tags = layout.parse_manifest(self._files.small(layout.TAG_MANIFEST) or b"")
        trio = (layout.CASE, layout.SIGNATURE, layout.SITE_KEY)
        changed = [name for name in trio if name in tags and tags[name] != self._files.digest(name).sha256]
        if not changed:
            listed = self._listed(case, layout.SITE_KEY)
            replaced = listed is not None and listed != self._files.digest(layout.SITE_KEY).sha256
            changed = [layout.SITE_KEY if replaced else layout.CASE]
        what = {
            layout.CASE: "it is not what was signed: the signature does not belong to these bytes",
            layout.SIGNATURE: "it is not the signature that was made over case.json",
            layout.SITE_KEY: "it is not the key that signed case.json",
        }
        return [Finding(name, what[name]) for name in changed]

    def _listed(self, case: bytes, name: str) -> str | None:
        """The SHA-256 of a file that a `case.json` lists, to find a culprit by, and for nothing else."""
        try:
            return read_manifest(case).files[name].sha256
        except (ValueError, KeyError):
            return None


def _size_of(key: PublicKey) -> str:
    return str(layout.SIGNATURE_SIZE) if key.algorithm == layout.ED25519 else f"8 to {layout.MAX_SIGNATURE_SIZE}"


def _has_size(key: PublicKey, signature: bytes) -> bool:
    if key.algorithm == layout.ED25519:
        return len(signature) == layout.SIGNATURE_SIZE
    return 8 <= len(signature) <= layout.MAX_SIGNATURE_SIZE
