"""Splits H.264 and H.265 packets into NAL units, to compare streams that differ only in how units are delimited."""

from __future__ import annotations

from collections.abc import Iterator

_START = b"\x00\x00\x01"


def length_size(extradata: bytes | None) -> int | None:
    """Bytes of the length in front of each unit, from an `avcC` or `hvcC` record; None: start codes (Annex B).

    ISO/IEC 14496-15, 5.3.3.1.2 (avcC, lengthSizeMinusOne in byte 4) and 8.3.3.1.2 (hvcC, in byte 21).
    """
    if not extradata or extradata[0] != 1:
        return None
    # An avcC record has its reserved bits set in byte 5 (0b111 before the count); in hvcC that byte is a profile flag
    # field, and the record is never shorter than 23 bytes.
    position = 21 if len(extradata) >= 23 and not _is_avcc(extradata) else 4
    return (extradata[position] & 3) + 1 if len(extradata) > position else None


def _is_avcc(extradata: bytes) -> bool:
    return (
        len(extradata) > 8 and extradata[4] & 0xFC == 0xFC and extradata[5] & 0xE0 == 0xE0 and extradata[8] & 0x1F == 7
    )


def units(payload: bytes, size: int | None) -> Iterator[bytes]:
    """The units of one packet without delimiters, and without the zero bytes behind them (Annex B, B.1.1)."""
    if size is None:
        yield from _after_start_codes(payload)
        return
    position = 0
    while position + size <= len(payload):
        length = int.from_bytes(payload[position : position + size], "big")
        unit = payload[position + size : position + size + length].rstrip(b"\0")
        if unit:
            yield unit
        position += size + length


def _after_start_codes(payload: bytes) -> Iterator[bytes]:
    position = payload.find(_START)
    while position >= 0:
        following = payload.find(_START, position + 3)
        unit = payload[position + 3 : following if following >= 0 else len(payload)].rstrip(b"\0")
        if unit:
            yield unit
        position = following
