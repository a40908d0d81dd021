"""Whether a verifier stood its ground: nothing accepted, nothing escaped, within bounds, the file to blame named."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from evidence_export.errors import NotABundleError
from evidence_export.verifier import VerificationReport, verify
from evidence_export.verifier.__main__ import main
from evidence_export.verifier.container import printable
from evidence_export.verifier.report import UNKNOWN_KEY
from tests.fuzz.forms import Form
from tests.fuzz.mutators import Must, Mutation

LIMIT_S = 5.0
"""Far more than any of these small bundles takes; what is made to be endless takes longer."""


class TooSlowError(BaseException):
    """No handler of an ordinary error may swallow it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """`fault`: what the verifier did wrong, None where nothing."""

    fault: str | None
    seconds: float
    accepted: bool = False
    no_bundle: bool = False


def judge(form: Form, mutation: Mutation, *, as_command: bool) -> Judged:
    """Verify it, with the trusted key and without."""
    started = time.monotonic()
    accepted = none = False
    try:
        with _limited():
            for trusted in (form.trusted, None):
                try:
                    report = verify(mutation.path, trusted_key=trusted)
                except NotABundleError:
                    none = True
                    continue
                fault = _fault(mutation, report, vouched=trusted is not None)
                if fault is not None:
                    return Judged(fault, time.monotonic() - started)
                accepted |= report.ok
            if as_command:
                fault = _command(mutation, form.trusted)
                if fault is not None:
                    return Judged(fault, time.monotonic() - started)
    except TooSlowError:
        return Judged(f"it took longer than {LIMIT_S} s", LIMIT_S)
    except Exception as error:
        return Judged(f"{type(error).__name__} escaped: {str(error)[:200]!r}", time.monotonic() - started)
    return Judged(None, time.monotonic() - started, accepted, none)


def _fault(mutation: Mutation, report: VerificationReport, *, vouched: bool) -> str | None:
    if report.ok:
        if mutation.must is Must.REFUSE:
            return "accepted"
        if mutation.must is Must.UNVOUCHED and vouched:
            return "a stranger's signature accepted against the trusted key"
        if not vouched and UNKNOWN_KEY not in report.cannot_know:
            return "accepted without saying that nobody vouches for the key"
        return None
    if not report.culprits and not any(step.detail for step in report.steps):
        return "refused without a reason"
    odd = [text for step in report.steps for one in step.findings for text in (one.culprit, one.what) if _odd(text)]
    if odd:
        return f"unprintable in a finding: {odd[0]!r}"
    if mutation.culprit is not None:
        wanted = printable(mutation.culprit)
        if not any(wanted in culprit for culprit in report.culprits):
            return f"{mutation.culprit} is to blame, and it names {list(report.culprits)[:4]}"
    return None


def _command(mutation: Mutation, trusted: str | Path) -> str | None:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(mutation.path), "--key", str(trusted), "--json"])
    expected = (0, 1, 2) if mutation.must is Must.ENDURE else (1, 2)
    if code not in expected:
        return f"exit code {code}"
    if code != 2:
        json.loads(out.getvalue())
    return None


def _odd(text: str) -> bool:
    return any(ord(sign) < 32 or ord(sign) == 127 or sign in "\u202e\u200b" for sign in text)


@contextlib.contextmanager
def _limited() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
