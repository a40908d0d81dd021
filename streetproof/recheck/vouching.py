"""Whose re-check counts. The one check before any re-check is entered in a ledger, whoever enters it, and before a step
of a procedure stands on one.

A re-check is believed that verifies, is of this case and this very bundle, and was sealed by a key that speaks for the
case: that of the case, one that the same authority certified, or one that has signed the ledger of this data folder.
The last is for cases from other departments, whose keys stay there, and for sites that changed from a bare key to
certified ones. Whoever signs the ledger with a key of their own leaves that there for good: `ledger check` finds a
checkpoint that none of the site's keys has signed. That the ledger tells of a re-check says nothing by itself: it tells
of what passed this check.
"""

from __future__ import annotations

from pathlib import Path

from evidence_export.bag import certificate, layout, pubkey
from evidence_export.bag.pubkey import PublicKey
from evidence_export.keys import SealingKeys
from evidence_export.ledger.checkpoint import read_note
from evidence_export.procedure.procedure import ProcedureError
from evidence_export.words import Said
from streetproof.procedures.taking import OpenCase
from streetproof.recheck.keeping import KeptRecheckError, Recheck, read
from streetproof.store.ledger.database import SqlLedger


def believed(folder: Path, case: OpenCase, ledger: SqlLedger) -> Recheck:
    """The re-check in a folder, of that case, by a key that speaks for it.

    Raises ProcedureError where it does not verify, is of another case, or nobody here vouches for its key;
    NotABundleError for no bundle, KeptRecheckError where it cannot be read.
    """
    report, found = read(folder)
    if not report.ok:
        culprits = ", ".join(report.culprits[:3])
        raise refused(
            case,
            "recheck_unverified",
            Said(
                f"复查材料核验未通过（{culprits}）；请用 `streetproof verify {folder}` 查看，或重新复查",
                f"the re-check does not verify ({culprits}): look at it with `streetproof verify {folder}`, or look "
                "at the place again",
            ),
        )
    about = case.procedure.facts.case_id
    if found is None or (found.case_id, found.case_sha256) != (about, case.manifest_sha256):
        of = "no case" if found is None else found.case_id
        raise refused(
            case,
            "recheck_of_another_case",
            Said(
                f"不是本案的复查（{'无案件' if found is None else of}）；请给出本案的复查材料",
                f"it is no re-check of this case, but of {of}: give one that was made of this case's bundle",
            ),
        )
    _must_speak_for(_key_of(folder, found), found.authority, case, ledger)
    return found


def must_speak_for(keys: SealingKeys, case: OpenCase, ledger: SqlLedger) -> None:
    """See, before any work, that a re-check sealed with these keys would be believed. Raises ProcedureError."""
    authority = None if keys.authority is None else certificate.load(keys.authority).fingerprint
    _must_speak_for(pubkey.from_pem(keys.first.public_key_pem), authority, case, ledger)


def _must_speak_for(key: PublicKey, authority: str | None, case: OpenCase, ledger: SqlLedger) -> None:
    certified = authority is not None and authority == case.authority
    if key.fingerprint == case.key_fingerprint or certified or _has_signed(key, ledger):
        return
    raise refused(
        case,
        "recheck_by_a_stranger",
        Said(
            f"复查材料的签名密钥（{key.fingerprint}）既非封存本案的密钥，也非同一签发机构所发，也未签署过此处的存证日志；"
            "请用本单位的密钥重新复查（`streetproof recheck --data`）；外单位移送的案件，先用该密钥签署存证日志"
            "（`streetproof ledger sign`）",
            f"its key ({key.fingerprint}) is neither that of the case nor certified by the same authority, and has not "
            "signed the ledger here: look again with the site's own key (`streetproof recheck --data`); for a case "
            "from another department have the ledger signed with that key first (`streetproof ledger sign`)",
        ),
    )


def _has_signed(key: PublicKey, ledger: SqlLedger) -> bool:
    for note in ledger.checkpoints():
        try:
            if read_note(note).signed_by(key):
                return True
        except ValueError:  # of a checkpoint that cannot be read `ledger check` tells
            continue
    return False


def _key_of(folder: Path, found: Recheck) -> PublicKey:
    try:
        with (folder / layout.SITE_KEY).open("rb") as stream:
            key = pubkey.from_pem(stream.read(layout.MAX_TAG_BYTES))
    except (OSError, ValueError):
        key = None
    if key is None or key.fingerprint != found.key_fingerprint:
        raise KeptRecheckError("it was changed while it was read", where=str(folder))
    return key


def refused(case: OpenCase, code: str, said: Said) -> ProcedureError:
    """Why a re-check does not count for a case."""
    return ProcedureError(code, said, case.procedure.facts.case_id)
