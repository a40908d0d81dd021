"""Verifies evidence bundles. Needs Python's standard library and `cryptography`, nothing else.

`verify` judges one bundle, `verify_all` every bundle below a folder; `python -m evidence_export.verifier` does it from
a shell. Nothing is written, unpacked or fetched.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from evidence_export.bag import forms, layout
from evidence_export.bag.zipform import END_SIGN, LOCAL_SIGN
from evidence_export.errors import NotABundleError
from evidence_export.verifier.code import with_code
from evidence_export.verifier.container import Container, FolderContainer
from evidence_export.verifier.key import Trust, trust_of
from evidence_export.verifier.recheck import RecheckVerification
from evidence_export.verifier.release import ReleaseVerification
from evidence_export.verifier.report import Finding, Outcome, Step, Verdict, VerificationReport
from evidence_export.verifier.steps import Verification, unreadable
from evidence_export.verifier.zipcontainer import ZipContainer

__all__ = ["Finding", "Outcome", "Step", "Verdict", "VerificationReport", "find_bundles", "verify", "verify_all"]

_MARKS = (*forms.CASE.tag_files, *forms.RELEASE.tag_files, *forms.RECHECK.tag_files, layout.TAG_MANIFEST)
_MAX_SEARCH_DEPTH = 4
_AGE = b"age-encryption.org/"
"""What a file that age has locked begins with."""


def verify(
    path: Path,
    *,
    trusted_key: str | Path | None = None,
    crl: Path | None = None,
    tsa_ca: Path | None = None,
    code: str | None = None,
    made_here: bool = False,
) -> VerificationReport:
    """Verify the one bundle at `path`, a folder or a zip: a sealed case, a release that
    carries one, or a re-check of one.

    `trusted_key` is the fingerprint of a public key or of an authority's certificate (64 hex characters), or the path
    of either in PEM form; without it the report says that nobody vouched for the key. `crl` is the path of the
    authority's revocation list, `tsa_ca` that of root certificates of time-stamping authorities. `code` is an
    anti-forgery code as somebody typed it from a sheet: it must be of this case. Raises NotABundleError where `path`
    is nothing that could be a bundle, or where one of the others cannot be read. Whatever is wrong inside a bundle is
    told by the report and never raised. `made_here`: for whoever has just made it, and took both hashes of each file.
    Bytes that have the same SHA-256 are the same, so SM3, which takes most of the time, is not taken again.
    """
    return _verify(path, trust_of(trusted_key, crl, tsa_ca), code, with_sm3=not made_here)


def verify_all(
    path: Path,
    *,
    trusted_key: str | Path | None = None,
    crl: Path | None = None,
    tsa_ca: Path | None = None,
    code: str | None = None,
) -> tuple[VerificationReport, ...]:
    """Verify the bundle at `path`, or every bundle in the folder `path`, in the order of their paths.

    Raises NotABundleError as `verify` does, and where the folder holds no bundle.
    """
    trust = trust_of(trusted_key, crl, tsa_ca)
    try:
        bundles = find_bundles(path)
    except OSError as error:
        raise _no_bundle(path, f"it cannot be looked at ({error.strerror})") from error
    return tuple(_verify(bundle, trust, code) for bundle in bundles)


def find_bundles(path: Path) -> tuple[Path, ...]:
    """`path` itself where it is a bundle, else the bundles in it, up to four folders down.

    Links are not followed; drafts (`*.partial`) are passed over. Raises NotABundleError where there is none.
    """
    if path.is_dir() and not _is_bundle_folder(path):
        found = tuple(_search(path, _MAX_SEARCH_DEPTH))
        if not found:
            raise _no_bundle(path, "neither a bundle nor a folder with bundles in it")
        return found
    return (path,)


def _verify(path: Path, trust: Trust, code: str | None, *, with_sm3: bool = True) -> VerificationReport:
    try:
        container: Container
        if path.is_dir():
            if not _is_bundle_folder(path):
                raise _no_bundle(path, "a folder without any of a bundle's files")
            container = FolderContainer(path, with_sm3=with_sm3)
        elif path.is_file():
            if not _is_zip(path):
                raise _locked(path) if _is_locked(path) else _no_bundle(path, "neither a folder nor a zip")
            container = ZipContainer(path, with_sm3=with_sm3)
        else:
            raise _no_bundle(path, "no such file or folder" if not path.exists() else "neither a folder nor a zip")
    except OSError as error:
        return unreadable(path, [Finding(path.name, f"it cannot be read ({error.strerror or error})")])
    run = _run_of(container.files)(path, container, trust)
    report = run.run()
    return report if code is None else with_code(report, run.case, report.manifest_sha256, code)


def _run_of(
    files: Mapping[str, int],
) -> type[Verification] | type[ReleaseVerification] | type[RecheckVerification]:
    """By the manifest that is there; what has lost its manifest is a damaged case, or by its signature a re-check."""
    if layout.RELEASE in files:
        return ReleaseVerification
    named = {forms.RECHECK.manifest, forms.RECHECK.signature} & set(files)
    return RecheckVerification if named and layout.CASE not in files else Verification


def _no_bundle(path: Path, what: str) -> NotABundleError:
    return NotABundleError(
        what, where=str(path), remedy="Give the folder that holds bagit.txt and case.json, or the zip of it"
    )


def _locked(path: Path) -> NotABundleError:
    return NotABundleError(
        "locked with a password; `age -d -o FILE.zip FILE.zip.age` opens it (age-encryption.org)",
        where=str(path),
        remedy="Open it, then give the zip that comes out",
    )


def _is_bundle_folder(path: Path) -> bool:
    """Any one of the fixed files is enough: a bundle that lost its bagit.txt is a damaged bundle."""
    return any(os.path.lexists(path / name) for name in _MARKS)


def _is_zip(path: Path) -> bool:
    if path.suffix.lower() == ".zip":
        return True
    with path.open("rb") as stream:
        if stream.read(4) == LOCAL_SIGN:
            return True
        stream.seek(max(0, path.stat().st_size - 22))
        return stream.read(4) == END_SIGN


def _is_locked(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_AGE)) == _AGE


def _search(folder: Path, depth: int) -> list[Path]:
    found: list[Path] = []
    try:
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return found
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink() or entry.name.endswith(".partial"):
            continue
        if entry.is_dir():
            if _is_bundle_folder(path):
                found.append(path)
            elif depth > 1:
                found += _search(path, depth - 1)
        elif entry.is_file() and path.suffix.lower() == ".zip":
            found.append(path)
    return found
