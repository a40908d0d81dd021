"""Notices: on disk until each receiver has them, signed, in spite of everything receivers and networks do."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import random
import re
import signal
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from streetproof.daemon.notices.debounce import Debounce, Telling
from streetproof.daemon.notices.interface import (
    Deliver,
    DeliveryError,
    Message,
    Notice,
    NoticeKind,
    RefusedError,
    Target,
    UnreachableError,
)
from streetproof.daemon.notices.mqtt import MqttTarget
from streetproof.daemon.notices.queue import NoticeQueue, waiting_or_none
from streetproof.daemon.notices.sender import Pace, Sender
from streetproof.daemon.notices.webhook import WebhookTarget
from streetproof.store.database import Store
from tests.conftest import ROOT
from tests.ports import reserved_port
from tests.streetproof.daemon.footage import T0
from tests.streetproof.daemon.receivers import Broker, Receiver, certificate, receivers

SECRET = "streng-geheim-口令"
WEEK_NS = 7 * 86_400 * 10**9
QUICK = Pace(first_s=0.05, longest_s=0.2, refused_s=0.05, refused_longest_s=0.2, idle_s=0.2)


def notice(number: int = 1, **fields: object) -> Notice:
    given: dict[str, object] = {
        "kind": NoticeKind.FAULT,
        "site": "gulou",
        "camera": "gate-1",
        "at_ns": T0 + number,
        "zh": "一号门：视频中断",
        "en": "Gate 1: no video",
        "data": {"n": number},
        "id": f"n{number:04d}",
    }
    return Notice(**{**given, **fields})  # type: ignore[arg-type]


def webhook(receiver: Receiver | str, *, timeout_s: float = 10.0, secret: str = SECRET) -> WebhookTarget:
    url = receiver if isinstance(receiver, str) else receiver.url
    return WebhookTarget(url, secret, timeout_s=timeout_s, now_ns=time.time_ns)


def message(one: Notice) -> Message:
    return Message(one.id, one.kind.value, one.site, one.body())


def hand_over(target: Target, *notices: Notice) -> None:
    async def run() -> None:
        async with target.connect() as deliver:
            for one in notices:
                await deliver(message(one))

    asyncio.run(run())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open_file(tmp_path / "通知 1.db") as opened:
        yield opened


def queue_of(store: Store, targets: Sequence[Target], **options: object) -> NoticeQueue:
    given: dict[str, object] = {"keep_ns": WEEK_NS, "now_ns": time.time_ns}
    return NoticeQueue(store, [target.key for target in targets], **{**given, **options})  # type: ignore[arg-type]


@contextmanager
def sending(queue: NoticeQueue, *targets: Target, pace: Pace = QUICK) -> Iterator[Sender]:
    sender = Sender(queue, targets, randomness=random.Random(1), pace=pace)
    sender.start()
    try:
        yield sender
    finally:
        assert sender.stop(60)
        assert not sender.alive


def until(holds: Callable[[], bool], timeout_s: float = 60) -> None:
    """What shows in the database alone has to be asked for."""
    end = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


# -- what is sent --------------------------------------------------------------------------------------------------


def test_a_notice_is_one_json_object() -> None:
    body = json.loads(notice().body())
    assert body["at"] == "2026-11-02T00:00:00.000000001Z"
    assert (body["format"], body["kind"], body["text"]["zh"]) == ("streetproof-notice/1", "fault", "一号门：视频中断")


@pytest.mark.parametrize("fields", [{"id": ""}, {"id": "a b"}, {"id": "x" * 65}, {"zh": "长" * 30_000}])
def test_a_notice_that_could_not_be_sent_is_not_made(fields: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="notice"):
        notice(**fields)


def test_the_recipe_for_receivers_accepts_what_is_sent_and_nothing_else() -> None:
    text = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    (recipe,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    names: dict[str, Callable[..., bool]] = {}
    exec(recipe, names)  # the document's own words are what is tested
    is_genuine = names["is_genuine"]
    with Receiver() as receiver:
        hand_over(webhook(receiver), notice())
        ((path, headers, body),) = receiver.requests
    assert path.startswith("/hook/token-in-path")
    secret = SECRET.encode()
    assert headers["X-Streetproof-Id"] == json.loads(body)["id"] == "n0001"
    assert is_genuine(headers, body, secret)
    assert not is_genuine(headers, body + b" ", secret)
    assert not is_genuine(headers, body, b"other")
    assert not is_genuine({**headers, "X-Streetproof-Timestamp": str(int(time.time()) + 1)}, body, secret)
    old = str(int(time.time()) - 301)
    assert not is_genuine({**headers, "X-Streetproof-Timestamp": old}, body, secret)


def test_the_example_in_the_document_is_what_a_notice_looks_like() -> None:
    text = (ROOT / "docs" / "notices.md").read_text(encoding="utf-8")
    (example,) = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    assert example.keys() == json.loads(notice().body()).keys()
    assert all(f"`{kind.value}`" in text for kind in NoticeKind)


# -- webhook -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, None) for status in (200, 204)),
        *((status, UnreachableError) for status in (500, 503, 408, 429)),
        *((status, RefusedError) for status in (400, 401, 404)),
    ],
)
def test_what_a_status_means(status: int, error: type[DeliveryError] | None) -> None:
    with Receiver(status) as receiver:
        if error is None:
            hand_over(webhook(receiver), notice())
        else:
            with pytest.raises(error, match=f"answered {status}"):
                hand_over(webhook(receiver), notice())


def test_a_redirect_is_not_followed() -> None:
    with Receiver() as elsewhere, Receiver((307, {"Location": elsewhere.url})) as receiver:
        with pytest.raises(RefusedError, match="answered 307"):
            hand_over(webhook(receiver), notice())
        assert elsewhere.requests == []


def drip(handler: BaseHTTPRequestHandler) -> None:
    """Never quite finishes its headers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(5000):
        handler.wfile.write(f"X-{number}: 1\r\n".encode())
        handler.wfile.flush()
        threading.Event().wait(0.02)


def endless(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\nhello")


def nonsense(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\0\xff nonsense\r\n\r\n")


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def test_a_receiver_that_answers_drop_by_drop_is_left_in_time() -> None:
    with Receiver(drip) as receiver:
        began = time.monotonic()
        with pytest.raises(UnreachableError, match=r"no answer within 0\.3 s"):
            hand_over(webhook(receiver, timeout_s=0.3), notice())
        assert time.monotonic() - began < 60  # its last drop would come after more than 100 s


def test_the_body_of_an_answer_is_not_read() -> None:
    with Receiver(endless) as receiver:
        hand_over(webhook(receiver, timeout_s=30), notice())


@pytest.mark.parametrize("answer", [nonsense, hang_up])
def test_a_receiver_that_speaks_no_http(answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
    with Receiver(answer) as receiver, pytest.raises(UnreachableError):
        hand_over(webhook(receiver), notice())


@pytest.mark.parametrize("host", ["nobody.invalid", "127.0.0.1"])
def test_nobody_there(host: str) -> None:
    with reserved_port() as port, pytest.raises(UnreachableError, match="cannot connect") as caught:
        hand_over(webhook(f"http://{host}:{port}/geheim"), notice())
    assert "geheim" not in str(caught.value)


def test_a_receiver_without_tls_where_tls_was_asked_for() -> None:
    with Receiver() as receiver, pytest.raises(UnreachableError, match="secure connection"):
        hand_over(webhook(receiver.url.replace("http:", "https:")), notice())


def test_secrets_are_shown_nowhere() -> None:
    target = webhook("https://hooks.example/T0KEN?key=T0KEN")
    broker = MqttTarget("mqtt.example", 8883, "streetproof", username="u", password=SECRET)
    for text in (repr(target), str(target), target.label, target.key, repr(broker), broker.label, broker.key):
        assert "T0KEN" not in text
        assert SECRET not in text
    with pytest.raises(ValueError, match="empty"):
        webhook("http://x/", secret="")


# -- queue ---------------------------------------------------------------------------------------------------------


class Nobody:
    """A target that is only a name."""

    def __init__(self, key: str) -> None:
        self.key = self.label = key

    def connect(self) -> AbstractAsyncContextManager[Deliver]:
        raise NotImplementedError


def test_each_target_is_told_once_and_the_notice_goes_with_the_last(store: Store) -> None:
    queue = queue_of(store, [Nobody("a"), Nobody("b")])
    queue.put(notice(2))
    queue.put(notice(1))
    assert queue.waiting() == 4
    queue.flush()
    queue.flush()
    assert [m.id for m, _ in queue.due("a", 10)] == ["n0002", "n0001"]
    assert queue.due("a", 10)[0][0] == message(notice(2))
    queue.delivered("n0002", "a")
    queue.delivered("n0002", "a")
    assert ([m.id for m, _ in queue.due("a", 10)], len(queue.due("b", 10)), queue.waiting()) == (["n0001"], 2, 3)
    for target in "ab":
        for number in (1, 2):
            queue.delivered(f"n{number:04d}", target)
    assert queue.waiting() == 0


def test_where_there_is_nobody_to_tell_nothing_is_kept(store: Store) -> None:
    queue = queue_of(store, [])
    queue.put(notice())
    queue.flush()
    assert queue.waiting() == 0


def test_what_is_too_old_too_much_or_for_nobody_is_given_up_and_counted(store: Store) -> None:
    clock = [T0]
    old = queue_of(store, [Nobody("gone"), Nobody("a")], now_ns=lambda: clock[0])
    with structlog.testing.capture_logs() as logs:
        for number in range(10):
            old.put(notice(number))
        old.flush()
        queue = queue_of(store, [Nobody("a")], now_ns=lambda: clock[0], keep_ns=100, max_waiting=4)
        queue.tidy()
        assert [m.id for m, _ in queue.due("a", 10)] == ["n0006", "n0007", "n0008", "n0009"]
        assert queue.given_up == 16
        clock[0] += 100
        queue.tidy()
        assert queue.waiting() == 4
        clock[0] += 1
        queue.tidy()
    assert (queue.waiting(), queue.given_up) == (0, 20)
    assert sum(line["count"] for line in logs if line["event"] == "notices_given_up") == 20
    with sqlite3.connect(store._connection._engine.url.database or "") as connection:
        assert connection.execute("SELECT count(*) FROM notice").fetchone() == (0,)
    connection.close()


def test_a_locked_database_delays_notices_and_loses_none(tmp_path: Path) -> None:
    with Store.open_file(tmp_path / "锁 1.db", busy_s=0.2) as impatient:
        queue = queue_of(impatient, [Nobody("a")])
        other = sqlite3.connect(tmp_path / "锁 1.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        queue.put(notice())
        with pytest.raises(DeliveryError.__mro__[1], match="locked"):
            queue.flush()
        assert waiting_or_none(queue) == 1
        other.execute("ROLLBACK")
        other.close()
        queue.flush()
        assert len(queue.due("a", 10)) == 1


def test_what_cannot_be_written_down_does_not_grow_without_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streetproof.daemon.notices.queue.MAX_UNWRITTEN", 3)
    queue = queue_of(store, [Nobody("a"), Nobody("b")])
    for number in range(5):
        queue.put(notice(number))
    assert queue.given_up == 4
    queue.flush()
    assert [m.id for m, _ in queue.due("a", 10)] == ["n0002", "n0003", "n0004"]


def test_a_pause_set_before_the_clock_was_put_back_is_not_waited_for(store: Store) -> None:
    clock = [T0]
    queue = queue_of(store, [Nobody("a")], now_ns=lambda: clock[0])
    queue.put(notice())
    queue.flush()
    queue.failed("n0001", "a", "answered 400", pause_ns=100)
    assert queue.due("a", 10) == []
    clock[0] -= WEEK_NS
    assert queue.due("a", 10) == [(message(notice()), 1)]


# -- sender --------------------------------------------------------------------------------------------------------


def test_notices_reach_everyone_and_one_dead_target_delays_nobody(store: Store) -> None:
    with receivers(Receiver(), Receiver(500)) as (good, ill), Broker() as broker, reserved_port() as nobody:
        targets: list[Target] = [
            webhook(good),
            webhook(ill),
            webhook(f"http://127.0.0.1:{nobody}/"),
            MqttTarget("127.0.0.1", broker.port, "streetproof", username="u", password=SECRET),
        ]
        queue = queue_of(store, targets)
        with sending(queue, *targets) as sender:
            for number in range(20):
                queue.put(notice(number))
                sender.wake()
            told = good.wait_for(20)
            assert [json.loads(body)["data"]["n"] for _, _, body in told] == list(range(20))
            messages = broker.wait_for(20)
            assert [json.loads(body)["data"]["n"] for _, _, body in messages] == list(range(20))
            assert {(topic, quality) for topic, quality, _ in messages} == {("streetproof/gulou/fault", 1)}
            ill.wait_for(3)
            # Only what is at the head of a dead target's queue is tried.
            assert {json.loads(body)["data"]["n"] for _, _, body in ill.requests} == {0}
            until(lambda: queue.waiting() == 40)
        assert broker.logins[0] == ("u", SECRET)
        broker.wait_until_left()


def test_trouble_that_passes_costs_nothing(store: Store) -> None:
    with Receiver(500, 503, 200) as receiver:
        target = webhook(receiver)
        queue = queue_of(store, [target])
        with structlog.testing.capture_logs() as logs, sending(queue, target) as sender:
            queue.put(notice())
            sender.wake()
            until(lambda: len(receiver.requests) == 3 and queue.waiting() == 0)
        assert {headers["X-Streetproof-Id"] for _, headers, _ in receiver.requests} == {"n0001"}
    assert [line["failures"] for line in logs if line["event"] == "notices_wait"] == [1, 2]
    assert "token" not in str(logs)
    assert SECRET not in str(logs)


def test_a_refused_notice_does_not_stand_in_the_way_of_others(store: Store) -> None:
    with Receiver(400, 200) as receiver:
        target = webhook(receiver)
        queue = queue_of(store, [target])
        for number in range(3):
            queue.put(notice(number))
        with sending(queue, target):
            until(lambda: len(receiver.requests) >= 4 and queue.waiting() == 0)
        order = [json.loads(body)["data"]["n"] for _, _, body in receiver.requests]
        assert order[:3] == [0, 1, 2]
        assert order[3] == 0


def test_the_http_client_does_not_log_addresses(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with Receiver() as receiver:
        target = webhook(receiver)
        queue = queue_of(store, [target])
        queue.put(notice())
        with sending(queue, target):
            until(lambda: queue.waiting() == 0)
    assert "token" not in caplog.text


def test_a_mute_receiver_does_not_hold_up_the_end(store: Store) -> None:
    stay = threading.Event()
    with Receiver(lambda _: stay.wait(120) and None) as receiver:  # type: ignore[func-returns-value]
        target = webhook(receiver, timeout_s=100)
        queue = queue_of(store, [target])
        queue.put(notice())
        sender = Sender(queue, [target], randomness=random.Random(1), pace=QUICK)
        sender.start()
        try:
            receiver.wait_for(1)
            queue.put(notice(2))
            assert sender.stop(60), "it waits for the answer"
        finally:
            stay.set()
            sender.stop(60)
        sender.wake()
        assert sender.stop(1)
        # Also what was put last is on disk.
        assert [m.id for m, _ in queue.due(target.key, 10)] == ["n0001", "n0002"]


def test_stopping_what_was_never_started(store: Store) -> None:
    assert Sender(queue_of(store, []), [], randomness=random.Random(1)).stop(1)


CHILD = """
import random, sys, time
from pathlib import Path
from streetproof.daemon.notices.queue import NoticeQueue
from streetproof.daemon.notices.sender import Pace, Sender
from streetproof.daemon.notices.webhook import WebhookTarget
from streetproof.store.database import Store
from tests.streetproof.daemon.test_notices import notice
target = WebhookTarget(sys.argv[2], "s", timeout_s=20, now_ns=time.time_ns)
queue = NoticeQueue(Store.open_file(Path(sys.argv[1])), [target.key], keep_ns=10**18, now_ns=time.time_ns)
for number in range(5):
    queue.put(notice(number))
queue.flush()
print("queued", flush=True)
Sender(queue, [target], randomness=random.Random(1), pace=Pace(0.05, 0.1)).start()
sys.stdin.read()
"""


def test_killed_between_queue_and_receiver_nothing_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    stay = threading.Event()
    # The third gets no answer until the process is gone.
    with Receiver(200, 200, lambda _: stay.wait(300) and None, 200) as receiver:  # type: ignore[func-returns-value]
        with subprocess.Popen(
            [sys.executable, "-c", CHILD, str(path), receiver.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "queued\n"
            receiver.wait_for(3)
            os.kill(process.pid, signal.SIGKILL)
        stay.set()
        target = webhook(receiver)
        with Store.open_file(path) as store:
            queue = queue_of(store, [target])
            assert queue.waiting() in (3, 4)
            with sending(queue, target):
                until(lambda: queue.waiting() == 0)
        ids = [headers["X-Streetproof-Id"] for _, headers, _ in receiver.requests]
    assert set(ids) == {f"n{n:04d}" for n in range(5)}
    # The third again, under the same id.
    assert ids.count("n0002") == 2


class _Swallows:
    """A target whose client swallows the first cancellation while it hangs up, as `asyncio.wait_for` of Python 3.11
    does when what it waits for is done in that instant."""

    key, label = "swallows:1", "swallows://1"

    def __init__(self) -> None:
        self.hanging_up, self.swallowed = threading.Event(), 0

    @asynccontextmanager
    async def connect(self) -> AsyncIterator[Deliver]:
        async def deliver(_: Message) -> None:
            return

        yield deliver
        self.hanging_up.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            self.swallowed += 1


def test_the_sender_ends_though_a_client_swallows_that_it_shall(store: Store) -> None:
    target = _Swallows()
    queue = queue_of(store, [target])
    queue.put(notice())
    with sending(queue, target, pace=Pace(idle_s=3600)):
        assert target.hanging_up.wait(60)
    assert target.swallowed == 1
    assert queue.waiting() == 0


# -- MQTT ----------------------------------------------------------------------------------------------------------


def test_a_message_that_is_not_confirmed_is_sent_again(store: Store) -> None:
    with Broker(confirm=lambda number: number != 2) as broker:
        target = MqttTarget("127.0.0.1", broker.port, "top/")
        queue = queue_of(store, [target])
        for number in range(3):
            queue.put(notice(number))
        with sending(queue, target):
            until(lambda: queue.waiting() == 0)
        numbers = [json.loads(body)["data"]["n"] for _, _, body in broker.messages]
        assert numbers == [0, 1, 1, 2]
        assert broker.messages[0][0] == "top/gulou/fault"
        assert broker.logins[0] == (None, None)


def test_a_broker_that_refuses() -> None:
    with Broker(connack=5) as broker, pytest.raises(UnreachableError, match="broker refused"):
        hand_over(MqttTarget("127.0.0.1", broker.port, "t", username="u", password=SECRET), notice())


def test_a_site_cannot_break_out_of_its_topic() -> None:
    with Broker() as broker:
        hand_over(MqttTarget("127.0.0.1", broker.port, "t"), notice(site="a/b#+"))
        assert broker.messages[0][0] == "t/a_b__/fault"


def test_nobody_at_the_broker_s_address() -> None:
    for host in ("127.0.0.1", "nobody.invalid"):
        with reserved_port() as port, pytest.raises(UnreachableError, match="cannot connect"):
            hand_over(MqttTarget(host, port, "t", password=SECRET, username="u"), notice())


@pytest.fixture
def collected() -> Iterator[None]:
    """The MQTT client leaves its socket to the garbage collector where a handshake fails: let that be now."""
    yield
    gc.collect()


UNCLOSED = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


@UNCLOSED
@pytest.mark.usefixtures("collected")
def test_a_certificate_counts_where_the_machine_trusts_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(tmp_path)
    with Receiver(tls=context) as receiver, Broker(tls=context) as broker:
        for target in (
            webhook(receiver),
            MqttTarget("127.0.0.1", broker.port, "t", tls=ssl.create_default_context()),
        ):
            with pytest.raises(UnreachableError, match="secure connection"):
                hand_over(target, notice())
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        hand_over(webhook(receiver), notice())
        hand_over(MqttTarget("127.0.0.1", broker.port, "t", tls=ssl.create_default_context()), notice())
        assert (len(receiver.requests), len(broker.messages)) == (1, 1)


@UNCLOSED
@pytest.mark.usefixtures("collected")
def test_a_broker_without_tls_where_tls_was_asked_for() -> None:
    with Broker() as broker, pytest.raises(UnreachableError):
        hand_over(MqttTarget("127.0.0.1", broker.port, "t", tls=ssl.create_default_context(), timeout_s=1), notice())


def handles() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_broker_that_never_answers_costs_no_handles() -> None:
    with Broker(connack=None) as broker:
        target = MqttTarget("127.0.0.1", broker.port, "t", timeout_s=0.05)

        async def ask(times: int) -> None:
            for _ in range(times):
                with pytest.raises(UnreachableError):
                    async with target.connect():
                        pass

        asyncio.run(ask(2))
        broker.wait_until_left()
        before = handles()
        asyncio.run(ask(12))
        # The broker's own side of each connection is in this process too, and is closed a moment later.
        until(lambda: handles() <= before)


# -- debounce ------------------------------------------------------------------------------------------------------


def test_a_camera_that_flaps_is_told_of_now_and_then_with_a_count() -> None:
    states: Debounce[str] = Debounce(100, "up")
    assert states.observe("c", "up", 0) is None
    assert states.observe("c", "down", 1) == Telling("c", "down", 1)
    assert states.observe("c", "down", 2) is None
    assert states.observe("c", "up", 3) is None
    assert states.observe("c", "down", 4) is None
    assert states.observe("c", "up", 5) is None
    assert states.due(100) == []
    assert states.due(101) == [Telling("c", "up", 3)]
    assert states.due(500) == []
    assert states.observe("c", "down", 501) == Telling("c", "down", 1)
    states.observe("c", "up", 502)
    states.forget("c")
    assert states.due(9999) == []


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["up", "down", "gone"]), st.integers(0, 60))))
def test_every_change_is_counted_once_and_the_last_state_is_told(steps: list[tuple[str, str, int]]) -> None:
    states: Debounce[str] = Debounce(100, "up")
    now, changes, current = 0, dict.fromkeys("ab", 0), dict.fromkeys("ab", "up")
    told: list[tuple[int, Telling[str]]] = []
    for key, state, wait in steps:
        now += wait
        changes[key] += state != current[key]
        current[key] = state
        told += [(now, one) for one in (states.observe(key, state, now), *states.due(now)) if one]
    told += [(now + 100, one) for one in states.due(now + 100)]
    for key in "ab":
        mine = [(when, one) for when, one in told if one.key == key]
        assert sum(one.changes for _, one in mine) == changes[key]
        assert all(two[0] - one[0] >= 100 for one, two in pairwise(mine))
        assert not mine or mine[-1][1].state == current[key]
