"""A new site file: what it changes, and that an invalid one changes nothing and says why."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streetproof.daemon.reload import Changes, SiteFile, changes, kept_copy, live_cameras
from streetproof.errors import StreetproofError
from streetproof.settings.document import ConfigError
from streetproof.settings.load import LoadedSite, load_site
from streetproof.settings.site import Site
from tests.streetproof.daemon import sites

NOTHING = Changes((), (), (), (), False, ())
Change = Callable[[dict[str, Any]], None]


def changed(change: Change) -> Changes:
    before = sites.site()
    after = copy.deepcopy(before)
    change(after)
    return changes(Site.model_validate(before), Site.model_validate(after))


def put(*path: Any) -> Change:
    """Puts the last of `path` where the others lead."""

    def change(content: dict[str, Any]) -> None:
        *way, name, value = path
        place: Any = content
        for step in way:
            place = place.setdefault(step, {}) if isinstance(place, dict) else place[step]
        place[name] = value

    return change


BOTH = ("gate-1", "gate-2")
WEBHOOK = {"url": "https://duty.example.org/x", "secret_env": "X"}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda content: None, NOTHING),
        (put("cameras", 0, "name", "另一个名字"), NOTHING),
        (put("cameras", 0, "register", {"owner": "交警"}), NOTHING),
        (put("cameras", 0, "retention", {"keep": "90d"}), NOTHING),
        (put("evidence", "post_roll", "20s"), NOTHING),
        (put("live", "seal_after", "90s"), NOTHING),
        (put("live", "min_free_gib", 1), NOTHING),
        (put("cameras", 0, "stream", "main", "rtsp://127.0.0.1:2/x"), Changes((), (), ("gate-1",), (), False, ())),
        (put("cameras", 0, "stream", "sub", "rtsp://127.0.0.1:2/x"), Changes((), (), ("gate-1",), (), False, ())),
        (put("cameras", 1, "stream", "stall_timeout", "20s"), Changes((), (), ("gate-2",), (), False, ())),
        (put("cameras", 1, "look", {"skip_unchanged": False}), Changes((), (), ("gate-2",), (), False, ())),
        (put("live", "segment", "20s"), Changes((), (), BOTH, (), False, ())),
        (put("live", "pre_roll", "60s"), Changes((), (), BOTH, (), False, ())),
        (put("live", "pre_roll_mib", 64), Changes((), (), BOTH, (), False, ())),
        (put("policies", 0, "rules", 0, "dwell", "90s"), Changes((), (), (), BOTH, False, ())),
        (put("cameras", 0, "zones", 0, "polygon", 0, [0.7, 0.2]), Changes((), (), (), ("gate-1",), False, ())),
        (put("site", "timezone", "Asia/Urumqi"), Changes((), (), (), BOTH, False, ())),
        (put("cameras", 0, "id", "gate-3"), Changes(("gate-3",), ("gate-1",), (), (), False, ())),
        (lambda content: content["cameras"].pop(), Changes((), ("gate-2",), (), (), False, ())),
        (
            lambda content: content["cameras"][1].update(stream=None, recordings=["*"]),
            Changes((), ("gate-2",), (), (), False, ()),
        ),
        (put("model", "min_score", 0.2), Changes((), (), (), (), True, ())),
        (put("model", "name", "yolox-nano"), Changes((), (), (), (), True, ())),
        (put("site", "id", "another"), Changes((), (), (), (), False, ("site.id",))),
        (put("live", "listen", "127.0.0.1:1"), Changes((), (), (), (), False, ("live.listen",))),
        (put("live", "inference_threads", 2), Changes((), (), (), (), False, ("live.inference_threads",))),
        (put("live", "inference_batch", 2), Changes((), (), (), (), False, ("live.inference_batch",))),
        (put("live", "notices", {"webhooks": [WEBHOOK]}), Changes((), (), (), (), False, ("live.notices",))),
    ],
)
def test_what_differs_is_what_has_to_be_done(change: Change, expected: Changes) -> None:
    found = changed(change)
    assert found == expected
    assert bool(found) is (expected != NOTHING)


def test_only_cameras_with_a_stream_are_live(tmp_path: Path) -> None:
    content = sites.site()
    content["cameras"][0].update(stream=None, recordings=["*"])
    assert list(live_cameras(sites.load(tmp_path / "s.yaml", content).site)) == ["gate-2"]


# -- the file -----------------------------------------------------------------------------------------------------


class Check:
    """Whether a site can be run here."""

    def __init__(self) -> None:
        self.asked: list[LoadedSite] = []
        self.refuses = False

    def __call__(self, loaded: LoadedSite) -> None:
        self.asked.append(loaded)
        if self.refuses:
            raise StreetproofError("the password file is gone", where="gate-1", remedy="Put it back")


@pytest.fixture
def check() -> Check:
    return Check()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "站点 一.yaml"


@pytest.fixture
def file(path: Path, check: Check) -> SiteFile:
    made = SiteFile(sites.load(path), check)
    assert made.poll() is None
    return made


LONGER = sites.site(live={"seal_after": "90s"})


def test_a_file_that_was_replaced_is_taken_over_once(file: SiteFile, path: Path, check: Check) -> None:
    sites.write(path, LONGER)
    loaded = file.poll()
    assert loaded is not None
    assert loaded.site.live.seal_after == 90 * 10**9
    assert file.loaded is loaded
    assert len(check.asked) == 1
    assert file.poll() is None
    assert file.read() is None
    assert len(check.asked) == 1


def test_a_file_that_was_only_touched_is_neither_a_change_nor_checked_again(
    file: SiteFile, path: Path, check: Check
) -> None:
    os.utime(path, ns=(1, 1))
    assert file.poll() is None
    sites.write(path, sites.site())
    assert file.poll() is None
    assert check.asked == []
    assert file.error is None


def test_a_change_made_while_the_daemon_was_starting_is_seen(path: Path, check: Check) -> None:
    loaded = sites.load(path)
    sites.write(path, LONGER)
    file = SiteFile(loaded, check)
    assert file.poll() is not None


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no site"),
        (b"\xff\xfe\x00", "YAML"),
        (b"site: [", "YAML"),
        (b"site: {}\n", "mistakes"),
        ("cameras: 没有\n".encode(), "mistakes"),
    ],
)
def test_an_invalid_file_changes_nothing_says_why_and_is_read_once(
    file: SiteFile, path: Path, check: Check, content: bytes, says: str
) -> None:
    before = file.loaded
    path.write_bytes(content)
    assert file.poll() is None
    assert file.loaded is before
    assert file.error is not None
    assert says in file.error
    assert path.name in file.error
    path.with_suffix(".other").write_bytes(b"")
    assert file.poll() is None
    sites.write(path, sites.site())
    assert file.poll() is None, "it is as before"
    assert file.error is None
    assert check.asked == []


def test_a_valid_file_that_cannot_be_run_here_changes_nothing_and_can_be_tried_again(
    file: SiteFile, path: Path, check: Check
) -> None:
    check.refuses = True
    sites.write(path, LONGER)
    assert file.poll() is None
    assert "the password file is gone" in (file.error or "")
    assert file.poll() is None
    check.refuses = False
    assert file.read() is not None, "SIGHUP asks again"
    assert file.error is None


def test_a_file_that_is_being_replaced_just_now_is_waited_for(file: SiteFile, path: Path) -> None:
    path.unlink()
    assert file.poll() is None
    assert file.error is None
    assert file.read() is None
    assert "cannot be read" in (file.error or "")
    sites.write(path, LONGER)
    assert file.poll() is not None
    assert file.error is None


# -- its copy -----------------------------------------------------------------------------------------------------


def test_the_copy_is_exact_named_by_its_hash_and_written_once(path: Path, tmp_path: Path) -> None:
    loaded = sites.load(path)
    place = kept_copy(tmp_path / "数据" / "configs", loaded)
    assert place.name == f"{loaded.sha256}.yaml"
    assert place.read_bytes() == path.read_bytes()
    assert load_site(place).sha256 == loaded.sha256
    before = place.stat().st_mtime_ns
    assert kept_copy(tmp_path / "数据" / "configs", loaded) == place
    assert place.stat().st_mtime_ns == before
    assert [one.name for one in place.parent.iterdir()] == [place.name]


def test_a_copy_that_cannot_be_written_is_an_error_that_says_what_to_do(path: Path, tmp_path: Path) -> None:
    (tmp_path / "configs").write_text("in the way")
    with pytest.raises(ConfigError) as caught:
        kept_copy(tmp_path / "configs", sites.load(path))
    assert caught.value.remedy
