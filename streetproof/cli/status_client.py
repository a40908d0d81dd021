"""Asks a daemon how it is, and makes sure that the answer is one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult

from evidence_export.words import Language, Said
from streetproof.cli import status_words as words
from streetproof.errors import StreetproofError

if TYPE_CHECKING:
    from streetproof.daemon.snapshot import DaemonSnapshot

_TIMEOUT_S = 3.0
_MAX_ANSWER = 32 * 1024 * 1024


class StatusError(StreetproofError):
    """The daemon does not answer, or not with what a daemon of this version answers. In English, as all errors are;
    `said` and `todo` hold both languages."""

    def __init__(self, said: Said, todo: Said, *, where: str = "") -> None:
        super().__init__(said.en, where=where, remedy=todo.en)
        self.said = said
        self.todo = todo

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (self.said, self.todo, self.where)

    def to(self, language: Language) -> StreetproofError:
        """The same error for somebody who reads `language`."""
        return StreetproofError(self.said.to(language), where=self.where, remedy=self.todo.to(language))


def _rebuild(said: Said, todo: Said, where: str) -> StatusError:
    return StatusError(said, todo, where=where)


def fetch(where: SplitResult) -> Any:
    """What /status answers, as JSON values. Follows no redirect and asks no proxy. Raises StatusError."""
    import http.client

    address = f"{where.scheme}://{where.netloc}"
    make = http.client.HTTPSConnection if where.scheme == "https" else http.client.HTTPConnection
    connection = make(where.hostname or "", where.port, timeout=_TIMEOUT_S)
    try:
        connection.request("GET", f"{where.path.rstrip('/')}/status", headers={"Accept": "application/json"})
        response = connection.getresponse()
        body = response.read(_MAX_ANSWER + 1)
    except (ConnectionRefusedError, FileNotFoundError) as error:
        raise StatusError(*words.NOT_RUNNING, where=address) from error
    except TimeoutError as error:
        raise StatusError(*words.silent(_TIMEOUT_S), where=address) from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise StatusError(*words.cannot_be_asked(type(error).__name__), where=address) from error
    finally:
        connection.close()
    if response.status != http.client.OK or len(body) > _MAX_ANSWER:
        raise StatusError(*words.not_a_daemons(response.status), where=address)
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise StatusError(*words.NOT_JSON, where=address) from error


def understood(document: Any, where: SplitResult) -> DaemonSnapshot:
    """The answer as a snapshot, every field checked. Raises StatusError."""
    from pydantic import TypeAdapter, ValidationError

    from streetproof.daemon.snapshot import DaemonSnapshot

    try:
        return TypeAdapter(DaemonSnapshot).validate_python(document)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise StatusError(*words.not_understood(place), where=f"{where.scheme}://{where.netloc}") from error


def age_of(snapshot: DaemonSnapshot, where: SplitResult) -> float:
    """How old a snapshot is, in seconds. On another machine, whose clock may differ, only its arrival is known: 0."""
    from streetproof.clock import now

    if where.hostname not in ("127.0.0.1", "::1", "localhost"):
        return 0.0
    return max(0.0, (now().utc_ns - snapshot.now_ns) / 1e9)
