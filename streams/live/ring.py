"""The last seconds of a camera in memory, to look back in: whole groups of pictures, bounded in time and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from av.packet import Packet

from streams.live.interface import LivePacket
from streams.timeline import ticks

_OVERHEAD = 512
"""Bytes counted per packet beside its payload: a flood of empty packets fills memory as well."""


@dataclass(slots=True)
class _Group:
    """A keyframe and what follows up to the next."""

    packets: list[LivePacket] = field(default_factory=list)
    size: int = 0

    @property
    def pts(self) -> int:
        return self.packets[0].pts


class PreRoll:
    """Holds copies of the packets of one connection, so that no container is kept alive and writers that give their
    packets new stamps do not change what is held. Not safe for use from several threads at a time.

    At least the last `duration_ns` are held once so much has come, from a keyframe on, and never more than `max_bytes`.
    A group longer than `duration_ns` is held whole; one larger than `max_bytes` cannot be, and is dropped whole.
    """

    def __init__(self, time_base: Fraction, *, duration_ns: int, max_bytes: int) -> None:
        if duration_ns < 0 or max_bytes < 1:
            raise ValueError(f"duration_ns must be >= 0 and max_bytes >= 1, got {duration_ns}, {max_bytes}")
        self._time_base = time_base
        self._duration = ticks(duration_ns, time_base)
        self._max_bytes = max_bytes
        self._groups: deque[_Group] = deque()
        self._waiting = True
        self.size = 0
        """Bytes held, with an allowance for each packet."""
        self.oversized = 0
        """Groups dropped because one alone was larger than `max_bytes`."""
        self.missed = 0
        """Packets not held: of such groups, and those before the first keyframe."""

    def add(self, packet: LivePacket) -> None:
        """Take a packet, in the order of arrival; the oldest groups go where there is no room."""
        if packet.key:
            self._groups.append(_Group())
            self._waiting = False
        if self._waiting:
            self.missed += 1
            return
        group = self._groups[-1]
        copy = _copy(packet, self._time_base)
        # Not `replace`, which takes three times as long: this runs for every packet of every camera.
        held = LivePacket(copy, packet.pts, packet.dts, packet.key, packet.arrived_ns, packet.reference_ns)
        group.packets.append(held)
        cost = packet.packet.size + _OVERHEAD
        group.size += cost
        self.size += cost
        self._make_room(packet.pts)

    def clear(self) -> None:
        """Forget everything, as at the end of a connection: the next has another line of time."""
        self._groups.clear()
        self._waiting = True
        self.size = 0

    def since(self, pts: int) -> tuple[LivePacket, ...]:
        """Every packet held from the last keyframe at or before `pts` on, else from the oldest keyframe held."""
        first = 0
        for place, group in enumerate(self._groups):
            if group.pts <= pts:
                first = place
        return tuple(packet for place, group in enumerate(self._groups) if place >= first for packet in group.packets)

    def __iter__(self) -> Iterator[LivePacket]:
        """What is held at the moment of asking, from the oldest keyframe on."""
        return iter(tuple(packet for group in self._groups for packet in group.packets))

    def __len__(self) -> int:
        return sum(len(group.packets) for group in self._groups)

    def _make_room(self, newest: int) -> None:
        groups = self._groups
        while len(groups) > 1 and (self.size > self._max_bytes or newest - groups[1].pts >= self._duration):
            self.size -= groups.popleft().size
        if self.size > self._max_bytes:
            self.oversized += 1
            self.missed += len(groups[0].packets)
            self.clear()


def _copy(packet: LivePacket, time_base: Fraction) -> Packet:  # type: ignore[type-arg]
    """The payload with the stamps of the connection's line, bound to no stream."""
    copy: Packet = Packet(bytes(packet.packet))  # type: ignore[type-arg]
    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, time_base
    copy.is_keyframe = packet.key
    return copy
