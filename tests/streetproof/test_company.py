"""Events tell what was held back as possible traffic: of what broke the rule, and of what never did."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from streetproof.course import Course
from streetproof.evaluation.entries import entry_of
from streetproof.events import EventLog, dump_events
from tests.vision.byhand import at, detections
from tests.vision.test_company import jam, lane, standing, street
from vision.interface import NO_PIXELS


def test_events_tell_who_came_with_it_and_who_left_with_them() -> None:
    visits = jam(5)
    visits[2] = (lane(2), visits[2][1], 330)
    rules = street()
    course, log = Course(rules, ZoneInfo("Asia/Shanghai")), EventLog("s", stays=True)
    course.begin("0" * 64, "by-hand")
    for t in range(0, 360, 2):
        log.add(rules, course.see(at(t), detections(standing(visits)(t)), NO_PIXELS) or ())
    log.add(rules, course.finish())
    document = json.loads(dump_events(log.document()))
    (entry,) = document["entries"]
    company = entry["company"]
    assert (company["why"], company["came"], company["standing"]) == ("company_left", 4, 0)
    assert company["others"][0]["arrived"] == {"after": at(18).isoformat(), "by": at(20).isoformat()}
    assert entry_of(entry, "here").kind == "no_parking"
    held = [stay["trace"]["held"] for stay in document["stays"]]
    assert sorted(one["why"] for (one,) in held) == ["company_left", *["ended"] * 4]
    assert [stay["rules"] for stay in document["stays"]].count(["no-parking"]) == 1
