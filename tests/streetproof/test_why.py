"""The report tells why a case was established, out of what its bundle says."""

from __future__ import annotations

from typing import Any

from streetproof.batch.why import why_json

S = 1_000_000_000


def at(seconds: int) -> str:
    return f"2026-11-02T08:00:{seconds:02}.000000000Z"


def manifest(**stay: Any) -> dict[str, Any]:
    reckoning = {"limit_ns": 20 * S, "grace_ns": 0, "counted_ns": 22 * S, "apart_ns": 0, "uncounted_ns": 0}
    return {
        "site": {"timezone": "Asia/Shanghai"},
        "violation": {
            "fired_at": at(32),
            "reckoning": {**reckoning, "sworn_ns": 22 * S, "passed": at(30)},
            "stay": {"arrived": {"by": at(0)}, "last_seen": at(40), **stay},
        },
    }


TRACE = {
    "steps": [
        {"from": at(0), "to": at(10), "parts": [{"what": "gap", "length_ns": 10 * S, "looks": 0}]},
        {
            "from": at(10),
            "to": at(40),
            "parts": [
                {"what": "seen", "length_ns": 30 * S, "looks": 15},
                {"what": "hidden", "length_ns": 0, "looks": 1},
            ],
            "hidden_by": [{"cls": "bus", "looks": 1}],
        },
    ],
    "ended": {"why": "driven_on", "at": at(44), "empty_ns": 0, "empty_looks": 0, "emptied_looks": 0},
}


def test_the_steps_the_sentences_and_where_the_limit_was_reached() -> None:
    why = why_json(manifest(trace=TRACE))
    assert why is not None
    assert [step["length_ns"] for step in why["steps"]] == [10 * S, 30 * S]
    assert why["steps"][1]["parts"] == [{"what": "seen", "length_ns": 30 * S}]
    assert why["steps"][1]["zh"] == "看到（15 次），其间被遮挡 1 次（遮挡者：客车 1）"
    assert why["steps"][1]["en"] == "seen (15 looks), hidden in 1 look between (by bus 1)"
    assert [one["what"] for one in why["legend"]] == ["seen", "gap"]
    assert (why["passed"], why["passed_share"]) == (at(30), 0.75)
    assert why["said"][0]["zh"].endswith("11-02 16:00:30.0 达到上限，11-02 16:00:32.0 查看时认定")
    assert why["said"][-1]["en"] == "End: it was seen moving off, established at 11-02 16:00:44.0"


def test_a_case_that_goes_on_and_one_sealed_before_there_were_reasons() -> None:
    why = why_json(manifest(trace={**TRACE, "ended": {"known": False}}))
    assert why is not None and len(why["said"]) == 2
    assert why_json(manifest()) is None
    unreckoned = manifest(trace=TRACE)
    del unreckoned["violation"]["reckoning"]
    why = why_json(unreckoned)
    assert why is not None and (why["passed_share"], len(why["said"])) == (None, 1)
