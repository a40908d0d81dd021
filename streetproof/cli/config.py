"""`streetproof config check | schema`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from streetproof.cli.exits import Exit
from streetproof.cli.output import out, print_error, print_json

app = typer.Typer(help="Check a site file, or print its JSON Schema.", no_args_is_help=True, rich_markup_mode=None)


@app.command(
    epilog="Example: streetproof config check configs/demo/site.yaml    Exit codes: 0 valid · 1 mistakes · 2 usage"
)
def check(
    site: Annotated[Path, typer.Argument(help="The site file (YAML).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Say whether a site file is valid, and point at each mistake. Touches no network, camera or model."""
    from streetproof.settings.document import ConfigError
    from streetproof.settings.lint import warnings_of
    from streetproof.settings.load import SiteInvalidError, load_site

    try:
        loaded = load_site(site)
    except SiteInvalidError as error:
        if as_json:
            mistakes = [
                {"line": mistake.line, "location": mistake.location, "message": mistake.message}
                for mistake in error.mistakes
            ]
            print_json({"path": str(site), "valid": False, "mistakes": mistakes, "warnings": []})
        else:
            for mistake in error.mistakes:
                out.print("✗ ", style="bold red", end="")
                out.print(str(mistake), markup=False)
        raise typer.Exit(Exit.FAILED) from error
    except ConfigError as error:
        print_error(error)
        raise typer.Exit(Exit.FAILED) from error
    warnings = warnings_of(loaded.site)
    if as_json:
        print_json({"path": str(site), "valid": True, "mistakes": [], "warnings": list(warnings)})
        return
    for warning in warnings:
        out.print("! ", style="bold yellow", end="")
        out.print(warning, markup=False)
    cameras, policies = len(loaded.site.cameras), len(loaded.site.policies)
    out.print("✓ ", style="bold green", end="")
    out.print(f"{site} is valid: cameras: {cameras}, policies: {policies}; SHA-256 {loaded.sha256[:16]}…", markup=False)


@app.command(epilog="Example: streetproof config schema > site.schema.json    Exit codes: 0 done · 2 usage")
def schema() -> None:
    """Print the JSON Schema of a site file, for editors that complete and check YAML."""
    from streetproof.settings.load import site_schema

    sys.stdout.write(site_schema())
