"""The little of DER (ITU-T X.690) that keys and signatures of SM2 need: `cryptography` reads everything else.

Strict: one way to write each value, so that no two readers can disagree.
"""

from __future__ import annotations

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, SEQUENCE = 0x02, 0x03, 0x04, 0x05, 0x06, 0x30
_MAX = 1 << 20


def tlv(tag: int, *parts: bytes) -> bytes:
    """One value: tag, length, and the parts one behind the other."""
    content = b"".join(parts)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def read(data: bytes, tag: int) -> tuple[bytes, bytes]:
    """The content of the value at the start of `data`, and what follows it. Raises ValueError."""
    found, content, rest = read_any(data)
    if found != tag:
        raise ValueError(f"DER: tag {found:#04x}, where {tag:#04x} must be")
    return content, rest


def read_any(data: bytes) -> tuple[int, bytes, bytes]:
    """Tag, content and rest. Raises ValueError, also for a length that could have been written shorter."""
    if len(data) < 2:
        raise ValueError("DER: cut off")
    tag, size, start = data[0], data[1], 2
    if size & 0x80:
        count = size & 0x7F
        start += count
        octets = data[2:start]
        size = int.from_bytes(octets, "big")
        if not 1 <= count <= 3 or len(octets) != count or octets[0] == 0 or size < 0x80:
            raise ValueError("DER: a length in another than its shortest form")
    if size > _MAX or len(data) < start + size:
        raise ValueError("DER: cut off")
    return tag, data[start : start + size], data[start + size :]


def read_integer(data: bytes) -> tuple[int, bytes]:
    """A non-negative INTEGER in its one form, and what follows. Raises ValueError."""
    content, rest = read(data, INTEGER)
    if not content or content[0] & 0x80 or (len(content) > 1 and content[0] == 0 and not content[1] & 0x80):
        raise ValueError("DER: an integer that is negative or not in its shortest form")
    return int.from_bytes(content, "big"), rest


def whole(found: tuple[bytes, bytes]) -> bytes:
    """The content, where nothing follows it. Raises ValueError."""
    content, rest = found
    if rest:
        raise ValueError("DER: something follows the end")
    return content
