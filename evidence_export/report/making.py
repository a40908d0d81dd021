"""Makes a report: its pages from a dossier, and the signature over them."""

from __future__ import annotations

from io import BytesIO

from evidence_export.dossier.facts import Facts
from evidence_export.dossier.told import instant, text
from evidence_export.dossier.values import Dossier
from evidence_export.report.blocks import ReportLanguage
from evidence_export.report.content import head_of, sections_of
from evidence_export.report.rendering import Page, ReportError, render
from evidence_export.report.signing import Signing, sign, signing_said
from evidence_export.report.sketch import sketches
from evidence_export.report.timeline import timeline
from evidence_export.words import Said
from streams.instant import to_datetime

__all__ = ["ReportError", "ReportLanguage", "Signing", "report_pdf"]

TITLE = Said("案件证据报告", "Case evidence report")


def report_pdf(
    dossier: Dossier, sheet: bytes, language: ReportLanguage = ReportLanguage.BOTH, signing: Signing | None = None
) -> bytes:
    """The report as PDF. `sheet`: the composite sheet as PNG.

    Its dates are those of the seal: the same dossier gives the same bytes, but for the signature of an ECDSA key, which
    has a random part. Signed where `signing` has a key that can; else the report says that it is not. Raises
    ReportError, DossierError, SigningKeyError.
    """
    try:
        facts = Facts(dossier.case)
    except ValueError as error:
        raise ReportError(f"case.json cannot be told ({error})", where=dossier.case_id) from error
    drawn = sketches(dossier, facts)
    line = timeline(facts)
    resources = {
        "sheet": ("image/png", sheet),
        "qr": ("image/svg+xml", qr(dossier)),
        **{f"sketch-{number}": ("image/svg+xml", one.svg.encode()) for number, one in enumerate(drawn)},
        **({} if line is None else {"timeline": ("image/svg+xml", line.encode())}),
    }
    sealed = instant(dossier.case, "seal", "sealed_at")
    page = Page(
        title=TITLE,
        case_id=dossier.case_id,
        code=dossier.code,
        made_at="1970-01-01T00:00:00Z" if sealed is None else f"{to_datetime(sealed.utc_ns):%Y-%m-%dT%H:%M:%SZ}",
        head=head_of(dossier, facts),
        sections=sections_of(dossier, facts, [one.caption for one in drawn], line is not None, signing_said(signing)),
        resources=resources,
    )
    pdf = render(page, language)
    if signing is None:
        return pdf
    return sign(pdf, signing, f"{text(dossier.case, 'site', 'id') or ''} {dossier.case_id}"[:200])


def qr(dossier: Dossier) -> bytes:
    """The QR code as SVG: case id, SHA-256 of case.json, anti-forgery code, one on each line."""
    import segno

    words = f"streetproof\ncase {dossier.case_id}\nsha256 {dossier.manifest_sha256}\ncode {dossier.code}"
    out = BytesIO()
    segno.make(words, error="m", micro=False).save(out, kind="svg", scale=4, border=2, xmldecl=False, svgns=True)
    return out.getvalue()
