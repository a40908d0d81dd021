"""`python -m evidence_export.verifier PATH [--key FINGERPRINT|PEM] [--crl FILE] [--lang both|zh|en] [--json] ...`.

Exit codes: 0 every bundle verified, 1 a bundle failed, 2 nothing that can be read as a bundle, or wrong usage, 3
nothing is wrong, but this machine lacks what a step takes.
"""

from __future__ import annotations

import argparse
import io
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from evidence_export.errors import EvidenceError
from evidence_export.verifier import Verdict, VerificationReport, verify_all
from evidence_export.verifier.chinese import chinese
from evidence_export.verifier.report import Step
from evidence_export.verifier.text import BOTH, EN, ZH, as_text, lacking

__all__ = ["as_json", "as_text", "exit_code", "main"]

_EPILOG = (
    "Exit codes: 0 every bundle verified; 1 a bundle failed; 2 nothing that can be read as a bundle, or wrong usage; "
    "3 nothing is wrong, but a step could not be checked on this machine. "
    "退出码：0 全部通过；1 有证据包未通过；2 无可核验的证据包或用法有误；3 未发现问题，但有步骤在本机无法核验。"
)


def as_json(report: VerificationReport) -> dict[str, object]:
    """The report as JSON-ready values; beside each sentence stands its Chinese, under its name and `_zh`."""
    return {
        **asdict(report),
        "steps": [_step_json(step) for step in report.steps],
        "path": str(report.path),
        "ok": report.ok,
        "verdict": report.verdict,
        "culprits": list(report.culprits),
        "inner": None if report.inner is None else as_json(report.inner),
    }


def _step_json(step: Step) -> dict[str, object]:
    return {
        **asdict(step),
        "detail_zh": chinese(step.detail),
        "findings": [{"culprit": one.culprit, "what": one.what, "what_zh": chinese(one.what)} for one in step.findings],
    }


def exit_code(reports: Sequence[VerificationReport]) -> int:
    """0, 1 or 3, for the worst of the reports."""
    verdicts = {report.verdict for report in reports}
    if Verdict.FAILED in verdicts:
        return 1
    return 3 if Verdict.INCOMPLETE in verdicts else 0


def main(arguments: Sequence[str] | None = None, prog: str = "python -m evidence_export.verifier") -> int:
    parser = argparse.ArgumentParser(
        prog=prog, description="Verify Streetproof evidence bundles, offline. 离线核验证据包。", epilog=_EPILOG
    )
    parser.add_argument(
        "path", type=Path, help="a bundle (folder or zip), or a folder with bundles in it 证据包，或存放证据包的文件夹"
    )
    parser.add_argument(
        "--key",
        help="whom to trust: the fingerprint of the site key or of its authority's certificate, or the path of either "
        "可信公钥或签发机构证书的指纹，或其文件",
    )
    parser.add_argument("--crl", type=Path, help="the revocation list of the authority (PEM or DER) 签发机构的吊销列表")
    parser.add_argument(
        "--tsa-ca", type=Path, help="root certificates of time-stamping authorities (PEM) 时间戳机构的根证书"
    )
    parser.add_argument(
        "--code", help="the anti-forgery code of a printed sheet: it must be of this bundle 纸件上的防伪码"
    )
    parser.add_argument("--lang", choices=(BOTH, ZH, EN), default=BOTH, help="language of the report 报告语言")
    parser.add_argument("--json", action="store_true", help="print the reports as JSON 以 JSON 输出")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no Chinese shows escapes instead
            stream.reconfigure(errors="backslashreplace")
    options = parser.parse_args(arguments)
    missing = lacking(options.lang)
    if missing:
        print(missing, file=sys.stderr if options.json else sys.stdout, end="\n\n")
    try:
        reports = verify_all(
            options.path, trusted_key=options.key, crl=options.crl, tsa_ca=options.tsa_ca, code=options.code
        )
    except EvidenceError as error:
        print(f"error: {error}", file=sys.stderr)
        if options.lang != EN:
            print(f"错误：{chinese(error.what)}（{error.where}）。{chinese(error.remedy)}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps([as_json(report) for report in reports], ensure_ascii=False, indent=2))
    else:
        print("\n\n".join(as_text(report, options.lang) for report in reports))
    return exit_code(reports)


if __name__ == "__main__":
    sys.exit(main())
