"""What a clip is cut from: one recording, or several that follow on each other, as one line of packets."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from av.video.stream import VideoStream

from streams.errors import CutError
from streams.packets import PacketStamp, PacketStream, Probe, TimedPacket, VideoPacket, probe

_Placed = TypeVar("_Placed", TimedPacket, PacketStamp)


@dataclass(frozen=True, slots=True)
class Part:
    """A recording, and the ticks that are added to its pts to get the line that all parts share."""

    path: Path
    shift: int = 0
    probed: Probe | None = None
    """What `probe` told of it, where that was asked before."""
    stamps: tuple[PacketStamp, ...] | None = None
    """Of all its packets in file order, unwrapped, without the shift, where they were read before."""


class CutSource:
    """Parts in the order of their pictures, alike in codec, size and ticks."""

    def __init__(self, parts: Sequence[Part]) -> None:
        """Reads the headers. Raises MediaError where a part cannot be read, CutError where they do not go together."""
        if not parts:
            raise CutError("there is nothing to cut from")
        self.parts = tuple(parts)
        self.probes = tuple(part.probed or probe(part.path) for part in parts)
        first = self.probes[0]
        for probed in self.probes[1:]:
            if _kind(probed) != _kind(first):
                raise CutError(
                    f"is {_words(probed)}, and {first.info.path.name} is {_words(first)}",
                    where=str(probed.info.path),
                    remedy="Cut one clip in front of the change, and one behind it",
                )
        if len(parts) > 1 and first.ordinal:
            raise CutError("tells no order of presentation, and cannot be joined", where=str(first.info.path))
        self._begins = [p.first_pts + part.shift for p, part in zip(self.probes, self.parts, strict=True)]
        for (part, begin), before in zip(
            zip(self.parts[1:], self._begins[1:], strict=True), self._begins, strict=False
        ):
            if begin <= before:
                raise _overlap(part, begin, before)

    @property
    def probed(self) -> Probe:
        """Of the first part; what it says of codec, size and ticks holds for all."""
        return self.probes[0]

    @property
    def where(self) -> str:
        """The parts, for error messages."""
        first, last = self.parts[0].path, self.parts[-1].path
        return str(first) if len(self.parts) == 1 else f"{first} to {last.name}"

    @property
    def time_base(self) -> Fraction:
        return self.probed.info.time_base

    def part_at(self, pts: int) -> int:
        """Index of the last part that begins at or before `pts`, else of the first one."""
        return max((k for k, begin in enumerate(self._begins) if begin <= pts), default=0)

    def packets(self, part: int, near: int | None, *, decodes: bool = True) -> SourcePackets:
        """The packets from `part` on; within it from a keyframe at or before `near` on, where it has an index.

        `decodes` False: the stream is neither decoded nor the template of another. `near` None: all of the part.
        """
        return SourcePackets(self, part, near, decodes=decodes)

    def known_stamps(self, part: int) -> Generator[PacketStamp] | None:
        """The stamps of `part` and all that follow on the common line; None where those of one are not known."""
        if any(one.stamps is None for one in self.parts[part:]):
            return None
        return _on_one_line((one, one.stamps or ()) for one in self.parts[part:])


class SourcePackets:
    """One pass, as a context manager; iterate once, either way. One file is open at a time.

    Raises CutError where parts were coded with other parameter sets than the first one.
    """

    def __init__(self, source: CutSource, part: int, near: int | None, *, decodes: bool) -> None:
        self._source = source
        self._decodes = decodes
        self._part = part
        self._near = near
        self._stack = ExitStack()
        self._first: PacketStream

    def __enter__(self) -> Self:
        self._first = self._stack.enter_context(self._open(self._part, self._near, decodes=self._decodes))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def stream(self) -> VideoStream:
        """Of the part that it starts in."""
        return self._first.stream

    def __iter__(self) -> Iterator[TimedPacket]:
        """With pts and dts on the common line. Raises CutError where parts overlap."""
        return _on_one_line(self._streams())

    def unplaced(self) -> Iterator[VideoPacket]:
        """For whoever knows their places from an earlier pass: finding those again takes longer than reading."""
        for _, stream in self._streams():
            yield from stream.unplaced()

    def _streams(self) -> Iterator[tuple[Part, PacketStream]]:
        extradata = self._first.stream.codec_context.extradata
        yield self._source.parts[self._part], self._first
        for index in range(self._part + 1, len(self._source.parts)):
            part = self._source.parts[index]
            with self._open(index, None) as stream:
                if stream.stream.codec_context.extradata != extradata:
                    raise CutError(
                        "was coded with other parameter sets than the recording before it",
                        where=str(part.path),
                        remedy="Cut one clip in front of it, and one from there on",
                    )
                yield part, stream

    def _open(self, index: int, near: int | None, *, decodes: bool = False) -> PacketStream:
        part, probed = self._source.parts[index], self._source.probes[index]
        own = None if near is None else near - part.shift
        return PacketStream(part.path, ordinal=probed.ordinal, near=own, known=None if decodes else probed)


def _on_one_line(parts: Iterable[tuple[Part, Iterable[_Placed]]]) -> Generator[_Placed]:
    """What parts hold, each with its shift added. Raises CutError where they overlap."""
    highest: int | None = None
    for part, held in parts:
        border = highest
        for one in held:
            placed = one._replace(pts=one.pts + part.shift, dts=one.dts + part.shift)
            if border is not None and placed.pts <= border:
                raise _overlap(part, placed.pts, border)
            highest = placed.pts if highest is None else max(highest, placed.pts)
            yield placed


def _overlap(part: Part, pts: int, border: int) -> CutError:
    return CutError(
        f"shows pts {pts}, which is not behind pts {border} of the recording in front of it",
        where=str(part.path),
        remedy="Name the parts in their order, each with its own shift",
    )


def _kind(probed: Probe) -> tuple[object, ...]:
    info = probed.info
    return info.container, info.codec, info.width, info.height, info.time_base, probed.ordinal


def _words(probed: Probe) -> str:
    info = probed.info
    return f"{info.codec} {info.width}x{info.height} with ticks of {info.time_base} s in {info.container.split(',')[0]}"
