"""Site files for a daemon under stress: short segments, short timeouts, cameras wherever a test has put them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

KERB = [[0.818, 0.132], [0.949, 0.122], [0.951, 0.165], [0.911, 0.184], [0.859, 0.212], [0.823, 0.236]]
"""Where the white van stands in the demo clip."""


def camera(name: str, address: str, **stream: Any) -> dict[str, Any]:
    """A camera that is asked again quickly, and given up only for a reason: a busy machine is none. `stream` takes the
    place of what stands here."""
    patient = {"connect_timeout": "30s", "stall_timeout": "20s", "keyframe_timeout": "60s", "retry_max": "1s"}
    return {
        "id": name,
        "name": f"{name} 路口",
        "policy": "road",
        "stream": {"main": address, **patient, **stream},
        "zones": [{"id": "west-kerb", "name": "西侧双黄线", "polygon": KERB, "rules": ["no-parking"]}],
    }


def site(
    cameras: Sequence[Mapping[str, Any]],
    *,
    port: int,
    model: str,
    dwell: str = "8s",
    database: Mapping[str, Any] | None = None,
    **live: Any,
) -> dict[str, Any]:
    """A whole site that listens on `port`. `live` takes the place of settings of the daemon."""
    rule = {
        "id": "no-parking",
        "kind": "no_parking",
        "classes": ["car", "truck", "bus"],
        "min_score": 0.3,
        "dwell": dwell,
        "min_overlap": 0.5,
        "max_unseen": "6s",
        "legal_basis": {"id": None, "statute": None, "reviewed_by": None},
    }
    return {
        "site": {"id": "chaos", "name": "试点区综合行政执法局", "timezone": "Asia/Shanghai"},
        "model": {"name": model, "min_score": 0.1},
        **({} if database is None else {"database": dict(database)}),
        "evidence": {"pre_roll": "2s", "post_roll": "2s"},
        "live": {"listen": f"127.0.0.1:{port}", "segment": "2s", "pre_roll": "10s", "seal_after": "4s", **live},
        "policies": [{"id": "road", "name": "一路一策", "version": "1", "rules": [rule]}],
        "cameras": [dict(one) for one in cameras],
    }


def write(path: Path, value: Mapping[str, Any]) -> None:
    """As an editor does: a new file in the place of the old one."""
    fresh = path.with_suffix(".new")
    fresh.write_text(yaml.safe_dump(dict(value), allow_unicode=True, sort_keys=False), encoding="utf-8")
    fresh.replace(path)
