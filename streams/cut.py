"""Clips by stream copy: the packets of a recording, unchanged, in a small file of their own."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import av.error

from streams.cut_plan import Plan, plan_joined
from streams.cut_source import CutSource, Part
from streams.digest import Digester, PayloadDigest
from streams.errors import CutError, MediaError
from streams.packets import PacketStream, Probe, probe
from streams.recorder.durable import sync_folder

SUFFIXES = {"mp4": ".mp4", "matroska": ".mkv", "mpegts": ".ts", "vob": ".mpg", "avi": ".avi", "flv": ".flv"}
CANDIDATES = {
    "mov": ("mp4", "matroska"),
    "matroska": ("mp4", "matroska"),
    "flv": ("mp4", "matroska", "flv"),
    "nut": ("mp4", "mpegts", "matroska"),
    "avi": ("avi", "mp4", "matroska"),
    "mpegts": ("mpegts", "mp4", "matroska"),
    "mpeg": ("vob", "mpegts", "mp4", "matroska"),
    "dhav": ("mpegts", "vob", "mp4", "matroska"),
}
_DISK_ERRORS = frozenset(
    {errno.ENOSPC, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EIO, errno.EDQUOT}
    | {errno.EFBIG, errno.ENAMETOOLONG, errno.EISDIR}
)
_MEDIA_SUFFIXES = frozenset(SUFFIXES.values()) | {".mpeg", ".mov", ".dav", ".m4v"}


class Framing(StrEnum):
    """How much of a packet survived the change of container."""

    IDENTICAL = "identical"
    NAL_IDENTICAL = "nal-identical"
    """The same NAL units; lengths stand where start codes stood."""


class Timing(StrEnum):
    """Whether the distances between frames are exactly the source's."""

    EXACT = "exact"
    ROUNDED = "rounded"


@dataclass(frozen=True, slots=True)
class Cut:
    """A clip that was written, read back and compared with its source.

    `first_pts`, `last_pts` are on the source's line: the keyframe it starts with, and the highest in it. A source pts p
    is shown in the clip at pts `out_first_pts + (p - first_pts) * source_time_base / time_base`.
    """

    path: Path
    container: str
    first_pts: int
    last_pts: int
    packets: int
    payload_sha256: str
    source_payload_sha256: str
    nal_sha256: str | None
    """Equal in source and clip for H.264 and H.265; None for other codecs."""
    framing: Framing
    timing: Timing
    out_first_pts: int
    time_base: Fraction
    source_time_base: Fraction


def cut(path: Path | str, pts_first: int, pts_last: int, out: Path) -> Cut:
    """Copy the packets that show `pts_first`..`pts_last` to `out`, from the keyframe they need; nothing is re-encoded.

    The container is chosen so that packets stay byte for byte what they are, and is tried out: what was written is read
    back and compared. `out` gets the suffix of that container. The same cut gives the same bytes each time. The file
    appears under its name only when it is complete and on disk; an earlier one is replaced.

    Raises MediaError where the source cannot be read, CutError where the range holds nothing to cut, no container takes
    the packets unchanged, or the file cannot be written.
    """
    return cut_joined((Part(Path(path)),), pts_first, pts_last, out)


def cut_joined(parts: Sequence[Part], pts_first: int, pts_last: int, out: Path) -> Cut:
    """As `cut`, out of several recordings in their order, such as the segments of one camera; pts are on the line that
    the parts' shifts make. The source's digests are over its packets in that order.

    Raises CutError also where the parts differ in codec, size, ticks, container or parameter sets, or overlap.
    """
    source = CutSource(parts)
    probed = source.probed
    taken = plan_joined(source, pts_first, pts_last)
    stem = out.with_suffix("") if out.suffix.lower() in _MEDIA_SUFFIXES else out
    best: tuple[int, str, Cut] | None = None
    candidates = CANDIDATES.get(probed.info.container.split(",")[0], ("matroska",))
    for container in candidates:
        with _partial(stem, container) as (partial, final):
            made = _try(source, taken, container, partial)
            if made is None:
                continue
            quality = 2 * (made.framing is Framing.IDENTICAL) + (made.timing is Timing.EXACT)
            if quality == 3:
                return _finish(made, partial, final)
            if best is None or quality > best[0]:
                best = (quality, container, made)
    if best is not None:
        with _partial(stem, best[1]) as (partial, final):
            again = _try(source, taken, best[1], partial)
            if again is not None:
                return _finish(again, partial, final)
    raise CutError(
        f"no container of {', '.join(candidates)} takes its {probed.info.codec} packets unchanged",
        where=source.where,
        remedy="Keep the whole recording as the evidence",
    )


@contextmanager
def _partial(stem: Path, container: str) -> Iterator[tuple[Path, Path]]:
    final = stem.with_name(stem.name + SUFFIXES[container])
    partial = final.with_name(final.name + ".partial")
    try:
        yield partial, final
    except OSError as error:
        raise CutError(
            f"cannot be written: {error.strerror or error}", where=str(final), remedy="Check the folder and free space"
        ) from error
    finally:
        partial.unlink(missing_ok=True)


def _finish(made: Cut, partial: Path, final: Path) -> Cut:
    """Bring the file to the disk under its name, in this order, so that a crash never leaves half a clip there."""
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(final)
    sync_folder(final.parent)
    return replace(made, path=final)


def _try(cut_source: CutSource, taken: Plan, container: str, partial: Path) -> Cut | None:
    """Write the clip and compare it with its source; None where this container cannot take the packets as they are."""
    probed = cut_source.probed
    try:
        source = _write(cut_source, taken, container, partial)
    except (av.error.FFmpegError, ValueError) as error:
        if getattr(error, "errno", None) in _DISK_ERRORS:
            raise
        return None
    try:
        clip = probe(partial)
        written, shown = _read_back(partial, clip, units=False)
        if written.sha256 == source.sha256:
            # The same payloads hold the same NAL units: they need not be taken apart again.
            written = replace(written, nal_sha256=source.nal_sha256)
        else:
            written, shown = _read_back(partial, clip, units=True)
    except MediaError:
        return None
    if written.packets != source.packets or clip.info.codec != probed.info.codec:
        return None
    if written.sha256 == source.sha256:
        framing = Framing.IDENTICAL
    elif source.nal_sha256 is not None and written.nal_sha256 == source.nal_sha256:
        framing = Framing.NAL_IDENTICAL
    else:
        return None
    bases = probed.info.time_base, clip.info.time_base
    # A container without pts tells the order of presentation only to a decoder: compare the line, not the packets.
    expected, got = (sorted(taken.pts), sorted(shown)) if clip.ordinal else (list(taken.pts), shown)
    out_first = got[expected.index(taken.first_pts)]
    return Cut(
        path=partial,
        container=container,
        first_pts=taken.first_pts,
        last_pts=taken.last_pts,
        packets=written.packets,
        payload_sha256=written.sha256,
        source_payload_sha256=source.sha256,
        nal_sha256=written.nal_sha256,
        framing=framing,
        timing=_timing(expected, got, taken.first_pts, out_first, bases),
        out_first_pts=out_first,
        time_base=clip.info.time_base,
        source_time_base=probed.info.time_base,
    )


def _read_back(partial: Path, clip: Probe, *, units: bool) -> tuple[PayloadDigest, list[int]]:
    """What was written, and its pts. Raises MediaError."""
    with PacketStream(partial, ordinal=clip.ordinal, known=clip) as packets:
        digester = Digester(clip.info.codec, packets.stream.codec_context.extradata, units=units)
        shown: list[int] = []
        for timed in packets:
            digester.add(timed.packet)
            shown.append(timed.pts)
    return digester.result(), shown


def _timing(
    expected: list[int], got: list[int], first: int, out_first: int, bases: tuple[Fraction, Fraction]
) -> Timing:
    source, clip = bases
    # In whole numbers: fractions would take longer than all else that is done with a packet.
    own, other = source.numerator * clip.denominator, clip.numerator * source.denominator
    exact = all((e - first) * own == (g - out_first) * other for e, g in zip(expected, got, strict=True))
    return Timing.EXACT if exact else Timing.ROUNDED


def _write(source: CutSource, taken: Plan, container: str, partial: Path) -> PayloadDigest:
    base = source.time_base
    with source.packets(taken.part, taken.near) as packets:
        digester = Digester(source.probed.info.codec, packets.stream.codec_context.extradata)
        with av.open(
            f"file:{partial.absolute()}", "w", format=container, container_options=_options(container, base)
        ) as output:
            stream = output.add_stream_from_template(packets.stream, opaque=True)
            stream.time_base = base
            for place, packet in enumerate(islice(packets.unplaced(), taken.first, taken.last + 1)):
                digester.add(packet)
                packet.pts = taken.pts[place] - taken.dts[0]
                packet.dts = taken.dts[place] - taken.dts[0]
                packet.stream = stream
                packet.time_base = base
                output.mux_one(packet)
    return digester.result()


def _options(container: str, base: Fraction) -> dict[str, str]:
    # Neither dates nor random ids nor the muxer's version, and no filter that rewrites packets on the way.
    options = {"fflags": "+bitexact-autobsf"}
    if container == "mp4":
        options["video_track_timescale"] = str(base.denominator)
    return options
