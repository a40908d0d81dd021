"""The lines of a bundle's README.txt that depend on what it is signed with: commands to check it by hand, and files."""

from __future__ import annotations

from evidence_export.bag import forms, layout
from evidence_export.bag.forms import Form
from evidence_export.keys.interface import SealingKeys

_CHECKS = {
    layout.ED25519: "openssl pkeyutl -verify -pubin -inkey {key} -rawin -in {data} -sigfile {signature}",
    layout.ECDSA: "openssl dgst -sha256 -verify {key} -signature {signature} {data}",
    layout.SM2: ("openssl dgst -sm3 -verify {key} -sigopt distid:1234567812345678 -signature {signature} {data}"),
}


def commands(keys: SealingKeys, form: Form = forms.CASE) -> str:
    """What to type to check the signatures and certificates, five spaces in."""
    lines = [check_of(keys.first.algorithm, layout.SITE_KEY, form.signature, form.manifest)]
    if keys.second is not None:
        lines.append(check_of(keys.second.algorithm, layout.SECOND_KEY, form.second_signature, form.manifest))
    if keys.certificate is not None:
        pairs = [(layout.SITE_CERTIFICATE, layout.SITE_KEY)]
        if keys.second_certificate is not None:
            pairs.append((layout.SECOND_CERTIFICATE, layout.SECOND_KEY))
        for certificate, key in pairs:
            lines.append(f"openssl verify -no_check_time -CAfile {layout.CA_CERTIFICATE} {certificate}")
            lines.append(f"openssl x509 -in {certificate} -noout -pubkey | cmp - {key}")
        lines.append(f"openssl x509 -in {layout.CA_CERTIFICATE} -noout -fingerprint -sha256")
    lines.append(f"openssl pkey -pubin -in {layout.SITE_KEY} -outform DER | sha256sum")
    return "\n".join(f"     {line}" for line in lines)


def check_of(algorithm: str, key: str, signature: str, data: str = layout.CASE) -> str:
    """The command of OpenSSL 3 that checks `signature` over the file `data`."""
    return _CHECKS[algorithm].format(key=key, signature=signature, data=data)


def files(keys: SealingKeys, *, chinese: bool) -> str:
    """Lines of the list of files, each with its line end; empty for a bare key."""
    found = []
    if keys.second is not None:
        both = (
            f"对 case.json 的第二个数字签名({keys.second.algorithm})",
            (f"the second signature ({keys.second.algorithm}) over case.json"),
        )
        found.append((layout.SECOND_SIGNATURE, *both))
    if keys.second is not None or keys.certificate is not None:
        found.append((layout.KEYS, "密钥的证书及第二把公钥", "certificates of the keys, and the second public key"))
    return "".join(f"  {name:<22} {zh if chinese else en}\n" for name, zh, en in found)
