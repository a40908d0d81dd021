"""The verification of a release (移送包), step by step. Steps 1 to 7 and 13 are those of every bundle, see `bagsteps`.

1. Read the container.
2. Read the key that sealed the release.
3. Check the signature over the bytes of `release.json`.
4. Read the release manifest.
5. Compare the list of files.
6. Compare every file's size, SHA-256 and SM3.
7. Compare the BagIt files.
8. Verify the case within, by all of its own steps. Only what the release calls withheld may be missing.
9. Check that release and case agree: ids, hash and key of the case; each derived copy names a file of the case or of
   the release; each recording is one of the case; nothing that is withheld is carried under another name.
10. Check the ledger: the checkpoint is signed by the site, every entry is proven under it, in order, and about this
   case; the case was entered with this very manifest; this release was entered before it was made.
11. Check the time stamp: over a checkpoint of the same ledger, under which the entry of the case is proven.
12. Check the procedure as the ledger tells it: two officers, order of time, and that what came after the decision is
   kept apart from its evidence.
13. Check the certificates of the keys.
14. Verify each re-check within, by all of its own steps, and that it is of this case, and looked at no recording of the
   case under another time; what the procedure says of one must be what it says itself. See `rechecks`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from evidence_export.bag import forms, layout, pubkey, releases, timestamp
from evidence_export.bag.certificate import Revoked
from evidence_export.bag.pubkey import PublicKey
from evidence_export.bag.timestamp import TimeStamp
from evidence_export.ledger.entry import Kind
from evidence_export.verifier.bagsteps import BagVerification
from evidence_export.verifier.container import Container, InnerContainer, printable
from evidence_export.verifier.entries import EntryFiles, Ledger
from evidence_export.verifier.files import NotCheckedError, Result, SkipStep, blaming
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest
from evidence_export.verifier.papers import cannot_know
from evidence_export.verifier.proceeding import exhibits_told, proceeding_faults
from evidence_export.verifier.reading import integer, moment, optional, text
from evidence_export.verifier.rechecks import RechecksWithin, check_rechecks
from evidence_export.verifier.releasemanifest import ReleaseManifest, read_release
from evidence_export.verifier.report import (
    ALL_MASKED,
    ALL_MASKED_ZH,
    MORE_ENTRIES,
    MORE_ENTRIES_ZH,
    NOT_CARRIED,
    NOT_CARRIED_ZH,
    UNSTAMPED,
    Finding,
    Outcome,
    VerificationReport,
)
from evidence_export.verifier.steps import Verification

_BEGINNINGS = (Kind.CASE_SEALED, Kind.CASE_IMPORTED)
"""How a case comes into a ledger."""
_CLOCKS_AGREE_NS = 1_000_000_000
"""By how much a clock may be off without being flagged (GA/T 832-2014, 3.2), and an authority's time is rounded."""


class ReleaseVerification(BagVerification[ReleaseManifest]):
    """One run over a release."""

    def __init__(self, path: Path, container: Container, trust: Trust) -> None:
        super().__init__(path, container, trust, forms.RELEASE)
        self._inner: VerificationReport | None = None
        self._case: CaseManifest | None = None
        self._case_key: PublicKey | None = None
        self._ledger: Ledger | None = None
        self._stamp: TimeStamp | None = None
        self._compromised: tuple[Revoked, ...] = ()
        """Withdrawals of the keys of the case within that put in doubt what they signed before."""

        self._compromised_since: list[str] = []
        """The same of the re-checks within, when that was."""

    def run(self) -> VerificationReport:
        steps = [
            *self._bag_steps("Release manifest", "移送清单"),
            self._step(8, "Case within", "所附案件", self._case_within),
            self._step(9, "Release and case", "移送与案件一致", self._agreement),
            self._step(10, "Ledger", "存证日志", self._entries),
            self._step(11, "Time stamp", "可信时间戳", self._time_stamp),
            self._step(12, "Procedure", "办案程序", self._procedure),
            self._step(13, "Key certificate", "密钥证书", self._certificates),
            self._step(14, "Re-checks", "所附复查", self._rechecks),
        ]
        unknown = self._cannot_know()
        inner, named = self._inner, self._sealed.release_id if self._sealed else ""
        return VerificationReport(
            path=self._path,
            steps=tuple(steps),
            case_id=inner.case_id if inner else None,
            key_fingerprint=self._signatures.key.fingerprint if self._signatures.key else None,
            manifest_sha256=inner.manifest_sha256 if inner else None,
            cannot_know=tuple(en for en, _ in unknown),
            cannot_know_zh=tuple(zh for _, zh in unknown),
            second_key_fingerprint=self._signatures.second.fingerprint if self._signatures.second else None,
            authority_fingerprint=self._papers.authority.fingerprint if self._papers else None,
            release_id=named if releases.is_release_id(named) else None,
            inner=inner,
        )

    @property
    def case(self) -> CaseManifest | None:
        """The manifest of the case within, once it was found to be signed."""
        return self._case

    def _read(self, data: bytes) -> ReleaseManifest:
        return read_release(data)

    def _name(self, manifest: ReleaseManifest) -> str:
        return f"release {manifest.release_id}"

    # 8

    def _case_within(self) -> Result:
        release = self._trusted()
        inside = InnerContainer(self._box, releases.CASE, self._files.digest)
        # Whoever trusts the key of the release takes its word for the key of the case, which step 9 compares: a site
        # has other keys later, and a case may come from another department.
        trust = Trust(crl=self._trust.crl, crl_name=self._trust.crl_name) if self._same_authority() else Trust()
        within = Verification(self._path / releases.CASE, inside, trust, release.withheld)
        self._inner = within.run()
        self._case, self._case_key = within.case, within.key
        self._compromised = tuple(one for one in within.withdrawn if one.compromised)
        findings = [
            Finding(f"{releases.CASE}{finding.culprit}", f"step {step.number}: {finding.what}")
            for step in self._inner.steps
            for finding in step.findings
        ]
        if not findings:
            for step in self._inner.steps:
                if step.outcome is Outcome.NOT_CHECKED:
                    raise NotCheckedError(f"step {step.number} of the case: {step.detail}")
        findings += [
            Finding(f"{releases.CASE}{layout.CASE}", f"step {step.number} of the case could not be done: {step.detail}")
            for step in self._inner.steps
            if step.outcome is Outcome.SKIPPED and not findings
        ]
        passed = sum(step.ok for step in self._inner.steps)
        held = f"; {len(release.withheld)} of its files are withheld" if release.withheld else ", whole"
        return f"{passed} of {len(self._inner.steps)} steps of {printable(release.case_id)} passed{held}", findings

    def _same_authority(self) -> bool:
        """A revocation list says nothing of keys that another authority certified."""
        outer, inner = layout.CA_CERTIFICATE, f"{releases.CASE}{layout.CA_CERTIFICATE}"
        both = outer in self._box.files and inner in self._box.files
        return both and self._files.digest(outer).sha256 == self._files.digest(inner).sha256

    # 9

    def _agreement(self) -> Result:
        release, inner, case = self._trusted(), self._inner, self._case
        if inner is None or case is None:
            raise SkipStep("the case within cannot be trusted")
        findings: list[Finding] = []

        def check(holds: bool, culprit: str, what: str) -> None:
            if not holds:
                findings.append(Finding(printable(culprit), what))

        check(releases.is_release_id(release.release_id), layout.RELEASE, "its release id has no valid form")
        check(
            release.release_id == release.derived_id, layout.RELEASE, "its release id does not follow from its content"
        )
        prefix, name = self._box.prefix, printable(self._path.name)
        check(prefix in (None, release.release_id), name, "the folder inside the zip is not the release id")
        check(case.case_id == release.case_id, layout.RELEASE, "it names another case than the one that it carries")
        same = inner.manifest_sha256 == release.case_sha256
        check(same, layout.RELEASE, "it names another case.json than the one that it carries")
        key = inner.key_fingerprint == release.case_key
        check(key, layout.RELEASE, "it names another key than the one that sealed the case")
        parents = set(release.files) | {f"case:{path}" for path in case.files}
        for name, listed in release.files.items():
            known = listed.parent is None or (listed.parent in parents and listed.parent != name)
            check(known, name, "its parent is neither in the release nor a file of the case")
        for path, sha256 in release.recordings:
            check(sha256 in case.recordings, path or layout.RELEASE, "it is no recording of the case")
            listed_as = None if path is None else release.files.get(path)
            carried = path is None or (listed_as is not None and listed_as.sha256 == sha256)
            check(carried, path or layout.RELEASE, "it is not the recording that the release names")
            if listed_as is not None and sha256 in case.recordings:
                same = listed_as.sm3 == case.recordings[sha256]
                check(same, listed_as.path, "its SM3 is not the one that the case tells")
        held = set(release.withheld.values())
        for name, listed in release.files.items():
            check(listed.sha256 not in held, name, "it is a file of the case that the release says it withholds")
        for one in release.exhibits:
            carried = one.path is None or (one.path in release.files and release.files[one.path].sha256 == one.sha256)
            check(carried, one.path or layout.RELEASE, "it is not the exhibit that the release names")
        findings += self._origin(release)
        came = "; it came from another department" if releases.ORIGIN_MANIFEST in release.files else ""
        return f"ids, keys, parents, recordings and exhibits agree with each other{came}", findings

    def _origin(self, release: ReleaseManifest) -> list[Finding]:
        """What is wrong with the release by which another department had handed the case over, where it is carried."""
        name = releases.ORIGIN_MANIFEST
        if name not in release.files:
            return []
        data = self._files.small(name, layout.MAX_CASE_BYTES)
        signature, pem = (
            self._files.small(f"{releases.ORIGIN}{one}") for one in (forms.RELEASE.signature, layout.SITE_KEY)
        )
        with blaming(name):
            if data is None or signature is None or pem is None or not pubkey.from_pem(pem).verify(signature, data):
                raise ValueError("it is not signed by the department that it came from")
            if read_release(data).case_sha256 != release.case_sha256:
                raise ValueError("it is the release of another case")
        return []

    # 10

    def _entries(self) -> Result:
        release, case = self._trusted(), self._case
        files = {name for name in (*releases.LEDGER, *releases.STAMP) if name in release.files}
        wanted = set() if release.ledger is None else {*releases.LEDGER, *(releases.STAMP if release.stamped else ())}
        if files != wanted:
            odd = sorted(files ^ wanted)[0]
            return "incomplete", [Finding(layout.RELEASE, f"what it says of the ledger does not fit: {odd}")]
        if release.ledger is None:
            return "none: this release carries nothing of a ledger", []
        if case is None:
            raise SkipStep("the case within cannot be trusted")
        ledger = self._entry_files().ledger()
        findings = [Finding(releases.ENTRIES, printable(fault)) for fault in _entry_faults(ledger, release)]
        stated = text(release.ledger, "origin"), integer(release.ledger, "size"), integer(release.ledger, "entries")
        if stated != (ledger.checkpoint.origin, ledger.checkpoint.size, len(ledger.entries)):
            findings.append(Finding(layout.RELEASE, "what it says of the ledger is not what it carries"))
        self._ledger = None if findings else ledger
        under = f"a checkpoint of {ledger.checkpoint.size} entries, signed at {ledger.checkpoint.at}"
        return f"{len(ledger.entries)} entries about the case, proven under {under}", findings

    def _entry_files(self) -> EntryFiles:
        keys = [self._signatures.key, self._signatures.second, self._case_key]
        return EntryFiles(self._files, [key for key in keys if key is not None])

    # 11

    def _time_stamp(self) -> Result:
        release = self._trusted()
        if not release.stamped:
            return "none: no time-stamping authority has signed anything here", []
        if self._ledger is None:
            raise SkipStep("the ledger's part cannot be trusted")
        if not timestamp.AVAILABLE:
            raise NotCheckedError(
                "the time stamp is not checked: the Python package `cryptography` is not installed here"
            )
        proven, stamp = self._entry_files().stamped(self._ledger.checkpoint, self._trust.tsa_roots)
        if proven != self._ledger.of(*_BEGINNINGS)[0]:
            return "over something else", [Finding(releases.STAMPED_ENTRY, "it is not the entry of this case's seal")]
        self._stamp = stamp
        at = _time(stamp.at_ns)
        vouched = "the trusted root" if self._trust.tsa_roots is not None else "root not compared"
        by = f"{printable(stamp.authority)}, {vouched} {stamp.root_fingerprint}"
        assert self._case is not None, "the ledger was read beside it"
        early = moment(self._case.sealed_at) - stamp.at_ns
        if proven.happening.kind is Kind.CASE_SEALED and early > _CLOCKS_AGREE_NS:
            # The seal's own time is that of a clock; that it ran ahead takes nothing from what the authority proves.
            ahead = f"{early // 1_000_000_000} s before the time that the seal names: the clock that named it ran ahead"
            return f"the seal existed at {at}, by {by}; that is {ahead}", []
        return f"the seal existed at {at}, by {by}", []

    # 12

    def _procedure(self) -> Result:
        release = self._trusted()
        if release.ledger is None:
            if release.exhibits:
                return "not told", [Finding(layout.RELEASE, "exhibits are named, and no ledger tells where from")]
            return "not told: this release carries nothing of a ledger", []
        if self._ledger is None:
            raise SkipStep("the ledger's part cannot be trusted")
        steps = [one.happening for one in self._ledger.of(Kind.CASE_STEP)]
        faults = list(proceeding_faults(steps, release.case_sha256))
        findings = [Finding(releases.ENTRIES, printable(fault)) for fault in faults]
        if not faults:
            with blaming(releases.ENTRIES):
                told = exhibits_told(steps)
            stated = [(one.sha256, one.after_decision) for one in release.exhibits]
            if sorted(told) != sorted(stated):
                findings.append(Finding(layout.RELEASE, "its exhibits are not those that the ledger tells of"))
        return f"{len(steps)} steps, each by a named officer" if steps else "no step was taken yet", findings

    # 14

    def _rechecks(self) -> Result:
        release = self._trusted()
        if release.ledger is not None and self._ledger is None:
            raise SkipStep("the ledger's part cannot be trusted")
        if self._case is None:
            raise SkipStep("the case within cannot be trusted")
        within = RechecksWithin(self._path, self._box, self._files, self._trust, self._case)
        result = check_rechecks(within, release, self._ledger)
        self._compromised_since = sorted({_time(one.from_ns) for one in within.compromised})
        return result

    def _cannot_know(self) -> list[tuple[str, str]]:
        told = cannot_know(self._trust, self._signatures, self._papers)
        if self._stamp is not None:
            told = [one for one in told if one[0] != UNSTAMPED]
            if self._trust.tsa_roots is None:
                root = self._stamp.root_fingerprint
                told.append(
                    (
                        f"Whether the time-stamping authority is one: compare its root's fingerprint, {root}, or give "
                        "its root (--tsa-ca).",
                        f"时间戳机构是否可信：请核对其根证书指纹 {root}，或用 --tsa-ca 指定其根证书。",
                    )
                )
        if self._ledger is not None:
            told.append((MORE_ENTRIES, MORE_ENTRIES_ZH))
            told += [self._proven_of(one) for one in self._compromised]
        if self._sealed is not None and optional(self._sealed.root, "masking") is not None:
            told.append((ALL_MASKED, ALL_MASKED_ZH))
        if self._sealed is not None and any(one.folder is None for one in self._sealed.rechecks):
            told.append((NOT_CARRIED, NOT_CARRIED_ZH))
        told += [
            (
                f"Whether a re-check was sealed before its key was compromised ({since}): no time stamp proves it.",
                f"复查是否在密钥泄露（{since}）之前封存：没有时间戳可以证明。",
            )
            for since in self._compromised_since
        ]
        return told

    def _proven_of(self, one: Revoked) -> tuple[str, str]:
        """What the time stamp says of a case whose key was compromised after the time that the seal names."""
        since = _time(one.from_ns)
        if self._stamp is None:
            return (
                f"Whether the case was sealed before its key was compromised ({since}): no time stamp proves it.",
                f"案件是否在密钥泄露（{since}）之前封存：没有时间戳可以证明。",
            )
        at = _time(self._stamp.at_ns)
        if self._stamp.at_ns >= one.from_ns:
            return (
                f"Whether the case was sealed before its key was compromised ({since}): the first proof that it "
                f"existed is of {at}, which is later.",
                f"案件是否在密钥泄露（{since}）之前封存：最早的存在证明为 {at}，晚于泄露时间。",
            )
        return (
            f"Whether its key was compromised earlier than the list says ({since}); the case existed at {at}, before.",
            f"密钥是否早于吊销列表所载时间（{since}）泄露；案件在此之前（{at}）已存在。",
        )


def _time(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _entry_faults(ledger: Ledger, release: ReleaseManifest) -> Iterator[str]:
    for one in ledger.entries:
        if one.happening.about != release.case_id:
            yield f"entry {one.seq} is about {one.happening.about!r}, not about this case"
    sealed = ledger.of(*_BEGINNINGS)
    if not sealed:
        yield "the seal of this case is not among them"
    for one in sealed:
        if one.happening.data.get("manifest_sha256") != release.case_sha256:
            yield f"entry {one.seq} is of another case.json under this case's id"
    mine = [one for one in ledger.of(Kind.CASE_EXPORTED) if one.happening.data.get("release") == release.release_id]
    if not mine:
        yield "this release is not among them"
    for one in mine:
        for name in ("recipient", "purpose", "profile"):
            if one.happening.data.get(name) != text(release.root, "release", name):
                yield f"entry {one.seq} tells another {name} of this release"
