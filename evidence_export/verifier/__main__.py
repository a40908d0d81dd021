"""`python -m evidence_export.verifier PATH [--key FINGERPRINT|PEM] [--crl FILE] [--json]`.

Exit codes: 0 every bundle verified, 1 a bundle failed, 2 nothing that can be read as a bundle, or wrong usage.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evidence_export.errors import EvidenceError
from evidence_export.verifier import Outcome, VerificationReport, verify_all

_MARK = {Outcome.PASSED: "ok  ", Outcome.FAILED: "FAIL", Outcome.SKIPPED: "skip"}


def as_json(report: VerificationReport) -> dict[str, object]:
    """The report as JSON-ready values."""
    return {
        **asdict(report),
        "path": str(report.path),
        "ok": report.ok,
        "culprits": list(report.culprits),
        "inner": None if report.inner is None else as_json(report.inner),
    }


def as_text(report: VerificationReport) -> str:
    """The report for a reader at a terminal."""
    lines = [f"{report.path}"]
    for step in report.steps:
        lines.append(f"  {step.number}. [{_MARK[step.outcome]}] {step.title} {step.title_zh}: {step.detail}")
        lines += [f"         {finding.culprit}: {finding.what}" for finding in step.findings]
    verdict = f"VERIFIED 验证通过 {report.case_id}" if report.ok else "FAILED 验证未通过"
    lines += [f"  {verdict}", "  What no verifier can know 验证无法确认的事项："]
    for text, text_zh in zip(report.cannot_know, report.cannot_know_zh, strict=True):
        lines += [f"    - {text_zh}", f"      {text}"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m evidence_export.verifier", description="Verify Streetproof evidence bundles, offline."
    )
    parser.add_argument("path", type=Path, help="a bundle (folder or zip), or a folder with bundles in it")
    parser.add_argument(
        "--key",
        help="whom to trust: the fingerprint of the site key or of its authority's certificate, or the path of either",
    )
    parser.add_argument("--crl", type=Path, help="the revocation list of the authority (PEM or DER)")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON")
    options = parser.parse_args(arguments)
    try:
        reports = verify_all(options.path, trusted_key=options.key, crl=options.crl)
    except EvidenceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([as_json(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(report) for report in reports))
    return 0 if all(report.ok for report in reports) else 1


if __name__ == "__main__":
    sys.exit(main())
