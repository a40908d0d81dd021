"""A site's keys as `streetproof keys` shows them: at the terminal, or as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from evidence_export.words import Language, Said
from streetproof.cli.output import out, print_json

if TYPE_CHECKING:
    from evidence_export.keys.ring import Ring, RingKey

PUBLISH = Said(
    "请公布新的吊销列表：由 `streetproof keys export-trust` 导出。",
    "Publish the new revocation list: `streetproof keys export-trust` has it.",
)
_WORDS = {
    "seal": "封存",
    "second": "第二签名",
    "current": "在用",
    "superseded": "已更换",
    "revoked": "已吊销",
    "compromise": "密钥泄露",
    "retired": "停用",
}
"""Roles, states and reasons in Chinese; in English they are their own words."""


def fingerprint(ring: Ring) -> str:
    """SHA-256 of the certificate of the site's authority."""
    from evidence_export.keys.opening import authority_of

    return authority_of(ring.folder)


def document_of(ring: Ring) -> dict[str, Any]:
    """The keys as JSON-ready values; nothing secret."""
    return {
        "site": ring.site,
        "authority": {"fingerprint": fingerprint(ring), "crl_number": ring.crl_number},
        "keys": [_key_document(ring, one) for one in ring.keys],
    }


def _key_document(ring: Ring, key: RingKey) -> dict[str, Any]:
    from evidence_export.keys.ring import valid_until

    return {
        "id": key.id,
        "role": key.role.value,
        "algorithm": key.algorithm,
        "state": key.state.value,
        "fingerprint": key.fingerprint,
        "serial": f"{key.serial:x}",
        "made": key.made.isoformat(),
        "valid_until": valid_until(ring, key).isoformat(),
        "withdrawn": key.withdrawn and key.withdrawn.isoformat(),
        "since": key.since and key.since.isoformat(),
        "reason": key.reason,
        "kept": "file" if key.token is None else f"token {key.token.token}, label {key.token.label}",
    }


def tell(ring: Ring, language: Language, *, as_json: bool) -> None:
    """Print the keys, as JSON where that was asked for."""
    document = document_of(ring)
    if as_json:
        print_json({"folder": str(ring.folder), **document})
        return
    head = Said(f"{ring.site} 的密钥，位于 {ring.folder}", f"Keys of {ring.site} in {ring.folder}")
    authority = Said("签发机构  SHA-256", "authority  SHA-256").to(language)
    out.print(head.to(language), markup=False)
    out.print(f"  {authority} {document['authority']['fingerprint']}", markup=False)
    for one, key in zip(document["keys"], ring.keys, strict=True):
        until = one["valid_until"][:10]
        state, role = _WORDS[one["state"]], _WORDS[one["role"]]
        kept = "文件" if key.token is None else f"密码设备 {key.token.token}，标签 {key.token.label}"
        told = Said(
            f"  {one['id']}  {state}，{role}，{one['algorithm']}，{kept}，有效期至 {until}",
            f"  {one['id']}  {one['state']}, {one['role']}, {one['algorithm']}, {one['kept']}, valid until {until}",
        )
        out.print(told.to(language), markup=False)
        label = Said("指纹", "fingerprint").to(language)
        out.print(f"         {label} {one['fingerprint']}", markup=False, style="dim")
        if one["reason"]:
            why = Said(
                f"{_WORDS.get(one['reason'], one['reason'])}：自 {one['since']} 起的签名不予认可",
                f"{one['reason']}: nothing it signed since {one['since']} counts",
            )
            out.print(f"         {why.to(language)}", markup=False)
