"""True time: real NTP over loopback with servers that tell it, lie about it, or refuse; and chrony's word."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.hostclock import HostClock, HostReading, read_host
from streetproof.daemon.reference_time import ReferenceReading, ReferenceUnknown, _judge, _Refused, _utc_ns, measure

MS = 1_000_000
HEADER = struct.Struct(">BBbbiI4sQQQQ")
NTP_1970 = 2_208_988_800
Reply = Callable[["NtpServer", bytes], "bytes | list[bytes] | None"]


def stamp(utc_ns: int) -> int:
    seconds, rest = divmod(utc_ns, NS_PER_S)
    return ((seconds + NTP_1970) % (1 << 32)) << 32 | (rest << 32) // NS_PER_S


def answer(
    question: bytes,
    *,
    offset_ns: int = 0,
    first: int = 0x24,
    stratum: int = 2,
    root_delay: int = 0,
    root_dispersion: int = 0,
    ident: bytes = b"GPS\0",
    origin: int | None = None,
    held_ns: int = 0,
) -> bytes:
    """What a server whose clock is `offset_ns` ahead of this machine's says."""
    now = time.time_ns() + offset_ns
    asked = HEADER.unpack(question)[-1]
    return HEADER.pack(
        first,
        stratum,
        6,
        -20,
        root_delay,
        root_dispersion,
        ident,
        stamp(now),
        asked if origin is None else origin,
        stamp(now),
        stamp(now + held_ns),
    )


class NtpServer:
    """Answers on a loopback port as `reply(self, question)` says; counts what it was asked."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.questions: list[bytes] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def name(self) -> str:
        return f"127.0.0.1:{self._socket.getsockname()[1]}"

    def _serve(self) -> None:
        while True:
            question, sender = self._socket.recvfrom(2048)
            if question == b"stop":
                return
            self.questions.append(question)
            replies = self.reply(self, question)
            for reply in [replies] if isinstance(replies, bytes) else replies or []:
                self._socket.sendto(reply, sender)

    def close(self) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as knock:
            knock.sendto(b"stop", self._socket.getsockname())
        self._thread.join()
        self._socket.close()


@pytest.fixture
def ntp() -> Iterator[Callable[[Reply], NtpServer]]:
    servers: list[NtpServer] = []

    def start(reply: Reply) -> NtpServer:
        servers.append(NtpServer(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def unknown(outcome: object) -> ReferenceUnknown:
    assert isinstance(outcome, ReferenceUnknown)
    for said in (outcome.reason, outcome.remedy):
        assert said.en and any("\u4e00" <= sign <= "\u9fff" for sign in said.zh), said
    return outcome


def known(outcome: object) -> ReferenceReading:
    assert isinstance(outcome, ReferenceReading), outcome
    return outcome


# -- NTP ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ahead_s", [0, 0.25, -3, 3600, -8 * 3600, 20 * 365 * 86_400])
def test_the_offset_of_this_machine_is_found(ntp, ahead_s):
    ahead_ns = round(ahead_s * NS_PER_S)
    server = ntp(lambda _s, q: answer(q, offset_ns=ahead_ns))
    before = time.time_ns()
    reading = known(measure(server.name, 60))
    assert abs(reading.server_offset_ns + ahead_ns) <= reading.uncertainty_ns + MS
    assert reading.source == f"NTP server {server.name}, stratum 2"
    assert before - MS <= reading.checked_ns - ahead_ns <= time.time_ns() + MS + reading.uncertainty_ns
    assert len(server.questions) == 4


def test_the_line_of_the_camera_clocks_learns_of_it(ntp):
    server = ntp(lambda _s, q: answer(q, offset_ns=-2 * NS_PER_S))
    clock = HostClock()
    reading = known(measure(server.name, 60))
    clock.note_reference(reading.line)
    offset = clock.server_offset()
    assert offset is not None and not offset.within_limit and offset.checked_ns == reading.checked_ns
    assert abs(offset.offset_ns - 2 * NS_PER_S) <= reading.uncertainty_ns + 10 * MS


def test_a_system_clock_set_during_the_exchange_does_no_harm(ntp):
    server = ntp(lambda _s, q: answer(q))
    steps = iter(range(1000))

    def read() -> HostReading:
        now = read_host()
        wrong = now.utc_ns + next(steps) * 3600 * NS_PER_S
        return HostReading(now.monotonic_ns, wrong, now.boottime_ns, now.width_ns)

    reading = known(measure(server.name, 60, read=read))
    assert abs(reading.line.line_ns - read_host().line_ns) <= reading.uncertainty_ns + 10 * MS


def test_questions_tell_nothing_and_differ(ntp):
    server = ntp(lambda _s, q: answer(q))
    known(measure(server.name, 60))
    assert {q[:40] for q in server.questions} == {bytes([0x23, 0, 0, 0x20]) + bytes(36)}
    assert len({q[40:] for q in server.questions}) == 4


def test_the_least_delayed_exchange_counts(ntp):
    hold = threading.Event()

    def reply(server: NtpServer, question: bytes) -> bytes:
        # All but the third wait on one way only, which spoils the offset by half of that.
        told = answer(question)
        if len(server.questions) != 3:
            hold.wait(1)
        return told

    reading = known(measure(ntp(reply).name, 120))
    assert reading.uncertainty_ns < 450 * MS and abs(reading.server_offset_ns) <= reading.uncertainty_ns + MS


def test_what_the_server_admits_is_added(ntp):
    # Root delay 0.5 s counts half, root dispersion 0.25 s whole.
    reading = known(measure(ntp(lambda _s, q: answer(q, root_delay=1 << 15, root_dispersion=1 << 14)).name, 60))
    assert 500 * MS <= reading.uncertainty_ns < 500 * MS + NS_PER_S // 2


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        ({"first": 0xE4}, "not synchronised"),
        ({"stratum": 16}, "not synchronised"),
        ({"stratum": 255}, "not synchronised"),
        ({"first": 0x23}, "no answer of an NTP server"),
        ({"first": 0x25}, "no answer of an NTP server"),
        ({"first": 0x3C}, "no answer of an NTP server"),
        ({"root_dispersion": 2 << 16}, "too far"),
        ({"root_delay": 4 << 16}, "too far"),
        ({"root_dispersion": 0xFFFF_FFFF}, "too far"),
        ({"held_ns": -NS_PER_S}, "contradict"),
        ({"held_ns": 3600 * NS_PER_S}, "contradict"),
    ],
)
def test_lies_are_not_believed(ntp, lie, reason):
    server = ntp(lambda _s, q: answer(q, **lie))
    assert reason in unknown(measure(server.name, 30)).reason.en
    assert len(server.questions) == 4


@pytest.mark.parametrize("origin", [0, 12345])
def test_answers_to_another_question_are_not_heard(ntp, origin):
    assert "no question" in unknown(measure(ntp(lambda _s, q: answer(q, origin=origin)).name, 4)).reason.en


@pytest.mark.parametrize("garbage", [b"", b"\0", b"x" * 47, b"\xff" * 48, b"\0" * 48, b"\x24" * 2000])
def test_garbage_is_not_believed(ntp, garbage):
    unknown(measure(ntp(lambda _s, _q: garbage).name, 0.4))


def test_answers_without_a_time(ntp):
    def reply(_server: NtpServer, question: bytes) -> bytes:
        return answer(question)[:32] + bytes(16)

    assert "no time" in unknown(measure(ntp(reply).name, 30)).reason.en


def test_a_kiss_of_death_ends_the_asking(ntp):
    server = ntp(lambda _s, q: answer(q, stratum=0, ident=b"RATE"))
    assert "refuses" in (found := unknown(measure(server.name, 60)).reason.en) and "RATE" in found
    assert len(server.questions) == 1


def test_a_kiss_of_death_that_answers_nobody_is_ignored(ntp):
    server = ntp(lambda _s, q: [answer(q, stratum=0, ident=b"DENY", origin=7), answer(q)])
    assert known(measure(server.name, 60))


def test_what_was_learnt_before_a_refusal_counts(ntp):
    server = ntp(lambda s, q: answer(q, stratum=0 if len(s.questions) > 2 else 3, ident=b"RATE"))
    assert known(measure(server.name, 60)).source.endswith("stratum 3")
    assert len(server.questions) == 3


def test_forged_answers_before_the_true_one_change_nothing(ntp):
    server = ntp(lambda _s, q: [answer(q, offset_ns=3600 * NS_PER_S, origin=n) for n in range(8)] + [answer(q)])
    assert abs(known(measure(server.name, 60)).server_offset_ns) < NS_PER_S


def test_a_flood_of_forged_answers_ends(ntp):
    unknown(measure(ntp(lambda _s, q: [answer(q, origin=1)] * 40).name, 1))


def test_a_server_that_contradicts_itself_is_no_reference(ntp):
    server = ntp(lambda s, q: answer(q, offset_ns=len(s.questions) * 60 * NS_PER_S))
    assert "contradicts itself" in unknown(measure(server.name, 60)).reason.en


def test_one_answer_of_four_is_enough(ntp):
    server = ntp(lambda s, q: answer(q) if len(s.questions) == 3 else None)
    assert known(measure(server.name, 8))


def test_silence_ends_in_time(ntp):
    begun = time.monotonic()
    outcome = unknown(measure(ntp(lambda _s, _q: None).name, 0.4))
    assert "in time" in outcome.reason.en and time.monotonic() - begun < 60


def test_nobody_listens():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    unknown(measure(f"127.0.0.1:{port}", 0.4))


@pytest.mark.parametrize(
    "server", ["", "no such host", "x" * 300, "a:b", "127.0.0.1:99999999", "[::1", "[::1]:x", "\0"]
)
def test_names_that_lead_nowhere(server):
    outcome = unknown(measure(server, 0.4))
    assert all(len(reason) < 200 and reason.isprintable() for reason in (outcome.reason.zh, outcome.reason.en))


def test_ipv6_address_with_a_port(ntp):
    try:
        probe = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        probe.bind(("::1", 0))
    except OSError:
        # No IPv6 here: the address must still be understood as one, and nobody listens there.
        unknown(measure("[::1]:9", 0.2))
        return
    with probe:
        unknown(measure(f"[::1]:{probe.getsockname()[1]}", 0.2))
        assert probe.recv(100)[0] == 0x23


def test_the_era_after_2036():
    """The seconds of NTP begin anew on 2036-02-07T06:28:16Z; they do not say so."""
    second = 2_085_978_496 * NS_PER_S
    for utc_ns in (second - NS_PER_S, second, second + NS_PER_S, 1_793_577_600 * NS_PER_S, 4_000_000_000 * NS_PER_S):
        assert _utc_ns(stamp(utc_ns)) == utc_ns


@given(st.integers(1_577_836_800 * NS_PER_S, 5_000_000_000 * NS_PER_S))
def test_every_stamp_is_read_back(utc_ns):
    assert 0 <= utc_ns - _utc_ns(stamp(utc_ns)) <= 1


@given(st.binary(min_size=48, max_size=100))
def test_no_datagram_is_believed_by_chance(datagram):
    """Whatever it holds, it is refused or bounds the time by our own two readings."""
    try:
        outcome = _judge(datagram, 0, 1000)
    except _Refused:
        return
    assert isinstance(outcome, Said) or (outcome.delay_ns <= 1000 and 0 <= outcome.distance_ns <= 3 * NS_PER_S // 2)


# -- chrony -------------------------------------------------------------------------------------------------------

TRACKING = (
    "C0A80001,192.168.0.1,3,1793577600.123456789,{slow},-0.000010000,0.000020000,"
    "-12.345,0.001,0.050,0.010000000,0.002000000,64.2,{leap}"
)


@pytest.fixture
def chronyc(tmp_path: Path) -> Callable[..., str]:
    def make(output: str, status: int = 0) -> str:
        folder = tmp_path / "时间 服务"
        folder.mkdir(exist_ok=True)
        (folder / "output").write_text(output, encoding="utf-8")
        program = folder / "chronyc"
        program.write_text(
            f'#!/bin/sh\n[ "$*" = "-c -n tracking" ] || exit 9\ncat "{folder / "output"}"\nexit {status}\n',
            encoding="utf-8",
        )
        program.chmod(0o755)
        return str(program)

    return make


def test_chrony_says_slow_where_it_says_plus(chronyc):
    reading = known(measure(None, 60, chronyc=chronyc(TRACKING.format(slow="0.250000000", leap="Normal") + "\n")))
    assert reading.server_offset_ns == -250 * MS
    # And half of what a busy machine may have put between two readings of its clocks.
    assert 7 * MS <= reading.uncertainty_ns < 7 * MS + NS_PER_S
    assert reading.source == "chrony following 192.168.0.1, stratum 3"
    assert abs(reading.checked_ns - 250 * MS - time.time_ns()) < 60 * NS_PER_S
    reading = known(measure(None, 60, chronyc=chronyc(TRACKING.format(slow="-1557.5", leap="Insert second"))))
    assert reading.server_offset_ns == 1_557_500 * MS


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "not understood"),
        ("506 Cannot talk to daemon\n", "not understood"),
        (TRACKING.format(slow="0.1", leap="Not synchronised"), "no time server"),
        (TRACKING.format(slow="0.1", leap="Normal").replace("C0A80001,192.168.0.1", "7F7F0101,"), "no time server"),
        (TRACKING.format(slow="0.1", leap="Normal").replace("C0A80001,192.168.0.1", "00000000,"), "no time server"),
        (TRACKING.format(slow="nan", leap="Normal"), "not understood"),
        (TRACKING.format(slow="inf", leap="Normal"), "not understood"),
        (TRACKING.format(slow="1e999999999", leap="Normal"), "not understood"),
        (TRACKING.format(slow="half", leap="Normal"), "not understood"),
        (TRACKING.format(slow="0.1", leap="Normal").replace("0.002000000", "16"), "too long"),
        (TRACKING.format(slow="0.1", leap="Normal") * 100, "not understood"),
    ],
)
def test_chrony_without_a_time(chronyc, output, reason):
    assert reason in unknown(measure(None, 60, chronyc=chronyc(output))).reason.en


def test_chrony_that_does_not_run_or_is_not_there(chronyc, tmp_path):
    assert "does not run" in unknown(measure(None, 60, chronyc=chronyc("506 Cannot talk to daemon\n", 1))).reason.en
    assert "not installed" in unknown(measure(None, chronyc=str(tmp_path / "none"))).reason.en
    (tmp_path / "text").write_text("no program")
    unknown(measure(None, chronyc=str(tmp_path / "text")))


def test_chrony_that_hangs_is_left(tmp_path):
    program = tmp_path / "chronyc"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    assert "in time" in unknown(measure(None, 0.3, chronyc=str(program))).reason.en
