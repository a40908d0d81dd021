"""`streetproof run`: watch a site's live cameras until told to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streetproof.cli.exits import EPILOG as EXITS
from streetproof.cli.options import Key, Passphrase, Pin, Store, store_at

EPILOG = (
    "Example: streetproof run site.yaml --data /var/lib/streetproof   ·   SIGTERM or Ctrl-C ends it, SIGHUP reads the "
    f"site file again (so does saving it). docs/daemon.md is its manual. {EXITS}"
)


def run(
    site: Annotated[Path, typer.Argument(help="Site file (YAML) with a `stream` for each live camera.")],
    data: Annotated[
        Path, typer.Option("--data", "-d", help="Folder of recordings, cases and the state database.")
    ] = Path("streetproof-data"),
    key: Key = None,
    passphrase: Passphrase = None,
    pin: Pin = None,
    store: Store = None,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only see whether it could start: site, passwords, model, folder; no camera is asked."
        ),
    ] = False,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Watch live cameras: record, time what stands, seal a case for each violation. Runs until it is stopped.

    Logs go to standard error, one JSON object per line (plain lines on a terminal). `streetproof status` shows how it
    is.
    """
    from streetproof.daemon.logs import configure
    from streetproof.daemon.service import DaemonRequest, check_daemon, only_daemon, run_daemon
    from streetproof.keys import key_spec
    from streetproof.settings.load import load_site

    if log_level not in ("debug", "info", "warning", "error"):
        raise typer.BadParameter("write debug, info, warning or error", param_hint="--log-level")
    loaded = load_site(site)
    request = DaemonRequest(
        loaded=loaded, data=data.absolute(), key=key_spec(loaded, key, passphrase, pin), models=store_at(store)
    )
    if check:
        check_daemon(request)
        with only_daemon(request.data):
            typer.echo("It can start.")
        return
    configure(level=log_level)
    run_daemon(request)
