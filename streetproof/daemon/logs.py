"""Logs of the daemon: one JSON object per line on standard error, or lines for people where that is a terminal.

`structlog.get_logger().bind(camera=...)` and the standard library's `logging` end in the same lines. Every process
calls `configure` once. What repeats is written again only at growing intervals, with a count; secrets are left out
even where a library repeats them.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, TextIO

import structlog

from streams.instant import NS_PER_S, Instant, iso_utc
from streetproof.daemon.secrets import Secret, redact
from streetproof.errors import StreetproofError

FIRST_PAUSE_NS = 60 * NS_PER_S
LONGEST_PAUSE_NS = 6 * 3600 * NS_PER_S
QUIET_NS = 15 * 60 * NS_PER_S
"""What did not happen for so long is news when it happens again. Longer than the usual pause between two attempts."""
_MAX_KEYS = 4096
_MAX_TEXT = 2000
_MAX_IDENTITY = 200
_MAX_TRACE = 8000
_MAX_ITEMS = 64
_MAX_DEPTH = 4
_NUMBERS = re.compile(r"\d+(?:\.\d+)?")
_EXACT = ("camera", "case", "rule", "process")
"""Digits in these tell one thing from another; in other texts they are figures that change from time to time."""
_LEADING = ("at", "level", "event", "process", "pid", "camera", "case")
_OURS = ("streams", "models", "vision", "evidence_export", "streetproof")
_COLOURS = {"debug": "2", "warning": "33", "error": "31", "critical": "1;31"}


@dataclass(slots=True)
class _Seen:
    next_ns: int
    pause_ns: int
    last_ns: int
    left_out: int = 0


class RateLimit:
    """Lets the first of identical events through, then one at growing intervals that says how many were left out.

    Identical means: same level, event, camera, case and texts; numbers may differ. `clock_ns` is monotonic. What is
    remembered is bounded: the events that did not happen for longest are forgotten first.
    """

    def __init__(self, clock_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock_ns = clock_ns
        self._lock = threading.RLock()  # a finaliser may log while this thread logs
        self._seen: OrderedDict[tuple[object, ...], _Seen] = OrderedDict()

    def __call__(self, logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """A structlog processor. `every_time=True` in an event asks for no limit; critical events have none."""
        if event.pop("every_time", False) or method == "critical":
            return event
        with self._lock:
            left_out = self._admit(_identity(method, event), self._clock_ns())
        if left_out is None:
            raise structlog.DropEvent
        if left_out:
            event["repeated"] = left_out
        return event

    def _admit(self, key: tuple[object, ...], now: int) -> int | None:
        """How many were left out before this one; None: leave this one out too."""
        seen = self._seen.pop(key, None)
        if seen is None:
            seen = _Seen(next_ns=now + FIRST_PAUSE_NS, pause_ns=FIRST_PAUSE_NS, last_ns=now)
            left_out: int | None = 0
        elif now >= seen.next_ns or now - seen.last_ns >= QUIET_NS:
            quiet = now - seen.last_ns >= QUIET_NS
            left_out, seen.left_out = seen.left_out, 0
            seen.pause_ns = FIRST_PAUSE_NS if quiet else min(2 * seen.pause_ns, LONGEST_PAUSE_NS)
            seen.next_ns, seen.last_ns = now + seen.pause_ns, now
        else:
            seen.left_out += 1
            seen.last_ns, left_out = now, None
        self._seen[key] = seen
        while len(self._seen) > _MAX_KEYS:
            self._seen.popitem(last=False)
        return left_out


def configure(
    process: str = "hub",
    *,
    level: str = "info",
    stream: TextIO | None = None,
    human: bool | None = None,
    wall_ns: Callable[[], int] = time.time_ns,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> None:
    """Send all logs of this process to `stream` (standard error), from `level` on. A second call replaces the first.

    `process` says who speaks: `hub`, `camera-1`. `human` None: whether the stream is a terminal decides. Exceptions
    that nobody caught are logged as well, as critical.
    """
    numeric = logging.getLevelNamesMapping()[level.upper()]
    target = stream if stream is not None else sys.stderr
    for_people = target.isatty() if human is None else human
    colours = for_people and target.isatty() and not os.environ.get("NO_COLOR")

    def stamp(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        event["at"], event["level"] = iso_utc(wall_ns()), "error" if method == "exception" else method
        event.setdefault("process", process)
        event["pid"] = os.getpid()
        return event

    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            _in_parts,
            RateLimit(monotonic_ns),
            stamp,
            _explain,
            _plain_values,
            _for_people(colours=colours) if for_people else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(numeric),
        logger_factory=lambda *_: _Writer(target),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    _remove_handler(root)
    root.addHandler(_ToStructlog())
    # Libraries tell much at `info`, an HTTP client each request.
    root.setLevel(max(numeric, logging.WARNING))
    for package in _OURS:
        logging.getLogger(package).setLevel(numeric)
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = _log_uncaught_in_thread


def reset() -> None:
    """Undo `configure`."""
    structlog.reset_defaults()
    root = logging.getLogger()
    _remove_handler(root)
    root.setLevel(logging.WARNING)
    for package in _OURS:
        logging.getLogger(package).setLevel(logging.NOTSET)
    logging.captureWarnings(False)
    sys.excepthook = sys.__excepthook__
    threading.excepthook = threading.__excepthook__


def plain(value: object, depth: int = 0) -> Any:
    """`value` as bounded JSON values without secrets. What is no plain value becomes its text."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON knows no infinity
    if isinstance(value, Secret):
        return str(value)
    if isinstance(value, str):
        return _cut(redact(str(value)), _MAX_TEXT)
    if isinstance(value, Instant):
        return value.isoformat()
    if depth < _MAX_DEPTH:
        if isinstance(value, Mapping):
            return {plain(str(key)): plain(item, depth + 1) for key, item in list(value.items())[:_MAX_ITEMS]}
        if isinstance(value, list | tuple | set | frozenset):
            return [plain(item, depth + 1) for item in list(value)[:_MAX_ITEMS]]
    return _cut(redact(str(value)), _MAX_TEXT)


class _Writer:
    """Writes each line in one go, so that lines of several processes do not mix. A lost log stops no recording."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, message: str) -> None:
        try:
            self._stream.write(message + "\n")
            self._stream.flush()
        except (OSError, ValueError):  # the reader is gone, the disk is full, the stream was closed
            return

    debug = info = warning = error = exception = critical = msg


class _ToStructlog(logging.Handler):
    """The standard library's records, as events like all others."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event = record.getMessage()
        except (TypeError, ValueError):  # a library whose arguments do not fit its own message
            event = str(record.msg)
        level = min(max(record.levelno // 10 * 10, logging.DEBUG), logging.CRITICAL)
        fields: dict[str, Any] = {"logger": record.name}
        if record.exc_info and record.exc_info[0] is not None:
            fields["exc_info"] = record.exc_info
        # A per cent sign in the event must not be taken for a place to fill in: it is passed without arguments.
        structlog.get_logger().log(level, event, **fields)


def _identity(method: str, event: Mapping[str, Any]) -> tuple[object, ...]:
    texts = sorted(
        (key, (value if key in _EXACT else _NUMBERS.sub("#", value))[:_MAX_IDENTITY])
        for key, value in event.items()
        if isinstance(value, str)
    )
    return method, *texts


def _in_parts(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """An error of ours as what, where and remedy."""
    given = event.get("error")
    if isinstance(given, StreetproofError):
        parts = {"error": given.what, "where": given.where, "remedy": given.remedy}
        event.update({key: value for key, value in parts.items() if value})
    return event


def _explain(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Exceptions as text, never with the values of local variables."""
    wanted = event.pop("exc_info", None)
    if wanted is None and method == "exception":
        wanted = True
    if wanted is True:
        wanted = sys.exc_info()
    error = wanted[1] if isinstance(wanted, tuple) else wanted
    if isinstance(error, BaseException):
        event["exception"] = "".join(traceback.format_exception(error)).rstrip()
    return event


def _plain_values(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    trace = event.pop("exception", None)
    leading = {key: plain(event[key]) for key in _LEADING if key in event}
    others = {plain(str(key)): plain(event[key]) for key in list(event)[:_MAX_ITEMS] if key not in _LEADING}
    if trace is not None:
        # The end of a traceback says what happened.
        others["exception"] = redact(str(trace))[-_MAX_TRACE:]
    return {**leading, **others}


def _as_json(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, allow_nan=False)


def _for_people(*, colours: bool) -> Callable[[object, str, MutableMapping[str, Any]], str]:
    def render(logger: object, method: str, event: MutableMapping[str, Any]) -> str:
        clock = f"{datetime.fromisoformat(event.pop('at')).astimezone():%H:%M:%S}"
        level, trace = event.pop("level"), event.pop("exception", "")
        event.pop("pid", None)
        who = event.pop("camera", None) or event.pop("process", "")
        event.pop("process", None)
        said = _printable(str(event.pop("event", "")))
        rest = "  ".join(f"{key}={_printable(_shown(value))}" for key, value in event.items())
        colour = _COLOURS.get(level, "")
        tag = f"\x1b[{colour}m{level:<8}\x1b[0m" if colours and colour else f"{level:<8}"
        line = f"{clock} {tag} {_printable(str(who)):<12} {said}" + (f"  {rest}" if rest else "")
        return line + ("\n" + "\n".join(map(_printable, str(trace).splitlines())) if trace else "")

    return render


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _printable(text: str) -> str:
    """Without control characters: what a camera calls itself must not drive the terminal."""
    return "".join(one if one.isprintable() else f"\\x{ord(one):02x}" for one in text)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


def _remove_handler(root: logging.Logger) -> None:
    for handler in [handler for handler in root.handlers if isinstance(handler, _ToStructlog)]:
        root.removeHandler(handler)


def _log_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    structlog.get_logger().critical("crashed", exc_info=(kind, error, trace))


def _log_uncaught_in_thread(arguments: threading.ExceptHookArgs) -> None:
    if arguments.exc_type is SystemExit or arguments.exc_value is None:
        return
    thread = arguments.thread.name if arguments.thread else None
    structlog.get_logger().critical("a thread crashed", thread=thread, exc_info=arguments.exc_value)
