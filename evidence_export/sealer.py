"""Makes a sealed case out of a violation: clip, stills, overlay copies, manifest, signature, BagIt folder or zip.

A bundle appears under its name only when it is complete, on disk, and has passed the verifier. What a killed run leaves
behind ends in `.partial` and is replaced by the next one.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import rfc8785

from evidence_export import manifest, texts
from evidence_export.bag import canonical, forms, layout
from evidence_export.bag.canonical import JsonObject
from evidence_export.bag.digest import Digests, digest_file
from evidence_export.bagging import must_verify
from evidence_export.case import CaseRequest
from evidence_export.clips import make_clips
from evidence_export.continuity import breaks_of
from evidence_export.drafts import discard, pack, sync
from evidence_export.errors import SealError
from evidence_export.footage import open_footage
from evidence_export.imageset.choosing import choose
from evidence_export.imageset.signs import show_signs
from evidence_export.imageset.words import OBSTRUCTION_ROLE
from evidence_export.imageset.zone import is_told, zone_of_policy
from evidence_export.keys import SealingKeys, Signer
from evidence_export.keys.sealing import check_valid, key_files, seal_of, signatures_of, verify_own
from evidence_export.kinds import members_at
from evidence_export.made import BagFile, Before, Chosen, Clip, Made, Obstruction, Panorama, Place, Seal
from evidence_export.overlay.render import Bar, enlargement, render
from evidence_export.places import holes_of, place_before, places_of
from evidence_export.plan import case_id_of, check, clip_range, recordings_needed
from evidence_export.plates.looks import PlateEyes
from evidence_export.plates.making import make_plates
from evidence_export.plates.statement import ROLE as PLATE_ROLE
from evidence_export.readme import readme
from evidence_export.sources import Opener, source_of, unchanged
from evidence_export.standalone.pyz import pyz_bytes
from streams.instant import Instant
from streams.interface import Image
from streams.recorder.durable import sync_folder
from vision.interface import Box
from vision.roadusers import passing

_PNG = (cv2.IMWRITE_PNG_COMPRESSION, 1, cv2.IMWRITE_PNG_FILTER, cv2.IMWRITE_PNG_FILTER_UP)
"""Half the time of a choice of filters line by line, for photographs of the same size within some percent."""


@dataclass(frozen=True, slots=True)
class SealedCase:
    """A finished bundle; `manifest_sha256` is the SHA-256 of its `case.json`.

    `recordings`: the files that it was made from, to be kept as long as it is (see `plan.recordings_needed`).
    """

    case_id: str
    path: Path
    manifest_sha256: str
    recordings: tuple[Path, ...] = ()


def seal(
    request: CaseRequest,
    out_dir: Path,
    keys: Signer | SealingKeys,
    sealed_at: Instant,
    *,
    as_zip: bool = False,
    opener: Opener = open_footage,
    eyes: PlateEyes | None = None,
) -> SealedCase:
    """Seal `request` into `out_dir/CASE-ID` or `out_dir/CASE-ID.zip` and return where it is.

    A finished bundle of the same case and key is verified and returned as it is: sealing twice makes one case.
    `sealed_at` is the only thing in a bundle that does not follow from the request, the key and the models that read
    the plate. One process at a time may seal a given case into a given folder. `eyes` are needed where the request asks
    for the plate, and not used elsewhere. `keys`: a bare signer, or the keys of a site with their certificates.

    Raises SigningKeyError where a key does not sign or its certificate is not valid; SealError where the request
    contradicts itself or the recordings, where an earlier bundle of this case no longer verifies, and where the disk
    refuses; StreamsError where a recording cannot be read or cut; InferenceError where a model fails: a case is not
    sealed as if its plate had been looked for.
    """
    keys = keys if isinstance(keys, SealingKeys) else SealingKeys(keys)
    check(request)
    if request.plates is not None and eyes is None:
        raise SealError(
            "its plate is to be read, and there is nothing to read it with", where=f"stay {request.stay.id}"
        )
    request = replace(request, recordings=recordings_needed(request))
    kept = tuple(recording.path for recording in request.recordings)
    case_id = case_id_of(request)
    final = out_dir / (f"{case_id}.zip" if as_zip else case_id)
    draft = out_dir / f"{case_id}.partial"
    packed = out_dir / f"{case_id}.zip.partial"
    try:
        if os.path.lexists(final):
            sealed = replace(_existing(final, case_id, keys), recordings=kept)
            sync_folder(out_dir)  # who gave it its name may have died before that
            return sealed
        check_valid(keys, sealed_at)
        out_dir.mkdir(parents=True, exist_ok=True)
        discard(draft)
        discard(packed)
        (draft / "data").mkdir(parents=True)
        made = _Draft(request, draft, opener, case_id, eyes, with_crc32=as_zip)
        digest = made.make(keys, sealed_at)
        if as_zip:
            pack(draft, packed, case_id, made.digests())
        else:
            sync(draft)
        # What gets the name, and that as it stands there, read anew.
        finished = packed if as_zip else draft
        must_verify(finished, keys)
        finished.rename(final)
        sync_folder(out_dir)
    except OSError as error:
        raise SealError(
            f"the bundle cannot be written ({error.strerror or error})",
            where=str(error.filename or out_dir),
            remedy="Check the free space of the disk and who may write there, then run again",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        with suppress(OSError):
            packed.unlink()
    return SealedCase(case_id, final, digest, kept)


class _Draft:
    """One bundle in the making."""

    def __init__(
        self,
        request: CaseRequest,
        folder: Path,
        opener: Opener,
        case_id: str,
        eyes: PlateEyes | None,
        *,
        with_crc32: bool,
    ) -> None:
        self._request = request
        self._with_crc32 = with_crc32
        self._eyes = eyes
        self._folder = folder
        self._case_id = case_id
        self._files: list[BagFile] = []
        found = [source_of(recording, request.camera.id, opener) for recording in request.recordings]
        self._sources = tuple(source for source, _ in found)
        self._footage = tuple(footage for _, footage in found)

    def make(self, keys: SealingKeys, sealed_at: Instant) -> str:
        """Write every file and return the SHA-256 of case.json."""
        request = self._request
        clips = self._clips()
        places = places_of(request, self._footage)
        reader = self._eyes.reader if self._eyes is not None and request.plates is not None else None
        chosen = choose(request, places, self._footage, reader)
        (self._folder / "data" / "stills").mkdir()
        (self._folder / "data" / "overlay").mkdir()
        pictures = self._stills(chosen)
        told = is_told(request)
        made = Made(
            case_id=self._case_id,
            sources=self._sources,
            wanted=clip_range(request),
            clips=clips,
            panoramas=tuple(panorama for panorama, _ in pictures),
            separation_required_ns=chosen.required_ns,
            breaks=breaks_of(request.recordings),
            holes=holes_of(self._sources, self._footage),
            before=self._before(),
            chosen_from=chosen.candidates,
            signs=show_signs(request, pictures, self._cut, self._carry) if told else (),
            obstruction=self._obstruction(places) if told else None,
        )
        self._overlays(pictures)
        made = replace(made, plates=self._plate(made, places))
        self._payload_json(made, places)
        self._carry(layout.OWN_VERIFIER, pyz_bytes(), "verifier")
        self._key_files(keys)
        self._tag_files(made, keys)
        case = self._case_json(made, seal_of(keys, sealed_at))
        signatures = signatures_of(keys, case)
        for name, signature in signatures.items():
            self._write(name, signature)
        tags = {file.path: file.digests.sha256 for file in self._files if file.path in forms.CASE.tag_files}
        tags |= {name: digest_file(self._folder / name).sha256 for name in (layout.CASE, *signatures)}
        self._write(layout.TAG_MANIFEST, layout.manifest_bytes(tags))
        for source in self._sources:
            unchanged(source)
        return hashlib.sha256(case).hexdigest()

    def digests(self) -> dict[str, Digests]:
        """Of every file of the finished draft."""
        found = {file.path: file.digests for file in self._files}
        outside = (layout.CASE, layout.SIGNATURE, layout.SECOND_SIGNATURE, layout.TAG_MANIFEST)
        present = (name for name in outside if (self._folder / name).exists())
        return found | {name: self._digest(name) for name in present}

    def _clips(self) -> tuple[Clip, ...]:
        clips = []
        for clip, parent, how in make_clips(self._request, self._sources, self._footage, self._folder / "data"):
            self._note(clip.path, "clip", parent=parent, transform=how)
            clips.append(clip)
        return tuple(clips)

    def _stills(self, chosen: Chosen) -> list[tuple[Panorama, Image]]:
        found = []
        for number, (moment, place, clarity) in enumerate(chosen.pictures, start=1):
            path = f"{layout.PAYLOAD}stills/panorama-{number}.png"
            picture = self._still(path, "panorama", place)
            overlay = f"{layout.PAYLOAD}overlay/panorama-{number}.png"
            size = (picture.shape[1], picture.shape[0])
            found.append((Panorama(path, overlay, place, moment, size, clarity), picture))
        return found

    def _before(self) -> Before | None:
        """The picture of the ground before it was taken, and its derived copy; None where there is none."""
        place = place_before(self._request, self._footage)
        if place is None:
            return None
        before = Before(f"{layout.PAYLOAD}stills/before.png", f"{layout.PAYLOAD}overlay/before.png", place)
        picture = self._still(before.path, "before", place)
        bar = texts.before_bar(self._request, self._case_id, before, self._files[-1].digests.sha256)
        box = self._request.violation.moments[-1].box
        self._overlay(before.overlay, before.path, picture, box, texts.BEFORE_LABEL, bar)
        return before

    def _obstruction(self, places: Mapping[int, Place]) -> Obstruction | None:
        """The picture of who came near it while it stood, and its derived copy; None where there is none."""
        hindrance = self._request.violation.hindrance
        moment = hindrance.moment if hindrance is not None else None
        place = places.get(moment.at.utc_ns) if moment is not None else None
        if moment is None or place is None:
            return None
        stem = "obstruction.png"
        shown = Obstruction(
            f"{layout.PAYLOAD}stills/{stem}", f"{layout.PAYLOAD}overlay/{stem}", place, moment, passing(moment)
        )
        picture = self._still(shown.path, OBSTRUCTION_ROLE, place)
        bar = texts.obstruction_bar(self._request, self._case_id, shown, self._files[-1].digests.sha256)
        label = texts.class_label(moment)
        inner = [one.box for one in shown.others]
        self._overlay(shown.overlay, shown.path, picture, moment.box, label, bar, inner)
        return shown

    def _still(self, path: str, role: str, place: Place) -> Image:
        picture = self._footage[place.recording].picture(place.pts)
        _write_png(picture, self._folder / path)
        self._note(
            path,
            role,
            parent=f"recording:{self._sources[place.recording].digests.sha256}",
            transform=f"the frame with pts {place.pts}, decoded, as 8-bit RGB PNG at its full size",
        )
        return picture

    def _overlays(self, pictures: list[tuple[Panorama, Image]]) -> None:
        sha256 = {file.path: file.digests.sha256 for file in self._files}
        for number, (panorama, picture) in enumerate(pictures, start=1):
            bar = texts.panorama_bar(
                self._request, self._case_id, panorama, number, len(pictures), sha256[panorama.path]
            )
            label = texts.box_label(self._request, panorama)
            inner = members_at(self._request.violation, panorama.moment.at.utc_ns)
            self._overlay(panorama.overlay, panorama.path, picture, panorama.moment.box, label, bar, inner)

    def _overlay(
        self, path: str, still: str, picture: Image, box: Box, label: str, bar: Bar, inner: Sequence[Box] = ()
    ) -> None:
        polygon = [tuple(point) for point in zone_of_policy(self._request).get("polygon", ())]
        copy = np.asarray(render(picture, box, label, polygon, bar, inner))
        _write_png(np.asarray(cv2.cvtColor(copy, cv2.COLOR_RGB2BGR), np.uint8), self._folder / path)
        self._note(
            path,
            "overlay",
            parent=still,
            transform=f"enlarged {enlargement(picture.shape[1])} times; box, zone and information bar drawn",
        )

    def _plate(self, made: Made, places: Mapping[int, Place]) -> JsonObject | None:
        rules, eyes = self._request.plates, self._eyes
        if rules is None or eyes is None:
            return None
        shown = [panorama.moment for panorama in made.panoramas]
        shown += [made.obstruction.moment] if made.obstruction is not None else []
        wanted = {moment.at.utc_ns for moment in (*self._request.violation.moments, *shown)}
        looked_at = {utc_ns: place for utc_ns, place in places.items() if utc_ns in wanted}
        return make_plates(self._request, rules, eyes, self._footage, made, looked_at, self._close_up)

    def _close_up(self, path: str, picture: Image, parent: str, transform: str) -> None:
        self._cut(path, picture, PLATE_ROLE, parent, transform)

    def _cut(self, path: str, picture: Image, role: str, parent: str, transform: str) -> None:
        (self._folder / path).parent.mkdir(exist_ok=True)
        _write_png(picture, self._folder / path)
        self._note(path, role, parent=parent, transform=transform)

    def _carry(self, path: str, data: bytes, role: str) -> None:
        (self._folder / path).parent.mkdir(exist_ok=True)
        self._write(path, data)
        self._note(path, role)

    def _payload_json(self, made: Made, places: Mapping[int, Place]) -> None:
        policy = _canonical(dict(self._request.policy), "policy")
        if hashlib.sha256(policy).hexdigest() != self._request.violation.policy_hash:
            raise SealError(
                "the policy given is not the one that the violation was judged by",
                where=f"policy {self._request.violation.policy}",
                remedy="Judge the footage again with the current policy",
            )
        self._write(layout.DETECTIONS, _canonical(manifest.detections(self._request, made, places), "detections"))
        self._note(layout.DETECTIONS, "detections")
        self._write(layout.POLICY, policy)
        self._note(layout.POLICY, "policy")

    def _key_files(self, keys: SealingKeys) -> None:
        files = key_files(keys)
        if files:
            (self._folder / layout.KEYS).mkdir()
        for name, (role, data) in files.items():
            self._write(name, data)
            self._note(name, role)

    def _tag_files(self, made: Made, keys: SealingKeys) -> None:
        payload = list(self._files)
        sha256 = {file.path: file.digests.sha256 for file in payload}
        for name, role, data in (
            (layout.BAGIT, "bagit", layout.BAGIT_TEXT),
            (layout.BAG_INFO, "bagit", texts.bag_info(self._request, self._case_id, payload)),
            (layout.MANIFEST, "bagit", layout.manifest_bytes(sha256)),
            (layout.README, "readme", readme(self._request, made, keys)),
            (layout.SITE_KEY, "public_key", keys.first.public_key_pem),
        ):
            self._write(name, data)
            self._note(name, role)

    def _case_json(self, made: Made, seal: Seal) -> bytes:
        try:
            case = canonical.dumps(manifest.build(self._request, made, self._files, seal))
        except ValueError as error:
            raise SealError(f"the case cannot be written as canonical JSON ({error})", where=self._case_id) from error
        self._write(layout.CASE, case)
        return case

    def _write(self, path: str, data: bytes) -> None:
        (self._folder / path).write_bytes(data)

    def _note(self, path: str, role: str, *, parent: str | None = None, transform: str | None = None) -> None:
        self._files.append(BagFile(path, role, self._digest(path), parent, transform))

    def _digest(self, path: str) -> Digests:
        return digest_file(self._folder / path, with_crc32=self._with_crc32)


def _existing(final: Path, case_id: str, keys: SealingKeys) -> SealedCase:
    # The key counts: somebody else's bundle under this name must not pass for ours. One that an earlier key of the site
    # sealed is ours, too.
    report = verify_own(final, (keys.first.fingerprint, *keys.earlier))
    if not report.ok or report.case_id != case_id:
        culprits = ", ".join(report.culprits) or "it is another case"
        raise SealError(
            f"a bundle of this case exists but does not verify as sealed with this site key ({culprits})",
            where=str(final),
            remedy="Keep it as it is for inquiry under another name, then run again",
        )
    return SealedCase(case_id, final, report.manifest_sha256 or "")


def _canonical(value: object, what: str) -> bytes:
    try:
        return rfc8785.dumps(value)  # type: ignore[arg-type]  # checked at run time
    except rfc8785.CanonicalizationError as error:
        raise SealError(f"the {what} cannot be written as canonical JSON ({error})") from error


def _write_png(picture: Image, path: Path) -> None:
    """`picture`: H x W x 3 BGR uint8. Raises OSError."""
    written, data = cv2.imencode(".png", np.ascontiguousarray(picture), _PNG)
    if not written:
        raise SealError("a picture cannot be coded as PNG", where=str(path))
    path.write_bytes(data.tobytes())
