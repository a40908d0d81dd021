"""Steps 2 and 3: the keys in a bundle, and their signatures over the bytes of the manifest. Nothing is interpreted here
but the keys themselves."""

from __future__ import annotations

from collections.abc import Callable

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.verifier.files import Files, Result, SkipStep
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import SealedManifest
from evidence_export.verifier.report import Finding


class Signatures:
    """`key` and `second`: the keys that were found; `hold`: every signature that is there is valid."""

    def __init__(self, files: Files, trust: Trust, read: Callable[[bytes], SealedManifest]) -> None:
        """`read` reads the manifest; it raises ValueError."""
        self._files = files
        self._form = files.form
        self._read = read
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
            return "its certificate is to be of the trusted authority, see below", None
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
        manifest = self._files.small(self._form.manifest)
        signature = self._files.small(self._form.signature)
        pairs = ((self._form.manifest, manifest), (self._form.signature, signature))
        absent = [self._files.absent(name) for name, data in pairs if data is None]
        if manifest is None or signature is None:
            return failed, absent
        if self.key is None:
            raise SkipStep("no readable site key")
        if not _has_size(self.key, signature):
            wrong = f"{len(signature)} bytes long, where a signature has {_size_of(self.key)}"
            return failed, [Finding(self._form.signature, wrong)]
        if not self.key.verify(signature, manifest):
            return failed, self._blame(manifest)
        second = self._second_signature(manifest)
        if second is not None:
            return "the second signature does not hold", [second]
        self.hold = True
        name = self._form.manifest
        if self.second is None:
            return f"{name} carries a valid signature of the site key", []
        return f"{name} carries valid signatures of the site key and of a second key, {self.second.algorithm}", []

    def fault_in_naming(self, manifest: SealedManifest) -> Finding | None:
        """What is wrong where the manifest does not name exactly the keys that signed it."""
        if self.key is None or (manifest.algorithm, manifest.key_fingerprint) != (
            self.key.algorithm,
            self.key.fingerprint,
        ):
            return Finding(self._form.manifest, "it names another key than the one that signed it")
        if manifest.second is not None and self.second is None:
            return Finding(
                self._form.second_signature,
                f"it is missing: {self._form.manifest} says that there is a second signature",
            )
        if self.second is not None and manifest.second != (self.second.algorithm, self.second.fingerprint):
            return Finding(self._form.manifest, "it names another second key than the one that signed it")
        return None

    def _second_signature(self, manifest: bytes) -> Finding | None:
        """What is wrong with it; None also where there is none. Both its files are there, or neither."""
        signature, pem = self._files.small(self._form.second_signature), self._files.small(layout.SECOND_KEY)
        if signature is None and pem is None:
            return None
        if signature is None or pem is None:
            return self._files.absent(self._form.second_signature if signature is None else layout.SECOND_KEY)
        try:
            key = pubkey.from_pem(pem)
        except ValueError as error:
            return Finding(layout.SECOND_KEY, str(error))
        if key.pem != pem:
            return Finding(layout.SECOND_KEY, "the key is not written in its one exact form")
        if key == self.key:
            return Finding(layout.SECOND_KEY, "it is the site key again, and no second one")
        if not key.verify(signature, manifest):
            # The first signature holds, so the manifest says which of the two files is another than it was.
            if self._listed(manifest, layout.SECOND_KEY) == self._files.digest(layout.SECOND_KEY).sha256:
                return Finding(
                    self._form.second_signature, f"it is not the signature that was made over {self._form.manifest}"
                )
            return Finding(layout.SECOND_KEY, f"it is not the key that signed {self._form.manifest}")
        self.second = key
        return None

    def _blame(self, manifest: bytes) -> list[Finding]:
        """Which of the three files changed, by the hashes that the others still hold."""
        tags = layout.parse_manifest(self._files.small(layout.TAG_MANIFEST) or b"")
        trio = (self._form.manifest, self._form.signature, layout.SITE_KEY)
        changed = [name for name in trio if name in tags and tags[name] != self._files.digest(name).sha256]
        if not changed:
            listed = self._listed(manifest, layout.SITE_KEY)
            replaced = listed is not None and listed != self._files.digest(layout.SITE_KEY).sha256
            changed = [layout.SITE_KEY if replaced else self._form.manifest]
        what = {
            self._form.manifest: "it is not what was signed: the signature does not belong to these bytes",
            self._form.signature: f"it is not the signature that was made over {self._form.manifest}",
            layout.SITE_KEY: f"it is not the key that signed {self._form.manifest}",
        }
        return [Finding(name, what[name]) for name in changed]

    def _listed(self, manifest: bytes, name: str) -> str | None:
        """The SHA-256 of a file that a manifest lists, to find a culprit by, and for nothing else."""
        try:
            return self._read(manifest).files[name].sha256
        except (ValueError, KeyError):
            return None


def _size_of(key: PublicKey) -> str:
    return str(layout.SIGNATURE_SIZE) if key.algorithm == layout.ED25519 else f"8 to {layout.MAX_SIGNATURE_SIZE}"


def _has_size(key: PublicKey, signature: bytes) -> bool:
    if key.algorithm == layout.ED25519:
        return len(signature) == layout.SIGNATURE_SIZE
    return 8 <= len(signature) <= layout.MAX_SIGNATURE_SIZE
