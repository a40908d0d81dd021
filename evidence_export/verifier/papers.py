"""Step 12: the certificates of the keys, and whether the authority had withdrawn them when the bundle was sealed.

Certificates are judged by the time at which the bundle says that it was sealed, never by today: a bundle does not
become invalid with age. That time is the key's own word; what follows from that is told by `cannot_know`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from evidence_export.bag import certificate, layout
from evidence_export.bag.certificate import Certificate, Revoked
from evidence_export.bag.pubkey import PublicKey
from evidence_export.verifier.container import printable
from evidence_export.verifier.files import Files, NotCheckedError, Result, SkipStep
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import SealedManifest
from evidence_export.verifier.reading import moment
from evidence_export.verifier.report import (
    CANNOT_KNOW,
    CANNOT_KNOW_ZH,
    UNKNOWN_KEY,
    UNKNOWN_KEY_ZH,
    Finding,
)
from evidence_export.verifier.signatures import Signatures


@dataclass(frozen=True, slots=True)
class Papers:
    """Certificates that were found in order. `withdrawn`: of keys that the list withdrew since a later time."""

    authority: Certificate
    withdrawn: tuple[Revoked, ...]


def check_papers(
    files: Files, trust: Trust, signatures: Signatures, case: SealedManifest
) -> tuple[Papers | None, Result]:
    """The outcome of step 12; Papers only where nothing is wrong with them."""
    if case.second is not None and signatures.second is None:
        raise SkipStep("the second signature is missing")
    listed = [name for name in (layout.SITE_CERTIFICATE, layout.CA_CERTIFICATE) if name in case.files]
    if not listed:
        return None, _without(trust, signatures, case)
    keys: list[tuple[str, PublicKey | None]] = [(layout.SITE_CERTIFICATE, signatures.key)]
    if signatures.second is not None or layout.SECOND_CERTIFICATE in case.files:
        keys.append((layout.SECOND_CERTIFICATE, signatures.second))
    names = [layout.CA_CERTIFICATE, *(name for name, _ in keys)]
    missing = [name for name in names if name not in case.files]
    if missing:
        return None, ("incomplete", [Finding(case.form.manifest, f"it lists a certificate, and not {missing[0]}")])
    if not certificate.AVAILABLE:
        raise NotCheckedError(
            "the certificates are not checked: the Python package `cryptography` is not installed here"
        )
    found, findings = _read(files, names, case)
    if findings:
        return None, ("not readable", findings)
    authority, sealed_ns = found[layout.CA_CERTIFICATE], moment(case.sealed_at)
    if not authority.is_issued_by(authority):
        what = "it is not the certificate of an authority, signed by itself"
        return None, ("no authority to go by", [Finding(layout.CA_CERTIFICATE, what)])
    findings += _authority_faults(authority, trust, signatures, sealed_ns)
    for name, key in keys:
        findings += [Finding(name, what) for what in _faults(found[name], authority, key, case, sealed_ns)]
    withdrawn, revoked = _revoked(trust, authority, [(name, found[name]) for name, _ in keys], case, sealed_ns)
    findings += revoked
    if findings:
        return None, ("a certificate does not fit the seal", findings)
    until = _day(min(found[name].not_after_ns for name, _ in keys))
    detail = f"{found[layout.SITE_CERTIFICATE].subject}, valid at the time of sealing (until {until})"
    detail = f"{printable(detail)}, by the authority {authority.fingerprint}; {_said_of_list(trust, sealed_ns)}"
    return Papers(authority, withdrawn), (detail, [])


def cannot_know(trust: Trust, signatures: Signatures, papers: Papers | None) -> list[tuple[str, str]]:
    """What no verifier can know of this bundle, in English and Chinese."""
    told = list(zip(CANNOT_KNOW, CANNOT_KNOW_ZH, strict=True))
    if trust.fingerprint is None:
        told.insert(0, (UNKNOWN_KEY, UNKNOWN_KEY_ZH))
    if papers is None:
        return told
    if trust.crl is None:
        told.append(
            (
                "Whether its key had been withdrawn when it was sealed: no revocation list was given (--crl).",
                "封存时密钥是否已被吊销：未提供吊销列表（--crl）。",
            )
        )
    else:
        made = _time(trust.crl.made_ns)
        told.append(
            (
                f"Whether its key was withdrawn in a list later than the one given, which was made at {made}.",
                f"所给吊销列表（生成于 {made}）之后，密钥是否又被吊销。",
            )
        )
    for one in papers.withdrawn:
        if one.compromised:
            since = _time(one.from_ns)
            told.append(
                (
                    f"Whether it was sealed before its key was compromised ({since}): the time of sealing is the key's "
                    "own word, and whoever got hold of the key can write any time. It counts only as far as something "
                    "else proves that time: an RFC 3161 time stamp, or an entry in a ledger.",
                    f"是否确在密钥泄露（{since}）之前封存：封存时间仅为密钥自述，取得密钥者可写任意时间；"
                    "须另有时间戳（RFC 3161）或存证日志证明，方可采信。",
                )
            )
    return told


def _without(trust: Trust, signatures: Signatures, case: SealedManifest) -> Result:
    stray = [name for name in (layout.SECOND_CERTIFICATE,) if name in case.files]
    if stray:
        return "incomplete", [
            Finding(case.form.manifest, f"it lists {stray[0]} without the certificate of its authority")
        ]
    if signatures.by_authority or trust.is_authority:
        return "none", [Finding(layout.SITE_KEY, "it has no certificate of the trusted authority")]
    if trust.crl is not None:
        # Else whoever has a key that was withdrawn would only have to leave its certificate out.
        what = "no certificate tells whether the revocation list is about this key: it may have been withdrawn"
        return "none", [Finding(layout.SITE_KEY, what)]
    return "none: the key stands by itself", []


def _read(files: Files, names: list[str], case: SealedManifest) -> tuple[dict[str, Certificate], list[Finding]]:
    """Raises SkipStep where a certificate is not the one that was sealed: another step has named it."""
    found: dict[str, Certificate] = {}
    findings: list[Finding] = []
    for name in names:
        data = files.small(name)
        if data is None or files.digest(name).sha256 != case.files[name].sha256:
            raise SkipStep("a certificate is not the one that was sealed")
        try:
            found[name] = certificate.load(data)
        except ValueError as error:
            findings.append(Finding(name, printable(str(error))))
            continue
        if found[name].pem != data:
            findings.append(Finding(name, "the certificate is not written in its one exact form"))
    return found, findings


def _authority_faults(authority: Certificate, trust: Trust, signatures: Signatures, sealed_ns: int) -> list[Finding]:
    faults = []
    if not authority.valid_at(sealed_ns):
        faults.append(_not_valid(authority))
    if (signatures.by_authority or trust.is_authority) and authority.fingerprint != trust.fingerprint:
        faults.append(f"its fingerprint {authority.fingerprint} is not the trusted one, {trust.fingerprint}")
    return [Finding(layout.CA_CERTIFICATE, what) for what in faults]


def _faults(
    found: Certificate, authority: Certificate, key: PublicKey | None, case: SealedManifest, sealed_ns: int
) -> list[str]:
    faults = []
    if found.key != key:
        faults.append("it is the certificate of another key than the one that signed")
    if not found.may_sign_data:
        faults.append("its key is not meant for signing evidence")
    if not found.is_issued_by(authority):
        faults.append(f"the authority in {layout.CA_CERTIFICATE} did not sign it")
    if found.site != case.site:
        faults.append(f"it is of the site {printable(repr(found.site))}, and the case of {printable(repr(case.site))}")
    if not found.valid_at(sealed_ns):
        faults.append(f"{_not_valid(found)}; the bundle says that it was sealed at {case.sealed_at}")
    return faults


def _revoked(
    trust: Trust, authority: Certificate, keys: list[tuple[str, Certificate]], case: SealedManifest, sealed_ns: int
) -> tuple[tuple[Revoked, ...], list[Finding]]:
    """Withdrawals that came later than the seal, and those that did not."""
    if trust.crl is None:
        return (), []
    if not trust.crl.is_signed_by(authority):
        what = f"this revocation list is not signed by the authority of the bundle, {authority.fingerprint}"
        return (), [Finding(printable(trust.crl_name), what)]
    later, findings = [], []
    for name, found in keys:
        entry = trust.crl.entries.get(found.serial)
        if entry is None:
            continue
        if sealed_ns < entry.from_ns:
            later.append(entry)
        else:
            what = f"its key was withdrawn ({entry.reason}) since {_time(entry.from_ns)}"
            findings.append(Finding(name, f"{what}; the bundle says that it was sealed at {case.sealed_at}"))
    return tuple(later), findings


def _said_of_list(trust: Trust, sealed_ns: int) -> str:
    if trust.crl is None:
        return "no revocation list was given"
    listed = f"the revocation list {trust.crl.number} of {_time(trust.crl.made_ns)}"
    if trust.crl.made_ns < sealed_ns:
        return f"{listed} is older than the seal and cannot tell whether the key was withdrawn by then"
    return f"not withdrawn by then, says {listed}"


def _not_valid(found: Certificate) -> str:
    return f"it is valid from {_time(found.not_before_ns)} to {_time(found.not_after_ns)} only"


def _time(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 1_000_000_000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _day(ns: int) -> str:
    return _time(ns)[:10]
