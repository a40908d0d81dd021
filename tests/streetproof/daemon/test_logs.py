"""Log lines: one JSON object each, without secrets, and not more of them the longer a camera is away."""

from __future__ import annotations

import io
import json
import logging
import multiprocessing
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from streams.instant import NS_PER_S, Instant, TimeSource
from streetproof.daemon.logs import LONGEST_PAUSE_NS, QUIET_NS, RateLimit, configure, plain, reset
from streetproof.daemon.secrets import Secret
from streetproof.errors import StreetproofError

HOUR, DAY = 3600 * NS_PER_S, 86_400 * NS_PER_S
PASSWORD = "fjord-Lampe-7"


class Clock:
    """A monotonic clock that a test moves."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


class Log(io.StringIO):
    """What was written, as events."""

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


class Terminal(Log):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log(clock: Clock) -> Iterator[Log]:
    written = Log()
    configure("hub", stream=written, wall_ns=lambda: 1_793_606_400_123_456_789, monotonic_ns=clock)
    yield written
    structlog.contextvars.clear_contextvars()
    reset()


def test_an_event_is_one_line_with_time_level_and_what_it_is_about(log: Log) -> None:
    structlog.get_logger().bind(camera="gate-1", case="SP-1").warning("stream lost", fault="ended", after_s=1.5)
    (event,) = log.events
    assert list(event)[:7] == ["at", "level", "event", "process", "pid", "camera", "case"]
    assert event["at"] == "2026-11-02T08:00:00.123456789Z"
    assert (event["level"], event["event"], event["process"]) == ("warning", "stream lost", "hub")
    assert (event["fault"], event["after_s"]) == ("ended", 1.5)


def test_names_and_line_breaks_stay_in_one_line(log: Log) -> None:
    structlog.get_logger().info("路口 一号\nsecond line", camera="gate-1")
    assert "路口 一号" in log.getvalue()
    assert log.getvalue().count("\n") == 1


def test_debug_is_left_out_unless_asked_for(log: Log) -> None:
    structlog.get_logger().debug("packet")
    assert log.events == []


def test_loggers_of_libraries_and_warnings_end_in_the_same_lines(log: Log) -> None:
    logging.getLogger("libav.rtsp").error("%s: 100%% lost", "rtsp://admin:x@host/a")
    logging.getLogger("httpx").info("HTTP Request: GET https://example.org")
    logging.getLogger("streams.live").info("ours")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    said = [event["event"] for event in log.events]
    assert said[:2] == ["rtsp://***@host/a: 100% lost", "ours"]
    assert "old" in said[2]
    assert log.events[0]["logger"] == "libav.rtsp"


def test_a_library_whose_arguments_do_not_fit_its_message_is_still_heard(log: Log) -> None:
    record = logging.LogRecord("careless", logging.WARNING, "x.py", 1, "%d of %d", ("not a number",), None)
    for handler in logging.getLogger().handlers:
        if type(handler).__module__ == "streetproof.daemon.logs":
            handler.handle(record)
    assert [event["event"] for event in log.events] == ["%d of %d"]


def test_no_secret_gets_through_whatever_holds_it(log: Log) -> None:
    secret = Secret(PASSWORD)
    try:
        local = secret.reveal()
        raise RuntimeError(f"401 for rtsp://admin:{local}@10.0.0.1/x")
    except RuntimeError:
        structlog.get_logger().exception(
            f"login with {PASSWORD} failed",
            secret=secret,
            nested={
                "url": f"rtsp://a:{PASSWORD}@h",
                PASSWORD: [PASSWORD.encode(), {"deep": {"deeper": {"x": PASSWORD}}}],
            },
            error=StreetproofError(f"wrong: {PASSWORD}", where=f"http://u:{PASSWORD}@h/", remedy="try"),
        )
    assert PASSWORD not in log.getvalue()
    assert "RuntimeError: 401 for rtsp://***@10.0.0.1/x" in log.events[0]["exception"]
    assert "local" not in log.events[0]["exception"].replace("local = secret.reveal()", "").replace("{local}", "")
    assert (log.events[0]["error"], log.events[0]["remedy"]) == ("wrong: ***", "try")


def test_a_bound_camera_reaches_every_event_of_a_context(log: Log) -> None:
    structlog.contextvars.bind_contextvars(camera="gate-2")
    structlog.get_logger().info("a")
    logging.getLogger("streams").warning("b")
    assert [event["camera"] for event in log.events] == ["gate-2", "gate-2"]


def test_a_camera_that_is_away_for_a_month_leaves_few_lines(log: Log, clock: Clock) -> None:
    logger = structlog.get_logger().bind(camera="gate-1")
    attempts = 0
    while clock.ns < 30 * DAY:
        attempts += 1
        logger.warning("no connection", fault="refused", detail=f"attempt {attempts} failed", attempt=attempts)
        clock.ns += 60 * NS_PER_S
    events = log.events
    assert events[0]["attempt"] == 1
    assert len(events) <= 10 + 30 * DAY // LONGEST_PAUSE_NS
    # Nothing is lost: lines and the counts they carry add up to the attempts.
    assert sum(1 + event.get("repeated", 0) for event in events) <= attempts
    assert attempts - sum(1 + event.get("repeated", 0) for event in events) <= LONGEST_PAUSE_NS // (60 * NS_PER_S)


def test_only_what_is_identical_is_held_back(log: Log, clock: Clock) -> None:
    logger = structlog.get_logger()
    for camera in ("gate-1", "gate-2"):
        for fault in ("refused", "stalled"):
            for _ in range(5):
                logger.warning("no connection", camera=camera, fault=fault)
    assert len(log.events) == 4


def test_it_is_news_again_after_it_was_well_for_a_while(log: Log, clock: Clock) -> None:
    logger = structlog.get_logger().bind(camera="gate-1")
    for _ in range(2000):
        logger.warning("no connection", fault="refused")
        clock.ns += 30 * NS_PER_S
    seen = len(log.events)
    clock.ns += QUIET_NS
    logger.warning("no connection", fault="refused")
    assert len(log.events) == seen + 1
    clock.ns += 61 * NS_PER_S
    logger.warning("no connection", fault="refused")
    assert len(log.events) == seen + 2, "the pauses begin small again"


def test_rare_events_and_those_that_ask_for_it_are_always_written(log: Log, clock: Clock) -> None:
    for _ in range(50):
        structlog.get_logger().info("case sealed")
        clock.ns += HOUR
    for _ in range(5):
        structlog.get_logger().info("reloaded", every_time=True)
        structlog.get_logger().critical("the disk is full")
    assert len(log.events) == 60
    assert all("every_time" not in event for event in log.events)


def test_what_is_remembered_is_bounded(clock: Clock) -> None:
    limit = RateLimit(clock)
    for number in range(10_000):
        limit(None, "warning", {"event": "x", "camera": f"camera-{number}"})
    assert len(limit._seen) <= 4096


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 2 * HOUR)), max_size=300))
def test_every_event_is_written_or_counted(events: list[tuple[str, int]]) -> None:
    clock = Clock()
    limit = RateLimit(clock)
    written = dict.fromkeys("abc", 0)
    for name, pause in events:
        clock.ns += pause
        try:
            written[name] += 1 + limit(None, "info", {"event": name}).get("repeated", 0)
        except structlog.DropEvent:
            continue
    pending = {str(key[1][1]): seen.left_out for key, seen in limit._seen.items()}  # type: ignore[index]
    for name in "abc":
        assert written[name] + pending.get(name, 0) == sum(one == name for one, _ in events)


def test_uncaught_exceptions_are_log_lines(log: Log) -> None:
    def fail() -> None:
        raise ValueError(f"no {PASSWORD}")

    Secret(PASSWORD)
    thread = threading.Thread(target=fail, name="recorder")
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    assert [(event["level"], event["event"]) for event in log.events] == [
        ("critical", "a thread crashed"),
        ("critical", "crashed"),
    ]
    assert log.events[0]["thread"] == "recorder"
    assert all("ValueError: no ***" in event["exception"] for event in log.events)


def test_for_people_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Terminal()
    try:
        configure("hub", stream=screen)
        structlog.get_logger().error("title \x1b]0;gone\x07", camera="gate-1", name="a\nb")
        monkeypatch.setenv("NO_COLOR", "1")
        configure("hub", stream=screen)
        structlog.get_logger().error("plain")
    finally:
        reset()
    first, second = screen.getvalue().splitlines()
    assert "gate-1" in first and r"\x1b]0;gone\x07" in first and r"a\x0ab" in first
    assert first.count("\x1b") == 2, "only our own colour"
    assert "\x1b" not in second


def test_a_reader_that_went_away_stops_nothing() -> None:
    gone = io.StringIO()
    try:
        configure("hub", stream=gone)
        gone.close()
        structlog.get_logger().warning("nobody listens")
    finally:
        reset()


def test_values_are_plain_and_bounded() -> None:
    endless: list[Any] = []
    endless.append(endless)
    value = plain({"n": float("nan"), "i": float("inf"), "at": Instant(0, TimeSource.ARRIVAL, 0), "e": endless,
                   "long": "x" * 10**6, "many": range(3), "list": list(range(10**5))})  # fmt: skip
    text = json.dumps(value, allow_nan=False)
    assert len(text) < 5000
    assert value["at"] == "1970-01-01T00:00:00.000000000Z"


def _child(secret: Secret, path: str) -> None:
    with open(path, "w", encoding="utf-8") as stream:
        configure("camera-1", stream=stream)
        structlog.get_logger().warning("refused", address=f"rtsp://h/?password={secret.reveal()}")


def test_a_child_that_was_handed_a_secret_leaves_it_out_too(tmp_path: Any) -> None:
    path = tmp_path / "log"
    child = multiprocessing.get_context("spawn").Process(target=_child, args=(Secret(PASSWORD), str(path)))
    child.start()
    child.join(300)
    assert child.exitcode == 0
    (event,) = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert event["process"] == "camera-1" and event["pid"] == child.pid
    assert event["address"] == "rtsp://h/?password=***"
