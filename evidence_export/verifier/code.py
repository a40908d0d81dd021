"""The step that compares the anti-forgery code of a sheet of paper with the bundle; only where one is given."""

from __future__ import annotations

from dataclasses import replace

from evidence_export.bag import code as codes
from evidence_export.bag import layout
from evidence_export.bag.code import Outcome as Told
from evidence_export.verifier.manifest import CaseManifest
from evidence_export.verifier.report import Finding, Outcome, Step, VerificationReport

_STILLS = f"{layout.PAYLOAD}stills/"
_TITLE, _TITLE_ZH = "Anti-forgery code", "防伪码"


def with_code(
    report: VerificationReport, case: CaseManifest | None, case_sha256: str | None, typed: str
) -> VerificationReport:
    """The report with one step more: whether `typed` is the code of the case, or of a still of it.

    `case`, `case_sha256`: its manifest, and the SHA-256 of that. Skipped where the manifest cannot be trusted: what it
    says of the stills then proves nothing.
    """
    number = report.steps[-1].number + 1
    if case is None or case_sha256 is None:
        step = Step(number, _TITLE, _TITLE_ZH, Outcome.SKIPPED, "there is no case manifest to trust")
        return replace(report, steps=(*report.steps, step))
    stills = {path: file.sha256 for path, file in case.files.items() if path.startswith(_STILLS)}
    verdict = codes.read(typed, case_sha256, stills)
    if verdict.outcome is Told.MATCHES:
        step = Step(number, _TITLE, _TITLE_ZH, Outcome.PASSED, f"{verdict.why} {verdict.why_zh}")
    else:
        finding = Finding("--code", f"{verdict.why_zh} ({verdict.why})")
        step = Step(number, _TITLE, _TITLE_ZH, Outcome.FAILED, "it is not the code of this bundle", (finding,))
    return replace(report, steps=(*report.steps, step))
