"""How a camera's packets wait for the thread that writes them: together, but never long, and never behind an order."""

from __future__ import annotations

import threading
import time

from av.packet import Packet

from streams.live.interface import FaultKind, LiveError, LivePacket
from streetproof.daemon.intake import Ended, Inbox, Overflowed

POLL_S = 0.2


def packet(number: int, *, key: bool = False, size: int = 1000) -> LivePacket:
    return LivePacket(Packet(bytes(size)), number, number, key, time.monotonic_ns(), None)


class Taker(threading.Thread):
    """Takes as the camera's process does, and notes when it was woken and what it found."""

    def __init__(self, inbox: Inbox, timeout_s: float, wanted: int) -> None:
        super().__init__(daemon=True)
        self._inbox, self._timeout_s, self._wanted = inbox, timeout_s, wanted
        self.taken: list[object] = []
        self.waits = 0
        self.start()

    def run(self) -> None:
        while len(self.taken) < self._wanted:
            self.waits += 1
            item = self._inbox.get(self._timeout_s)
            if item is not None:
                self.taken.append(item)


def test_a_lone_packet_is_handed_out_after_the_time_it_may_wait():
    inbox = Inbox()
    taker = Taker(inbox, POLL_S, 1)
    inbox.put(packet(0))
    taker.join(120)
    assert len(taker.taken) == 1


def test_a_keyframe_an_end_and_a_crowd_wake_at_once():
    """With a wait of an hour, only being woken can end it."""
    for crowd in ([packet(0, key=True)], [Ended(LiveError(FaultKind.ENDED, "x"), 0)], [packet(n) for n in range(40)]):
        inbox = Inbox()
        taker = Taker(inbox, 3600, 1)
        for item in crowd:
            inbox.put(item)
        taker.join(120)
        assert not taker.is_alive()


def test_all_come_in_order_whatever_woke_whom():
    inbox = Inbox()
    taker = Taker(inbox, 0.01, 500)
    for number in range(500):
        inbox.put(packet(number, key=number % 50 == 0))
        if number % 7 == 0:
            time.sleep(0.0005)
    taker.join(120)
    assert [one.pts for one in taker.taken] == list(range(500))


def test_what_does_not_fit_is_left_out_up_to_a_keyframe_and_said_in_its_place():
    inbox = Inbox(max_packets=3)
    for number in range(6):
        inbox.put(packet(number))
    assert [inbox.get(0).pts for _ in range(3)] == [0, 1, 2]
    inbox.put(packet(6))  # there is room again, but nothing can begin with it
    inbox.put(packet(7, key=True))
    loss, key = inbox.get(0), inbox.get(0)
    assert loss == Overflowed(4)
    assert key.pts == 7
    assert inbox.get(0) is None
