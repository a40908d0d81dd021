"""Puts the commands together and turns errors into one clear message and an exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from streetproof.cli import (
    access,
    batch,
    cases,
    config,
    copies,
    databases,
    dataset,
    demo,
    evaluate,
    export,
    import_,
    keys,
    ledger,
    mask,
    models,
    models_make,
    outliers,
    plates,
    procedure,
    recheck,
    recordings,
    register,
    replay,
    report,
    retention,
    run,
    status,
    vehicles,
    verifier,
    verify,
    whatif,
    zones,
)
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
app.command(epilog=run.EPILOG)(run.run)
app.command(epilog=replay.EPILOG)(replay.replay)
app.command(epilog=whatif.EPILOG)(whatif.whatif)
app.command(epilog=evaluate.EPILOG)(evaluate.evaluate)
app.command(epilog=verify.EPILOG)(verify.verify)
app.command(epilog=verifier.EPILOG)(verifier.verifier)
app.command(epilog=export.EPILOG)(export.export)
app.command("import", epilog=import_.EPILOG)(import_.import_)
app.command(epilog=mask.EPILOG)(mask.mask)
app.add_typer(cases.app, name="cases")
app.command(epilog=report.EPILOG)(report.report)
app.command(epilog=recheck.EPILOG)(recheck.recheck)
app.command(epilog=outliers.EPILOG)(outliers.outliers)
app.command(epilog=register.EPILOG)(register.register)
app.command(epilog=status.EPILOG)(status.status)
app.command(epilog=vehicles.EPILOG)(vehicles.vehicles)
app.add_typer(access.app, name="access")
app.add_typer(config.app, name="config")
app.add_typer(copies.app, name="copies")
app.add_typer(databases.app, name="database")
app.add_typer(keys.app, name="keys")
models.app.command(epilog=models_make.TRAIN_EPILOG)(models_make.train)
models.app.command(epilog=models_make.EXPORT_EPILOG)(models_make.export)
app.add_typer(models.app, name="models")
app.add_typer(dataset.app, name="dataset")
app.add_typer(ledger.app, name="ledger")
app.add_typer(plates.app, name="plates")
app.add_typer(procedure.app, name="procedure")
app.add_typer(recordings.app, name="recordings")
app.add_typer(retention.app, name="retention")
app.add_typer(zones.app, name="zones")


def main() -> None:
    """The entry point of the command `streetproof`."""
    try:
        app()
    except StreetproofError as error:
        print_error(error)
        # What stands under `models` are checks: what they refuse has failed. All else could not be done.
        sys.exit(Exit.FAILED if sys.argv[1:2] == ["models"] else Exit.ERROR)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
