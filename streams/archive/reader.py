"""An archived file as a `Source`: exact positions, three decode levels, and an honest account of what was met."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from streams.archive.account import Account, Pass
from streams.archive.clock import StartReading, TimeRules, find_start
from streams.archive.decode import Decoder, GaveUpError, Picture
from streams.archive.frame import ArchiveFrame
from streams.archive.selection import Group, Selection, Task, groups
from streams.errors import MediaError
from streams.instant import NS_PER_S, Instant
from streams.interface import Coverage, DecodeLevel, Frame, MediaInfo
from streams.packets import PacketStream, Probe, TimedPacket, probe
from streams.timeline import ticks, to_ns, to_pts


def open_archive(path: Path | str, camera: str, time_rules: TimeRules, *, known: Probe | None = None) -> ArchiveFile:
    """Open a recording of `camera`: reads the header and the first packets only, or nothing where that is `known`.

    Raises MediaError where it holds no video that can be read, TimeUnknownError where no start time can be found.
    """
    place = Path(path)
    probed = known or probe(place)
    return ArchiveFile(probed, camera, find_start(place, probed.metadata, time_rules))


class ArchiveFile:
    """One recording. Implements `streams.interface.Source`; every pass opens the file anew, so passes may overlap.

    The instant of a frame is `start + (pts - first_pts) * time_base`, rounded to the nearest nanosecond. `first_pts`
    is the lowest pts at the beginning of the file, be it decodable or not: that is what a recorder's clock named.
    """

    def __init__(self, probed: Probe, camera: str, reading: StartReading) -> None:
        self._probe = probed
        self._camera = camera
        self._reading = reading
        self._account = Account(probed, reading.instant, reading.problems)

    @property
    def camera(self) -> str:
        return self._camera

    @property
    def path(self) -> Path:
        return self._probe.info.path

    @property
    def info(self) -> MediaInfo:
        return self._probe.info

    @property
    def probed(self) -> Probe:
        """What its header and first packets told when it was opened."""
        return self._probe

    @property
    def first_pts(self) -> int:
        """The pts whose instant is `start`."""
        return self._probe.first_pts

    @property
    def start(self) -> Instant:
        """The instant of `first_pts`."""
        return self._reading.instant

    @property
    def start_reading(self) -> StartReading:
        """Where `start` comes from, in words, and what speaks against it."""
        return self._reading

    @property
    def declared_end(self) -> Instant | None:
        """Where the header says that the recording ends; None where it says nothing. For progress, not evidence."""
        duration = self._probe.declared_duration
        return None if duration is None else self.instant_of(self.first_pts + duration)

    def instant_of(self, pts: int) -> Instant:
        """The wall-clock time of an unwrapped pts."""
        return self.start.shifted(to_ns(pts - self.first_pts, self.info.time_base))

    def pts_of(self, utc_ns: int) -> int:
        """The pts nearest to a wall-clock time; `pts_of(instant_of(p).utc_ns) == p` for every p."""
        return self.first_pts + to_pts(utc_ns - self.start.utc_ns, self.info.time_base)

    def frames(
        self, level: DecodeLevel, *, rate: Fraction | None = None, pts_range: tuple[int, int] | None = None
    ) -> Iterator[Frame]:
        """See `streams.interface.Source.frames`. SAMPLED gives the first frame of each slot of 1/rate seconds, slots
        being counted from `first_pts` whatever the range."""
        level = DecodeLevel(level)
        if level is DecodeLevel.SAMPLED and (rate is None or rate <= 0):
            raise ValueError(f"sampling needs a rate above 0, got {rate}")
        if pts_range is not None and pts_range[0] > pts_range[1]:
            raise ValueError(f"an empty range of pts: {pts_range}")
        selection = Selection(
            level,
            first_pts=self.first_pts,
            time_base=self.info.time_base,
            rate=rate if level is DecodeLevel.SAMPLED else None,
            pts_range=pts_range,
        )
        return self._pass(selection)

    def coverage(self) -> Coverage:
        """What the passes so far met; complete once one pass over the whole recording has ended."""
        return self._account.coverage()

    def _pass(self, selection: Selection) -> Iterator[Frame]:
        tally = Pass()
        all_frames = selection.level is DecodeLevel.EVERY_FRAME
        half_second = ticks(NS_PER_S // 2, self.info.time_base)
        near = None if selection.pts_range is None else selection.pts_range[0]
        if near is not None and near <= self.first_pts:
            near = None
        # Pictures that are decoded one by one need not be put in order, which only looking into the stream prepares.
        known = self._probe if selection.level is DecodeLevel.KEYFRAMES else None
        with PacketStream(self.path, ordinal=self._probe.ordinal, near=near, known=known) as packets:
            decoder = Decoder(packets.stream, ordinal=self._probe.ordinal)
            try:
                met = _met(packets, tally, from_start=near is None)
                if selection.level is DecodeLevel.KEYFRAMES:
                    met = (timed for timed in met if timed.key)
                tasks = selection.plan(groups(met))
                for pts, picture in _decoded(tasks, decoder, selection.level):
                    if tally.last_shown is not None and pts <= tally.last_shown:
                        tally.out_of_order += 1
                        continue
                    if all_frames and tally.last_shown is not None and pts - tally.last_shown > half_second:
                        tally.silences.append((tally.last_shown, pts))
                    tally.last_shown = pts
                    if not selection.takes(pts):
                        continue
                    tally.other_sizes += (picture.width, picture.height) != (self.info.width, self.info.height)
                    yield ArchiveFrame(
                        self._camera, pts, self.info.time_base, self.instant_of(pts), bool(picture.key_frame), picture
                    )
                tally.whole = selection.pts_range is None
            except GaveUpError:
                self._account.gave_up_decoding(
                    self.first_pts if tally.highest is None else tally.highest, decoder.faults.frames
                )
            finally:
                self._account.close(tally, packets.faults, decoder.faults, packets.typical)
        if selection.pts_range is None and decoder.faults.frames == 0:
            raise MediaError(
                f"not one frame of its {packets.faults.packets} packets can be decoded",
                where=str(self.path),
                remedy="Export the recording again",
            )


def _met(packets: PacketStream, tally: Pass, *, from_start: bool) -> Iterator[TimedPacket]:
    """Note every packet that is read."""
    for timed in packets:
        if not timed.packet.is_discard:
            tally.met(timed.pts)
        if timed.key and tally.first_key is None:
            tally.first_key = timed.pts
        elif tally.first_key is None and from_start:
            tally.leading += 1
        yield timed


def _decoded(tasks: Iterator[Task], decoder: Decoder, level: DecodeLevel) -> Iterator[Picture]:
    """Carry out the tasks; pictures come in order of presentation, also some that were not asked for."""
    following_on = False
    for task in tasks:
        if level is DecodeLevel.KEYFRAMES:
            if task.wanted and task.group.starts_with_key:
                yield from decoder.feed(task.group.packets[0])
                yield from decoder.restart()
            continue
        if not (following_on or task.group.starts_with_key) or not (task.wanted or task.to_the_end):
            if following_on:
                yield from decoder.restart()
            following_on = False
            continue
        needed = _needed(task, decoder.ordinal)
        for timed in needed:
            yield from decoder.feed(timed, needed=timed.pts in task.wanted)
        following_on = len(needed) == len(task.group.packets)
        if not following_on:
            yield from decoder.restart()
    if following_on:
        yield from decoder.restart()


def _needed(task: Task, ordinal: bool) -> tuple[TimedPacket, ...]:
    """The packets of a group up to the last wanted one; where order is all we have, the whole group."""
    group: Group = task.group
    if task.to_the_end or ordinal:
        return group.packets
    last = max(k for k, timed in enumerate(group.packets) if timed.pts in task.wanted)
    return group.packets[: last + 1]
