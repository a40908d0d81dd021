"""Replay: the same detections give the same events, byte for byte, and what is no detection is told and not guessed."""

from __future__ import annotations

import gzip
import json
import random
import re
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.interface import Detections
from streams.instant import NS_PER_S, Instant
from streetproof.course import Course, Ended
from streetproof.evaluation.entries import entry_of
from streetproof.evaluation.matching import MIN_IOU
from streetproof.events import dump_events
from streetproof.replay.lines import MAX_LINE, DetectionsError
from streetproof.replay.replaying import Judging, Replayed, replay
from streetproof.replay.sources import find_sources
from streetproof.settings.document import ConfigError
from streetproof.settings.load import load_site
from tests.conftest import ROOT
from tests.streetproof.commands import inside
from tests.streetproof.detections import DEMO, VAN, demo_site, frame, site_with, van_from, write
from tests.streetproof.test_judge import every, recording
from vision.engine import Engine
from vision.footprints import View
from vision.interface import NO_PIXELS, PixelEvidence

GOLDEN = Path(__file__).parent / "golden" / "events.json"


def replayed(*paths: Path, site: Path = DEMO, stays: bool = True) -> Replayed:
    return replay(paths, [load_site(site)], stays=stays)


def events(*paths: Path, site: Path = DEMO, stays: bool = True) -> bytes:
    return dump_events(replayed(*paths, site=site, stays=stays).documents[0])


@pytest.fixture
def street(tmp_path: Path) -> Path:
    """Two stays that break the rule, one that does not, among others that drive by; nine decimals and offsets."""
    chance = random.Random(5)
    frames = []
    for one in [*van_from(20, 120, 200), *van_from(300, 340, 420), *van_from(500, 700, 760)]:
        if frames and one["utc"] <= frames[-1]["utc"]:
            continue
        for _ in range(chance.randrange(4)):
            x, y = round(chance.uniform(0, 600), 2), round(chance.uniform(150, 400), 2)
            cls = chance.choice(["car", "person", "truck", "van"])
            box = {"xyxy": [x, y, x + 90, y + 60], "cls": cls, "score": round(chance.uniform(0.1, 0.9), 4)}
            one["boxes"].append(box)
        frames.append(one)
    return write(tmp_path / "street.jsonl", frames)


def test_the_format_of_events_is_what_it_was(street: Path) -> None:
    assert events(street).decode() == GOLDEN.read_text(encoding="utf-8")
    document = json.loads(GOLDEN.read_bytes())
    assert [entry["rule"] for entry in document["entries"]] == ["no-parking", "no-parking"]
    assert len(document["stays"]) == 3
    for stay in document["stays"]:
        first, last = stay["arrived"][1], stay["departed"][0]
        told = stay["seen_s"] + stay["occluded_s"] + stay["gap_s"]
        from streams.instant import from_iso

        assert told == (from_iso(last) - from_iso(first)) / NS_PER_S, "the time splits exactly"


def test_events_do_not_depend_on_how_the_detections_are_written_down(street: Path, tmp_path: Path) -> None:
    expected = events(street)
    lines = [json.loads(line) for line in street.read_text(encoding="utf-8").splitlines()]

    zipped = tmp_path / "z.jsonl.gz"
    zipped.write_bytes(gzip.compress(b"\xef\xbb\xbf" + street.read_bytes().replace(b"\n", b"\r\n\r\n")))
    assert events(zipped) == expected

    folder = tmp_path / "parts"
    folder.mkdir()
    for number, first in enumerate(range(0, len(lines), 50)):
        # Names in the wrong order: what counts is when a file begins.
        write(folder / f"{9 - number}.jsonl", lines[first : first + 50])
    assert events(folder) == expected

    chance = random.Random(1)
    for line in lines:
        chance.shuffle(line["boxes"])
        line["utc"] = line["utc"].replace("Z", "+00:00").replace(".000000000", "")
        line["track_ids"] = ["whatever else"]
    lines[0]["boxes"].append({"xyxy": [0, 560, 9, 570], "cls": "zebra", "score": 1})
    assert events(write(tmp_path / "shuffled.jsonl", lines)) == expected, "a new first class changes no other"


def test_cameras_may_be_mixed_in_one_file(tmp_path: Path) -> None:
    text = DEMO.read_text(encoding="utf-8")
    camera = text[text.index("  - id: demo-01") :]
    camera = camera.replace("demo-01", "demo-02").replace("    time:", '    recordings: ["*/2/*"]\n    time:')
    site = site_with(tmp_path, ("    policy: yanshi-road\n", '    policy: yanshi-road\n    recordings: ["*/1/*"]\n'))
    site.write_text(site.read_text(encoding="utf-8") + camera, encoding="utf-8")
    one, two = [*van_from(10, 100, 150)], [*van_from(30, 140, 200, camera="demo-02")]
    mixed = sorted([*one, *two], key=lambda line: (line["utc"], line["camera"]))
    apart = [write(tmp_path / "1.jsonl", one), write(tmp_path / "2.jsonl", two)]
    found = events(write(tmp_path / "mixed.jsonl", mixed), site=site)
    assert found == events(*apart, site=site)
    assert found == events(write(tmp_path / "joined.jsonl", [*one, *two]), site=site), "one camera after the other"
    assert [entry["camera"] for entry in json.loads(found)["entries"]] == ["demo-01", "demo-02"]


def test_saving_and_restoring_the_engine_on_the_way_changes_nothing(
    street: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = events(street)
    see, zone, restored, chance = Course.see, demo_site().site.site.zone, 0, random.Random()

    def seen(
        self: Course, at: Instant, detections: Detections, pixels: PixelEvidence = NO_PIXELS, view: View | None = None
    ) -> list[Ended] | None:
        nonlocal restored
        if chance.random() < 0.3:
            restored += 1
            self.engine = Engine.restore([self.rules], zone, json.loads(json.dumps(self.engine.save())))
        return see(self, at, detections, pixels, view)

    monkeypatch.setattr(Course, "see", seen)
    assert events(street) == expected
    assert restored > 50


# -- our own observations --------------------------------------------------------------------------------------------


@pytest.fixture
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site whose rules name only what the model of `recording` knows."""
    return site_with(tmp_path_factory.mktemp("site"), ("[car, truck, bus]", "[car, truck]"))


def test_own_observations_are_replayed_in_order_of_their_start(tmp_path: Path, known: Path) -> None:
    recording(tmp_path, "b", 40, every(40, 80))
    recording(tmp_path, "a", 0, every(0, 40))
    recording(tmp_path, "c", 60, every(60, 120, there=False))
    result = replayed(tmp_path, site=known)
    (entry,) = result.documents[0]["entries"]
    assert (entry["seen_s"], entry["arrived"][0]) == (78.0, None)
    assert result.read.overlapping.count == 10, "as the batch leaves them out"
    assert not result.problems


def test_own_observations_that_are_not_whole_are_refused(tmp_path: Path, known: Path) -> None:
    file = recording(tmp_path, "a", 0, every(0, 200)).file
    whole = file.read_bytes()
    lines = gzip.decompress(whole).splitlines(keepends=True)
    header, first, end = lines[0], lines[1], lines[-1]
    broken = {
        "cannot be read": whole[: len(whole) // 2],
        "before their end line": b"".join(lines[:-1]),
        "after the end line": b"".join([*lines, first]),
        "another camera": b"".join([header, first.replace(b"demo-01", b"demo-09"), end]),
        "header of the observations is damaged": header.replace(b'"classes"', b'"klasses"') + end,
        "format": header.replace(b"observations/1", b"observations/7") + end,
        "end line is damaged": header + first + b'{"end": 7}\n',
        "not valid JSON": header + b"{" + end,
    }
    for message, content in broken.items():
        file.write_bytes(content)
        with pytest.raises(DetectionsError, match=message) as caught:
            replayed(file, site=known)
        assert str(file) in caught.value.where and caught.value.remedy


def test_two_looks_at_one_recording_are_refused_and_a_copy_is_left_out(tmp_path: Path, known: Path) -> None:
    first = recording(tmp_path, "a", 0, every(0, 80)).file
    lines = gzip.decompress(first.read_bytes()).splitlines(keepends=True)
    header = json.loads(lines[0])
    header["recording_sha256"] = "5" * 64
    first.write_bytes(b"".join([json.dumps(header).encode() + b"\n", *lines[1:]]))
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(first.read_bytes())
    result = replayed(tmp_path, site=known)
    assert (result.read.copies.count, len(result.documents[0]["entries"])) == (1, 1)

    header["model"]["sha256"] = "f" * 64
    copy.write_bytes(b"".join([json.dumps(header).encode() + b"\n", *lines[1:]]))
    with pytest.raises(DetectionsError, match="another look"):
        replayed(tmp_path, site=known)


def test_a_rule_about_a_class_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    recording(tmp_path, "a", 0, every(0, 20))
    site = site_with(tmp_path, ("[car, truck, bus]", "[car, trukc]"))
    with pytest.raises(ConfigError, match="did you mean 'truck'"):
        replayed(tmp_path / "a.jsonl.gz", site=site)


# -- what strangers write --------------------------------------------------------------------------------------------


GOOD = frame(0, VAN)
REFUSED: dict[str, tuple[Any, str]] = {
    "no json": (b'{"camera": ', "not valid JSON"),
    "a list": (b"[1, 2]", "no JSON object"),
    "not UTF-8": (b'{"camera": "\xff"}', "not UTF-8"),
    "deep": (b"[" * 100_000, "not valid JSON"),
    "long number": (b'{"camera": ' + b"9" * 5000 + b"}", "not valid JSON"),
    "NaN": (json.dumps(GOOD).replace("651.0", "NaN").encode(), "NaN is no number"),
    "infinite": (json.dumps(GOOD).replace("651.0", "-1e999").encode(), "box 1: `xyxy` must be four numbers"),
    "camera missing": ({k: v for k, v in GOOD.items() if k != "camera"}, "`camera` is missing"),
    "camera a number": (GOOD | {"camera": 7}, "`camera` must be text"),
    "half a character": (GOOD | {"camera": "\ud800"}, "`camera` must be text"),
    "no offset": (GOOD | {"utc": "2026-11-02T00:00:00"}, "no offset to UTC"),
    "no such day": (GOOD | {"utc": "2026-02-30T00:00:00Z"}, "is no time"),
    "ten decimals": (GOOD | {"utc": "2026-11-02T00:00:00.0123456789Z"}, "is no time"),
    "year 9999": (GOOD | {"utc": "9999-11-02T00:00:00Z"}, "no time that a camera can have"),
    "negative size": (GOOD | {"size": [-768, 576]}, "`size` must be"),
    "size of floats": (GOOD | {"size": [768.0, 576]}, "`size` must be"),
    "boxes null": (GOOD | {"boxes": None}, "`boxes` must be a list"),
    "box a list": (GOOD | {"boxes": [[1, 2, 3, 4]]}, "box 1 is no JSON object"),
    "three numbers": (GOOD | {"boxes": [VAN, VAN | {"xyxy": [1, 2, 3]}]}, "box 2: `xyxy` must be four"),
    "true": (GOOD | {"boxes": [VAN | {"xyxy": [True, 2, 3, 4]}]}, "box 1: `xyxy` must be four"),
    "emptied null": (GOOD | {"emptied": None}, "`emptied` must be a list"),
    "emptied in pixels": (GOOD | {"emptied": [[651, 41, 724, 99]]}, "place 1 of `emptied` does not lie in the image"),
    "emptied of three": (GOOD | {"emptied": [[0, 0, 1, 1], [0, 0, 1]]}, "place 2 of `emptied` must be four numbers"),
    "covered null": (GOOD | {"covered": None}, "`covered` must be a list"),
    "others in pixels": (GOOD | {"others": [[651, 41, 724, 99]]}, "place 1 of `others` does not lie in the image"),
    "x y w h": (GOOD | {"boxes": [VAN | {"xyxy": [651, 41, 73, 58]}]}, "negative size"),
    "far away": (GOOD | {"boxes": [VAN | {"xyxy": [1, 1, 1e12, 4]}]}, "a million pixels"),
    "percent": (GOOD | {"boxes": [VAN | {"score": 70}]}, "`score` must be a number from 0 to 1"),
    "class a number": (GOOD | {"boxes": [VAN | {"cls": 7}]}, "`cls` must be the name"),
    "class of nothing": (GOOD | {"boxes": [VAN | {"cls": ""}]}, "`cls` must be the name"),
    "header within": ({"format": "streetproof-observations/1"}, "header in the middle"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_line_that_is_no_frame_is_refused_with_file_and_line(tmp_path: Path, kind: str) -> None:
    value, message = REFUSED[kind]
    line = value if isinstance(value, bytes) else json.dumps(value).encode()
    path = tmp_path / "d.jsonl"
    path.write_bytes(json.dumps(frame(-2)).encode() + b"\n\n" + line + b"\n")
    with pytest.raises(DetectionsError, match=message) as caught:
        replayed(path)
    assert caught.value.where == f"{path}:3"
    assert caught.value.remedy and len(caught.value.what) < 300


def test_a_line_without_end_is_refused_before_it_is_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "d.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(24):
            file.write(b" " * MAX_LINE)
    tracemalloc.start()
    with pytest.raises(DetectionsError, match="a line of more than 4 MiB"):
        replayed(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * MAX_LINE


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    def peak(frames: int) -> int:
        judging = Judging([demo_site().site], stays=True)
        lines = (frame(k, VAN | {"cls": f"class {k}"}, camera=f"camera {k}") for k in range(frames))
        (source,) = find_sources([write(tmp_path / "d.jsonl", lines)])
        tracemalloc.start()
        judging.take(source)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sum(judging.read.unknown_cameras.counts().values()) == frames
        return most

    peak(1500)  # what is made once, and the short strings that pydantic keeps for all who read JSON
    assert peak(1500) < peak(500) + 20_000


def test_what_is_left_out_is_counted_and_told(tmp_path: Path) -> None:
    lines = [*van_from(0, 100, 100)]
    lines[10:10] = [
        frame(7, VAN),
        frame(18, VAN),
        frame(19, VAN, camera="demo-1"),
        frame(19.5, VAN | {"xyxy": [-5, 42, 20, 600]}, VAN | {"xyxy": [800, 42, 900, 99]}, VAN),
    ]
    path = write(tmp_path / "d.jsonl", lines)
    result = replayed(path)
    read = result.read.as_json()
    assert read["frames_backwards"] == read["frames_repeated"] == read["boxes_outside"] == read["boxes_clipped"] == 1
    assert read["frames_of_unknown_cameras"] == {"demo-1": 1}
    assert read["frames_judged"] == read["frames"] - 3
    told = {one.where: one.what for one in result.problems}
    assert "did you mean 'demo-01'?" in told[f"{path}:13"]
    assert "earlier than a frame before" in told[f"{path}:11"]
    assert "had told before" in told[f"{path}:12"]
    assert "outside" in told[f"{path}:14"]
    assert len(result.documents[0]["entries"]) == 1


def test_fractions_instead_of_pixels_are_told(tmp_path: Path) -> None:
    box = VAN | {"xyxy": [0.85, 0.07, 0.94, 0.17]}
    (problem,) = replayed(write(tmp_path / "d.jsonl", (frame(k, box) for k in range(9)))).problems
    assert "fractions" in problem.what
    ones = [frame(k * 2, box) | {"size": [1, 1]} for k in range(50)]
    result = replayed(write(tmp_path / "e.jsonl", ones))
    assert not result.problems
    assert len(result.documents[0]["entries"]) == 1, "in an image of one pixel, fractions are pixels"


def test_nothing_to_judge_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.write_bytes(b"\n \n")
    with pytest.raises(DetectionsError, match="not one frame"):
        replayed(empty)
    with pytest.raises(DetectionsError, match="holds no detections"):
        (tmp_path / "folder").mkdir()
        replayed(tmp_path / "folder")
    with pytest.raises(DetectionsError, match="no such file"):
        replayed(tmp_path / "nowhere.jsonl")
    with pytest.raises(DetectionsError, match="no frame is of a camera of the site; they are of gate"):
        replayed(write(tmp_path / "d.jsonl", [frame(0, camera="gate")]))


def test_a_detector_and_replay_agree_on_what_a_box_is(tmp_path: Path) -> None:
    """The reader's values are those that the observations' own reader gives, to the last bit."""
    from streetproof.batch.observations import read_observations

    file = recording(tmp_path, "a", 0, every(0, 20)).file
    taken: list[Detections] = []

    class Taking(Judging):
        def _judge(self, courses: Any, at: Instant, frame: Any, where: str) -> None:
            assert at == ours[len(taken)].at
            taken.append(frame.detections)

    ours = list(read_observations(file))
    (source,) = find_sources([file])
    Taking([demo_site().site], stays=False).take(source)
    assert len(taken) == len(ours) == 10
    for one, other in zip(taken, ours, strict=True):
        assert np.array_equal(one.xyxy, other.detections.xyxy) and np.array_equal(one.score, other.detections.score)
        assert one.names == other.detections.names and one.size == other.detections.size


# -- the command -----------------------------------------------------------------------------------------------------


def test_the_command_says_what_it_found_and_ends_as_documented(
    street: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "事件.json"
    ran = inside(capsys, monkeypatch, "replay", street, DEMO, "--events", out, "--stays", width=80)
    assert ran.code == 0, ran.err
    assert out.read_text(encoding="utf-8") == GOLDEN.read_text(encoding="utf-8")
    assert "2 violations in 3 stays" in ran.out and "1:40.0" in ran.out
    assert max(map(len, ran.out.splitlines()[:3])) <= 80

    write(street, [*van_from(0, 100, 120), frame(3)])
    ran = inside(capsys, monkeypatch, "replay", street, DEMO, "--json")
    assert ran.code == 3
    assert [one["where"] for one in ran.json["problems"]] == [f"{street}:61"]
    assert len(ran.json["events"]["entries"]) == 1

    ran = inside(capsys, monkeypatch, "replay", street, DEMO, "--events", street)
    assert ran.code == 4 and "over an input" in ran.err
    assert street.read_bytes().startswith(b'{"camera"')

    ran = inside(capsys, monkeypatch, "batch", DEMO, street, "--out", tmp_path / "never", "--stays")
    assert ran.code == 2 and "--events" in ran.err
    assert not (tmp_path / "never").exists()


def test_the_page_shows_what_the_code_takes_and_writes(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "replay.md").read_text(encoding="utf-8")
    detections, entry = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    assert replayed(write(tmp_path / "d.jsonl", [detections])).read.judged() == 1
    assert entry_of(entry, "the page").departed is not None
    table = text[text.index("## Events") : text.index("## What-if")]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    document = json.loads(GOLDEN.read_bytes())
    assert told == {*document, *document["entries"][0]}
    assert set(document["stays"][0]) - told == {"rules"}
    assert f"{MAX_LINE // 2**20} MiB" in text and f"at least {MIN_IOU:g}" in text


# -- other kinds of rules --------------------------------------------------------------------------------------------

RULES = ROOT / "configs" / "examples" / "rules.yaml"


def corner(second: float, count: int, *, riders: bool = False, camera: str = "crossing") -> dict[str, Any]:
    """So many bicycles in the example's corner, each alone or with somebody on it."""
    boxes = []
    for i in range(count):
        x, y = 300 + 32 * (i % 7), 190 + 30 * (i // 7)
        boxes.append({"xyxy": [x, y, x + 26, y + 22], "cls": "bicycle", "score": 0.6})
        if riders:
            boxes.append({"xyxy": [x + 6, y - 25, x + 20, y + 20], "cls": "person", "score": 0.8})
    return frame(second, *boxes, camera=camera)


def truck(second: float) -> dict[str, Any]:
    shown = {"xyxy": [100.0 + second, 300.0, 220.0 + second, 400.0], "cls": "truck", "score": 0.8}
    return frame(13 * 3600 + second, *([shown] if 20 <= second < 40 else []), camera="bank")  # 21:00 in Shanghai


def test_other_kinds_are_replayed_byte_for_byte_and_told_with_their_facts(tmp_path: Path) -> None:
    stored = write(tmp_path / "路口 一.jsonl", [corner(second, 12) for second in range(0, 800, 2)])
    bank = write(tmp_path / "bank.jsonl", [truck(second) for second in range(0, 100)])
    found = events(stored, bank, site=RULES)
    assert found == events(bank, stored, site=RULES)
    clutter, intrusion = json.loads(found)["entries"]
    assert (clutter["kind"], intrusion["kind"]) == ("bike_clutter", "intrusion")
    assert clutter["clutter"]["fired"]["count"] == 12 and len(clutter["clutter"]["members"]) == 12
    assert clutter["clutter"]["classes"] == [{"cls": "bicycle", "count": 12}]
    assert intrusion["dwell_lower_bound_s"] == 4.0 and "clutter" not in intrusion


def test_riders_keep_their_name_in_stored_detections(tmp_path: Path) -> None:
    """A red light: what is ridden does not stand, also where only the file says who rides."""
    stored = write(tmp_path / "r.jsonl", [corner(second, 12, riders=True) for second in range(0, 800, 2)])
    assert json.loads(events(stored, site=RULES))["entries"] == []
