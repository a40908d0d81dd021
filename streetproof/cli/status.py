"""`streetproof status`: how the daemon and its cameras are, now; on a terminal, as it changes."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import SplitResult, urlsplit

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from streetproof.cli.exits import Exit
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_error, print_json
from streetproof.errors import StreetproofError

if TYPE_CHECKING:
    from streetproof.daemon.snapshot import DaemonSnapshot

EPILOG = (
    "Example: streetproof status site.yaml    "
    "Exit codes: 0 the daemon answered · 2 usage · 4 it does not answer; the message says what to do. "
    "Ctrl-C ends watching"
)
_DEFAULT_URL = "http://127.0.0.1:8750"
_TIMEOUT_S = 3.0
_MAX_ANSWER = 32 * 1024 * 1024
_STALE_S = 10.0
_REDRAW_S = 0.5
_PLAIN_WIDTH = 160


class StatusError(StreetproofError):
    """The daemon does not answer, or not with what a daemon of this version answers."""


def status(
    site: Annotated[Path | None, typer.Argument(help="The site file (YAML), to know where the daemon listens.")] = None,
    url: Annotated[str | None, typer.Option(help=f"Where it listens instead; default: {_DEFAULT_URL}.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Show it once, all cameras, also on a terminal.")] = False,
    as_json: Json = False,
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")] = 1.0,
) -> None:
    """Show how the running daemon and each of its cameras are: those in trouble first.

    On a terminal the table follows what happens until Ctrl-C. Elsewhere, with --once or with --json, it is shown once.
    """
    if site is not None and url is not None:
        raise typer.BadParameter("give SITE or --url, not both", param_hint="--url")
    where = _checked(url) if url is not None else _of_site(site) if site is not None else _checked(_DEFAULT_URL)
    document = fetch(where)
    if as_json:
        print_json(document)
        return
    first = understood(document, where)
    if once or not out.is_terminal:
        width = out.width if out.is_terminal or os.environ.get("COLUMNS") else _PLAIN_WIDTH
        for line in drawn(first, age_of(first, where), width=width, height=None):
            out.print(line)
        return
    _watch(where, first, interval)


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
        raise StatusError(
            "the daemon is not running: nobody listens there",
            where=address,
            remedy="Start it with `streetproof run SITE.yaml --data DIR`, or with `systemctl start streetproof`; "
            "`journalctl -u streetproof` says why it ended",
        ) from error
    except TimeoutError as error:
        raise StatusError(
            f"the daemon does not answer within {_TIMEOUT_S:g} s",
            where=address,
            remedy="The machine may be overloaded, or the address wrong; `journalctl -u streetproof` may say more",
        ) from error
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        raise StatusError(
            f"the daemon cannot be asked: {type(error).__name__}",
            where=address,
            remedy="Check the address and that it is a Streetproof daemon that listens there",
        ) from error
    finally:
        connection.close()
    if response.status != http.client.OK or len(body) > _MAX_ANSWER:
        raise StatusError(
            f"the answer is not a daemon's (HTTP {response.status})",
            where=address,
            remedy="Check the address; where it is right, the daemon's log says what is wrong",
        )
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise StatusError(
            "the answer is not JSON", where=address, remedy="Something else than a Streetproof daemon listens there"
        ) from error


def understood(document: Any, where: SplitResult) -> DaemonSnapshot:
    """The answer as a snapshot, every field checked. Raises StatusError."""
    from pydantic import TypeAdapter, ValidationError

    from streetproof.daemon.snapshot import DaemonSnapshot

    try:
        return TypeAdapter(DaemonSnapshot).validate_python(document)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise StatusError(
            f"the answer cannot be understood, at `{place}`",
            where=f"{where.scheme}://{where.netloc}",
            remedy="Daemon and command may be of different versions; `--json` shows the answer as it is",
        ) from error


def age_of(snapshot: DaemonSnapshot, where: SplitResult) -> float:
    """How old a snapshot is, in seconds. On another machine, whose clock may differ, only its arrival is known: 0."""
    from streetproof.clock import now

    if where.hostname not in ("127.0.0.1", "::1", "localhost"):
        return 0.0
    return max(0.0, (now().utc_ns - snapshot.now_ns) / 1e9)


def drawn(snapshot: DaemonSnapshot, age_s: float, *, width: int, height: int | None) -> list[Text]:
    """The table; where the snapshot is old, without colours that would make it look like the present."""
    from streetproof.cli.status_table import ago, lines_of

    if age_s <= _STALE_S:
        return lines_of(snapshot, width=width, height=height, age_s=age_s)
    warning = Text(
        f"OLD: the daemon answers, but its figures are {ago(age_s)} old; it may hang. journalctl -u streetproof",
        "bold red",
    )
    lines = lines_of(snapshot, width=width, height=None if height is None else max(1, height - 1), age_s=age_s)
    warning.truncate(width)
    return [warning, *(Text(line.plain, "dim") for line in lines)]


def unanswered(error: StatusError, since_s: float, *, width: int) -> list[Text]:
    """In place of the table while the daemon does not answer: what was true before is not shown as if it were now."""
    from streetproof.cli.status_table import ago, wrapped

    return [
        *wrapped(f"NO ANSWER for {ago(since_s)}: {error.what}", width, "bold red"),
        *wrapped(f"  {error.where}", width, "dim"),
        *wrapped(f"  -> {error.remedy}", width, "cyan", indent="     "),
        *wrapped("How its cameras are is unknown. Asking again; Ctrl-C ends.", width),
    ]


@dataclass(slots=True)
class _Watch:
    """What is on the screen, made anew at every refresh: ages go on, and a new size of the window is taken up."""

    where: SplitResult
    console: Console
    answered_ns: int
    snapshot: DaemonSnapshot | None
    age_s: float
    error: StatusError | None = None

    def look(self) -> None:
        try:
            self.snapshot = understood(fetch(self.where), self.where)
        except StatusError as error:
            self.snapshot, self.error = None, error
        else:
            self.error, self.answered_ns = None, time.monotonic_ns()
            self.age_s = age_of(self.snapshot, self.where)

    def __rich__(self) -> Text:
        width, height = self.console.size
        since_s = (time.monotonic_ns() - self.answered_ns) / 1e9
        if self.snapshot is None or self.error is not None:
            error = self.error or StatusError("no answer yet")
            lines = unanswered(error, since_s, width=width)
        else:
            lines = drawn(self.snapshot, self.age_s + since_s, width=width, height=height)
        return Text("\n").join(lines)


def _watch(where: SplitResult, first: DaemonSnapshot, interval: float) -> None:
    """Until Ctrl-C. Raises typer.Exit with ERROR where the daemon did not answer in the end."""
    watch = _Watch(where, out, time.monotonic_ns(), first, age_of(first, where))
    try:
        # Asked in a thread of its own: while a hanging daemon is waited for, the age of what is shown goes on growing.
        with ThreadPoolExecutor(1) as asking, Live(watch, console=out, screen=True, auto_refresh=False) as live:
            while True:
                due = time.monotonic() + interval
                while (left := due - time.monotonic()) > 0:
                    live.refresh()
                    time.sleep(min(left, _REDRAW_S))
                answer = asking.submit(watch.look)
                while not wait([answer], timeout=_REDRAW_S).done:
                    live.refresh()
                answer.result()
                live.refresh()
    except KeyboardInterrupt:
        if watch.error is not None:
            print_error(watch.error)
            raise typer.Exit(Exit.ERROR) from None


def _of_site(site: Path) -> SplitResult:
    from streetproof.settings.load import load_site

    host, port = load_site(site).site.live.address
    if port == 0:
        raise StatusError(
            "`live.listen` has port 0: the daemon takes any free one", where=str(site), remedy="Give it with --url"
        )
    # A daemon that listens on every address is asked on this machine.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return urlsplit(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or parts.username is not None:
        raise typer.BadParameter("write http://HOST:PORT, without user name and password", param_hint="--url")
    return parts
