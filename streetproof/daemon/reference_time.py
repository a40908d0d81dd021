"""How far this machine's clock is from true time: asked of an NTP server, or of chrony. Nothing is ever adjusted.

An NTP server is asked as a simple client (RFC 5905, section 14; RFC 4330) a few times in a row, and the exchange with
the least delay counts. Its clock was read somewhere between our sending and our receiving, so half the delay, and what
the server says of its own distance to true time, are the uncertainty. What is asked carries a random number instead of
our time, and only an answer that repeats it is heard: nobody off the path can answer, and nobody learns our clock.
"""

from __future__ import annotations

import re
import secrets
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.hostclock import HostReading, ReferenceLine, read_host
from streetproof.daemon import reference_texts as texts

NTP_PORT = 123
_EXCHANGES = 4
_MAX_STRAYS = 16
_MAX_BYTES = 1024
_HEADER = struct.Struct(">BBbbiI4sQQQQ")
_ORIGIN = 8
"""Which field repeats the number we sent."""
_UNSYNCHRONISED, _SERVER_MODE, _MAX_STRATUM = 3, 4, 15
_MAX_DISTANCE_NS = 3 * NS_PER_S // 2
"""A server that says it may be further from true time than this is no reference (RFC 5905: MAXDIST)."""
_NTP_TO_UNIX_S = 2_208_988_800
_ERA_S = 1 << 32
_PIVOT_S = 1_577_836_800
"""2020-01-01: NTP counts seconds modulo 2^32, and an earlier time than this one means the era after."""
_LOCAL_IDS = ("", "00000000", "7F7F0101")
"""What chrony follows where it follows nothing but itself."""
_TRACKING_FIELDS = 14
_NUMBER = re.compile(r"[+-]?\d{1,10}(\.\d{1,12})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ReferenceReading:
    """A measurement. The reference lies within `server_offset_ns` +/- `uncertainty_ns`, if the reference is honest."""

    server_offset_ns: int
    """This machine's system clock minus the reference; positive where this machine is ahead."""
    uncertainty_ns: int
    source: str
    """For people: who was asked."""
    line: ReferenceLine
    """The same against CLOCK_MONOTONIC, for `HostClock.note_reference`: stays true when the system clock is set."""

    @property
    def checked_ns(self) -> int:
        """UTC of the measurement, by the reference."""
        return self.line.checked_ns


@dataclass(frozen=True, slots=True)
class ReferenceUnknown:
    """No measurement: why, and what to do about it. The offset is unknown then, which is not zero."""

    reason: Said
    remedy: Said


Measured = ReferenceReading | ReferenceUnknown


def measure(
    server: str | None,
    timeout_s: float = 5.0,
    *,
    chronyc: str = "chronyc",
    read: Callable[[], HostReading] = read_host,
) -> Measured:
    """Ask `server` (HOST, HOST:PORT or [ADDRESS]:PORT), or the chrony of this machine where it is None.

    Takes `timeout_s` at most, and however long looking up a name takes on this machine: call it where waiting is
    allowed. Never raises for what the other side does.
    """
    return _ask_chrony(chronyc, timeout_s, read) if server is None else _ask_server(server, timeout_s, read)


# -- an NTP server ------------------------------------------------------------------------------------------------


class _Exchange(NamedTuple):
    """One question and its answer: UTC minus CLOCK_MONOTONIC by the server, and how far that can be wrong."""

    line_ns: int
    delay_ns: int
    distance_ns: int
    stratum: int


class _Refused(Exception):
    """An answer that says to stop asking."""

    def __init__(self, why: Said) -> None:
        super().__init__(why.en)
        self.why = why


def _ask_server(server: str, timeout_s: float, read: Callable[[], HostReading]) -> Measured:
    name = _plain(server)
    remedy = texts.check_server(name, NTP_PORT)
    try:
        host, port = _host_and_port(server)
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError, ValueError):
        return ReferenceUnknown(texts.no_address(name), texts.CHECK_NAME)
    deadline_ns = time.monotonic_ns() + round(timeout_s * NS_PER_S)
    exchanges: list[_Exchange] = []
    reasons: list[Said] = []
    try:
        with socket.socket(family, kind, protocol) as asking:
            # A connected socket hears nobody else, and is told when nobody listens there.
            asking.connect(address)
            for left in range(_EXCHANGES, 0, -1):
                now_ns = time.monotonic_ns()
                outcome = _exchange(asking, now_ns + max(0, deadline_ns - now_ns) // left, read)
                if isinstance(outcome, Said):
                    reasons.append(outcome)
                else:
                    exchanges.append(outcome)
    except _Refused as refusal:
        reasons.append(refusal.why)
    except OSError as error:
        reasons.append(texts.no_network(error.strerror))
    if not exchanges:
        reason = next((reason for reason in reversed(reasons) if reason != texts.SILENCE), texts.SILENCE)
        return ReferenceUnknown(texts.gave_no_time(name, reason), remedy)
    best = min(exchanges, key=lambda exchange: exchange.delay_ns)
    # Each exchange bounds the same difference: bounds that exclude each other cannot all be honest.
    if any(
        abs(other.line_ns - best.line_ns) > (other.delay_ns + best.delay_ns) // 2 + 1_000_000 for other in exchanges
    ):
        return ReferenceUnknown(texts.contradicts_itself(name), remedy)
    source = f"NTP server {name}, stratum {best.stratum}"
    return _reading(best.line_ns, best.delay_ns // 2 + best.distance_ns, source, read())


def _exchange(asking: socket.socket, deadline_ns: int, read: Callable[[], HostReading]) -> _Exchange | Said:
    """Ask once; the reason where no good answer came by then. Raises _Refused and OSError."""
    nonce = secrets.randbits(64)
    question = _HEADER.pack(4 << 3 | 3, 0, 0, 0x20, 0, 0, bytes(4), 0, 0, 0, nonce)
    sent_ns = read().monotonic_ns
    asking.send(question)
    reason = texts.SILENCE
    for _ in range(_MAX_STRAYS):
        wait_ns = deadline_ns - time.monotonic_ns()
        if wait_ns <= 0:
            break
        asking.settimeout(wait_ns / NS_PER_S)
        try:
            answer = asking.recv(_MAX_BYTES)
        except TimeoutError:
            break
        received_ns = read().monotonic_ns
        if len(answer) >= _HEADER.size and _HEADER.unpack_from(answer)[_ORIGIN] == nonce:
            return _judge(answer, sent_ns, received_ns)
        # It may be forged or belong to an earlier question; the true one may still come.
        reason = texts.STRAY
    return reason


def _judge(answer: bytes, sent_ns: int, received_ns: int) -> _Exchange | Said:
    """What an answer to our question is worth. Raises _Refused where the server asks to be left alone (kiss-o'-death).

    `sent_ns` and `received_ns` are CLOCK_MONOTONIC.
    """
    fields = _HEADER.unpack_from(answer)
    first, stratum, _, _, root_delay, root_dispersion, ident, _, _, received, transmitted = fields
    leap, version, mode = first >> 6, first >> 3 & 7, first & 7
    if mode != _SERVER_MODE or not 3 <= version <= 4:
        return texts.NO_NTP
    if stratum == 0:
        raise _Refused(texts.refuses(_plain(ident.decode("ascii", "replace"))))
    if leap == _UNSYNCHRONISED or stratum > _MAX_STRATUM:
        return texts.UNSYNCHRONISED
    distance_ns = (max(0, root_delay) * NS_PER_S >> 17) + (root_dispersion * NS_PER_S >> 16)
    if distance_ns > _MAX_DISTANCE_NS:
        return texts.TOO_FAR
    if received == 0 or transmitted == 0:
        return texts.NO_TIME
    arrived_utc, left_utc = _utc_ns(received), _utc_ns(transmitted)
    held_ns, elapsed_ns = left_utc - arrived_utc, received_ns - sent_ns
    # A microsecond for the resolutions of two clocks.
    if held_ns < 0 or held_ns > elapsed_ns + 1_000:
        return texts.CONTRADICTORY_TIMES
    line_ns = (arrived_utc + left_utc - sent_ns - received_ns) // 2
    return _Exchange(line_ns, max(0, elapsed_ns - held_ns), distance_ns, stratum)


def _utc_ns(stamp: int) -> int:
    """An NTP timestamp (32.32 bits) as ns since 1970, in the era that begins nearest before or holds 2020 and later."""
    seconds = (stamp >> 32) - _NTP_TO_UNIX_S
    if seconds < _PIVOT_S:
        seconds += _ERA_S
    return seconds * NS_PER_S + ((stamp & 0xFFFF_FFFF) * NS_PER_S >> 32)


def _host_and_port(server: str) -> tuple[str, int]:
    """Raises ValueError."""
    if server.startswith("["):
        host, _, rest = server[1:].partition("]")
        return host, int(rest.removeprefix(":") or NTP_PORT)
    if server.count(":") == 1:
        host, _, port = server.partition(":")
        return host, int(port)
    return server, NTP_PORT


# -- chrony -------------------------------------------------------------------------------------------------------


def _ask_chrony(chronyc: str, timeout_s: float, read: Callable[[], HostReading]) -> Measured:
    remedy = texts.SET_UP_CHRONY
    try:
        done = subprocess.run(
            [chronyc, "-c", "-n", "tracking"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except (FileNotFoundError, PermissionError):
        return ReferenceUnknown(texts.CHRONY_MISSING, remedy)
    except subprocess.TimeoutExpired:
        return ReferenceUnknown(texts.CHRONY_SILENT, remedy)
    except OSError as error:
        return ReferenceUnknown(texts.chrony_unusable(error.strerror), remedy)
    now = read()
    if done.returncode != 0:
        return ReferenceUnknown(texts.CHRONY_STOPPED, remedy)
    outcome = _read_tracking(done.stdout[:_MAX_BYTES])
    if isinstance(outcome, Said):
        return ReferenceUnknown(outcome, texts.CHECK_CHRONY)
    offset_ns, uncertainty_ns, source = outcome
    return _reading(now.line_ns - offset_ns, uncertainty_ns, source, now)


def _read_tracking(output: bytes) -> tuple[int, int, str] | Said:
    """Offset (system clock minus true time), its uncertainty in ns, and whom chrony follows; or why that is unknown."""
    fields = output.decode("utf-8", "replace").strip().split(",")
    if len(fields) != _TRACKING_FIELDS:
        return texts.CHRONY_OBSCURE
    ident, name, stratum = fields[0], fields[1], fields[2]
    if ident.upper() in _LOCAL_IDS or fields[13] == "Not synchronised":
        return texts.CHRONY_ALONE
    try:
        # Positive where the system clock is slow: the sign is the other way round here.
        slow_ns, delay_ns, dispersion_ns = (_seconds(fields[index]) for index in (4, 10, 11))
    except ValueError:
        return texts.CHRONY_OBSCURE
    distance_ns = abs(delay_ns) // 2 + abs(dispersion_ns)
    if distance_ns > _MAX_DISTANCE_NS:
        return texts.CHRONY_STALE
    return -slow_ns, distance_ns, f"chrony following {_plain(name or ident)}, stratum {_plain(stratum)}"


def _seconds(text: str) -> int:
    """Decimal seconds as ns. Raises ValueError for what is no number of any clock."""
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(text)
    return int(Decimal(text) * NS_PER_S)


# -- both ---------------------------------------------------------------------------------------------------------


def _reading(line_ns: int, uncertainty_ns: int, source: str, now: HostReading) -> ReferenceReading:
    uncertainty = uncertainty_ns + now.width_ns // 2
    return ReferenceReading(
        now.line_ns - line_ns, uncertainty, source, ReferenceLine(line_ns, uncertainty, now.monotonic_ns)
    )


def _plain(text: str) -> str:
    """What somebody else said, fit for a log line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:64])
