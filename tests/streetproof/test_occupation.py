"""Ground that is taken, on its way through files: observations, replay, events, evaluation, the daemon's desk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import yaml

from streams.interface import Coverage
from streetproof.batch.observations import ObservationWriter, as_stored, coverage_json, model_json, read_observations
from streetproof.course import Course
from streetproof.daemon.desk import Desk, Fired
from streetproof.daemon.messages import StreamRole
from streetproof.daemon.streets import Street, Streets
from streetproof.evaluation.entries import entry_of
from streetproof.events import EventLog, dump_events
from streetproof.replay.lines import DetectionsError
from streetproof.replay.replaying import replay
from streetproof.settings.load import LoadedSite, load_site
from tests.vision.byhand import SHANGHAI, T0, Seen, at, detections
from tests.vision.test_backdrop import SIZE, crates, street
from tests.vision.test_occupation import METRES, MODEL, SHOPS, ZONE, footprint, person, rules
from tests.vision.test_taken import GROUND
from vision.backdrop import Backdrop
from vision.codec import to_json
from vision.footprints import View
from vision.interface import NO_PIXELS

Looks = Iterator[tuple[float, View | None, list[Seen]]]


@pytest.fixture
def site(tmp_path: Path) -> LoadedSite:
    rule = {"id": "taken", "kind": "occupation", "dwell": "60s", "min_area": 1.0}
    content = {
        "site": {"id": "s", "name": "示范 区", "timezone": "Asia/Shanghai"},
        "policies": [{"id": "p", "name": "人行道", "version": "1", "rules": [rule]}],
        "cameras": [
            {
                "id": "gt-01",
                "name": "南 街",
                "policy": "p",
                "ground": {"points": [list(p) for p in GROUND.points], "metres": [list(m) for m in METRES]},
                "shops": SHOPS,
                "zones": [{"id": "west", "polygon": ZONE, "rules": ["taken"]}],
            }
        ],
    }
    path = tmp_path / "站点 1.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_site(path)


def looks() -> Looks:
    """Learned by 4 s, a stall with its vendor from 10 s to 150 s."""
    for t in range(0, 200, 2):
        view = View(at(4).utc_ns, (footprint(),) if 10 <= t < 150 else ())
        yield t, (view if t >= 4 else None), [person(2, 11.2)] if 10 <= t < 150 else []


def written(folder: Path) -> Path:
    """Observations as a batch writes them."""
    header = {
        "camera": "gt-01",
        "recording_sha256": "ab" * 32,
        "model": model_json(MODEL),
        "start": to_json(at(0)),
        "time_base": str(Fraction(1, 1000)),
    }
    path = folder / "看.jsonl.gz"
    with ObservationWriter(path, header) as writer:
        for t, view, boxes in looks():
            writer.add("gt-01", at(t), round(t * 1000), detections(boxes, model=MODEL), False, NO_PIXELS, view)
        writer.finish({"coverage": coverage_json(Coverage(at(0), at(200), 100, 100, (), ()))})
    return path


def test_replay_gives_the_events_of_the_run_byte_for_byte(site: LoadedSite, tmp_path: Path) -> None:
    rules_ = site.site.rules_of(site.site.cameras[0])
    course, log = Course(rules_, site.site.site.zone), EventLog("s", stays=True)
    for t, view, boxes in looks():
        log.add(rules_, course.see(at(t), as_stored(detections(boxes, model=MODEL)), NO_PIXELS, view) or ())
    log.add(rules_, course.finish())
    path = written(tmp_path)
    assert [one.view for one in read_observations(path)] == [view for _, view, _ in looks()]
    (document,) = replay([path], [site], stays=True).documents
    assert dump_events(document) == dump_events(log.document())
    (entry,) = document["entries"]
    assert (entry["kind"], entry["cls"], entry["rule"]) == ("street_vendor", "footprint", "taken")
    assert entry["area_m2"] == entry["occupied"]["area_m2"] == pytest.approx(1.62, rel=0.2)
    parsed = entry_of(json.loads(json.dumps(entry)), "here")
    assert parsed.kind == "street_vendor" and parsed.area_m2 == entry["area_m2"]


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (None, "`begun` and `footprints`"),
        ({"begun": T0, "footprints": [{"outline": []}]}, "footprint 1"),
        ({"begun": "yesterday", "footprints": []}, "nanoseconds"),
    ],
)
def test_a_view_that_is_none_is_refused_with_its_line(
    site: LoadedSite, tmp_path: Path, view: object, words: str
) -> None:
    frame = {"camera": "gt-01", "utc": "2026-11-02T00:00:00Z", "size": [1920, 1080], "boxes": [], "view": view}
    path = tmp_path / "frames.jsonl"
    path.write_text(json.dumps(frame) + "\n", encoding="utf-8")
    with pytest.raises(DetectionsError, match=words) as caught:
        replay([path], [site])
    assert str(caught.value).startswith(f"{path}:1:")


METRES_FLAT = [[0, 9], [16, 9], [16, 0], [0, 0]]
FLAT = {"points": [[0.0, 0.1], [1.0, 0.1], [1.0, 1.0], [0.0, 1.0]], "metres": METRES_FLAT}


def watched(desk: Desk, start: int, until: int) -> list[Fired]:
    """What fires in that time, a look every two seconds; crates have stood there since 10 s."""
    found, rng = [], np.random.default_rng(start)
    for t in range(start, until, 2):
        canvas = street()
        if t >= 10:
            crates(canvas, (90, 60, 220, 150))
        picture = np.clip(canvas + rng.normal(0, 2, canvas.shape), 0, 255).astype(np.uint8)
        seen = detections([], SIZE, MODEL)
        found += desk.seen(at(t), seen, StreamRole.MAIN, repeated=False, image=picture, ground=picture)
    return [one for one in found if isinstance(one, Fired)]


def test_the_desk_watches_the_ground_by_its_pictures() -> None:
    mine = rules(shops=(), ground=FLAT, dwell="20s").model_copy()
    desk = Desk(mine, SHANGHAI)
    (fired,) = watched(desk, 0, 60)
    told = fired.violation.occupied
    assert told is not None and told.area_m2 == pytest.approx(6.5 * 5, rel=0.25)
    assert (told.area_low_m2, told.kind) == (0.0, "occupation"), (
        "no camera could look so, so nothing is known of heights"
    )
    restored = Desk(mine, SHANGHAI, json.loads(desk.save()))
    assert [stay.id for stay in restored.standing()] == [fired.violation.stay.id]


@pytest.mark.parametrize("kept", [True, False])
def test_after_a_restart_the_street_is_what_it_was(tmp_path: Path, kept: bool) -> None:
    """The daemon ends with crates on the ground, and is back a minute later."""
    mine = rules(shops=(), ground=FLAT, dwell="60s").model_copy()
    desk, streets = Desk(mine, SHANGHAI), Streets(tmp_path / "街 一")
    assert watched(desk, 0, 40) == [] and desk.street is not None
    if kept:
        streets.keep("gt-01", Street(desk.street, at(38).utc_ns, "ab" * 32))
    again = Desk(mine, SHANGHAI, json.loads(desk.save()))
    street_ = streets.load("gt-01", "ab" * 32, at(100).utc_ns)
    assert (street_ is not None) is kept
    if street_ is not None:
        again.go_on(street_)
    fired = watched(again, 100, 220)
    # Learned anew, the crates are part of the street; what was not watched does not count.
    assert len(fired) == kept
    if kept:
        stay = fired[0].violation.stay
        assert stay.arrived[1].utc_ns < at(40).utc_ns and stay.gap_ns > 50 * 10**9


def test_what_is_too_old_or_of_other_rules_is_not_used(tmp_path: Path) -> None:
    mine = rules(shops=(), ground=FLAT, dwell="60s").model_copy()
    desk, streets = Desk(mine, SHANGHAI), Streets(tmp_path)
    watched(desk, 0, 20)
    assert desk.street is not None
    streets.keep("gt-01", Street(desk.street, at(20).utc_ns, "ab" * 32))
    assert streets.load("gt-01", "ab" * 32, at(20 + 600).utc_ns) is not None
    assert streets.load("gt-01", "ab" * 32, at(21 + 600).utc_ns) is None
    assert streets.load("gt-01", "ab" * 32, at(19).utc_ns) is None, "the clock was put back"
    assert streets.load("gt-01", "cd" * 32, at(30).utc_ns) is None
    assert streets.load("gt-02", "ab" * 32, at(30).utc_ns) is None
    for damaged in (b"", b"{}", b"nothing", b'{"at": 1, "rules": "x"}', (tmp_path / "gt-01.street").read_bytes()[:-9]):
        (tmp_path / "gt-01.street").write_bytes(damaged)
        assert streets.load("gt-01", "ab" * 32, at(30).utc_ns) is None


def test_streets_are_kept_one_after_the_other_and_all_at_the_end(tmp_path: Path) -> None:
    streets, zones = Streets(tmp_path), rules(shops=(), ground=FLAT).watched_ground
    known = {name: Street(Backdrop(zones), at(0).utc_ns, "ab" * 32) for name in ("a", "b", "c")}

    def kept_at(second: int, *, last: bool = False) -> set[str]:
        for path in tmp_path.glob("*.street"):
            path.unlink()
        streets.keep_in_turn(known, second * 10**9, last=last)
        return {path.stem for path in tmp_path.glob("*.street")}

    assert [kept_at(second) for second in (0, 1, 2, 3)] == [{"a"}, {"b"}, {"c"}, set()]
    assert (kept_at(119), kept_at(120), kept_at(120)) == (set(), {"a"}, set())
    assert kept_at(121, last=True) == {"a", "b", "c"}
