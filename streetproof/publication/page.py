"""The register as a page for an office's website: one file, nothing from elsewhere, and it prints."""

from __future__ import annotations

from datetime import date

import jinja2

from streetproof.publication.content import WORDS, PublicCamera, is_internal
from streetproof.settings.site import Site

_SHOWN = [name for name in WORDS if name not in ("road", "gb28181_id")]


def page(site: Site, cameras: list[PublicCamera], today: date) -> str:
    """The page as of `today`, a date at the site."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("streetproof.publication", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    roads: dict[str | None, list[PublicCamera]] = {}
    for one in cameras:
        roads.setdefault(one.road, []).append(one)
    contact = site.publication.contact
    return environment.get_template("register.html").render(
        office=site.site.name,
        today=today.isoformat(),
        total=len(cameras),
        roads=list(roads.items()),
        words=WORDS,
        shown=[*_SHOWN, *(["gb28181_id"] if site.publication.gb28181_ids else [])],
        contact=None if contact is None or is_internal(contact) else contact,
    )
