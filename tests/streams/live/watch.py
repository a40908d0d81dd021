"""What the tests do with a camera: watch it until it fails, and compare what came with the file it plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from streams.instant import NS_PER_S
from streams.live.address import CameraAddress
from streams.live.interface import LiveError, LivePacket, StreamInfo
from streams.live.source import Timeouts, open_source
from streams.nal import length_size, units
from streams.packets import PacketStream

PATIENT = Timeouts(20 * NS_PER_S, 20 * NS_PER_S, 60 * NS_PER_S)
_NOT_PICTURES = {"h264": {7, 8, 9}, "hevc": {32, 33, 34, 35}}
"""Parameter sets and delimiters, which servers add and drop."""


@dataclass
class Seen:
    """One connection from beginning to end."""

    fault: LiveError | None = None
    info: StreamInfo | None = None
    packets: list[LivePacket] = field(default_factory=list)
    pictures: list[list[bytes]] = field(default_factory=list)

    @property
    def kind(self) -> str | None:
        return self.fault.kind if self.fault is not None else None


def watch(
    address: CameraAddress | str,
    timeouts: Timeouts = PATIENT,
    *,
    at_most: int = 10_000,
    on_packet: Callable[[int], None] = lambda count: None,
    enough: Callable[[list[LivePacket]], bool] = lambda packets: False,
    loop: bool = False,
    speed: Fraction | int | None = 1,
) -> Seen:
    """Connect and take packets until a fault, until `at_most` came, or until they are `enough`.

    What a stream promises of its packets is checked on the way.
    """
    if isinstance(address, str):
        address = CameraAddress(address)
    seen = Seen()
    try:
        with open_source(address, timeouts, loop=loop, speed=speed).connect() as stream:
            seen.info = stream.info
            size = length_size(stream.template.codec_context.extradata)
            for packet in stream:
                seen.packets.append(packet)
                seen.pictures.append(pictures(bytes(packet.packet), stream.info.codec, size))
                on_packet(len(seen.packets))
                if len(seen.packets) >= at_most or enough(seen.packets):
                    break
    except LiveError as error:
        seen.fault = error
    assert all(p.dts <= p.pts for p in seen.packets)
    assert all(a.dts < b.dts and a.arrived_ns <= b.arrived_ns for a, b in pairwise(seen.packets))
    return seen


def pictures(payload: bytes, codec: str, size: int | None) -> list[bytes]:
    """The NAL units of a packet that belong to the picture itself."""
    kind = (lambda unit: unit[0] & 0x1F) if codec == "h264" else (lambda unit: unit[0] >> 1 & 0x3F)
    return [unit for unit in units(payload, size) if kind(unit) not in _NOT_PICTURES[codec]]


def pictures_of(path: Path) -> list[list[bytes]]:
    """The same of every packet of a file."""
    with PacketStream(path, ordinal=False) as packets:
        context = packets.stream.codec_context
        size = length_size(context.extradata)
        return [pictures(bytes(p.packet), context.codec.canonical_name, size) for p in packets]


def pts_of(path: Path) -> list[Fraction]:
    """Seconds from the first packet's pts to that of each packet of a file."""
    with PacketStream(path, ordinal=False) as packets:
        shown = [p.pts * Fraction(packets.stream.time_base or 1) for p in packets]
    return [pts - shown[0] for pts in shown]


def pts_seen(seen: Seen) -> list[Fraction]:
    assert seen.info is not None
    return [(p.pts - seen.packets[0].pts) * seen.info.time_base for p in seen.packets]
