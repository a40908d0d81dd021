"""The re-checks that a release names: each that is carried is verified as the bundle that it is; all are compared with
the case, and with what the ledger tells of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from evidence_export.bag import layout, releases
from evidence_export.bag.certificate import Revoked
from evidence_export.ledger.entry import Happening, Kind
from evidence_export.verifier.container import Container, InnerContainer
from evidence_export.verifier.entries import Ledger, step_of
from evidence_export.verifier.files import Files, NotCheckedError, Result, blaming
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import CaseManifest
from evidence_export.verifier.reading import hexdigest, text
from evidence_export.verifier.recheck import RecheckVerification
from evidence_export.verifier.releasemanifest import NamedRecheck, ReleaseManifest
from evidence_export.verifier.report import Finding, Outcome, RecheckFacts, VerificationReport


@dataclass(slots=True)
class RechecksWithin:
    """Where they lie, and whom the verifier of the release was told to trust."""

    path: Path
    box: Container
    files: Files
    trust: Trust
    case: CaseManifest
    compromised: tuple[Revoked, ...] = ()
    """Withdrawals of their keys that put in doubt what they signed before, of those that were verified."""

    def verify(self, folder: str, withheld: Mapping[str, str]) -> tuple[VerificationReport, list[Finding]]:
        """The report on one, and what is wrong with the footage that it looked at. Whoever trusts the key of the
        release takes its word for that of the re-check, which is compared; a revocation list says nothing of keys that
        another authority certified."""
        outer, inner = layout.CA_CERTIFICATE, f"{folder}{layout.CA_CERTIFICATE}"
        both = outer in self.box.files and inner in self.box.files
        same = both and self.files.digest(outer).sha256 == self.files.digest(inner).sha256
        trust = Trust(crl=self.trust.crl, crl_name=self.trust.crl_name) if same else Trust()
        inside = InnerContainer(self.box, folder, self.files.digest)
        run = RecheckVerification(self.path / folder, inside, trust, withheld)
        report = run.run()
        self.compromised += tuple(one for one in run.withdrawn if one.compromised)
        return report, [
            Finding(f"{folder}{layout.RECHECK}", f"it looked at a recording of the case, under another time: {sha256}")
            for sha256, start in run.footage
            # A long recording may show both; then it begins when the case says.
            if sha256 in self.case.recordings and (start is None or start != self.case.starts[sha256])
        ]


def check_rechecks(within: RechecksWithin, release: ReleaseManifest, ledger: Ledger | None) -> Result:
    """The outcome of the step. `ledger`: what the release carries of one, found to hold; None: nothing."""
    if release.revision < releases.RECHECKS_REVISION:
        return "not told: this release is of a revision that names none", []
    findings = [*_strays(release)]
    carried: dict[str, RecheckFacts] = {}
    lacking: list[str] = []
    for one in release.rechecks:
        if one.folder is None:
            continue
        report, faults = within.verify(one.folder, one.withheld)
        findings += [*_within(one.folder, report), *faults]
        lacking += [step.detail for step in report.steps if step.outcome is Outcome.NOT_CHECKED]
        if report.recheck is not None:
            carried[one.sha256] = report.recheck
            findings += _agreement(one, one.folder, report, report.recheck, release)
    with blaming(releases.ENTRIES):
        findings += _told(release, ledger, carried)
    if lacking and not findings:
        raise NotCheckedError(f"of a re-check: {lacking[0]}")
    if not release.rechecks:
        return "none: this case was not looked at again", findings
    there = [one for one in release.rechecks if one.folder is not None]
    whole, named = sum(not one.withheld for one in there), len(release.rechecks) - len(there)
    told = f"{whole} whole, {len(there) - whole} without pictures, {named} named only"
    verified = "; what is carried passed all its steps" if there and not findings else ""
    return f"of {len(release.rechecks)} re-checks {told}{verified}", findings


def _strays(release: ReleaseManifest) -> Iterator[Finding]:
    folders = tuple(one.folder for one in release.rechecks if one.folder is not None)
    held = {sha256 for one in release.rechecks for sha256 in one.withheld.values()}
    for name, listed in release.files.items():
        if name.startswith(releases.RECHECKS) and not name.startswith(folders or ("\0",)):
            yield Finding(name, "it is of no re-check that the release names")
        if listed.sha256 in held:
            yield Finding(name, "it is a picture of a re-check that the release says it withholds")


def _within(folder: str, report: VerificationReport) -> list[Finding]:
    findings = [
        Finding(f"{folder}{finding.culprit}", f"step {step.number}: {finding.what}")
        for step in report.steps
        for finding in step.findings
    ]
    return findings or [
        Finding(f"{folder}{layout.RECHECK}", f"step {step.number} could not be done: {step.detail}")
        for step in report.steps
        if step.outcome is Outcome.SKIPPED
    ]


def _agreement(
    named: NamedRecheck, folder: str, report: VerificationReport, told: RecheckFacts, release: ReleaseManifest
) -> Iterator[Finding]:
    if told.sha256 != named.sha256:
        yield Finding(layout.RELEASE, "it names another recheck.json than the one that it carries")
    if report.key_fingerprint != named.key_fingerprint:
        yield Finding(layout.RELEASE, "it names another key than the one that sealed the re-check")
    if (told.case_id, told.case_sha256) != (release.case_id, release.case_sha256):
        yield Finding(f"{folder}{layout.RECHECK}", "it is a re-check of another case")


def _told(release: ReleaseManifest, ledger: Ledger | None, carried: Mapping[str, RecheckFacts]) -> Iterator[Finding]:
    """What the ledger tells, and the steps of the procedure say. Raises ValueError for an entry that is none."""
    named = {one.sha256: one for one in release.rechecks}
    if ledger is None:
        if named:
            yield Finding(layout.RELEASE, "re-checks are named, and no ledger tells of them")
        return
    entries = {
        hexdigest(dict(one.happening.data), "recheck_sha256"): one.happening
        for one in ledger.of(Kind.CASE_RECHECKED)
        if one.happening.data.get("manifest_sha256") == release.case_sha256
    }
    for sha256, entry in entries.items():
        if sha256 not in named:
            yield Finding(layout.RELEASE, f"the ledger tells of a re-check that it does not name, {sha256}")
        elif not _fits(entry, named[sha256], carried.get(sha256)):
            yield Finding(releases.ENTRIES, f"what it tells of the re-check {sha256} is not what that says")
    exhibits = {one.sha256 for one in release.exhibits}
    evidence = set()
    for one in ledger.of(Kind.CASE_STEP):
        step = step_of(one.happening)
        if step.get("step") != "recheck":
            continue
        sha256 = hexdigest(step, "evidence_sha256")
        evidence.add(sha256)
        if sha256 in named:
            said = _said(carried.get(sha256), entries.get(sha256))
            if said is not None and said != (text(step, "verdict"), datetime.fromisoformat(text(step, "seen_at"))):
                yield Finding(releases.ENTRIES, f"a step tells another outcome or time than its re-check, {sha256}")
        elif sha256 not in exhibits:
            yield Finding(layout.RELEASE, f"what a re-check of the procedure stands on is not named, {sha256}")
    for sha256 in named:
        if sha256 not in evidence and sha256 not in entries:
            yield Finding(layout.RELEASE, f"it names a re-check of which no ledger tells, {sha256}")


def _fits(entry: Happening, named: NamedRecheck, carried: RecheckFacts | None) -> bool:
    told = dict(entry.data)
    if text(told, "key_fingerprint") != named.key_fingerprint:
        return False
    return carried is None or (text(told, "verdict"), text(told, "due")) == (carried.verdict, carried.due)


def _said(carried: RecheckFacts | None, entry: Happening | None) -> tuple[str, datetime] | None:
    """Verdict and time, of the re-check itself, else as the ledger tells them; None: nobody knows."""
    if carried is not None:
        return carried.verdict, _at(carried.due)
    return None if entry is None else (text(dict(entry.data), "verdict"), _at(text(dict(entry.data), "due")))


def _at(due: str) -> datetime:
    """To the microsecond, as steps tell it."""
    return datetime.fromisoformat(f"{due[:26]}+00:00")
