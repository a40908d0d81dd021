"""Turns what libav raises into faults with a cause. libav's own texts are not passed on: they repeat the whole address,
password included, and so would the exception as a cause. Faults are therefore made here and raised elsewhere, where
nothing is being handled."""

from __future__ import annotations

import errno
import socket

import av.error

from streams.live.interface import FaultKind, LiveError

_UNREACHABLE = frozenset({errno.ECONNREFUSED, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EHOSTDOWN, errno.ENETDOWN})
_CLOSED = frozenset({errno.ECONNRESET, errno.ECONNABORTED, errno.EPIPE, errno.EIO, errno.ENODEV})
_TEXTS: dict[FaultKind, tuple[str, str]] = {
    FaultKind.REFUSED: (
        "nobody listens there, or the host cannot be reached",
        "Check the address and the port, the camera's power, and the network to it",
    ),
    FaultKind.NAME: ("the host name is not known", "Check the name, and the name server of this machine"),
    FaultKind.UNAUTHORIZED: (
        "the user name or the password is not accepted",
        "Check both, and that this user may watch the camera; many cameras lock a user out after a few attempts",
    ),
    FaultKind.NOT_FOUND: (
        "there is no such stream",
        "Check the address behind the host; it differs from maker to maker",
    ),
    FaultKind.TIMEOUT: (
        "connecting took too long",
        "Check the camera's load and the network, or raise connect_timeout",
    ),
    FaultKind.STALLED: (
        "no picture came for too long, though the connection stands",
        "Check the camera and the network",
    ),
    FaultKind.ENDED: ("the other side closed the stream", "Check whether the camera restarted, or ended the session"),
    FaultKind.NO_VIDEO: ("there is no video in it that is supported", "Set the camera to H.264 or H.265"),
    FaultKind.NO_PARAMETERS: (
        "the size of its picture did not come to be known",
        "Let the camera send a keyframe at least every few seconds, or raise connect_timeout",
    ),
    FaultKind.NO_KEYFRAME: (
        "packets come, but no keyframe for too long",
        "Shorten the camera's keyframe interval (GOP), or raise keyframe_timeout",
    ),
    FaultKind.CHANGED: ("its codec, picture size or rate changed", "Nothing: it is connected to again as it is now"),
    FaultKind.TIMESTAMPS: (
        "its timestamps do not go on",
        "Nothing: it is connected to again. Check its firmware if often",
    ),
    FaultKind.PROTOCOL: ("what it answers is no valid stream", "Check that the address is that of a video stream"),
}


def usual(kind: FaultKind) -> str | None:
    """What is said of a fault where nothing more is known; None for those that are no stream's own."""
    texts = _TEXTS.get(kind)
    return None if texts is None else texts[0]


def fault(kind: FaultKind, where: str, what: str | None = None, *, remedy: str | None = None) -> LiveError:
    """The fault with its usual words, or with others in their place."""
    said, todo = _TEXTS[kind]
    return LiveError(kind, what or said, where=where, remedy=todo if remedy is None else remedy)


def on_opening(error: BaseException, *, where: str, host: str, took_ns: int, allowed_ns: int) -> LiveError:
    """What an error says that was met while connecting, after `took_ns`. `host` is looked up where that could be it."""
    # Out of time, libav's RTSP says "invalid data", HTTP says "exit requested".
    if took_ns >= allowed_ns or isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return fault(FaultKind.TIMEOUT, where)
    code = getattr(error, "errno", None)
    if code == errno.EIO and host and not _is_known(host):
        return fault(FaultKind.NAME, where)
    return _common(error, where) or fault(FaultKind.PROTOCOL, where, _words(error))


def on_reading(error: BaseException, *, where: str, took_ns: int, allowed_ns: int) -> LiveError:
    """What an error says that was met by a read that took `took_ns`."""
    if took_ns >= allowed_ns or isinstance(error, av.error.ExitError | av.error.TimeoutError):
        return fault(FaultKind.STALLED, where)
    if getattr(error, "errno", None) in _CLOSED:
        return fault(FaultKind.ENDED, where, "the connection broke")
    return _common(error, where) or fault(FaultKind.PROTOCOL, where, _words(error))


def _common(error: BaseException, where: str) -> LiveError | None:
    match error:
        case av.error.HTTPUnauthorizedError() | av.error.HTTPForbiddenError():
            return fault(FaultKind.UNAUTHORIZED, where)
        case av.error.HTTPNotFoundError() | av.error.FileNotFoundError():
            return fault(FaultKind.NOT_FOUND, where)
        case av.error.PermissionError():
            return fault(FaultKind.UNAUTHORIZED, where, "it may not be read", remedy="Give the service's user access")
        case av.error.ProtocolNotFoundError() | av.error.DemuxerNotFoundError():
            return fault(
                FaultKind.PROTOCOL,
                where,
                "this build of libav does not speak its protocol",
                remedy="Use RTSP or HTTP, or install PyAV with a libav that does",
            )
        case av.error.HTTPServerError():
            return fault(
                FaultKind.PROTOCOL, where, "the server reports an error of its own (5xx)", remedy="Look at the camera"
            )
        case av.error.EOFError():
            return fault(FaultKind.ENDED, where)
    if getattr(error, "errno", None) in _UNREACHABLE:
        return fault(FaultKind.REFUSED, where)
    return None


def _words(error: BaseException) -> str | None:
    """libav's fixed text for the code; never that of the exception, which repeats the address."""
    text = error.strerror if isinstance(error, av.error.FFmpegError) else None
    return f"what it answers is no valid stream ({text.lower()})" if text else None


def _is_known(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return False
    return True
