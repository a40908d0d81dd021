"""A report for a reader at a terminal: in Chinese, in English, or each sentence in both."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from evidence_export.bag import certificate, sm3
from evidence_export.verifier.chinese import chinese
from evidence_export.verifier.container import printable
from evidence_export.verifier.report import Finding, Outcome, Step, Verdict, VerificationReport

BOTH, ZH, EN = "both", "zh", "en"
_TITLE_WIDTH = {BOTH: 0, ZH: 12, EN: 16}
_MARKS = {
    Outcome.PASSED: ("[通过]", "[ ok ]"),
    Outcome.FAILED: ("[不符]", "[FAIL]"),
    Outcome.SKIPPED: ("[略过]", "[skip]"),
    Outcome.NOT_CHECKED: ("[未验]", "[ ?? ]"),
}
_VERDICTS = {
    Verdict.VERIFIED: ("验证通过", "VERIFIED"),
    Verdict.FAILED: ("验证未通过", "FAILED"),
    Verdict.INCOMPLETE: ("未发现问题，但有步骤未能核验", "NOTHING WRONG FOUND, BUT NOT EVERYTHING WAS CHECKED"),
}


def lacking(language: str = BOTH) -> str:
    """What cannot be checked on this machine, to be said before everything else; empty where nothing is missing."""
    said: list[tuple[str, str]] = []
    if not certificate.AVAILABLE:
        said.append(
            (
                "本机未安装 Python 软件包 cryptography：密钥证书与吊销列表（第 12 步）无法核验；"
                "其余各步由纯 Python 完成。",
                "The Python package `cryptography` is not installed: certificates of keys and revocation lists "
                "(step 12) cannot be checked here; all other steps are done in plain Python.",
            )
        )
    if sm3.new is None:
        said.append(
            (
                "本机的 OpenSSL 不含 SM3：文件只核对 SHA-256，不核对 SM3。",
                "This machine's OpenSSL has no SM3: files are checked by SHA-256 only.",
            )
        )
    return "\n".join(line for zh, en in said for line in _chosen(zh, en, language))


def as_text(report: VerificationReport, language: str = BOTH) -> str:
    """The report. Every word that comes out of a bundle was made safe to print before."""
    return "\n".join(_lines(report, language))


def _lines(report: VerificationReport, language: str) -> Iterator[str]:
    yield "".join(one if one.isprintable() else printable(one) for one in str(report.path))
    for step in report.steps:
        yield from _step(step, language)
    yield ""
    yield f"  ==> {'  '.join(_chosen(*_VERDICTS[report.verdict], language))}  {report.case_id or ''}".rstrip()
    yield from (f"      {line}" for line in _facts(report, language))
    yield ""
    yield "  " + " ".join(_chosen("验证无法确认的事项：", "What no verifier can know:", language))
    for text, text_zh in zip(report.cannot_know, report.cannot_know_zh, strict=True):
        first, *rest = _chosen(text_zh, text, language)
        yield f"    - {first}"
        yield from (f"      {line}" for line in rest)


def _step(step: Step, language: str) -> Iterator[str]:
    zh, en = _MARKS[step.outcome]
    mark = en if language == EN else zh
    title = " ".join(_chosen(step.title_zh, step.title, language))
    head = f"  {step.number:>2}. {mark} {_padded(title, _TITLE_WIDTH[language])}"
    details = _chosen(chinese(step.detail), step.detail, language)
    if language == BOTH:
        yield head
        yield from (f"             {line}" for line in details)
    else:
        yield f"{head} {details[0]}"
    for finding in step.findings:
        yield from _finding(finding, language)


def _finding(finding: Finding, language: str) -> Iterator[str]:
    first, *rest = _chosen(chinese(finding.what), finding.what, language)
    yield f"             ! {finding.culprit}: {first}"
    yield from (f"               {line}" for line in rest)


def _facts(report: VerificationReport, language: str) -> Iterator[str]:
    """What to compare with what was received by another way."""
    for zh, en, value in (
        ("移送包", "release", report.release_id),
        ("所复查的案件", "re-check of", report.recheck.case_id if report.recheck else None),
        ("复查清单摘要", "recheck.json", report.recheck.sha256 if report.recheck else None),
        ("应核对的文件", "look at", ", ".join(report.culprits)),
        ("签名公钥指纹", "key fingerprint", report.key_fingerprint),
        ("第二公钥指纹", "second key", report.second_key_fingerprint),
        ("签发机构指纹", "authority", report.authority_fingerprint),
    ):
        if value:
            yield f"{_padded(' '.join(_chosen(zh, en, language)), 28 if language == BOTH else 16)} {value}"


def _chosen(zh: str, en: str, language: str) -> tuple[str, ...]:
    if language == BOTH:
        return (zh,) if zh == en else (zh, en)
    return (zh,) if language == ZH else (en,)


def _padded(text: str, width: int) -> str:
    """`text` filled up to as many columns; a Chinese character takes two."""
    taken = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)
    return text + " " * (width - taken)
