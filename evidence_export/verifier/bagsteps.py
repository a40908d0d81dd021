"""The steps that every bundle has, whatever it carries: container, keys, signature, manifest, files, BagIt.

See `steps` and `release` for the whole list. A step that cannot be trusted after an earlier failure is skipped. Hashes
in files that nothing vouches for any more are still used for one thing: to say which file is to blame.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from evidence_export.bag import forms, layout, sm3
from evidence_export.bag.forms import Form
from evidence_export.verifier.container import Container, printable
from evidence_export.verifier.files import BlameError, Files, NotCheckedError, Result, SkipStep
from evidence_export.verifier.key import Trust
from evidence_export.verifier.manifest import SealedManifest
from evidence_export.verifier.papers import Papers, check_papers
from evidence_export.verifier.report import Finding, Outcome, Step
from evidence_export.verifier.signatures import Signatures

Manifest = TypeVar("Manifest", bound=SealedManifest)


class BagVerification(ABC, Generic[Manifest]):
    """One run over one container. `withheld`: path -> SHA-256 of files that were left out on purpose, of a case within
    a release that says so."""

    def __init__(
        self, path: Path, container: Container, trust: Trust, form: Form, withheld: Mapping[str, str] | None = None
    ) -> None:
        self._path = path
        self._box = container
        self._form = form
        self._files = Files(container, form)
        self._trust = trust
        self._withheld = withheld or {}
        self._signatures = Signatures(self._files, trust, self._read)
        self._papers: Papers | None = None
        self._sealed: Manifest | None = None

    @abstractmethod
    def _read(self, data: bytes) -> Manifest:
        """The manifest. Raises ValueError."""

    @abstractmethod
    def _name(self, manifest: Manifest) -> str:
        """What the bundle is called, for people."""

    def _bag_steps(self, title: str, title_zh: str) -> list[Step]:
        """Steps 1 to 7; the titles are those of the manifest."""
        return [
            self._step(1, "Container", "读取证据包", self._container),
            self._step(2, "Site key", "签名公钥", self._signatures.site_key),
            self._step(3, "Signature", "数字签名", self._signatures.signature),
            self._step(4, title, title_zh, self._manifest),
            self._step(5, "Completeness", "文件齐全", self._complete),
            self._step(6, "File hashes", "文件摘要", self._hashes),
            self._step(7, "BagIt files", "BagIt 清单", self._bagit),
        ]

    def _step(self, number: int, title: str, title_zh: str, check: Callable[[], Result]) -> Step:
        try:
            detail, findings = check()
        except SkipStep as skip:
            return Step(number, title, title_zh, Outcome.SKIPPED, str(skip))
        except NotCheckedError as lacking:
            return Step(number, title, title_zh, Outcome.NOT_CHECKED, str(lacking))
        except BlameError as blame:
            detail, findings = blame.detail, [blame.finding]
        except (ValueError, RecursionError) as error:
            # Hostile values may stand where others were expected: never accepted, and never a crash.
            detail, findings = "not readable", [Finding(self._form.manifest, printable(str(error)))]
        outcome = Outcome.FAILED if findings else Outcome.PASSED
        return Step(number, title, title_zh, outcome, detail, tuple(findings))

    # 1

    def _container(self) -> Result:
        kind = "folder" if self._box.prefix is None else "zip"
        total = sum(self._box.files.values())
        return f"{kind} of {len(self._box.files)} files, {total} bytes", list(self._box.findings)

    # 4

    def _manifest(self) -> Result:
        name = self._form.manifest
        if not self._signatures.hold:
            raise SkipStep(f"{name} is not trusted without a valid signature")
        data = self._files.small(name)
        try:
            manifest = self._read(data or b"")
        except ValueError as error:
            return "not a manifest of this format", [Finding(name, printable(str(error)))]
        findings = []
        if (fault := self._signatures.fault_in_naming(manifest)) is not None:
            findings.append(fault)
        self._sealed = manifest
        listed = f"{len(manifest.files)} files listed"
        return f"{printable(self._name(manifest))}, sealed at {manifest.sealed_at}, {listed}", findings

    # 5

    def _complete(self) -> Result:
        manifest, name_of_list = self._trusted(), self._form.manifest
        expected = set(manifest.files) | self._form.unlisted | set(manifest.signatures)
        findings = [
            Finding(printable(name), "it is called withheld, and is none of the files of the case")
            for name, sha256 in self._withheld.items()
            if name not in manifest.files or manifest.files[name].sha256 != sha256
        ]
        expected -= set(self._withheld)
        findings += [self._files.absent(name) for name in sorted(expected - set(self._box.files))]
        findings += [
            Finding(printable(name), f"it does not belong to the bundle: {name_of_list} does not list it")
            for name in sorted(set(self._box.files) - expected)
        ]
        held = f"; {len(self._withheld)} were withheld, as the release says" if self._withheld else ""
        return f"every listed file is there, and no other{held}", findings

    # 6

    def _hashes(self) -> Result:
        manifest = self._trusted()
        findings: list[Finding] = []
        total = checked = 0
        without_sm3 = False
        for name, listed in manifest.files.items():
            size = self._box.files.get(name)
            if size is None:
                continue  # step 5 named it
            total, checked = total + size, checked + 1
            if size != listed.size:
                findings.append(Finding(name, f"{size} bytes long, where {listed.size} were sealed"))
                continue
            found = self._files.digest(name)
            if found.sha256 != listed.sha256:
                findings.append(Finding(name, f"its SHA-256 is {found.sha256}, where {listed.sha256} was sealed"))
            elif not found.sm3:
                without_sm3 = True
            elif found.sm3 != listed.sm3:
                findings.append(Finding(name, f"its SM3 is {found.sm3}, where {listed.sm3} was sealed"))
        blamed = {finding.culprit for finding in findings}
        for name in self._box.files:
            recorded = self._box.recorded_crc32(name)
            if recorded is not None and name not in blamed and recorded != self._files.digest(name).crc32:
                findings.append(Finding(f"{printable(self._path.name)} (zip entry {name})", "its CRC-32 is wrong"))
        if sm3.new is None and not findings:
            raise NotCheckedError(
                f"size and SHA-256 of {checked} files agree, {total} bytes; SM3 is not checked: neither this Python's "
                "OpenSSL nor the package `cryptography` offers it here"
            )
        hashes = "size and SHA-256" if without_sm3 else "size, SHA-256 and SM3"
        return f"{hashes} of {checked} files, {total} bytes", findings

    # 7

    def _bagit(self) -> Result:
        if self._sealed is None:
            return (
                f"compared with each other only, because {self._form.manifest} cannot be trusted",
                self._bagit_by_itself(),
            )
        sealed = {name: listed.sha256 for name, listed in self._sealed.files.items()}
        payload = {name: value for name, value in sealed.items() if name.startswith(layout.PAYLOAD)}
        tags = {name: value for name, value in sealed.items() if name in self._form.tag_files}
        findings = []
        outside = (self._form.manifest, *self._sealed.signatures)
        tags |= {name: self._files.digest(name).sha256 for name in outside if name in self._box.files}
        for name, expected in (
            (layout.BAGIT, layout.BAGIT_TEXT),
            (layout.MANIFEST, layout.manifest_bytes(payload)),
            (layout.TAG_MANIFEST, layout.manifest_bytes(tags)),
        ):
            data = self._files.small(name)
            # Step 5 named a signature that is missing; what the tag manifest said of it cannot be told any more.
            lacking = name == layout.TAG_MANIFEST and any(one not in self._box.files for one in outside)
            if data is not None and data != expected and not lacking:
                findings.append(Finding(name, "it is not byte for byte what the manifest makes of it"))
        findings += self._oxum_faults(self._sealed)
        return "bagit.txt and both manifests are exactly what the manifest makes of them", findings

    def _oxum_faults(self, sealed: SealedManifest) -> list[Finding]:
        """BagIt's own sum of the payload (RFC 8493, 2.2.2), which other tools go by."""
        if self._form is forms.CASE and sealed.revision == 0:
            return []  # nobody looked at it then, and what verified once verifies for good
        listed = sealed.files[layout.BAG_INFO]
        data = self._files.small(layout.BAG_INFO)
        if data is None or self._files.digest(layout.BAG_INFO).sha256 != listed.sha256:
            return []  # steps 5 and 6 named it
        payload = [one.size for name, one in sealed.files.items() if name.startswith(layout.PAYLOAD)]
        wanted = f"{layout.PAYLOAD_OXUM}: {sum(payload)}.{len(payload)}".encode()
        stated = [line for line in data.split(b"\n") if line.startswith(layout.PAYLOAD_OXUM.encode())]
        what = f"its {layout.PAYLOAD_OXUM} is not that of its payload"
        return [] if stated == [wanted] else [Finding(layout.BAG_INFO, what)]

    def _bagit_by_itself(self) -> list[Finding]:
        """What `sha256sum -c` would find: used only to name culprits when the signature vouches for nothing."""
        findings: list[Finding] = []
        for manifest in (layout.MANIFEST, layout.TAG_MANIFEST):
            data = self._files.small(manifest)
            if data is None:
                findings.append(self._files.absent(manifest))
                continue
            lines = layout.parse_manifest(data)
            if layout.manifest_bytes(lines) != data:
                findings.append(Finding(manifest, "it is not a manifest in the form that bundles have"))
            for name, expected in lines.items():
                if name not in self._box.files:
                    findings.append(self._files.absent(name))
                elif self._files.digest(name).sha256 != expected:
                    findings.append(Finding(printable(name), f"its SHA-256 is not the one in {manifest}"))
            if manifest == layout.MANIFEST:
                findings += [
                    Finding(printable(name), f"{manifest} does not list it")
                    for name in sorted(self._box.files)
                    if name.startswith(layout.PAYLOAD) and name not in lines
                ]
        return findings

    # Shared by the steps

    def _certificates(self) -> Result:
        self._papers, result = check_papers(self._files, self._trust, self._signatures, self._trusted())
        return result

    def _trusted(self) -> Manifest:
        if self._sealed is None:
            raise SkipStep("there is no manifest to trust")
        return self._sealed
