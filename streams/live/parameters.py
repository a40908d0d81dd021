"""Notices that a stream became another one: its parameter sets changed on the way.

A camera whose resolution or rate is changed by an operator often goes on within the same connection, and says so only
in the sequence parameter sets before a keyframe (H.264: SPS; H.265: VPS and SPS), or in a new decoder configuration.
"""

from __future__ import annotations

from streams.nal import length_size, units
from streams.packets import VideoPacket

_HEAD = 16_384
"""Parameter sets stand at the beginning of a keyframe; its pictures need not be searched."""
_SEQUENCE_SETS = {"h264": frozenset({7}), "hevc": frozenset({32, 33})}


class ParameterWatch:
    """For one connection; packets are shown to it in the order of arrival."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._codec = codec
        self._extradata = extradata
        self._length_size = length_size(extradata)
        self._known: frozenset[bytes] | None = None

    def changed(self, packet: VideoPacket) -> bool:
        """Whether this packet belongs to another stream than those before it.

        The first sets seen are the measure, not those of the session description: cameras announce one thing and send
        another. A keyframe without sets says nothing.
        """
        if packet.has_sidedata("new_extradata"):
            record = bytes(packet.get_sidedata("new_extradata"))
            if self._extradata is not None and record != self._extradata:
                return True
            self._extradata = record
            self._length_size = length_size(record)
        if not packet.is_keyframe:
            return False
        sets = frozenset(unit for unit in units(bytes(memoryview(packet)[:_HEAD]), self._length_size) if self._is(unit))
        if not sets:
            return False
        known, self._known = self._known, sets
        return known is not None and known != sets

    def _is(self, unit: bytes) -> bool:
        kind = unit[0] & 0x1F if self._codec == "h264" else unit[0] >> 1 & 0x3F
        return kind in _SEQUENCE_SETS[self._codec]
