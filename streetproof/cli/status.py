"""`streetproof status`: how the daemon and its cameras are, now; on a terminal, as it changes."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import SplitResult, urlsplit

import typer
from rich.console import Console
from rich.live import Live
from rich.text import Text

from evidence_export.words import Language, Said
from streetproof.cli import status_words as words
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import out, print_error, print_json
from streetproof.cli.status_client import StatusError, age_of, fetch, understood

if TYPE_CHECKING:
    from streetproof.daemon.snapshot import DaemonSnapshot

EPILOG = (
    "Example: streetproof status site.yaml    "
    "Exit codes: 0 the daemon answered · 2 usage · 4 it does not answer; the message says what to do. "
    "Ctrl-C ends watching"
)
_DEFAULT_URL = "http://127.0.0.1:8750"
_STALE_S = 10.0
_REDRAW_S = 0.5
_PLAIN_WIDTH = 160


def status(
    site: Annotated[Path | None, typer.Argument(help="The site file (YAML), to know where the daemon listens.")] = None,
    url: Annotated[str | None, typer.Option(help=f"Where it listens instead; default: {_DEFAULT_URL}.")] = None,
    once: Annotated[bool, typer.Option("--once", help="Show it once, all cameras, also on a terminal.")] = False,
    as_json: Json = False,
    interval: Annotated[float, typer.Option(min=0.2, max=3600, help="Seconds between two looks.")] = 1.0,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Show how the running daemon and each of its cameras are: those in trouble first.

    On a terminal the table follows what happens until Ctrl-C. Elsewhere, with --once or with --json, it is shown once.
    """
    if site is not None and url is not None:
        raise typer.BadParameter("give SITE or --url, not both", param_hint="--url")
    language = lang or language_of(os.environ)
    try:
        where = _checked(url) if url is not None else _of_site(site) if site is not None else _checked(_DEFAULT_URL)
        document = fetch(where)
        if as_json:
            print_json(document)
            return
        first = understood(document, where)
    except StatusError as error:
        if as_json:
            raise  # what is for programs stays as it is, whoever starts them
        raise error.to(language) from error
    if once or not out.is_terminal:
        width = out.width if out.is_terminal or os.environ.get("COLUMNS") else _PLAIN_WIDTH
        for line in drawn(first, age_of(first, where), language=language, width=width, height=None):
            out.print(line)
        return
    _watch(where, first, interval, language)


def drawn(snapshot: DaemonSnapshot, age_s: float, *, language: Language, width: int, height: int | None) -> list[Text]:
    """The table; where the snapshot is old, without colours that would make it look like the present."""
    from streetproof.cli.status_table import lines_of
    from streetproof.cli.wrapping import wrapped

    if age_s <= _STALE_S:
        return lines_of(snapshot, language=language, width=width, height=height, age_s=age_s)
    warning = wrapped(words.old(age_s).to(language), width, "bold red")
    room = None if height is None else max(1, height - len(warning))
    lines = lines_of(snapshot, language=language, width=width, height=room, age_s=age_s)
    return [*warning, *(Text(line.plain, "dim") for line in lines)][:height]


def unanswered(error: StatusError, since_s: float, *, language: Language, width: int) -> list[Text]:
    """In place of the table while the daemon does not answer: what was true before is not shown as if it were now."""
    from streetproof.cli.wrapping import wrapped

    return [
        *wrapped(words.no_answer(since_s, error.said).to(language), width, "bold red"),
        *wrapped(f"  {error.where}", width, "dim"),
        *wrapped(f"  -> {error.todo.to(language)}", width, "cyan", indent="     "),
        *wrapped(words.UNCERTAIN.to(language), width),
    ]


@dataclass(slots=True)
class _Watch:
    """What is on the screen, made anew at every refresh: ages go on, and a new size of the window is taken up."""

    where: SplitResult
    console: Console
    language: Language
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
            error = self.error or StatusError(words.NO_ANSWER_YET, Said.quoted(""))
            lines = unanswered(error, since_s, language=self.language, width=width)
        else:
            age_s = self.age_s + since_s
            lines = drawn(self.snapshot, age_s, language=self.language, width=width, height=height)
        return Text("\n").join(lines)


def _watch(where: SplitResult, first: DaemonSnapshot, interval: float, language: Language) -> None:
    """Until Ctrl-C. Raises typer.Exit with ERROR where the daemon did not answer in the end."""
    watch = _Watch(where, out, language, time.monotonic_ns(), first, age_of(first, where))
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
            print_error(watch.error.to(language))
            raise typer.Exit(Exit.ERROR) from None


def _of_site(site: Path) -> SplitResult:
    from streetproof.settings.load import load_site

    host, port = load_site(site).site.live.address
    if port == 0:
        raise StatusError(*words.ANY_PORT, where=str(site))
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
