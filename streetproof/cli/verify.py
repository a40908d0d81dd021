"""`streetproof verify`: checks bundles, step by step."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from evidence_export.errors import NotABundleError
from evidence_export.release.age import AgeError, DamagedError
from evidence_export.verifier import Outcome, Verdict, VerificationReport, verify_all
from evidence_export.verifier.__main__ import as_json, exit_code
from evidence_export.verifier.chinese import chinese
from evidence_export.words import Language
from streetproof.cli.exits import Exit
from streetproof.cli.language import language_of
from streetproof.cli.options import PasswordFrom, password_for
from streetproof.cli.output import out, print_error, print_json

EPILOG = (
    "Example: streetproof verify demo-out/cases --key 3f9a...c1    "
    "Exit codes: 0 every bundle verified · 1 a bundle failed · 2 nothing there that can be read as a bundle, "
    "or not the password · 3 nothing is wrong, but this machine lacks what a step takes · 4 no password"
)
_MARK = {
    Outcome.PASSED: "[green]✓[/]",
    Outcome.FAILED: "[bold red]✗[/]",
    Outcome.SKIPPED: "[yellow]–[/]",
    Outcome.NOT_CHECKED: "[yellow]?[/]",
}
_VERDICTS = {
    Verdict.VERIFIED: "[bold green]VERIFIED 验证通过[/]",
    Verdict.FAILED: "[bold red]FAILED 验证未通过[/]",
    Verdict.INCOMPLETE: "[bold yellow]NOTHING WRONG, BUT NOT ALL WAS CHECKED 未发现问题，但有步骤未能核验[/]",
}


def verify(
    path: Annotated[
        Path,
        typer.Argument(help="A bundle (folder, zip or zip.age), or a folder with bundles in it (zip.age left out)."),
    ],
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            "--trusted-key",
            help="Whom to trust: the fingerprint of the site key or of its authority's certificate, or the path of "
            "either (PEM).",
        ),
    ] = None,
    crl: Annotated[
        Path | None, typer.Option(help="The authority's revocation list (PEM or DER), as `keys export-trust` gives it.")
    ] = None,
    tsa_ca: Annotated[
        Path | None,
        typer.Option("--tsa-ca", help="Root certificates (PEM) of time-stamping authorities that you trust."),
    ] = None,
    code: Annotated[
        str | None,
        typer.Option(help="The anti-forgery code (防伪码) of a printed sheet or report: it must be of this bundle."),
    ] = None,
    password_from: PasswordFrom = None,
    as_json_: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print only what failed.")] = False,
    lang: Annotated[
        Language | None, typer.Option(help="Chinese or English; default: as LC_ALL, LC_MESSAGES or LANG say.")
    ] = None,
) -> None:
    """Check evidence bundles: every file, the manifest, the signature; each step is explained. Works offline."""
    password = password_for(path, password_from)
    try:
        if password is None:
            reports = verify_all(path, trusted_key=key, crl=crl, tsa_ca=tsa_ca, code=code)
        else:
            from streetproof.locked import unlocked

            with unlocked(path, password) as opened:
                found = verify_all(opened, trusted_key=key, crl=crl, tsa_ca=tsa_ca, code=code)
            reports = tuple(replace(report, path=path) for report in found)
    except DamagedError as error:
        print_error(error)
        raise typer.Exit(Exit.FAILED) from error
    except (NotABundleError, AgeError) as error:
        print_error(error)
        raise typer.Exit(Exit.USAGE) from error
    if as_json_:
        print_json([as_json(report) for report in reports])
    else:
        for report in reports:
            if not (quiet and report.ok):
                show(report, lang or language_of(os.environ), only_failed=quiet)
    if (code_ := exit_code(reports)) != Exit.OK:
        raise typer.Exit(code_)


def show(report: VerificationReport, language: Language, *, only_failed: bool = False) -> None:
    """One report at the terminal: titles in both languages, what was found in the one that is asked for."""

    def said(sentence: str) -> str:
        return chinese(sentence) if language is Language.ZH else sentence

    out.print()
    out.print(report.release_id or report.case_id or report.path.name, style="bold", markup=False, end="  ")
    out.print(str(report.path), style="dim", markup=False)
    for step in report.steps:
        if only_failed and step.outcome is not Outcome.FAILED:
            continue
        out.print(f"  {_MARK[step.outcome]} {step.number}. ", end="")
        out.print(f"{step.title} {step.title_zh}", markup=False, style="bold", end="  ")
        out.print(said(step.detail), markup=False, style="dim")
        for finding in step.findings:
            out.print(f"       {finding.culprit}: ", style="bold red", markup=False, end="")
            out.print(said(finding.what), markup=False)
    out.print(f"  {_VERDICTS[report.verdict]}")
    if only_failed:
        return
    out.print("  What no verifier can know 验证无法确认的事项:", style="dim")
    for text in report.cannot_know_zh if language is Language.ZH else report.cannot_know:
        out.print(f"    · {text}", style="dim", markup=False)
