"""Object stores: a folder of our own, and by obstore an S3 bucket, or memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from streetproof.objects.folder import FolderStore
from streetproof.objects.interface import Kept, ObjectError, ObjectStore

if TYPE_CHECKING:
    from obstore.store import ObjectStore as Raw
    from obstore.store import RetryConfig

MAX_BYTES = 4 << 30
_CHUNK = 8 << 20
_PART = 5 << 20
"""Of an object that is sent in parts: the smallest that S3 takes, and held in memory one at a time."""
_TIMEOUT = timedelta(seconds=30)
_INSTALL = "Install what it needs with: pip install 'streetproof[s3]'"


class Obstore:
    """One store of obstore's."""

    def __init__(self, raw: Raw, label: str) -> None:
        self._raw = raw
        self.label = label

    def __repr__(self) -> str:
        return f"<objects {self.label}>"

    def put(self, key: str, source: Path) -> bool:
        """See `ObjectStore`. Whoever reads sees all of it or nothing.

        Up to 5 MiB it is one request, and the store itself refuses to replace. Above that it goes in parts, which
        obstore cannot put without replacing: that nothing is there is asked before. Two that put the same key at the
        same time can then both win, and the later one stays.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError

        size = source.stat().st_size
        if size > MAX_BYTES:
            raise self._error(f"an object has no more than {MAX_BYTES >> 30} GiB", key)
        with self._told(key):
            if size <= _PART:
                try:
                    obstore.put(self._raw, key, source, mode="create", use_multipart=False)
                except AlreadyExistsError:
                    return self._must_be(key, source)
                return True
            if self.size_of(key) is not None:
                return self._must_be(key, source)
            obstore.put(self._raw, key, source, use_multipart=True, chunk_size=_PART, max_concurrency=1)
            if self.size_of(key) != size:
                raise self._error("what is there is not as long as what was put", key)
        return True

    def _must_be(self, key: str, source: Path) -> bool:
        """False, as `put` says it, where the same bytes are there."""
        if self._sha256(key) != _sha256_of(source):
            raise self._error("something else is there under this name, and is left as it is", key)
        return False

    def size_of(self, key: str) -> int | None:
        """See `ObjectStore`."""
        import obstore

        with self._told(key):
            try:
                return int(obstore.head(self._raw, key)["size"])
            except FileNotFoundError:
                return None

    def fetch(self, key: str, to: Path) -> None:
        """See `ObjectStore`."""
        import obstore

        with self._told(key), to.open("wb") as out:
            for chunk in obstore.get(self._raw, key).stream(min_chunk_size=_CHUNK):
                out.write(chunk)

    def all(self, prefix: str = "") -> Iterator[Kept]:
        """See `ObjectStore`."""
        import obstore

        with self._told(prefix):
            for batch in obstore.list(self._raw, prefix or None):
                yield from (Kept(one["path"], one["size"]) for one in batch)

    def _sha256(self, key: str) -> str:
        import obstore

        found = hashlib.sha256()
        for chunk in obstore.get(self._raw, key).stream(min_chunk_size=_CHUNK):
            found.update(chunk)
        return found.hexdigest()

    @contextmanager
    def _told(self, key: str) -> Iterator[None]:
        """Errors of obstore tell URLs, and those of some servers tell keys: only their kind is passed on."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, OSError) as error:
            raise self._error(f"the store cannot be used ({type(error).__name__})", key) from None

    def _error(self, what: str, key: str) -> ObjectError:
        return ObjectError(
            what, where=f"{self.label}/{key}", remedy="Check its address, credentials and free space; it is tried again"
        )


def store_at(url: str, environment: Mapping[str, str], options: Mapping[str, str | None]) -> ObjectStore:
    """The store that a URL means: `file:///folder`, `s3://bucket/prefix`.

    `options`: `endpoint`, `region`, and `access_key_env` and `secret_key_env`, the names of variables of `environment`.
    Where they say nothing, AWS_ENDPOINT_URL and AWS_REGION do.
    Raises ObjectError where there is no such kind, a variable is not set, or obstore, which buckets need, is not
    installed.
    """
    parts = urlsplit(url)
    path = unquote(parts.path)
    if parts.scheme == "file" and not parts.netloc:
        try:
            return FolderStore(Path(path), url.rstrip("/"))
        except OSError as error:
            raise ObjectError(
                f"the folder cannot be used ({error.strerror or type(error).__name__})", where=path,
                remedy="Check that it exists and may be written to",
            ) from error  # fmt: skip
    if parts.scheme != "s3" or not parts.netloc or parts.username:
        raise ObjectError(
            "it is no address of an object store", where=url, remedy="Write s3://bucket/prefix or file:///folder"
        )
    try:
        from obstore.store import S3Store
    except ImportError as error:
        raise ObjectError("buckets need the package obstore", where=url, remedy=_INSTALL) from error
    given: dict[str, Any] = {"client_options": {"timeout": _TIMEOUT, "connect_timeout": timedelta(seconds=10)}}
    endpoint = options.get("endpoint") or environment.get("AWS_ENDPOINT_URL")
    if endpoint is not None:
        given |= {"endpoint": endpoint, "virtual_hosted_style_request": False}
        given["client_options"]["allow_http"] = endpoint.startswith("http://")
    for name, option in (("access_key_id", "access_key_env"), ("secret_access_key", "secret_key_env")):
        variable = options.get(option)
        if variable is not None:
            given[name] = _secret(environment, variable, url)
    given["region"] = options.get("region") or environment.get("AWS_REGION") or "us-east-1"
    retry: RetryConfig = {"max_retries": 2, "retry_timeout": timedelta(seconds=20)}
    raw = S3Store(parts.netloc, prefix=path.strip("/") or None, retry_config=retry, **given)
    return Obstore(raw, url.rstrip("/"))


def _secret(environment: Mapping[str, str], variable: str, url: str) -> str:
    found = environment.get(variable)
    if not found:
        raise ObjectError(
            f"the variable {variable} is not set", where=url, remedy=f"Set {variable} where the program is started"
        )
    return found


def _sha256_of(path: Path) -> str:
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            found.update(chunk)
    return found.hexdigest()
