"""The papers of a release: composite sheet, report, and the photograph of the sign."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from evidence_export.bag import releases
from evidence_export.bagging import Part
from evidence_export.dossier.values import Dossier
from evidence_export.errors import SealError
from evidence_export.masking.stills import png_of, read_photo
from evidence_export.release.carried import CarriedCase
from evidence_export.report.blocks import ReportLanguage
from evidence_export.report.making import report_pdf
from evidence_export.report.signing import Signing
from evidence_export.sheet import sheet_png

_PNG = b"\x89PNG"


def dossier_of(carried: CarriedCase, masked: Mapping[str, bytes]) -> Dossier:
    """The dossier of a case that is released. `masked`: path in the case -> the copy that is shown instead."""
    sealed = {listed["path"]: listed["sha256"] for listed in carried.manifest["files"]}

    def read(path: str) -> bytes:
        if path in masked:
            return masked[path]
        data = carried.read(path)
        if hashlib.sha256(data).hexdigest() != sealed.get(path):
            raise SealError("a file of the sealed case was changed while it was read", where=path)
        return data

    return Dossier(carried.manifest, carried.manifest_sha256, read)


def outgoing(dossier: Dossier, entries: frozenset[int]) -> Dossier:
    """What whoever is outside may see of it: of the custody only the entries that the release carries, and of the
    photograph that the site publishes of its camera's sign the picture alone, upright, without place, time and device.

    Raises MaskError where that is no picture.
    """
    photo = dossier.sign_photo
    return replace(
        dossier,
        custody=tuple(one for one in dossier.custody or () if one.number in entries),
        custody_whole=False,
        sign_photo=None if photo is None else png_of(read_photo(photo, "the photograph of the camera's sign")),
    )


def papers_of(dossier: Dossier, signing: Signing, language: ReportLanguage) -> list[Part]:
    """The parts. Raises DossierError, ReportError, SigningKeyError."""
    sheet = sheet_png(dossier)
    pdf = report_pdf(dossier, sheet, language, signing)
    case = f"{releases.CASE}case.json"
    found = [
        Part(releases.SHEET, "sheet", sheet, case, "pictures of the case on one sheet, with an information bar"),
        Part(releases.REPORT, "report", pdf, case, "what the case says, and what the ledger tells of it, as a report"),
    ]
    photo = dossier.sign_photo
    if photo is not None:
        name = f"data/sign.{'png' if photo.startswith(_PNG) else 'jpg'}"
        found.append(Part(name, "sign_photo", photo))
    return found
