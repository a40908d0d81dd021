"""`streetproof database`: from SQLite files into PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.words import Language, Said
from streetproof.cli.language import language_of
from streetproof.cli.options import Json
from streetproof.cli.output import err, out, print_json

MOVE_EPILOG = (
    "Example: streetproof database move site.yaml --data streetproof-data    "
    "Exit codes: 0 moved · 2 usage · 4 nothing was moved; the message says why · "
    "130 interrupted: run it again"
)
_WHICH = {"state database": Said("状态数据库", "state database"), "ledger": Said("存证日志", "ledger")}

app = typer.Typer(help="The databases of a data folder 数据库: SQLite files in it, or PostgreSQL.")


@app.callback()
def group() -> None:
    """Commands about the databases of a data folder."""


@app.command(epilog=MOVE_EPILOG)
def move(
    site: Annotated[Path, typer.Argument(help="The site file (YAML), which names the `database`.", show_default=False)],
    data: Annotated[Path, typer.Option("--data", "-d", help="The data folder, whose databases are files so far.")],
    as_json: Json = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Move them into the PostgreSQL database that the site file names: copied, compared row by row, files put aside.

    Stop the daemon first. Where it is interrupted, run it again: until then either the files are what counts, or every
    command refuses to write.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from streetproof.databases import moving
    from streetproof.settings.load import load_site

    language = lang or language_of(os.environ)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
        transient=True,
    )
    with bar:
        tasks = {which: bar.add_task(said.to(language), total=None) for which, said in _WHICH.items()}

        def told(which: str, done: int, of: int) -> None:
            bar.update(tasks[which], completed=done, total=of)

        done = moving.move(data, load_site(site), by=_account(), told=told)
    if as_json:
        print_json({"database": done.database, "rows": done.rows, "aside": str(done.aside)})
        return
    said = Said(
        f"✓ {done.rows} 行已移入 {done.database}，逐行比对一致；原文件存放于 {done.aside}",
        f"✓ {done.rows} rows are in {done.database}, each compared; the files are in {done.aside}",
    )
    out.print(said.to(language), markup=False)
    after = Said(
        "请运行 `streetproof ledger check` 后再启动守护进程",
        "Run `streetproof ledger check`, then start the daemon again",
    )
    out.print(after.to(language), style="dim", markup=False)


def _account() -> str:
    """The account at this server that types the command."""
    import getpass

    try:
        return f"account {getpass.getuser()}"
    except (OSError, KeyError):
        return f"account {os.getuid()}"
