"""Openings and closings as canonical JSON (RFC 8785), and back with nothing taken on trust."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import NoReturn

from streams.instant import Instant, TimeSource
from streams.recorder.interface import MAX_MISSING, ClockStatement, CloseReason, Closing, GapStatement, Opening

FORMAT = "streetproof-segment/1"
MAX_TEXT = 1000
"""Characters kept of a sentence for people."""
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_BASE = re.compile(r"1/([1-9][0-9]{0,9})", re.ASCII)
CAMERA = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}", re.ASCII)
_MAX_SEQUENCE = 10**12

Fields = Mapping[str, object]


def canonical(value: object) -> bytes:
    """Bytes that depend on the value alone. No floats, keys in ASCII: within that, sorted keys are RFC 8785."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)
    return text.encode("utf-8")


def opening_bytes(opening: Opening) -> bytes:
    """Integers that may pass 2^53 stand as decimal strings."""
    return canonical(
        {
            "format": FORMAT,
            "site": opening.site,
            "camera": opening.camera,
            "session": opening.session,
            "sequence": opening.sequence,
            "previous": opening.previous,
            "start": instant_fields(opening.start),
            "first_pts": str(opening.first_pts),
            "time_base": f"{opening.time_base.numerator}/{opening.time_base.denominator}",
            "codec": opening.codec,
            "width": opening.width,
            "height": opening.height,
            "protocol": opening.protocol,
            "clock": _clock_fields(opening.clock),
            "gap_before": None if opening.gap_before is None else _gap_fields(opening.gap_before),
        }
    )


def closing_bytes(closing: Closing) -> bytes:
    """As `opening_bytes`."""
    return canonical(
        {
            "format": FORMAT,
            "reason": closing.reason.value,
            "packets": closing.packets,
            "last_pts": str(closing.last_pts),
            "end": instant_fields(closing.end),
            "nal_sha256": closing.nal_sha256,
            "detail": sentence(closing.detail),
            "missing": [[str(after), str(before)] for after, before in closing.missing],
        }
    )


def parse_opening(data: bytes) -> Opening:
    """Undoes `opening_bytes`. Raises ValueError, naming the field, for anything else."""
    fields = parse_object(data, FORMAT)
    base = _BASE.fullmatch(text(fields, "time_base"))
    if base is None:
        raise ValueError("time_base is not 1/N")
    camera = text(fields, "camera")
    if not CAMERA.fullmatch(camera):
        raise ValueError("camera is no camera id")
    previous = fields.get("previous")
    gap = fields.get("gap_before")
    return Opening(
        site=text(fields, "site"),
        camera=camera,
        session=text(fields, "session"),
        sequence=integer(fields, "sequence", 1, _MAX_SEQUENCE),
        previous=None if previous is None else digest(fields, "previous"),
        start=parse_instant(fields.get("start")),
        first_pts=decimal(fields, "first_pts"),
        time_base=Fraction(1, int(base[1])),
        codec=text(fields, "codec"),
        width=integer(fields, "width", 0, 1 << 16),
        height=integer(fields, "height", 0, 1 << 16),
        protocol=text(fields, "protocol"),
        clock=_parse_clock(_mapping(fields.get("clock"), "clock")),
        gap_before=None if gap is None else _parse_gap(_mapping(gap, "gap_before")),
    )


def parse_closing(data: bytes) -> Closing:
    """Undoes `closing_bytes`. Raises ValueError, naming the field, for anything else."""
    fields = parse_object(data, FORMAT)
    return Closing(
        reason=CloseReason(text(fields, "reason")),
        packets=integer(fields, "packets", 1, 1 << 40),
        last_pts=decimal(fields, "last_pts"),
        end=parse_instant(fields.get("end")),
        nal_sha256=None if fields.get("nal_sha256") is None else digest(fields, "nal_sha256"),
        detail=text(fields, "detail"),
        missing=_parse_missing(fields.get("missing", [])),
    )


def _parse_missing(value: object) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list) or len(value) > MAX_MISSING:
        raise ValueError("missing is no list of stretches")
    stretches = []
    for pair in value:
        if not isinstance(pair, list) or len(pair) != 2:
            raise ValueError("missing holds what is no stretch")
        after, before = (decimal({"missing": one}, "missing") for one in pair)
        if after >= before:
            raise ValueError("missing holds a stretch that runs backwards")
        stretches.append((after, before))
    return tuple(stretches)


def parse_object(data: bytes, form: str) -> Fields:
    """A JSON object whose `format` is `form`. Raises ValueError."""
    try:
        value = json.loads(data.decode("utf-8"), parse_float=_no_float, parse_constant=_no_float)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    fields = _mapping(value, "the record")
    if fields.get("format") != form:
        raise ValueError(f"format is not {form}")
    return fields


def sentence(words: str) -> str:
    """Words for people, short enough to keep, and valid UTF-8."""
    return words[:MAX_TEXT].encode("utf-8", "replace").decode("utf-8")


def instant_fields(at: Instant) -> dict[str, str]:
    return {"utc_ns": str(at.utc_ns), "source": at.source.value, "uncertainty_ns": str(at.uncertainty_ns)}


def parse_instant(value: object) -> Instant:
    fields = _mapping(value, "an instant")
    return Instant(decimal(fields, "utc_ns"), TimeSource(text(fields, "source")), decimal(fields, "uncertainty_ns"))


def text(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"{name} is no text of at most {MAX_TEXT} characters")
    return value


def integer(fields: Fields, name: str, lowest: int, highest: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not lowest <= value <= highest:
        raise ValueError(f"{name} is no integer from {lowest} to {highest}")
    return value


def decimal(fields: Fields, name: str) -> int:
    value = fields.get(name)
    if not isinstance(value, str) or not _INTEGER.fullmatch(value):
        raise ValueError(f"{name} is no integer written as a decimal string")
    return int(value)


def digest(fields: Fields, name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise ValueError(f"{name} is no SHA-256 in lower-case hex")
    return value


def _maybe(fields: Fields, name: str) -> int | None:
    return None if fields.get(name) is None else decimal(fields, name)


def _text_of(value: int | None) -> str | None:
    return None if value is None else str(value)


def _clock_fields(clock: ClockStatement) -> dict[str, object]:
    return {
        "camera_offset_ns": _text_of(clock.camera_offset_ns),
        "camera_drift_ppb": _text_of(clock.camera_drift_ppb),
        "server_offset_ns": _text_of(clock.server_offset_ns),
        "server_checked_ns": _text_of(clock.server_checked_ns),
        "flags": list(clock.flags),
    }


def _parse_clock(fields: Fields) -> ClockStatement:
    flags = fields.get("flags")
    if not isinstance(flags, list) or len(flags) > 32 or not all(isinstance(f, str) and len(f) <= 64 for f in flags):
        raise ValueError("flags is no short list of names")
    return ClockStatement(
        camera_offset_ns=_maybe(fields, "camera_offset_ns"),
        camera_drift_ppb=_maybe(fields, "camera_drift_ppb"),
        server_offset_ns=_maybe(fields, "server_offset_ns"),
        server_checked_ns=_maybe(fields, "server_checked_ns"),
        flags=tuple(flags),
    )


def _gap_fields(gap: GapStatement) -> dict[str, object]:
    return {
        "camera": gap.camera,
        "start": None if gap.start is None else instant_fields(gap.start),
        "end": None if gap.end is None else instant_fields(gap.end),
        "cause": gap.cause,
        "detail": sentence(gap.detail),
    }


def _parse_gap(fields: Fields) -> GapStatement:
    start, end = fields.get("start"), fields.get("end")
    return GapStatement(
        camera=text(fields, "camera"),
        start=None if start is None else parse_instant(start),
        end=None if end is None else parse_instant(end),
        cause=text(fields, "cause"),
        detail=text(fields, "detail"),
    )


def _mapping(value: object, name: str) -> Fields:
    if not isinstance(value, dict):
        raise ValueError(f"{name} is no object")
    return value


def _no_float(number: str) -> NoReturn:
    raise ValueError(f"the number {number[:40]} is no integer")
