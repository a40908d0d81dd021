"""The sealed case that a release carries: which of its files go, and bringing them there."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag import layout, releases
from evidence_export.errors import SealError
from evidence_export.release.interface import Profile
from evidence_export.verifier import verify

_WHY = "people or vehicles that are not part of the case may be seen in it; a masked copy is carried where there is one"


@dataclass(frozen=True, slots=True)
class CarriedCase:
    """A sealed bundle that was verified. `manifest` is its parsed `case.json`."""

    path: Path
    case_id: str
    manifest_sha256: str
    key_fingerprint: str
    manifest: dict[str, Any]

    def withheld(self, profile: Profile) -> dict[str, tuple[str, str]]:
        """Path -> SHA-256 and reason, of the files that the receiver does not get.

        Of an outgoing release that is every file that shows the street, and the sightings, which tell of all that was
        seen there; the close-up of the plate stays, because it is what the case is about.
        """
        if profile is Profile.FULL:
            return {}
        return {
            listed["path"]: (listed["sha256"], _WHY)
            for listed in self.manifest["files"]
            if listed["role"] not in releases.KEPT_ROLES
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
        if self.path.is_dir():
            shutil.copyfile(self.path / name, to)
            return
        with (
            zipfile.ZipFile(self.path) as packed,
            packed.open(f"{self.case_id}/{name}") as source,
            to.open("wb") as out,
        ):
            shutil.copyfileobj(source, out)

    def read(self, name: str) -> bytes:
        """The bytes of one file. Raises OSError."""
        if self.path.is_dir():
            return (self.path / name).read_bytes()
        with zipfile.ZipFile(self.path) as packed:
            return packed.read(f"{self.case_id}/{name}")


def opened(bundle: Path) -> CarriedCase:
    """The case in a sealed bundle that verifies. Raises SealError where it does not, NotABundleError for no bundle."""
    report = verify(bundle)
    if not report.ok or report.case_id is None or report.release_id is not None:
        culprits = ", ".join(report.culprits[:3]) or "it is no sealed case"
        raise SealError(
            f"the sealed case does not verify ({culprits})",
            where=str(bundle),
            remedy=f"Look at it with: streetproof verify {bundle}",
        )
    assert report.manifest_sha256 is not None and report.key_fingerprint is not None, "it verified"
    found = CarriedCase(bundle, report.case_id, report.manifest_sha256, report.key_fingerprint, {})
    try:
        data = found.read(layout.CASE)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise SealError(f"the sealed case cannot be read ({error})", where=str(bundle)) from error
    if hashlib.sha256(data).hexdigest() != report.manifest_sha256:
        raise SealError("the sealed case was changed while it was read", where=str(bundle))
    return CarriedCase(bundle, report.case_id, report.manifest_sha256, report.key_fingerprint, json.loads(data))
