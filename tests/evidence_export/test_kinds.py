"""Cases of other kinds than no_parking state their own facts, in their own words."""

from __future__ import annotations

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import rfc8785

from evidence_export.case import CaseRequest
from evidence_export.keys import Ed25519Signer
from evidence_export.kinds import called, label_of, lasted, lines_of, told
from evidence_export.sealer import seal
from evidence_export.verifier import verify
from evidence_export.words import Said, kind_words
from tests.evidence_export.conftest import POLICY, SEALED_AT, S, at
from vision.interface import Clutter, Member, Occupied, Stood

CLUTTER = Clutter(
    max_count=2,
    max_area_m2=4.5,
    fired=Stood(at(18), 3, 4.75),
    peak=Stood(at(12), 4, 5.25),
    over_time=(Stood(at(10), 3, 4.75), Stood(at(12), 4, 5.25)),
    members=(
        Member("bicycle", (0.4, 0.5, 0.46, 0.75)),
        Member("bicycle", (0.47, 0.5, 0.53, 0.75)),
        Member("motorcycle", (0.54, 0.5, 0.6, 0.75)),
    ),
    classes=(("bicycle", 2), ("motorcycle", 1)),
)


def of_kind(request: CaseRequest, kind: str, **violation: object) -> CaseRequest:
    policy = copy.deepcopy(POLICY)
    policy["policy"]["rules"][0]["kind"] = kind  # type: ignore[index]
    digest = hashlib.sha256(rfc8785.dumps(policy)).hexdigest()
    changed = replace(request.violation, policy_hash=digest, **violation)  # type: ignore[arg-type]
    return replace(request, policy=policy, violation=changed)


def test_clutter_is_stated_with_its_numbers(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    request = of_kind(request_, "bike_clutter", clutter=CLUTTER)
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    case = json.loads((bundle / "case.json").read_bytes())
    clutter = case["violation"]["clutter"]
    assert (clutter["max_count"], clutter["max_area_m2"]) == (2, "4.5")
    assert (clutter["fired"]["count"], clutter["peak"]["area_m2"]) == (3, "5.25")
    assert [one["count"] for one in clutter["over_time"]] == [3, 4]
    assert [one["cls"] for one in clutter["members"]] == ["bicycle", "bicycle", "motorcycle"]
    assert "plate_unknown" not in case["case"]["approval_blocked_by"]
    readme = (bundle / "README.txt").read_text("utf-8")
    assert "限 2 辆、4.5 m²，认定时至少 3 辆、占地 4.7 m²（自行车 2、摩托车 1），此前最多至少 4 辆" in readme
    assert "Number: limit 2 or 4.5 m²; at least 3 on 4.7 m² when it was proven" in readme
    assert "未超过限额" in readme and "到达" not in readme.split("二、本案情况")[1].split("三、")[0].splitlines()[1]


def test_an_intrusion_is_told_as_one_and_its_pictures_need_not_be_ten_seconds_apart(
    request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path
) -> None:
    moments = (request_.violation.moments[0], replace(request_.violation.moments[1], at=at(8)))
    request = of_kind(
        request_, "intrusion", allowed_ns=3 * S, dwell_lower_bound_ns=4 * S, fired_at=at(8), moments=moments
    )
    bundle = seal(request, tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    case = json.loads((bundle / "case.json").read_bytes())
    assert "clutter" not in case["violation"]
    assert "panoramas_too_close" not in case["case"]["approval_blocked_by"]
    assert "plate_unknown" in case["case"]["approval_blocked_by"]
    assert "进入：" in (bundle / "README.txt").read_text("utf-8")


def test_the_words_of_each_kind(request_: CaseRequest) -> None:
    violation = replace(request_.violation, clutter=CLUTTER)
    assert lasted("no_parking", violation).zh == "允许 12.0 秒，至少停留 14.0 秒"
    assert lasted("intrusion", violation).en == "tolerated 12.0 s, there for at least 14.0 s"
    assert lasted("bike_clutter", violation).zh.startswith("限 2 辆、4.5 m²，至少 3 辆、占地 4.7 m²；允许超限")
    assert told("bike_clutter", violation).en == "at least 3 on 4.7 m², over the limit for at least 0 min 14 s"
    assert told("intrusion", violation).zh == "已在场至少0分14秒"


OCCUPIED = Occupied(
    kind="out_of_store",
    area_m2=2.846,
    area_low_m2=2.25,
    area_high_m2=3.4,
    min_area_m2=1.0,
    shop="shop-1",
    shop_name="阿明 水果店",
    shop_distance_m=0.37,
    lingering=0.031,
    looks=32,
    supports=(("person", 8), ("umbrella", 2)),
    outlines=(((0.4, 0.5), (0.6, 0.5), (0.5, 0.75)),),
    ground=((1.0, 9.0), (3.4, 9.0), (3.4, 10.2), (1.0, 10.2)),
)


def test_occupation_is_stated_with_its_ground(request_: CaseRequest, signer: Ed25519Signer, tmp_path: Path) -> None:
    bundle = seal(of_kind(request_, "occupation", occupied=OCCUPIED), tmp_path, signer, SEALED_AT).path
    assert verify(bundle, trusted_key=signer.fingerprint).ok
    case = json.loads((bundle / "case.json").read_bytes())
    told = case["violation"]["occupied"]
    assert (told["kind"], told["area_m2"], told["shop"], told["shop_name"]) == (
        "out_of_store", "2.846", "shop-1", "阿明 水果店",
    )  # fmt: skip
    assert told["supports"] == [{"cls": "person", "count": 8}, {"cls": "umbrella", "count": 2}]
    assert "plate_unknown" not in case["case"]["approval_blocked_by"]
    readme = (bundle / "README.txt").read_text("utf-8")
    assert "占地：约 2.8 m²（2.2 至 3.4 m²）" in readme and "小于 1 m² 的不计" in readme
    assert "由 shop-1 阿明 水果店 门前向外延伸，距店面线 0.4 米" in readme
    assert "People: in 3 % of 32 looks somebody stood beside it" in readme
    assert "Beginning: most of the ground was free at" in readme


def test_occupation_is_called_by_how_ground_is_taken(request_: CaseRequest) -> None:
    violation = replace(request_.violation, occupied=OCCUPIED)
    assert kind_words(called("occupation", violation), "taken") == Said("跨门经营", "Trading out of a shop")
    assert told("occupation", violation).zh.startswith("占地约 2.8 m²，已占用至少")
    assert "2.8 m²" in (label_of(violation) or "")
    alone = replace(OCCUPIED, shop=None, shop_name=None, shop_distance_m=None, supports=())
    lines = [one.zh for one in lines_of(replace(violation, occupied=alone))]
    assert any("距离未知" in line for line in lines) and not any("识别到" in line for line in lines)
