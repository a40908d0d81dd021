"""Detections through the rules of one site, or of several at once, in one pass and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from streams.instant import Instant, TimeSource
from streetproof.batch.observations import coverage_of
from streetproof.course import Course
from streetproof.events import EventLog
from streetproof.replay.frames import Frame, FrameError, Vocabulary, frame_of, parse_json
from streetproof.replay.lines import DetectionsError, lines_of
from streetproof.replay.problems import problems_of
from streetproof.replay.sources import Source, find_sources
from streetproof.replay.tally import CameraRead, Names, Problem, Read
from streetproof.settings.classes import check_classes
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Site
from vision.errors import StateError

_AGAIN = "Let `streetproof batch` make the observations again"
_TELLING_SIDE = 16
"""In a smaller image all boxes may lie within one pixel."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of a replay: a document of events for each site, in the order given, and what was read."""

    documents: tuple[dict[str, Any], ...]
    read: Read
    problems: tuple[Problem, ...]
    """What a person should look at; none: every frame was judged."""


def replay(
    paths: Sequence[Path],
    sites: Sequence[LoadedSite],
    *,
    stays: bool = False,
    on_bytes: Callable[[int, int], None] | None = None,
) -> Replayed:
    """Judge the detections at `paths` by the rules of each of `sites`; the same detections give the same documents.

    A frame counts if at least one of the sites has its camera. `stays`: keep every stay, not only violations.
    `on_bytes` is told from time to time how many bytes were read, of how many. Raises DetectionsError for input that
    is damaged or ambiguous, with file and line, or has not one frame of a camera of the sites; ConfigError for a rule
    about a class that the model of our own observations does not know.
    """
    sources = find_sources(paths)
    for source in sources:
        if source.own is not None:
            for loaded in sites:
                if any(camera.id == source.own.camera for camera in loaded.site.cameras):
                    check_classes(loaded.site, source.own.classes, str(loaded.path))
    judging = Judging([loaded.site for loaded in sites], stays=stays)
    total = sum(source.path.stat().st_size for source in sources) if on_bytes else 0
    done = 0
    for source in sources:
        before = done
        report = None if on_bytes is None else (lambda at, before=before: on_bytes(before + at, total))
        judging.take(source, report)
        done += source.path.stat().st_size if on_bytes else 0
    documents = judging.finish()
    read = judging.read
    if not read.cameras:
        cameras = ", ".join(list(read.unknown_cameras.counts())[:5])
        known = ", ".join(dict.fromkeys(camera.id for loaded in sites for camera in loaded.site.cameras))
        raise DetectionsError(
            f"no frame is of a camera of the site; they are of {cameras}" if cameras else "there is not one frame",
            where=read.unknown_first or str(sources[0].path),
            remedy=f"Give detections of {known[:200]}, or a site that has the cameras",
        )
    return Replayed(tuple(documents), read, tuple(problems_of(read, [loaded.site for loaded in sites])))


@dataclass(slots=True)
class _Judged:
    """One site: the course of each of its cameras that had a frame, and what they brought."""

    site: Site
    log: EventLog
    courses: dict[str, Course] = field(default_factory=dict)

    def course(self, camera: str) -> Course | None:
        """The course of a camera; None: the site does not have it."""
        course = self.courses.get(camera)
        if course is None:
            known = self.site.camera(camera)
            if known is None:
                return None
            course = self.courses[camera] = Course(self.site.rules_of(known), self.site.site.zone)
        return course


class Judging:
    """Feeds files of detections to the courses of one or several sites."""

    def __init__(self, sites: Sequence[Site], *, stays: bool) -> None:
        self.judged = [_Judged(site, EventLog(site.site.id, stays=stays)) for site in sites]
        self._vocabulary = Vocabulary(
            name for site in sites for policy in site.policies for rule in policy.rules for name in rule.used
        )
        self.read = Read(classes=Names(self._vocabulary.named))

    def take(self, source: Source, on_bytes: Callable[[int], None] | None = None) -> None:
        """Judge one file to its end. Raises DetectionsError."""
        read = self.read
        read.files += 1
        own = source.own
        if own is not None and self._is_copy(source):
            read.copies.add(str(source.path))
            return
        latest: dict[str, int] = {}
        for number, frame in self._frames(source, on_bytes):
            where = f"{source.path}:{number}"
            read.frames += 1
            read.boxes += len(frame.detections) + frame.outside
            read.clipped += frame.clipped
            read.outside.add(where, frame.outside)
            if len(frame.detections) and min(frame.detections.size) >= _TELLING_SIDE:
                read.farthest_px = max(read.farthest_px, float(frame.detections.xyxy.max()))
            courses = [(one, course) for one in self.judged if (course := one.course(frame.camera)) is not None]
            if not courses:
                read.unknown_first = read.unknown_first or where
                read.unknown_cameras.add(frame.camera)
                continue
            last = latest.get(frame.camera)
            if last is not None and frame.utc_ns <= last:
                (read.repeated if frame.utc_ns == last else read.backwards).add(where)
                continue
            latest[frame.camera] = frame.utc_ns
            # Nobody but the header of our own files says whose clock it was; nothing in the events depends on it.
            at = (
                Instant(frame.utc_ns, TimeSource.OPERATOR, 0)
                if own is None
                else Instant(frame.utc_ns, own.start.source, own.start.uncertainty_ns)
            )
            self._judge(courses, at, frame, where)

    def finish(self) -> list[dict[str, Any]]:
        """There are no more detections: what stands ends, and each site's document is complete."""
        for one in self.judged:
            for course in one.courses.values():
                one.log.add(course.rules, course.finish())
        return [one.log.document() for one in self.judged]

    def _judge(self, courses: Iterable[tuple[_Judged, Course]], at: Instant, frame: Frame, where: str) -> None:
        for one, course in courses:
            ended = course.see(at, frame.detections, frame.pixels, frame.view)
            if ended is None:
                self.read.overlapping.add(where)
                return  # the courses of one camera have come equally far
            one.log.add(course.rules, ended)
        camera = self.read.cameras.setdefault(frame.camera, CameraRead())
        camera.frames += 1
        camera.first_ns = at.utc_ns if camera.first_ns is None else camera.first_ns
        camera.last_ns = at.utc_ns

    def _is_copy(self, source: Source) -> bool:
        """Whether another file of the same recording was judged: a copy that tells another time is no second stay."""
        if source.own is None:
            return False
        courses = [course for one in self.judged if (course := one.course(source.own.camera)) is not None]
        return any([course.begin(source.own.recording, str(source.path)) is not None for course in courses])

    def _frames(self, source: Source, on_bytes: Callable[[int], None] | None) -> Iterator[tuple[int, Frame]]:
        own = source.own
        header, whole, number = own is not None, False, 0
        for number, line in lines_of(source.path, on_bytes):
            where = f"{source.path}:{number}"
            try:
                value = parse_json(line)
                if header:
                    header = False
                    continue
                if own is not None and "end" in value:
                    whole = True
                    self._cover(own.camera, value["end"])
                    continue
                if own is None and "format" in value:
                    raise FrameError("a header in the middle of a file", "Give the files one by one, do not join them")
                frame = frame_of(value, self._vocabulary, self.read.classes)
                if own is not None and (whole or frame.camera != own.camera):
                    raise FrameError(
                        "frames after the end line" if whole else "a frame of another camera than the header's",
                        _AGAIN,
                    )
            except FrameError as error:
                raise DetectionsError(str(error), where=where, remedy=error.remedy) from error
            yield number, frame
        if own is not None and not whole:
            raise DetectionsError(
                "the observations end before their end line",
                where=f"{source.path}:{number}",
                remedy="Delete the file and run the batch again: it is made again",
            )

    def _cover(self, camera: str, end: Any) -> None:
        try:
            until = coverage_of(end["coverage"]).end
        except (KeyError, TypeError, ValueError, AttributeError, StateError) as error:
            raise FrameError("the end line is damaged", _AGAIN) from error
        for one in self.judged:
            course = one.courses.get(camera)
            if course is not None:
                course.cover(until)
