"""What every bag in the making needs: its parts, their hashes, tag files, seal and signatures.

Releases and re-checks are made with it; each says itself what goes in and what its manifest tells.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence_export.bag import canonical, layout
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import digest_file
from evidence_export.bag.forms import Form
from evidence_export.errors import SealError
from evidence_export.keys.interface import SealingKeys
from evidence_export.keys.sealing import key_files, seal_of, signatures_of
from evidence_export.made import BagFile, Seal
from evidence_export.verifier import verify
from streams.instant import Instant


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a bag. `content`: where it lies, or its bytes.

    `parent`: what it was made from, a path in the bag, or `case:` and a path within the case of a release, or
    `recording:` and a SHA-256; with `transform`, how.
    """

    path: str
    role: str
    content: Path | bytes
    parent: str | None = None
    transform: str | None = None


class BagDraft:
    """One bag in the making, in a folder of its own. Its methods raise OSError where the disk refuses."""

    def __init__(self, folder: Path, name: str, form: Form) -> None:
        """`name`: what the bag is called, for people who read of an error."""
        self._folder = folder
        self._name = name
        self._form = form
        self._files: list[BagFile] = []

    @property
    def files(self) -> list[BagFile]:
        """What the manifest will list, as far as it is there."""
        return list(self._files)

    def add(self, parts: Iterable[Part]) -> None:
        """Write files. Raises SealError for a path that no bag has, or that is taken."""
        for part in parts:
            to = self._folder / part.path
            if not layout.is_path(part.path) or to.exists():
                raise SealError(f"{part.path} cannot be a part of a bundle, or stands there twice", where=self._name)
            to.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(part.content, bytes):
                to.write_bytes(part.content)
            else:
                shutil.copyfile(part.content, to)
            self.note(part.path, part.role, part.parent, part.transform)

    def add_keys(self, keys: SealingKeys) -> None:
        """The certificates, and the second public key, where there are any."""
        self.add(Part(path, role, data) for path, (role, data) in key_files(keys).items())

    def note(self, path: str, role: str, parent: str | None = None, transform: str | None = None) -> BagFile:
        """List a file that lies there."""
        file = BagFile(path, role, digest_file(self._folder / path), parent, transform)
        self._files.append(file)
        return file

    def seal(
        self,
        keys: SealingKeys,
        sealed_at: Instant,
        build: Callable[[Sequence[BagFile], Seal], JsonObject],
        *,
        info: bytes,
        readme: bytes,
        pages: Iterable[Part] = (),
    ) -> str:
        """Write what lies beside the payload, and return the SHA-256 of the manifest, which `build` makes.

        Raises SigningKeyError, SealError.
        """
        payload = {file.path: file.digests.sha256 for file in self._files}
        self.add(
            [
                Part(layout.BAGIT, "bagit", layout.BAGIT_TEXT),
                Part(layout.BAG_INFO, "bagit", info),
                Part(layout.MANIFEST, "bagit", layout.manifest_bytes(payload)),
                Part(layout.README, "readme", readme),
                Part(layout.SITE_KEY, "public_key", keys.first.public_key_pem),
                *pages,
            ]
        )
        try:
            manifest = canonical.dumps(build(self._files, seal_of(keys, sealed_at)))
        except ValueError as error:
            raise SealError(f"it cannot be written as canonical JSON ({error})", where=self._name) from error
        outside = {self._form.manifest: manifest, **signatures_of(keys, manifest, self._form)}
        for path, data in outside.items():
            (self._folder / path).write_bytes(data)
        tags = {file.path: file.digests.sha256 for file in self._files if file.path in self._form.tag_files}
        tags |= {path: digest_file(self._folder / path).sha256 for path in outside}
        (self._folder / layout.TAG_MANIFEST).write_bytes(layout.manifest_bytes(tags))
        return hashlib.sha256(manifest).hexdigest()


def must_verify(path: Path, keys: SealingKeys) -> None:
    """See that a bag that was made just now verifies, as it stands there. Raises SealError."""
    report = verify(path, trusted_key=keys.first.fingerprint, made_here=True)
    if not report.ok:
        findings = "; ".join(f"{one.culprit}: {one.what}" for step in report.steps for one in step.findings)
        raise SealError(f"the new bundle does not verify ({findings})", where=str(path), remedy="Check the disk")
