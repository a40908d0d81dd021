"""What a site gives to whoever has to check its bundles."""

from __future__ import annotations

from pathlib import Path

from evidence_export.keys.opening import authority_of, read_public
from evidence_export.keys.ring import CA_CERTIFICATE, CA_CRL, Ring, write_public
from streetproof.errors import StreetproofError

_TEXT = """\
{site}

本文件夹供法院等部门核验该站点的证据包，不含任何秘密。
What is needed to check the evidence bundles of this site. Nothing in it is secret.

  site-ca.cert.pem   站点证书机构的证书 the certificate of the site's authority
  site-ca.crl.pem    吊销列表 the keys that it has withdrawn; ask for the newest one

证书指纹（SHA-256），请与经其他渠道公布的指纹核对：
Fingerprint (SHA-256) of the authority; compare it with the one that is published elsewhere:
  {fingerprint}

核验 To check a bundle:
  streetproof verify PATH --key site-ca.cert.pem --crl site-ca.crl.pem
  python -m evidence_export.verifier PATH --key site-ca.cert.pem --crl site-ca.crl.pem
  openssl x509 -in site-ca.cert.pem -noout -fingerprint -sha256
  openssl crl -in site-ca.crl.pem -CAfile site-ca.cert.pem -noout -text
"""


class TrustError(StreetproofError):
    """The files for those who check bundles cannot be written."""


def export(ring: Ring, folder: Path) -> tuple[Path, ...]:
    """Write certificate, revocation list, fingerprint and a README to `folder`. Raises StreetproofError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrustError(
            f"the folder cannot be made ({error.strerror})", where=str(folder), remedy="Name another one with --out"
        ) from error
    fingerprint = authority_of(ring.folder)
    files = {
        "site-ca.cert.pem": read_public(ring.folder / CA_CERTIFICATE),
        "site-ca.crl.pem": read_public(ring.folder / CA_CRL),
        "fingerprint.txt": f"{fingerprint}\n".encode(),
        "README.txt": _TEXT.format(site=ring.site, fingerprint=fingerprint).encode(),
    }
    for name, data in files.items():
        write_public(folder / name, data)
    return tuple(folder / name for name in files)
