"""What the steps of a verification share: the bundle's files, each read and hashed once, and how a step ends early."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from evidence_export.bag import layout
from evidence_export.bag.digest import Digests, digest_bytes
from evidence_export.bag.forms import Form
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.report import Finding

Result = tuple[str, list[Finding]]
"""What a step established, and what is wrong."""


class SkipStep(Exception):
    """The step rests on one that failed."""


class NotCheckedError(Exception):
    """This machine lacks what the step takes. Nothing was found wrong."""


class BlameError(Exception):
    """The step cannot go on because of one file."""

    def __init__(self, finding: Finding, detail: str = "a file cannot be read") -> None:
        super().__init__(finding)
        self.finding = finding
        self.detail = detail


@contextmanager
def blaming(name: str, detail: str = "not readable") -> Iterator[None]:
    """Whatever is found wrong with a file's content, as ValueError, is that file's fault."""
    try:
        yield
    except (ValueError, RecursionError) as error:
        raise BlameError(Finding(name, printable(str(error))), detail) from error


class Files:
    """The files of one container. Its methods raise BlameError where a file cannot be read."""

    def __init__(self, container: Container, form: Form) -> None:
        self.form = form
        self._box = container
        self._digests: dict[str, Digests] = {}
        tags = (*form.tag_files, form.second_signature, layout.TAG_MANIFEST, *layout.KEY_FILES)
        self._limits = {**dict.fromkeys(tags, layout.MAX_TAG_BYTES), form.manifest: layout.MAX_CASE_BYTES}

    def small(self, name: str, limit: int = layout.MAX_TAG_BYTES) -> bytes | None:
        """The whole of a small file; None where it is absent. `limit` in bytes, where it is no tag or key file."""
        if name not in self._box.files:
            return None
        limit = self._limits.setdefault(name, limit)
        self._check_size(name)
        try:
            data = self._box.read(name, limit)
        except OSError as error:
            raise self._unreadable(name, error) from error
        if name not in self._digests:
            self._digests[name] = digest_bytes(data)
        return data

    def digest(self, name: str) -> Digests:
        """The digests of a file that is there."""
        if name not in self._digests:
            self._check_size(name)
            try:
                self._digests[name] = self._box.digest(name)
            except OSError as error:
                raise self._unreadable(name, error) from error
        return self._digests[name]

    def digest_at_hand(self, name: str) -> str | None:
        """The SHA-256 of a file that was looked at."""
        return self._digests[name].sha256 if name in self._digests else None

    def absent(self, name: str) -> Finding:
        return Finding(printable(name), "it is missing")

    def _check_size(self, name: str) -> None:
        """A tag file of many gigabytes must not keep the verifier busy, let alone fill its memory."""
        limit = self._limits.get(name)
        if limit is not None and self._box.files[name] > limit:
            raise BlameError(Finding(name, f"it is larger than {limit} bytes; no bundle has such a file"))

    def _unreadable(self, name: str, error: OSError) -> BlameError:
        return BlameError(Finding(printable(name), f"it cannot be read ({error.strerror or error})"))
