"""Turns sections into a PDF. Nothing is fetched: what the page names is handed over, and all else is refused."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import jinja2
from markupsafe import Markup
from PIL import ImageFile

from evidence_export.errors import EvidenceError
from evidence_export.report.blocks import ReportLanguage, Section
from evidence_export.report.glyphs import BUNDLED, SYSTEM, bundled_font, shown
from evidence_export.words import Said

SCHEME = "papers:"
_HASH = re.compile(r"[0-9a-f]{64}")
_PACKAGES = "libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-noto-cjk"


class ReportError(EvidenceError):
    """A report that cannot be made."""


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the template needs. `resources`: name -> media type and content, of what the page shows."""

    title: Said
    case_id: str
    code: str
    made_at: str
    """ISO 8601 in UTC, to the second: what the PDF names as the time of its making."""
    head: Mapping[str, Any]
    sections: tuple[Section, ...]
    resources: Mapping[str, tuple[str, bytes]]


def render(page: Page, language: ReportLanguage) -> bytes:
    """The PDF; the same page gives the same bytes. Raises ReportError where the libraries it needs are not there."""
    try:
        with warnings.catch_warnings():
            # A system without fonts is none that it has to be warned of: one is handed over.
            warnings.filterwarnings("ignore", "No fonts configured")
            import weasyprint
            from weasyprint.text.fonts import FontConfiguration
            from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse
    except (ImportError, OSError) as error:
        # WeasyPrint loads Pango when it is imported, and says with OSError which library it lacks.
        raise ReportError(
            f"the libraries that make PDFs are not there ({str(error).splitlines()[0][:200]})",
            remedy=f"Install them: sudo apt-get install -y {_PACKAGES}",
        ) from error
    # WeasyPrint sets it for the whole process, and then nothing there notices that a picture was cut off.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    resources = {**page.resources, "font": ("font/otf", bundled_font())}

    class Handed(URLFetcher):  # type: ignore[misc]
        def fetch(self, url: str, headers: object = None) -> object:
            kind, data = resources.get(url.removeprefix(SCHEME), ("", b"")) if url.startswith(SCHEME) else ("", b"")
            if not kind:
                raise FatalURLFetchingError(f"a report fetches nothing: {url[:80]}")
            return URLFetcherResponse(url, data, {"Content-Type": kind})

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No fonts configured")
        fonts = FontConfiguration()
    document = weasyprint.HTML(string=html(page, language), url_fetcher=Handed(), media_type="print")
    identifier = hashlib.sha256(f"{page.case_id} {page.code}".encode()).digest()[:16]
    try:
        written = document.write_pdf(font_config=fonts, pdf_identifier=identifier)
    except FatalURLFetchingError as error:
        raise ReportError(f"the report names something that it may not show ({error})", where=page.case_id) from error
    assert isinstance(written, bytes), "no target was named"
    return written


def html(page: Page, language: ReportLanguage) -> str:
    """The page as HTML, every value escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_template),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    environment.globals |= {
        "say": _say(language),
        "is_hash": _is_hash,
        "lang": language.value,
        "fonts": Markup(f"'{BUNDLED}', '{SYSTEM}'"),
    }
    return environment.get_template("report.html").render(page=page)


def _template(name: str) -> str:
    return files("evidence_export.report").joinpath("templates", name).read_text("utf-8")


def _is_hash(said: Said) -> bool:
    """Whether it is, or holds, a hash: it is set smaller, so that it fits on its line."""
    return _HASH.search(said.zh) is not None


def _visible(value: Any) -> Any:
    return value if isinstance(value, Markup) else shown(str(value))


def _say(language: ReportLanguage) -> Any:
    def say(said: Said | str) -> Markup:
        """A statement in the report's language; in both, English beneath, once where the two are the same."""
        if isinstance(said, str):
            said = Said.quoted(said)
        zh, en = (Markup.escape(shown(one)) for one in (said.zh, said.en))
        if language is ReportLanguage.ZH:
            return zh
        if language is ReportLanguage.EN:
            return en
        return zh if zh == en else Markup('{}<span class="en" lang="en">{}</span>').format(zh, en)

    return say
