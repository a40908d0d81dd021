"""Reads from a packet the time at which the camera says it was captured.

libav (libavformat/rtpdec.c) turns the last RTCP sender report (RFC 3550, 6.4.1) and a packet's RTP timestamp into UTC,
and hangs it on the packet as side data `prft`: AVProducerReferenceTime of libavcodec/defs.h, an int64 of microseconds
since 1970 and an int of flags (24: captured), in the machine's byte order. Containers with a producer reference time of
their own (ISO/IEC 14496-12, 8.16.5) fill the same structure. The report itself comes along as side data `rtcp_sr`; it
is not used, because the RTP timestamp of a packet, which it speaks of, is not told.

The very first of a connection is not to be trusted: libav joins the units of a picture when the next picture begins,
and the first report is hung on the picture before the one it speaks of (seen as two pictures in a row with one time).
From the second on each picture has its own.
"""

from __future__ import annotations

import struct

from streams.packets import VideoPacket

_LAYOUT = struct.Struct("=qi")
_NS_PER_US = 1000
EARLIEST_US = 946_684_800_000_000
"""2000-01-01. Cameras that do not know the time report 1900 or 1970: that is unknown, not a time."""
LATEST_US = 4_102_444_800_000_000
"""2100-01-01."""


class ReferenceReader:
    """For one connection; a packet is read once, in the order of arrival."""

    def __init__(self) -> None:
        self._seen = False

    def __call__(self, packet: VideoPacket) -> int | None:
        """Nanoseconds since 1970 UTC by the camera's clock, exact to the microsecond; None where it is not told."""
        if not packet.has_sidedata("prft"):
            return None
        told = bytes(packet.get_sidedata("prft"))
        first, self._seen = not self._seen, True
        if first or len(told) < _LAYOUT.size:
            return None
        wallclock_us: int = _LAYOUT.unpack_from(told)[0]
        return wallclock_us * _NS_PER_US if EARLIEST_US <= wallclock_us < LATEST_US else None
