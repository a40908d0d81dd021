"""A camera that can be connected to again and again: RTSP, RTSPS, HTTP, SRT, a device, or a file."""

from __future__ import annotations

from fractions import Fraction

from streams.live.address import CameraAddress
from streams.live.connection import Connection
from streams.live.file_camera import FileStream
from streams.live.interface import LiveSource, LiveStream
from streams.live.opening import Timeouts, open_address

__all__ = ["Timeouts", "open_source"]


def open_source(
    address: CameraAddress,
    timeouts: Timeouts | None = None,
    *,
    loop: bool = False,
    speed: Fraction | int | None = 1,
) -> LiveSource:
    """The camera at an address. Nothing is opened yet: `connect` does that, and nothing stays open between connections.

    `loop` and `speed` are for `file:` alone: begin again at the end; play `speed` times as fast (None: as fast as it is
    read). Raises ValueError where they are given for anything else, or `speed` is not positive.
    """
    if address.scheme == "file":
        if speed is not None and speed <= 0:
            raise ValueError(f"speed must be positive, got {speed}")
        return _FileSource(address, timeouts or Timeouts(), loop, speed)
    if loop or speed != 1:
        raise ValueError("only a file can be looped, or played at another speed")
    return _NetworkSource(address, timeouts or Timeouts())


class _NetworkSource:
    def __init__(self, address: CameraAddress, timeouts: Timeouts) -> None:
        self._address = address
        self._timeouts = timeouts

    @property
    def label(self) -> str:
        return self._address.label

    def connect(self) -> LiveStream:
        return Connection(open_address(self._address, self._timeouts), self._address, self._timeouts)


class _FileSource:
    def __init__(self, address: CameraAddress, timeouts: Timeouts, loop: bool, speed: Fraction | int | None) -> None:
        self._address = address
        self._timeouts = timeouts
        self._loop = loop
        self._speed = speed

    @property
    def label(self) -> str:
        return self._address.label

    def connect(self) -> LiveStream:
        opened = open_address(self._address, self._timeouts)
        return FileStream(opened, self._address, self._timeouts, loop=self._loop, speed=self._speed)
