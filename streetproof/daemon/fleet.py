"""A process per camera: started, listened to, killed when it falls silent, started again when it dies.

A camera's process holds native code that is fed by strangers. Whatever happens to it happens to that camera only.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from random import Random

from evidence_export.words import Said
from streams.instant import NS_PER_S
from streams.live.backoff import Backoff
from streetproof.daemon.messages import FromCamera, Stop, ToCamera, WorkerSpec
from streetproof.errors import StreetproofError

SILENT_NS = 20 * NS_PER_S
"""A process that has not said anything for so long hangs, and is killed. It reports every second."""
START_NS = 60 * NS_PER_S
"""... but it may take so long to begin, on a machine that starts a hundred of them."""
STEADY_NS = 300 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Died:
    """A camera's process ended without being told to, or could not be started."""

    why: Said


Tell = Callable[[str, int, FromCamera], None]
"""Camera, generation, message. Called from a thread per camera."""
Main = Callable[[WorkerSpec, Connection], None]


@dataclass(slots=True)
class _Member:
    generation: int
    process: ForkServerProcess
    connection: Connection
    listener: threading.Thread
    started_ns: int
    heard_ns: int
    reported: bool = False
    died: Died | None = None


@dataclass(slots=True)
class _Place:
    """A camera that shall be watched, whether or not its process lives just now."""

    spec: Callable[[], WorkerSpec]
    backoff: Backoff
    member: _Member | None = None
    next_ns: int = 0
    restarts: int = -1


class Fleet:
    """All cameras' processes. Its methods are called by one thread, the hub's."""

    def __init__(self, main: Main, tell: Tell, monotonic: Callable[[], int], preload: str) -> None:
        """`main` runs in each process; `preload` is the module imported once for all of them."""
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([preload])
        self._main = main
        self._tell = tell
        self._monotonic = monotonic
        self._places: dict[str, _Place] = {}
        self._generation = 0

    def add(self, camera: str, spec: Callable[[], WorkerSpec]) -> None:
        """Watch a camera from now on; `spec` is asked at every start of its process."""
        self._places[camera] = _Place(spec, Backoff(Random(), settled_ns=STEADY_NS))

    def send(self, camera: str, message: ToCamera) -> None:
        """Say something to a camera; lost where its process is not there."""
        place = self._places.get(camera)
        if place is None or place.member is None or place.member.died:
            return
        try:
            place.member.connection.send(message)
        except OSError:
            place.member.died = Died(Said("进程不再接收指令", "it does not listen any more"))

    def is_current(self, camera: str, generation: int) -> bool:
        """Whether a message with this generation comes from the process that is there now."""
        place = self._places.get(camera)
        return place is not None and place.member is not None and place.member.generation == generation

    def heard(self, camera: str) -> None:
        """A camera has reported."""
        place = self._places.get(camera)
        if place is not None and place.member is not None:
            place.member.heard_ns = self._monotonic()
            place.member.reported = True

    def pid(self, camera: str) -> int | None:
        """Process id, None where there is none."""
        place = self._places.get(camera)
        return place.member.process.pid if place is not None and place.member is not None else None

    def restarts(self, camera: str) -> int:
        """How often its process had to be started again."""
        place = self._places.get(camera)
        return max(0, place.restarts) if place is not None else 0

    @property
    def all_alive(self) -> bool:
        """Every camera has a process that has reported."""
        return all(place.member is not None and place.member.reported for place in self._places.values())

    def watch(self) -> list[tuple[str, Died]]:
        """Kill what hangs, bury what died, start what is due. Call it about every second.

        Returns those that died, or that could not be started: they are tried again.
        """
        now_ns = self._monotonic()
        dead = {
            camera: (place.member, why)
            for camera, place in self._places.items()
            if place.member is not None and (why := self._why_dead(place.member, now_ns)) is not None
        }
        for member, _ in dead.values():
            _hang_up(member)  # all, before the first is waited for
        died = []
        for camera, place in self._places.items():
            if camera in dead:
                member, why = dead[camera]
                self._bury(member)
                place.member = None
                place.next_ns = now_ns + place.backoff.pause(now_ns - member.started_ns)
                died.append((camera, why))
            elif place.member is None and now_ns >= place.next_ns:
                place.restarts += 1
                try:
                    place.member = self._start(camera, place.spec(), now_ns)
                except (StreetproofError, OSError) as error:
                    # The database or the disk does not answer now, or the machine has no room for another process;
                    # that must not cost the other cameras anything.
                    place.next_ns = now_ns + place.backoff.pause()
                    died.append((camera, Died(Said(f"进程无法启动：{error}", f"it could not be started: {error}"))))
        return died

    def remove(self, camera: str, cause: str, timeout_s: float) -> None:
        """Let a camera's process close its segment and end; kill it after `timeout_s`."""
        place = self._places.pop(camera, None)
        if place is not None and place.member is not None:
            self._ask_to_stop({camera: place.member}, cause, timeout_s)

    def restart(self, camera: str, spec: Callable[[], WorkerSpec], cause: str, timeout_s: float) -> None:
        """End a camera's process and start another by the next `watch`."""
        self.remove(camera, cause, timeout_s)
        self.add(camera, spec)

    def stop(self, cause: str, timeout_s: float) -> None:
        """Let every process close its segment and end; what has not ended after `timeout_s` is killed."""
        members = {camera: place.member for camera, place in self._places.items() if place.member is not None}
        self._places.clear()
        self._ask_to_stop(members, cause, timeout_s)

    def _start(self, camera: str, spec: WorkerSpec, now_ns: int) -> _Member:
        self._generation += 1
        generation = self._generation
        ours, theirs = self._context.Pipe(duplex=True)
        process = self._context.Process(target=self._main, args=(spec, theirs), name=f"camera {camera}", daemon=True)
        try:
            process.start()
        except OSError:
            ours.close()
            raise
        finally:
            theirs.close()
        listener = threading.Thread(
            target=self._listen, args=(camera, generation, ours), name=f"listen {camera}", daemon=True
        )
        member = _Member(generation, process, ours, listener, now_ns, now_ns)
        listener.start()
        return member

    def _listen(self, camera: str, generation: int, connection: Connection) -> None:
        while True:
            try:
                message = connection.recv()
            except (EOFError, OSError):
                return
            self._tell(camera, generation, message)

    def _why_dead(self, member: _Member, now_ns: int) -> Died | None:
        if member.died is not None:
            return member.died
        if not member.process.is_alive():
            code = member.process.exitcode
            if code is not None and code < 0:
                return Died(Said(f"进程被信号 {-code} 终止", f"it was ended by signal {-code}"))
            return Died(Said(f"进程已结束，退出码 {code}", f"it ended with {code}"))
        if now_ns - member.heard_ns > (SILENT_NS if member.reported else START_NS):
            silent_s = (now_ns - member.heard_ns) // NS_PER_S
            return Died(
                Said(f"进程 {silent_s} 秒无响应，已被强制终止", f"it said nothing for {silent_s} s and was killed")
            )
        return None

    def _ask_to_stop(self, members: dict[str, _Member], cause: str, timeout_s: float) -> None:
        for member in members.values():
            try:
                member.connection.send(Stop(cause))
            except OSError:
                continue
        deadline_ns = self._monotonic() + int(timeout_s * NS_PER_S)
        for member in members.values():
            member.process.join(max(0.0, (deadline_ns - self._monotonic()) / NS_PER_S))
        for member in members.values():
            self._bury(member)

    def _bury(self, member: _Member) -> None:
        _hang_up(member)
        member.process.join()
        # What it said last still stands in the pipe: the listener ends at the end of it.
        member.listener.join(5)
        member.connection.close()
        member.process.close()


def _hang_up(member: _Member) -> None:
    """End a process. What it has said can still be heard."""
    if member.process.is_alive():
        member.process.kill()
    # Where somebody has killed the server that they are forked from, processes count as ended that have not. They end
    # when nobody speaks to them any more; merely closing our end would not tell them while the listener waits on it.
    with socket.socket(fileno=os.dup(member.connection.fileno())) as ours, suppress(OSError):
        ours.shutdown(socket.SHUT_WR)
