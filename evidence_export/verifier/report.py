"""What a verification says: numbered steps, each with its findings."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Outcome(StrEnum):
    """How a step ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It rests on a step that failed."""
    NOT_CHECKED = "not_checked"
    """This machine lacks what it takes; nothing speaks against the bundle."""


class Verdict(StrEnum):
    """What all steps together say."""

    VERIFIED = "verified"
    FAILED = "failed"
    INCOMPLETE = "incomplete"
    """Nothing is wrong, and something could not be checked on this machine."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: the file that is to blame, and what about it. Both are safe to print."""

    culprit: str
    what: str


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step; `detail` says what was established, or why it was skipped; `findings` only where it failed."""

    number: int
    title: str
    title_zh: str
    outcome: Outcome
    detail: str
    findings: tuple[Finding, ...] = ()

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def culprit(self) -> str | None:
        """The first file to blame."""
        return self.findings[0].culprit if self.findings else None


UNSTAMPED = "Whether the seal was made when seal.sealed_at says: no time-stamping authority has signed it."
UNSTAMPED_ZH = "封存时间（seal.sealed_at）是否真实：尚无时间戳机构签名。"
CANNOT_KNOW = (
    "Whether the clocks were right: case.json says where the time comes from, and what was measured of their offsets.",
    "Whether the scene is what the model and the rule make of it: that is for people who look at the pictures.",
    "Whether the recording was altered before it was sealed.",
    UNSTAMPED,
)
CANNOT_KNOW_ZH = (
    "时钟是否准确：case.json 仅写明时间来源，以及偏差是否测量、测得多少。",
    "画面内容是否与模型和规则的判断一致：须由人员查看图像后认定。",
    "录像在封存之前是否被改动。",
    UNSTAMPED_ZH,
)
MORE_ENTRIES = "Whether the ledger holds more about this case than the entries that are carried here."
MORE_ENTRIES_ZH = "存证日志中是否还有本移送包未附的、与本案有关的记录。"
NOT_CARRIED = "Whether the re-checks that are named here, and not carried, say what the procedure says of them."
NOT_CARRIED_ZH = "本移送包列出而未随附的复查，其内容是否与办案步骤所述一致。"
ALL_MASKED = "Whether every bystander is masked: that was done by a model, and is for people to look at."
ALL_MASKED_ZH = "无关人员和车辆是否均已遮挡：遮挡由模型完成，须由人员查看确认。"
RECHECK_CLOCKS = "Whether the clocks were right: recheck.json says where the time of each recording comes from."
RECHECK_CLOCKS_ZH = "时钟是否准确：recheck.json 仅写明各段录像的时间来源。"
UNKNOWN_KEY = "Whether the site key belongs to the authority: compare its fingerprint with one received another way."
UNKNOWN_KEY_ZH = "签名密钥是否属于执法机关：请与经其他渠道取得的密钥指纹核对。"


@dataclass(frozen=True, slots=True)
class RecheckFacts:
    """What a re-check (复查) says, once its signature was found to hold."""

    sha256: str
    """Of its `recheck.json`."""
    case_id: str | None
    """Of the case whose place was looked at again; None: of a stay in a file of events."""
    case_sha256: str | None
    """SHA-256 of the `case.json` of that case."""
    verdict: str
    due: str
    """From when on the place was looked at, ISO 8601 in UTC."""


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The verdict on one bundle. `ok` only where every step passed."""

    path: Path
    steps: tuple[Step, ...]
    case_id: str | None
    key_fingerprint: str | None
    manifest_sha256: str | None
    """SHA-256 of `case.json` as it was found."""
    cannot_know: tuple[str, ...]
    cannot_know_zh: tuple[str, ...]
    second_key_fingerprint: str | None = None
    """Of the key of the second signature, where there is one."""
    authority_fingerprint: str | None = None
    """SHA-256 of the certificate (DER) of the authority that certified the keys, where one did."""

    release_id: str | None = None
    """Of a release (移送包), which carries the case."""
    recheck: RecheckFacts | None = None
    """Of a re-check, which has no case id of its own."""
    inner: VerificationReport | None = None
    """On the case that a release carries; what is wrong with it is told by the release's own steps, too."""

    @property
    def ok(self) -> bool:
        return all(step.ok for step in self.steps)

    @property
    def verdict(self) -> Verdict:
        outcomes = {step.outcome for step in self.steps}
        if outcomes <= {Outcome.PASSED}:
            return Verdict.VERIFIED
        return Verdict.INCOMPLETE if outcomes <= {Outcome.PASSED, Outcome.NOT_CHECKED} else Verdict.FAILED

    @property
    def culprits(self) -> tuple[str, ...]:
        """Every file to blame, each once, in the order of the steps."""
        return tuple(dict.fromkeys(finding.culprit for step in self.steps for finding in step.findings))
