"""The evidence of a re-check: a bag with the pictures that the outcome stands on, and a signed statement.

It is the third form of bundle (`evidence_export.bag.forms.RECHECK`), with a verifier in it. It appears under its name
only when it is complete, on disk, and has passed the verifier.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pictures

from evidence_export.bag import forms, layout, rechecks
from evidence_export.bag.canonical import JsonObject
from evidence_export.bagging import BagDraft, Part, must_verify
from evidence_export.case import Software
from evidence_export.drafts import discard, sync
from evidence_export.keys import SealingKeys
from evidence_export.keys.sealing import check_valid
from evidence_export.made import BagFile, Seal
from evidence_export.overlay.render import Bar, Field, enlargement, render
from evidence_export.readme_keys import commands
from evidence_export.standalone.pyz import pyz_bytes
from evidence_export.statements.sealed import file_json, seal_json
from evidence_export.statements.values import exact
from evidence_export.texts import bag_info_text
from evidence_export.words import Language, Said, kind_words
from models.interface import Image, ModelInfo
from streams.archive.reader import open_archive
from streams.instant import Instant
from streams.interface import DecodeLevel
from streams.recorder.durable import sync_folder
from streetproof.recheck.keeping import folder_name, of_events
from streetproof.recheck.looking import Taken
from streetproof.recheck.original import Original, RecheckError
from streetproof.recheck.words import STATES, VERDICTS, outcome_words
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera
from streetproof.settings.times import time_rules
from streetproof.version import __version__
from vision.codec import to_json
from vision.durations import format_duration
from vision.policy import policy_hash
from vision.recheck import Outcome, Shown

if TYPE_CHECKING:
    from streetproof.recheck.doing import Order

SOFTWARE = Software("streetproof", __version__)


@dataclass(frozen=True)
class Facts:
    """What a statement says besides the outcome."""

    loaded: LoadedSite
    camera: Camera
    original: Original
    order: Order
    model: ModelInfo
    recordings: tuple[Path, ...]
    taken: tuple[Taken, ...]
    compared: bool
    """Whether the view was compared with the picture of the violation."""


class WrittenBeforeError(RecheckError):
    """There is a folder of this re-check; `where` is its path."""


def said(outcome: Outcome) -> Said:
    """The outcome in a few words of each language."""
    return outcome_words(outcome.verdict, outcome.reason)


def write_recheck(
    facts: Facts, outcome: Outcome, keys: SealingKeys, sealed_at: Instant, out: Path
) -> tuple[Path, dict[str, Any]]:
    """Write everything into a new folder below `out`, whole or not at all.

    Raises WrittenBeforeError where there is one of that name, RecheckError where the disk refuses, SealError where what
    was written does not verify, SigningKeyError where a key does not sign or its certificate is not valid.
    """
    site, source = facts.loaded.site.site, facts.original.source
    of = str(source["case"]) if "case" in source else of_events(str(source["stay"]), facts.original.question.rule)
    name = folder_name(facts.camera.id, facts.order.due.utc_ns, site.timezone, of)
    folder, draft = out / name, out / f"{name}.partial"
    if os.path.lexists(folder):
        raise WrittenBeforeError(
            "this re-check was written before, and evidence is not overwritten",
            where=str(folder),
            remedy="Look at another time (--at), or name another folder with --out",
        )
    check_valid(keys, sealed_at)
    try:
        out.mkdir(parents=True, exist_ok=True)
        discard(draft)
        draft.mkdir()
        document = _make(facts, outcome, keys, sealed_at, BagDraft(draft, name, forms.RECHECK), draft)
        sync(draft)
        must_verify(draft, keys)
        draft.rename(folder)
        sync_folder(out)
    except OSError as error:
        raise RecheckError(
            f"the evidence cannot be written ({error.strerror or error})",
            where=str(error.filename or out),
            remedy="Name a folder with --out that can be written, and check the free space of the disk",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder, document


def _make(
    facts: Facts, outcome: Outcome, keys: SealingKeys, sealed_at: Instant, bag: BagDraft, folder: Path
) -> dict[str, Any]:
    """Write every file, and return what `recheck.json` says."""
    recordings = [_recording(facts, path) for path in facts.recordings]
    shown = [
        _shown(facts, outcome, one, number, recordings, bag, folder)
        for number, one in enumerate(outcome.shown, start=1)
    ]
    bag.add([Part(layout.OWN_VERIFIER, "verifier", pyz_bytes())])
    bag.add_keys(keys)
    site = (facts.loaded.site.site.id, facts.loaded.site.site.name)
    info = bag_info_text(
        site, folder.name.removesuffix(".partial"), bag.files, "Streetproof re-check", rechecks.FORMAT_VERSION,
        f"{SOFTWARE.name} {SOFTWARE.version}",
    )  # fmt: skip
    document: dict[str, Any] = {}

    def build(files: Sequence[BagFile], seal: Seal) -> JsonObject:
        document.update(_document(facts, outcome, shown, recordings))
        document["files"] = [file_json(file) for file in sorted(files, key=lambda file: file.path)]
        document["seal"] = seal_json(seal, SOFTWARE)
        return document

    bag.seal(keys, sealed_at, build, info=info, readme=_readme(facts, outcome, keys).encode())
    return document


def _shown(
    facts: Facts,
    outcome: Outcome,
    shown: Shown,
    number: int,
    recordings: Sequence[Mapping[str, Any]],
    bag: BagDraft,
    folder: Path,
) -> dict[str, Any]:
    """One look that the outcome stands on: its picture untouched, and a copy for looking at."""
    taken = next(one for one in facts.taken if one.look.at.utc_ns == shown.at.utc_ns)
    recording = facts.recordings.index(taken.recording)
    picture = _picture(facts, taken)
    still, overlay = f"{rechecks.STILLS}look-{number}.png", f"{rechecks.OVERLAYS}look-{number}.png"
    for path in (still, overlay):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
    Pictures.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(folder / still, format="PNG", compress_level=1)
    kept = bag.note(
        still,
        rechecks.STILL,
        f"recording:{recordings[recording]['sha256']}",
        f"the frame with pts {taken.pts}, decoded, as 8-bit RGB PNG at its full size",
    )
    state = STATES[shown.state]
    bar = _bar(facts, outcome, taken, kept.digests.sha256, f"{number}/{len(outcome.shown)}")
    label = f"{state.zh} {state.en}"
    drawn = render(picture, shown.box, label, facts.original.question.area.polygon, bar)
    drawn.save(folder / overlay, format="PNG", compress_level=1)
    how = f"enlarged {enlargement(picture.shape[1])} times; box, zone and information bar drawn"
    copy = bag.note(overlay, rechecks.OVERLAY, still, how)
    return {
        "at": shown.at.isoformat(),
        "state": shown.state.value,
        "box": exact(shown.box),
        "recording": recording,
        "pts": taken.pts,
        "still": {"path": still, "sha256": kept.digests.sha256},
        "overlay": {"path": overlay, "sha256": copy.digests.sha256},
    }


def _picture(facts: Facts, taken: Taken) -> Image:
    source = open_archive(taken.recording, facts.camera.id, time_rules(facts.loaded.site, facts.camera))
    for frame in source.frames(DecodeLevel.EVERY_FRAME, pts_range=(taken.pts, taken.pts)):
        if frame.pts == taken.pts:
            return frame.image
    raise RecheckError("a frame that was looked at is no longer there", where=str(taken.recording))


def _document(
    facts: Facts, outcome: Outcome, shown: list[dict[str, Any]], recordings: list[Mapping[str, Any]]
) -> dict[str, Any]:
    """All but the files and the seal."""
    question, order, site = facts.original.question, facts.order, facts.loaded.site
    rule, model = question.kind_of_rule, facts.model
    return {
        "format": rechecks.FORMAT,
        "version": rechecks.FORMAT_VERSION,
        "revision": rechecks.FORMAT_REVISION,
        "outcome": {
            "verdict": outcome.verdict.value,
            "reason": None if outcome.reason is None else outcome.reason.value,
            "looks": {state.value: count for state, count in outcome.looks},
            "free_ns": outcome.free_ns,
            "violation": None if outcome.violation is None else exact(to_json(outcome.violation)),
        },
        "asked": {
            "due": order.due.isoformat(),
            "until": order.due.shifted(order.window_ns).isoformat(),
            "rate": str(order.rate),
        },
        "original": {
            **facts.original.source,
            "rule": rule.id,
            "kind": rule.kind,
            "zone": question.zone,
            "place": exact(question.place),
            "class": question.cls,
            "allowed_ns": question.allowed_ns,
            "policy_sha256": policy_hash(
                question.rules.policy, question.area, question.rules.ground, question.rules.shops
            ),
        },
        "site": {"id": site.site.id, "name": site.site.name, "timezone": site.site.timezone},
        "camera": {"id": facts.camera.id, "name": facts.camera.name},
        "view": {"compared_with_original": facts.compared},
        "detection": {
            "model": {"name": model.name, "sha256": model.sha256},
            "settings": {"min_score": str(site.model.min_score), "iou": str(site.model.iou)},
        },
        "recordings": recordings,
        "shown": shown,
        "config": {"sha256": facts.loaded.sha256},
    }


def _recording(facts: Facts, path: Path) -> Mapping[str, Any]:
    start = open_archive(path, facts.camera.id, time_rules(facts.loaded.site, facts.camera)).start
    return {
        "name": path.name,
        "size": path.stat().st_size,
        "sha256": _sha256(path),
        "start": start.isoformat(),
        "time_source": start.source.value,
        "time_uncertainty_ns": start.uncertainty_ns,
    }


def _bar(facts: Facts, outcome: Outcome, taken: Taken, digest: str, number: str) -> Bar:
    question, words = facts.original.question, said(outcome)
    kind = kind_words(facts.original.called, question.rule)
    at, zone = taken.look.at, facts.loaded.site.site.zone
    return Bar(
        title=f"复查：{VERDICTS[outcome.verdict].zh}  Re-check: {VERDICTS[outcome.verdict].en}",
        badge=f"画面 Look {number}",
        fields=(
            Field("时间 Time", f"{at.local(zone):%Y-%m-%d %H:%M:%S %z}"),
            Field("设备 Device", f"{facts.camera.id} {facts.camera.name}"),
            Field("结论 Outcome", f"{words.zh} {words.en}", wide=True),
            Field("原违法 Original", f"{kind.zh} {kind.en} · {question.rule} · {question.area.name} {question.zone}"),
            Field("案件或停留 Case or stay", str(facts.original.source.get("case", facts.original.source["stay"]))),
            Field("防伪码 Anti-forgery code", " ".join(digest[i : i + 4].upper() for i in range(0, 16, 4))),
        ),
        footer="本图为衍生副本，原图未作任何改动；防伪码为原图 SHA-256 的前 16 位。 "
        "Derived copy; the original is untouched. The code is the first 16 hex digits of the original's SHA-256.",
    )


def _readme(facts: Facts, outcome: Outcome, keys: SealingKeys) -> str:
    zone, words = facts.loaded.site.site.zone, said(outcome)
    due = f"{facts.order.due.local(zone):%Y-%m-%d %H:%M:%S %z}"
    window = format_duration(facts.order.window_ns)
    looks = {
        language: ", ".join(f"{STATES[state].to(language)} {count}" for state, count in outcome.looks) or "0"
        for language in (Language.ZH, Language.EN)
    }
    original = facts.original.source.get("case", facts.original.source["stay"])
    return f"""\
复查 Re-check

  结论：{words.zh}
  时间：{due} 起 {window}
  摄像机：{facts.camera.id} {facts.camera.name}
  原案件：{original}
  画面：{looks[Language.ZH]}

  Outcome: {words.en}
  From: {due}, for {window}
  Camera: {facts.camera.id} {facts.camera.name}
  Original: {original}
  Looks: {looks[Language.EN]}

“已改正”指看到该处持续清空至少一分钟，且期间未见再次违法；看不清的一律写“无法判断”。
"Corrected" means that the place was seen in order for at least a minute, and the rule not broken again.

如何验证 To verify it (any one of these; none needs a network):
  有 Python 3.11 的电脑 With Python 3.11:   python3 data/verify.pyz .
  用 Streetproof With Streetproof:          streetproof verify .
  手工验证（在本文件夹内执行）By hand, inside this folder:
     sha256sum -c manifest-sha256.txt
     sha256sum -c tagmanifest-sha256.txt
{commands(keys, forms.RECHECK)}
公钥指纹请与执法机关经其他渠道公布的指纹核对。
Compare the fingerprint of the key with the one that the authority publishes elsewhere.
"""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
