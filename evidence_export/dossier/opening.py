"""Opens a bundle for its papers: verified first, and every file compared again when it is read."""

from __future__ import annotations

import hashlib
from pathlib import Path

from evidence_export.bag import layout
from evidence_export.dossier.values import Dossier
from evidence_export.errors import EvidenceError
from evidence_export.verifier import verify
from evidence_export.verifier.container import Container, FolderContainer
from evidence_export.verifier.manifest import ListedFile, read_manifest
from evidence_export.verifier.zipcontainer import ZipContainer

_MOST = 256 << 20


class DossierError(EvidenceError):
    """A case that no papers can be made of."""


class _Files:
    def __init__(self, bundle: Path, container: Container, listed: dict[str, ListedFile]) -> None:
        self._bundle = bundle
        self._box = container
        self._listed = listed

    def __call__(self, path: str) -> bytes:
        listed = self._listed.get(path)
        try:
            if listed is None or path not in self._box.files:
                raise DossierError("the bundle has no such file", where=path, remedy="`streetproof verify` says more")
            data = self._box.read(path, min(listed.size, _MOST))
        except OSError as error:
            raise DossierError(
                f"it cannot be read ({error.strerror or error})", where=f"{self._bundle.name}/{path}"
            ) from error
        if hashlib.sha256(data).hexdigest() != listed.sha256:
            raise DossierError(
                "it has changed since the bundle was verified, or is larger than papers can take",
                where=f"{self._bundle.name}/{path}",
                remedy="Verify the bundle with `streetproof verify`",
            )
        return data


def open_dossier(bundle: Path, *, trusted_key: str | Path | None = None) -> Dossier:
    """The dossier of a bundle, folder or zip, with nothing but what it holds itself.

    Raises NotABundleError where it is none, DossierError where it does not verify.
    """
    report = verify(bundle, trusted_key=trusted_key)
    if report.recheck is not None:
        raise DossierError("this is a re-check, and no case", where=str(bundle), remedy="Give the case's bundle")
    if not report.ok or report.manifest_sha256 is None:
        blame = next((step for step in report.steps if step.findings), report.steps[0])
        raise DossierError(
            f"the bundle does not verify ({blame.title}: {blame.culprit or blame.detail}), and no paper is made of it",
            where=str(bundle),
            remedy="`streetproof verify` says what is wrong with it",
        )
    try:
        container: Container = FolderContainer(bundle) if bundle.is_dir() else ZipContainer(bundle)
        data = container.read(layout.CASE, layout.MAX_CASE_BYTES)
    except OSError as error:
        raise DossierError(f"it cannot be read ({error.strerror or error})", where=str(bundle)) from error
    if hashlib.sha256(data).hexdigest() != report.manifest_sha256:
        raise DossierError("it changed while it was read", where=str(bundle), remedy="Run the same command again")
    manifest = read_manifest(data)
    root = manifest.root
    assert isinstance(root, dict), "it was verified"
    return Dossier(root, report.manifest_sha256, _Files(bundle, container, dict(manifest.files)))
