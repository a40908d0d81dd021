"""One segment from its first packet to its closing."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import cast

import av
import av.error
from av.packet import Packet
from av.video.stream import VideoStream

from streams.digest import UnitDigester
from streams.live.interface import LivePacket
from streams.packets import VideoPacket
from streams.recorder.boxes import CLOSING, uuid_box
from streams.recorder.errors import RecorderError
from streams.recorder.file import SegmentFile
from streams.recorder.interface import CloseReason, Closing, Opening, SegmentRecord
from streams.recorder.missing import Missing
from streams.recorder.names import relative_path
from streams.recorder.record_json import closing_bytes, opening_bytes
from streams.timeline import to_ns

FLUSH_US = 1_000_000
"""A fragment ends at a keyframe, or after this long: a crash loses no more than that. It costs next to nothing."""


class Segment:
    """An open segment. Raises RecorderError from every method where the file cannot be written."""

    def __init__(self, folder: Path, opening: Opening, template: VideoStream, *, first_dts: int, interval: int) -> None:
        """`first_dts`: of the first packet to come; `interval`: ticks that a picture is shown, for the last one."""
        self.opening = opening
        self.highest = opening.first_pts
        self._interval = interval
        self._first_dts = first_dts
        self._packets = 0
        self._missing = Missing(opening.time_base)
        self._units = UnitDigester(opening.codec, template.codec_context.extradata)
        self._path = relative_path(opening.camera, opening.start, opening.sequence)
        self._file = SegmentFile(folder / self._path, opening_bytes(opening))
        try:
            self._output = av.open(self._file, "w", format="mp4", container_options=_options(opening))
            self._stream = self._output.add_stream_from_template(template, opaque=True)
            self._stream.time_base = opening.time_base
        except (av.error.FFmpegError, ValueError) as error:
            failure = self._unwritable(error)
            self._file.discard()
            raise failure from error

    @property
    def partial(self) -> Path:
        """Where it is being written."""
        return self._file.partial

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._file.size

    def add(self, live: LivePacket) -> None:
        """Take the next packet."""
        # A packet of our own: the one that came is shared with those who decode it, and keeps its stamps.
        payload = bytes(live.packet)
        packet = cast(VideoPacket, Packet(payload))
        packet.stream = self._stream
        packet.time_base = self.opening.time_base
        packet.pts, packet.dts = live.pts - self._first_dts, live.dts - self._first_dts
        packet.duration = self._interval
        packet.is_keyframe = live.key
        try:
            self._output.mux_one(packet)
        except (av.error.FFmpegError, ValueError) as error:
            failure = self._unwritable(error)
            self.abandon()
            raise failure from error
        if self._file.error is not None:
            self.abandon()
            raise self._file.error
        self._packets += 1
        self._units.add(payload)
        self._missing.add(live.pts, live.dts, self._interval)
        self.highest = max(self.highest, live.pts)

    def finish(self, reason: CloseReason, detail: str, end_pts: int) -> SegmentRecord:
        """Close it for good; `end_pts` is where the last picture gives way to what follows."""
        try:
            self._output.close()
        except (av.error.FFmpegError, ValueError) as error:
            failure = self._unwritable(error)
            self._file.abandon()
            raise failure from error
        opening = self.opening
        closing = Closing(
            reason=reason,
            packets=self._packets,
            last_pts=self.highest,
            end=opening.start.shifted(to_ns(end_pts - opening.first_pts, opening.time_base)),
            nal_sha256=self._units.result(),
            detail=detail,
            missing=self._missing.stretches,
        )
        written = self._file.finish(uuid_box(CLOSING, closing_bytes(closing)))
        return SegmentRecord(self._path, opening, closing, written.size, written.sha256, written.sm3)

    def abandon(self) -> None:
        """Leave the partial file to recovery."""
        self._file.abandon()
        with suppress(av.error.FFmpegError, ValueError):
            self._output.close()

    def _unwritable(self, error: Exception) -> RecorderError:
        if self._file.error is not None:
            return self._file.error
        words = (error.strerror if isinstance(error, av.error.FFmpegError) else None) or str(error)
        return RecorderError(
            f"its {self.opening.codec} packets cannot be stored: {words}",
            where=str(self._file.partial),
            remedy="Set the camera to H.264 or H.265",
        )


def _options(opening: Opening) -> dict[str, str]:
    return {
        "movflags": "frag_keyframe+empty_moov+default_base_moof+skip_trailer",
        "frag_duration": str(FLUSH_US),
        # Ticks stay what they are; no edit list shifts them, no date or version makes two runs differ, and no filter
        # rewrites packets on the way.
        "video_track_timescale": str(opening.time_base.denominator),
        "use_editlist": "0",
        "fflags": "+bitexact-autobsf",
    }
