"""Puts the commands together and turns errors into one clear message and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from models.errors import ModelsError
from streetproof.cli import batch, config, demo, models, verify, zones
from streetproof.cli.exits import EPILOG, Exit
from streetproof.cli.output import print_error
from streetproof.errors import StreetproofError
from streetproof.version import __version__

app = typer.Typer(
    name="streetproof",
    help="Camera footage in, self-verifying evidence bundles out. 从街面录像到可自证的证据包。",
    epilog=EPILOG,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"streetproof {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the command."""


app.command(epilog=demo.EPILOG)(demo.demo)
app.command(epilog=batch.EPILOG)(batch.batch)
app.command(epilog=verify.EPILOG)(verify.verify)
app.add_typer(config.app, name="config")
app.add_typer(models.app, name="models")
app.add_typer(zones.app, name="zones")


def main() -> None:
    """The entry point of the command `streetproof`."""
    try:
        app()
    except StreetproofError as error:
        print_error(error)
        # A model that is refused is a failed check; whatever else stops a command is an error.
        sys.exit(Exit.FAILED if isinstance(error, ModelsError) and "models" in sys.argv[1:2] else Exit.ERROR)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
