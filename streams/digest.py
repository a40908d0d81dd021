"""SHA-256 over what packets carry, whatever container carries them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from streams.cut_plan import plan
from streams.nal import length_size, units
from streams.packets import PacketStream, VideoPacket, probe


@dataclass(frozen=True, slots=True)
class PayloadDigest:
    """`sha256`: over, for each packet, its length as 8 bytes (big-endian) and its payload. `nal_sha256`: the same over
    NAL units without their delimiters, for H.264 and H.265; None for other codecs. Hex, lower case."""

    packets: int
    sha256: str
    nal_sha256: str | None


class UnitDigester:
    """The `nal_sha256` of a `PayloadDigest` alone, from payloads in file order."""

    def __init__(self, codec: str, extradata: bytes | None) -> None:
        self._state = hashlib.sha256() if codec in ("h264", "hevc") else None
        self._length_size = length_size(extradata)

    def add(self, payload: bytes) -> None:
        if self._state is not None:
            _add(self._state, units(payload, self._length_size))

    def result(self) -> str | None:
        return self._state.hexdigest() if self._state is not None else None


class Digester:
    """Takes the packets of one stream in file order. `units`: whether their NAL units are digested as well."""

    def __init__(self, codec: str, extradata: bytes | None, *, units: bool = True) -> None:
        self._packets = 0
        self._whole = hashlib.sha256()
        self._units = UnitDigester(codec if units else "", extradata)

    def add(self, packet: VideoPacket) -> None:
        payload = bytes(packet)
        self._packets += 1
        _add(self._whole, (payload,))
        self._units.add(payload)

    def result(self) -> PayloadDigest:
        return PayloadDigest(self._packets, self._whole.hexdigest(), self._units.result())


def _add(state: hashlib._Hash, pieces: Iterable[bytes]) -> None:
    for piece in pieces:
        state.update(len(piece).to_bytes(8, "big"))
        state.update(piece)


def payload_digest(path: Path | str, pts_range: tuple[int, int] | None = None) -> PayloadDigest:
    """Digest of the video packets of a file, or of those that `cut` would take for `pts_range`.

    Raises MediaError where the file cannot be read, CutError where the range holds nothing.
    """
    place = Path(path)
    probed = probe(place)
    taken = None if pts_range is None else plan(probed, *pts_range)
    near = None if taken is None else taken.near
    with PacketStream(place, ordinal=probed.ordinal, near=near) as packets:
        digester = Digester(probed.info.codec, packets.stream.codec_context.extradata)
        wanted = (0, None) if taken is None else (taken.first, taken.last + 1)
        for packet in islice(packets.unplaced(), *wanted):
            digester.add(packet)
    return digester.result()
