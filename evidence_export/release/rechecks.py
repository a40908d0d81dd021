"""A re-check that a release carries: which of its files go."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence_export.bag import forms, layout, releases
from evidence_export.bag.releases import Profile
from evidence_export.bagging import Part
from evidence_export.errors import SealError
from evidence_export.release.interface import RecheckFact
from evidence_export.verifier import verify

_WHY = "people or vehicles that are not part of the case may be seen in it"


@dataclass(frozen=True, slots=True)
class CarriedRecheck:
    """One that verifies. `manifest` is its parsed `recheck.json`."""

    path: Path
    sha256: str
    key_fingerprint: str
    manifest: dict[str, Any]

    def fact(self, folder: str, profile: Profile) -> RecheckFact:
        """What `release.json` says of it."""
        return RecheckFact(folder, self.sha256, self.key_fingerprint, self._withheld(profile))

    def parts(self, folder: str, profile: Profile) -> Iterator[Part]:
        """Its files, but those that the receiver does not get."""
        outside = [layout.RECHECK, forms.RECHECK.signature, layout.TAG_MANIFEST]
        if self.manifest["seal"].get("second"):
            outside.append(forms.RECHECK.second_signature)
        names = {*outside, *(one["path"] for one in self.manifest["files"])} - set(self._withheld(profile))
        for name in sorted(names):
            yield Part(f"{folder}{name}", "recheck", self.path / name)

    def _withheld(self, profile: Profile) -> dict[str, tuple[str, str]]:
        """Of an outgoing release every picture: nobody has masked them."""
        if profile is Profile.FULL:
            return {}
        kept = releases.KEPT_ROLES
        return {one["path"]: (one["sha256"], _WHY) for one in self.manifest["files"] if one["role"] not in kept}


def opened_recheck(folder: Path, sha256: str) -> CarriedRecheck:
    """The re-check in a folder, whose `recheck.json` must have that hash. Raises SealError where it does not verify or
    is another one, OSError where it cannot be read."""
    report = verify(folder)
    if not report.ok or report.recheck is None or report.recheck.sha256 != sha256:
        culprits = ", ".join(report.culprits[:3]) or "it is another one"
        raise SealError(
            f"a re-check of this case is no longer what was kept ({culprits})",
            where=str(folder),
            remedy="Bring it back from a backup",
        )
    assert report.key_fingerprint is not None, "it verified"
    manifest: dict[str, Any] = json.loads((folder / layout.RECHECK).read_bytes())
    return CarriedRecheck(folder, sha256, report.key_fingerprint, manifest)
