"""One camera of a soak: the parts of a camera's process, fed by a file as fast as they take it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from random import Random

from streams.instant import NS_PER_S
from streams.live.file_camera import FileStream
from streams.live.hostclock import HostClock
from streams.live.interface import FaultKind, LiveError, LivePacket
from streams.live.opening import open_address
from streetproof.daemon.intake import Begun, Ended, Trying
from streetproof.daemon.looker import Looker
from streetproof.daemon.mainstream import MainStream
from streetproof.daemon.messages import Fit, FromCamera, LookBack, LookedBack, ToCamera, Watch, WorkerSpec
from streetproof.daemon.views import restored_view
from tests.soak.time_machine import TimeMachine
from vision.attention import ChangeGate
from vision.sight import Sight

BARRIER = "barrier"
_PATIENCE_S = 60


class _Outbox:
    """Hands on what a camera says. `unsent` as the real one has it: here the hub always listens."""

    unsent = 0

    def __init__(self, put: Callable[[FromCamera], None]) -> None:
        self.put = put


class SoakCamera:
    """MainStream, Recorder, PreRoll, CameraClock and Looker as the process has them, and a file for a camera."""

    def __init__(
        self, spec: WorkerSpec, time: TimeMachine, tell: Callable[[FromCamera], None], dice: Random, connected_s: float
    ) -> None:
        """`tell` takes what it says; `connected_s`: how long connections last on average."""
        self.spec = spec
        self.reconnects = 0
        self._time = time
        self._dice = dice
        self._connected_s = connected_s
        self._host = HostClock(time.read, line_ns=spec.line_ns)
        self._seen = threading.Event()
        self._looker = Looker(
            tell,
            rate=spec.rate,
            max_interval_ns=spec.max_interval_ns,
            sight=lambda: Sight(ChangeGate(spec.max_reuse_ns)),
            monitor=restored_view(spec.view),
        )
        self._main = MainStream(spec, self._host, self._looker, _Outbox(tell))  # type: ignore[arg-type]
        self._tell = tell
        self._reported_ns = 0
        self._hang_up = False
        self._packets = self._play()
        self._looker.start()
        self._main.start()

    def obey(self, order: ToCamera) -> None:
        """What the hub says."""
        match order:
            case Watch(level, idle):
                self._looker.set_level(level)
                self._main.idle = idle
            case Fit():
                self._looker.set_fit(order)
            case LookBack():
                self._main.look_back(order)

    def step(self) -> None:
        """One packet, or a moment of the pause behind a connection. Time goes to where a packet is."""
        key = next(self._packets)
        now_ns = self._time.now()
        if now_ns - self._reported_ns >= NS_PER_S:
            self._reported_ns = now_ns
            self._host.check()
            self._tell(self._main.report(now_ns))
        if key:
            self.settle()

    def hang_up(self) -> None:
        """End the connection, if there is one; the next attempt is some steps away."""
        self._hang_up = True
        self.step()

    def settle(self) -> None:
        """Wait until all that was offered so far is decoded, seen by the model, and told to the hub."""
        self._seen.clear()
        self._looker.look_back(LookBack(BARRIER, 0, 0, 0), None, ())
        if not self._seen.wait(_PATIENCE_S):
            raise TimeoutError(f"{self.spec.camera}: looker and model do not answer")

    def settled(self, message: LookedBack) -> None:
        """The model's thread has come to the end of what was offered."""
        if message.token == BARRIER:
            self._seen.set()

    def stop(self) -> None:
        self._main.stop("stopped")
        self._packets.close()
        self._looker.close()
        self._looker.join(_PATIENCE_S)

    def _play(self) -> Generator[bool, None, None]:
        """Connections, one after the other, for ever; yields whether a keyframe was taken."""
        while True:
            self._main.take(Trying())
            opened = open_address(self.spec.main, self.spec.timeouts)
            lasts_ns = round(self._dice.uniform(0.5, 1.5) * self._connected_s * NS_PER_S)
            with FileStream(
                opened, self.spec.main, self.spec.timeouts, loop=True, speed=None, now=self._time.now,
                sleep=self._time.sleep,
            ) as stream:  # fmt: skip
                self._main.take(Begun(stream.info, stream.template))
                began_ns = self._time.now()
                for packet in stream:
                    if self._hang_up or packet.arrived_ns - began_ns > lasts_ns:
                        self._hang_up = False
                        break
                    yield self._arrived(packet)
                # As intake does it: the end is taken while the connection's template still lives.
                pause_ns = self._dice.randint(1, 60) * NS_PER_S
                self._main.take(Ended(LiveError(FaultKind.ENDED, "the stream ended"), pause_ns))
            self.reconnects += 1
            resumes_ns = self._time.now() + pause_ns
            while self._time.now() < resumes_ns:
                yield False

    def _arrived(self, packet: LivePacket) -> bool:
        self._time.to(packet.arrived_ns)
        self._main.take(packet)
        return packet.key
