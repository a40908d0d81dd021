"""The three forms of bundle: a sealed case, a release (移送包) that carries one to whoever receives it, and a re-check
(复查) of the place of a case.

All are the same bag: a manifest in canonical JSON that lists every file, one signature or two over its bytes, the
key, and the files of BagIt. They differ in names, and in what the manifest says beside.
"""

from __future__ import annotations

from dataclasses import dataclass

from evidence_export.bag import layout


@dataclass(frozen=True, slots=True)
class Form:
    """Names of one form. `pages`: tag files beside those that every bundle has."""

    manifest: str
    pages: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        return f"{self.manifest}.sig"

    @property
    def second_signature(self) -> str:
        """Only where `seal.second` says so."""
        return self.manifest.removesuffix(".json") + ".json.second.sig"

    @property
    def tag_files(self) -> tuple[str, ...]:
        """What the tag manifest lists: every file outside data/ but itself, and the second signature where there is
        one."""
        common = (layout.BAG_INFO, layout.BAGIT, layout.MANIFEST, layout.README, layout.SITE_KEY)
        return tuple(sorted((*common, self.manifest, self.signature, *self.pages)))

    @property
    def unlisted(self) -> frozenset[str]:
        """What the manifest cannot list: itself, its signature, and the tag manifest that holds the hashes of both."""
        return frozenset({self.manifest, self.signature, layout.TAG_MANIFEST})


CASE = Form(layout.CASE)
RELEASE = Form(layout.RELEASE, (layout.VERIFIER_FILE, layout.VERIFIER_PAGE))
RECHECK = Form(layout.RECHECK)
