"""The sealed case that a release carries: which of its files go, and bringing them there."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from evidence_export.bag import forms, layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.errors import SealError
from evidence_export.verifier import verify

_WHY = "people or vehicles that are not part of the case may be seen in it; a masked copy is carried where there is one"


@dataclass(frozen=True, slots=True)
class CarriedCase:
    """A sealed bundle that was verified. `manifest` is its parsed `case.json`.

    `inside`: the folder within `path` that holds it, where that is a release from another department.
    """

    path: Path
    case_id: str
    manifest_sha256: str
    key_fingerprint: str
    manifest: dict[str, Any]
    inside: str = ""

    def withheld(self, profile: Profile) -> dict[str, tuple[str, str]]:
        """Path -> SHA-256 and reason, of the files that the receiver does not get.

        Of an outgoing release that is every file that shows the street, and the sightings, which tell of all that was
        seen there. The close-up of the plate stays, because it is what the case is about; those of other plates do
        not.
        """
        if profile is Profile.FULL:
            return {}
        own = self.manifest["images"].get("plate_close_up")
        return {
            listed["path"]: (listed["sha256"], _WHY)
            for listed in self.manifest["files"]
            if listed["role"] not in releases.KEPT_ROLES and listed["path"] != own
        }

    def names(self, without: frozenset[str]) -> list[str]:
        """The paths of all its files but those."""
        outside = [layout.CASE, layout.SIGNATURE, layout.TAG_MANIFEST]
        if self.manifest["seal"].get("second"):
            outside.append(layout.SECOND_SIGNATURE)
        listed = [one["path"] for one in self.manifest["files"]]
        return sorted({*outside, *listed} - without)

    def copy(self, name: str, to: Path) -> None:
        """One file, byte for byte. Raises OSError."""
        to.parent.mkdir(parents=True, exist_ok=True)
        with self._open(f"{self.inside}{name}") as source, to.open("wb") as out:
            shutil.copyfileobj(source, out)

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises OSError."""
        with self._open(f"{self.inside}{name}") as source:
            return source.read()

    def origin(self) -> list[Part]:
        """What proves where a case from another department came from: its release's manifest, signatures and keys, and
        what it told of that department's ledger."""
        if not self.inside:
            return []
        with self._open(layout.RELEASE) as source:
            data = source.read()
        root = json.loads(data)
        names = [layout.RELEASE, f"{layout.RELEASE}.sig", layout.SITE_KEY]
        names += [forms.RELEASE.second_signature] if root["seal"].get("second") else []
        names += [one["path"] for one in root["files"] if one["path"].startswith((releases.LEDGER_FOLDER, layout.KEYS))]
        return [
            Part(f"{releases.ORIGIN}{name.removeprefix(layout.PAYLOAD)}", "origin", self.outer(name)) for name in names
        ]

    def outer(self, name: str) -> bytes:
        """The bytes of a file of the bundle itself, which is a release where the case lies inside."""
        with self._open(name) as source:
            return source.read()

    @contextmanager
    def _open(self, name: str) -> Iterator[IO[bytes]]:
        if self.path.is_dir():
            with (self.path / name).open("rb") as stream:
                yield stream
            return
        with zipfile.ZipFile(self.path) as packed, packed.open(f"{self.path.stem}/{name}") as stream:
            yield stream


def opened(bundle: Path) -> CarriedCase:
    """The case in a sealed bundle, or in a full release of one, that verifies.

    Raises SealError where it does not, or is not whole; NotABundleError for no bundle.
    """
    report = verify(bundle)
    if report.recheck is not None:
        raise SealError("this is a re-check, and no case", where=str(bundle), remedy="Give the case's bundle")
    case = report if report.release_id is None else report.inner
    if not report.ok or case is None or case.case_id is None:
        culprits = ", ".join(report.culprits[:3])
        raise SealError(
            f"the sealed case does not verify ({culprits})",
            where=str(bundle),
            remedy=f"Look at it with: streetproof verify {bundle}",
        )
    assert case.manifest_sha256 is not None and case.key_fingerprint is not None, "it verified"
    inside = "" if report.release_id is None else releases.CASE
    found = CarriedCase(bundle, case.case_id, case.manifest_sha256, case.key_fingerprint, {}, inside)
    try:
        data = found.read(layout.CASE)
        if inside and json.loads(found.outer(layout.RELEASE))["withheld"]:
            raise SealError(
                "what came from the other department is not whole: it withheld files of the case",
                where=str(bundle),
                remedy="Ask that department for a full release, or have it release the case itself",
            )
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SealError(f"the sealed case cannot be read ({error})", where=str(bundle)) from error
    if hashlib.sha256(data).hexdigest() != case.manifest_sha256:
        raise SealError("the sealed case was changed while it was read", where=str(bundle))
    return replace(found, manifest=json.loads(data))
