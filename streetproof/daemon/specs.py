"""What the process of a camera is told when it starts: where the camera is, and how it is recorded and looked at."""

from __future__ import annotations

from pathlib import Path

from streams.live.address import CameraAddress
from streams.live.hostclock import HostClock
from streams.live.source import Timeouts
from streams.recorder.chain import last_link
from streams.recorder.interface import GapStatement
from streetproof.daemon.messages import WorkerSpec
from streetproof.daemon.reload import live_cameras
from streetproof.daemon.secrets import password_of
from streetproof.settings.load import LoadedSite
from streetproof.settings.site import Camera

_MIB = 1 << 20


def check_cameras(loaded: LoadedSite) -> None:
    """Raises StreetproofError where a camera could not be opened, for want of a password or the like."""
    for camera in live_cameras(loaded.site).values():
        addresses_of(loaded, camera)


def addresses_of(loaded: LoadedSite, camera: Camera) -> tuple[CameraAddress, CameraAddress | None]:
    """Main stream and, where there is one, sub stream, with the password as it is now. Raises SecretError."""
    stream = camera.stream
    assert stream is not None
    secret = password_of(stream, loaded.path)
    password = secret.reveal() if secret is not None else None
    main = CameraAddress(stream.main, stream.username, password, stream.transport)
    sub = None if stream.sub is None else CameraAddress(stream.sub, stream.username, password, stream.transport)
    return main, sub


def spec_of(
    loaded: LoadedSite,
    camera: Camera,
    addresses: tuple[CameraAddress, CameraAddress | None],
    recordings: Path,
    host: HostClock,
    *,
    gap: GapStatement | None,
    view: bytes | None,
) -> WorkerSpec:
    """`gap`: the one that lasts until the process records, see `WorkerSpec`. Raises RecorderError."""
    stream, live = camera.stream, loaded.site.live
    assert stream is not None
    main, sub = addresses
    return WorkerSpec(
        site=loaded.site.site.id,
        camera=camera.id,
        main=main,
        sub=sub,
        timeouts=Timeouts(
            connect_ns=stream.connect_timeout, stall_ns=stream.stall_timeout, keyframe_ns=stream.keyframe_timeout
        ),
        retry_max_ns=stream.retry_max,
        recordings=recordings,
        segment_ns=live.segment,
        ring_ns=live.pre_roll,
        ring_bytes=live.pre_roll_mib * _MIB,
        rate=camera.look.rate,
        max_interval_ns=camera.look.max_interval,
        skip_unchanged=camera.look.skip_unchanged,
        max_reuse_ns=camera.look.max_reuse,
        previous=last_link(recordings, camera.id),
        gap=gap,
        view=view,
        line_ns=host.line_ns,
        reference=host.reference,
    )
