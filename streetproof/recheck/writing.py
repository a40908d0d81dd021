"""The evidence of a re-check: a folder with the pictures that the outcome stands on, and a signed statement.

`recheck.json` is canonical JSON (RFC 8785, numbers with fractions as text) and lists the SHA-256 of every picture and
recording; `recheck.json.sig` is the site key's signature over it. It is no bundle that `streetproof verify` knows:
`README.txt` says how to check it by hand.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image as Pictures

from evidence_export.bag import canonical
from evidence_export.keys import Signer
from evidence_export.overlay.render import Bar, Field, render
from evidence_export.readme_keys import check_of
from evidence_export.statements.values import exact, known
from evidence_export.words import Language, Said, kind_words
from models.interface import Image, ModelInfo
from streams.archive.reader import open_archive
from streams.instant import Instant
from streams.interface import DecodeLevel
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

FORMAT = "streetproof-recheck"


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


def said(outcome: Outcome) -> Said:
    """The outcome in a few words of each language."""
    return outcome_words(outcome.verdict, outcome.reason)


def write_recheck(
    facts: Facts, outcome: Outcome, signer: Signer, sealed_at: Instant, out: Path
) -> tuple[Path, dict[str, Any]]:
    """Write everything into a new folder below `out`, whole or not at all. Raises RecheckError."""
    zone = facts.loaded.site.site.zone
    stay = "".join(one for one in facts.original.source["stay"] if one.isalnum())[:8]
    name = f"recheck-{facts.camera.id}-{facts.order.due.local(zone):%Y%m%d-%H%M%S}-{stay}"
    folder, draft = out / name, out / f"{name}.partial"
    try:
        if folder.exists():
            raise RecheckError(
                "this re-check was written before, and evidence is not overwritten",
                where=str(folder),
                remedy="Name another folder with --out",
            )
        shutil.rmtree(draft, ignore_errors=True)
        (draft / "stills").mkdir(parents=True)
        (draft / "overlay").mkdir()
        shown = [_shown(facts, outcome, one, number, draft) for number, one in enumerate(outcome.shown, start=1)]
        document = _document(facts, outcome, shown, signer, sealed_at)
        statement = canonical.dumps(document)
        (draft / "recheck.json").write_bytes(statement)
        (draft / "recheck.json.sig").write_bytes(signer.sign(statement))
        (draft / "site-key.pub.pem").write_bytes(signer.public_key_pem)
        (draft / "README.txt").write_text(_readme(facts, outcome, signer), "utf-8")
        draft.rename(folder)
    except OSError as error:
        raise RecheckError(
            f"the evidence cannot be written ({error.strerror or error})",
            where=str(out),
            remedy="Name a folder with --out that can be written",
        ) from error
    return folder, document


def _shown(facts: Facts, outcome: Outcome, shown: Shown, number: int, draft: Path) -> dict[str, Any]:
    """One look that the outcome stands on: its picture untouched, and a copy for looking at."""
    taken = next(one for one in facts.taken if one.look.at.utc_ns == shown.at.utc_ns)
    picture = _picture(facts, taken)
    still, overlay = f"stills/look-{number}.png", f"overlay/look-{number}.png"
    Pictures.fromarray(np.ascontiguousarray(picture[:, :, ::-1])).save(draft / still, format="PNG", compress_level=1)
    digest = _sha256(draft / still)
    state = STATES[shown.state]
    bar = _bar(facts, outcome, taken, digest, f"{number}/{len(outcome.shown)}")
    label = f"{state.zh} {state.en}"
    drawn = render(picture, shown.box, label, facts.original.question.area.polygon, bar)
    drawn.save(draft / overlay, format="PNG", compress_level=1)
    return {
        "at": shown.at.isoformat(),
        "state": shown.state.value,
        "box": exact(shown.box),
        "recording": facts.recordings.index(taken.recording),
        "pts": taken.pts,
        "still": {"path": still, "sha256": digest},
        "overlay": {"path": overlay, "sha256": _sha256(draft / overlay)},
    }


def _picture(facts: Facts, taken: Taken) -> Image:
    source = open_archive(taken.recording, facts.camera.id, time_rules(facts.loaded.site, facts.camera))
    for frame in source.frames(DecodeLevel.EVERY_FRAME, pts_range=(taken.pts, taken.pts)):
        if frame.pts == taken.pts:
            return frame.image
    raise RecheckError("a frame that was looked at is no longer there", where=str(taken.recording))


def _document(
    facts: Facts, outcome: Outcome, shown: list[dict[str, Any]], signer: Signer, sealed_at: Instant
) -> dict[str, Any]:
    question, order, site = facts.original.question, facts.order, facts.loaded.site
    rule, model = question.kind_of_rule, facts.model
    return {
        "format": FORMAT,
        "version": 1,
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
        "recordings": [_recording(facts, path) for path in facts.recordings],
        "shown": shown,
        "config": {"sha256": facts.loaded.sha256},
        "seal": {
            "sealed_at": sealed_at.isoformat(),
            "algorithm": signer.algorithm,
            "key_fingerprint": signer.fingerprint,
            "software": {"name": "streetproof", "version": __version__},
            "time_stamp": known(None),
        },
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


def _readme(facts: Facts, outcome: Outcome, signer: Signer) -> str:
    zone, words = facts.loaded.site.site.zone, said(outcome)
    due = f"{facts.order.due.local(zone):%Y-%m-%d %H:%M:%S %z}"
    window = format_duration(facts.order.window_ns)
    looks = {
        language: ", ".join(f"{STATES[state].to(language)} {count}" for state, count in outcome.looks) or "0"
        for language in (Language.ZH, Language.EN)
    }
    original = facts.original.source.get("case", facts.original.source["stay"])
    command = check_of(signer.algorithm, "site-key.pub.pem", "recheck.json.sig", "recheck.json")
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

手工核验 To verify by hand, in this folder:
  {command}
  sha256sum stills/* overlay/*        与 recheck.json 中的 sha256 比对 compare with recheck.json
  openssl pkey -pubin -in site-key.pub.pem -outform DER | sha256sum      公钥指纹 fingerprint of the key
"""


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
