"""`streetproof config check | schema`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from streetproof.cli.exits import Exit
from streetproof.cli.output import out, print_error, print_json

if TYPE_CHECKING:
    from streetproof.settings.load import LoadedSite, Mistake

app = typer.Typer(help="Check a site file, or print its JSON Schema.", no_args_is_help=True, rich_markup_mode=None)


def _about_the_model(loaded: LoadedSite) -> list[Mistake]:
    """A model that the catalog does not have, and classes that it does not know. Reads no model file."""
    from models.catalog import load_catalog
    from streetproof.settings.classes import unknown_classes
    from streetproof.settings.load import mistake_at
    from vision.policy import unknown_id

    name, catalog = loaded.site.model.name, load_catalog().models
    if name.endswith((".onnx", ".xml")):
        return []  # a file of the operator's own: known when it is loaded
    if name not in catalog:
        return [mistake_at(loaded.document, ("model", "name"), f"the catalog has {unknown_id('model', name, catalog)}")]
    return [
        mistake_at(loaded.document, location, message)
        for location, message in unknown_classes(loaded.site, catalog[name].classes)
    ]


def _about_the_keys(loaded: LoadedSite) -> list[Mistake]:
    """Keys that cannot be used as the site says. Opens none of them."""
    from streetproof.keys import key_mistakes
    from streetproof.settings.load import mistake_at

    return [mistake_at(loaded.document, location, message) for location, message in key_mistakes(loaded)]


def _ending(loaded: LoadedSite) -> list[Mistake]:
    """Certificates of keys that end soon."""
    from streetproof.keys import key_warnings
    from streetproof.settings.load import mistake_at

    return [mistake_at(loaded.document, location, message) for location, message in key_warnings(loaded)]


def _listed(mistakes: Sequence[Mistake]) -> list[dict[str, str | int]]:
    return [{"line": one.line, "location": one.location, "message": one.message} for one in mistakes]


def _tell(site: Path, mistakes: Sequence[Mistake], *, as_json: bool) -> None:
    if as_json:
        print_json({"path": str(site), "valid": False, "mistakes": _listed(mistakes), "warnings": []})
        return
    for one in mistakes:
        out.print("✗ ", style="bold red", end="")
        out.print(str(one), markup=False)


@app.command(
    epilog="Example: streetproof config check configs/demo/site.yaml    Exit codes: 0 valid · 1 mistakes · 2 usage"
)
def check(
    site: Annotated[Path, typer.Argument(help="The site file (YAML).")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON.")] = False,
) -> None:
    """Say whether a site file is valid, and point at each mistake. Touches no network, camera or model."""
    from streetproof.settings.document import ConfigError
    from streetproof.settings.lint import warnings_at
    from streetproof.settings.load import SiteInvalidError, load_site

    try:
        loaded = load_site(site)
    except SiteInvalidError as error:
        _tell(site, error.mistakes, as_json=as_json)
        raise typer.Exit(Exit.FAILED) from error
    except ConfigError as error:
        print_error(error)
        raise typer.Exit(Exit.FAILED) from error
    mistakes = [*_about_the_model(loaded), *_about_the_keys(loaded)]
    if mistakes:
        _tell(site, mistakes, as_json=as_json)
        raise typer.Exit(Exit.FAILED)
    warnings = [*warnings_at(loaded), *_ending(loaded)]
    if as_json:
        print_json({"path": str(site), "valid": True, "mistakes": [], "warnings": _listed(warnings)})
        return
    for warning in warnings:
        out.print("! ", style="bold yellow", end="")
        out.print(str(warning), markup=False)
    cameras, policies = len(loaded.site.cameras), len(loaded.site.policies)
    out.print("✓ ", style="bold green", end="")
    out.print(f"{site} is valid: cameras: {cameras}, policies: {policies}; SHA-256 {loaded.sha256[:16]}…", markup=False)


@app.command(epilog="Example: streetproof config schema > site.schema.json    Exit codes: 0 done · 2 usage")
def schema() -> None:
    """Print the JSON Schema of a site file, for editors that complete and check YAML."""
    from streetproof.settings.load import site_schema

    sys.stdout.write(site_schema())
