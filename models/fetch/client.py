"""One HTTP client for indexes and addresses, and reading from it with a bound and without telling secrets."""

from __future__ import annotations

import hashlib
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import httpx2
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import PyPIClient

from models.errors import FetchError, ModelRefusedError
from models.fetch.interface import Progress, Report, redacted
from models.fetch.pip_config import IndexSettings

CHUNK = 1 << 18
# At these libraries' lower levels an index address is written out with its password, or a signed one with its token.
_TALKATIVE = ("unearth.auth", "httpx2", "httpcore2")
MOST_REDIRECTS = 5


@contextmanager
def client(settings: IndexSettings) -> Iterator[PyPIClient]:
    """A client that trusts what pip trusts and never asks at the terminal. Raises FetchError for bad certificates."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    verify: ssl.SSLContext | bool = True
    if settings.certificates is not None:
        place = settings.certificates
        try:
            verify = (
                ssl.create_default_context(capath=str(place))
                if place.is_dir()
                else ssl.create_default_context(cafile=str(place))
            )
        except (OSError, ssl.SSLError) as error:
            raise FetchError(
                f"the certificates to trust cannot be read ({error.strerror})",
                where=str(place),
                remedy="Check PIP_CERT, SSL_CERT_FILE and the option `cert` in pip's configuration.",
            ) from error
    with PyPIClient(trusted_hosts=settings.trusted_hosts, verify=verify, timeout=settings.timeout_s) as session:
        session.auth = MultiDomainBasicAuth(prompting=False, index_urls=list(settings.index_urls))
        yield session


def download(session: PyPIClient, url: str, out: IO[bytes], *, size: int, https_only: bool, report: Report) -> str:
    """Write what lies at `url` to `out`, and return its SHA-256 as hex.

    `size` bytes are expected; more are not read. Raises FetchError where the server fails or the stream is too short,
    ModelRefusedError where it is too long.
    """
    where = redacted(url)
    digest = hashlib.sha256()
    done = 0
    report(Progress("download", 0, size))
    try:
        with _opened(session, url, https_only) as response:
            if response.status_code != 200:
                raise FetchError(f"the server answered {response.status_code}", where=where, remedy=_remedy(response))
            for chunk in response.iter_bytes(CHUNK):
                done += len(chunk)
                if done > size:
                    raise ModelRefusedError(f"the file is larger than the {size} bytes expected", where=where)
                digest.update(chunk)
                out.write(chunk)
                report(Progress("download", done, size))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        # The text of a transport error may quote the address, so only its kind is told.
        raise FetchError(
            f"the download failed after {done} of {size} bytes ({type(error).__name__})",
            where=where,
            remedy="Check the network, the proxy and the certificates, then try again.",
        ) from None
    if done < size:
        raise FetchError(f"the download ended after {done} of {size} bytes", where=where, remedy="Try again.")
    return digest.hexdigest()


@contextmanager
def _opened(session: PyPIClient, url: str, https_only: bool) -> Iterator[httpx2.Response]:
    # The archive itself is wanted: a compressed transfer would be undone on the way and could grow without bound.
    request = session.build_request("GET", url, headers={"Accept-Encoding": "identity"})
    for _ in range(MOST_REDIRECTS):
        if https_only and request.url.scheme != "https":
            raise FetchError("the address is not, or leads away from, https", where=redacted(str(request.url)))
        response = session.send(request, stream=True, follow_redirects=False)
        try:
            if response.next_request is None:
                yield response
                return
            request = response.next_request
        finally:
            response.close()
    raise FetchError(f"more than {MOST_REDIRECTS} redirections", where=redacted(url))


def _remedy(response: httpx2.Response) -> str:
    if response.status_code in (401, 403, 407):
        return "Put the credentials for it where pip finds them."
    return "Try again later, or fetch the file elsewhere and pull it from a path."
