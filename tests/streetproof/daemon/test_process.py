"""What the machine shows of a process."""

from __future__ import annotations

import os
import subprocess
import sys

from streetproof.daemon.process import open_handles, resident_bytes, threads

CHILD = """
import sys
from streetproof.daemon.process import set_title
print(set_title(sys.argv[1]), flush=True)
sys.stdin.read()
"""


BUSY = """
import os, threading
def step():
    os.write(1, b".")
    os.read(0, 1)
os.read(0, 1)
step()
end = threading.Event()
with open(os.devnull):
    threading.Thread(target=end.wait).start()
    step()
end.set()
step()
"""


def titled(title: str, *more: str) -> tuple[bool, bytes, str, str]:
    """What `set_title` said, and what the machine shows: arguments, command, environment intact."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, title, *more],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "AFTER": "still here"},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        shown = child.stdout.readline().strip() == "True"
        proc = f"/proc/{child.pid}"
        with open(f"{proc}/cmdline", "rb") as line, open(f"{proc}/comm") as comm, open(f"{proc}/environ") as environ:
            return shown, line.read(), comm.read().rstrip("\n"), environ.read()
    finally:
        child.communicate()


def test_a_camera_process_shows_its_camera_and_not_its_arguments() -> None:
    shown, arguments, command, environ = titled("streetproof: camera gate-1", "--password", "never-do-this")
    assert command == "camera gate-1"
    if shown:  # every Linux but the strangest
        assert arguments.rstrip(b"\0") == b"streetproof: camera gate-1"
    assert "AFTER=still here" in environ


def test_a_long_chinese_title_is_cut_between_characters() -> None:
    _, arguments, command, environ = titled("streetproof: 路口一号摄像机 " + "很长" * 2000)
    assert command == "路口一号摄"
    arguments.rstrip(b"\0").decode()
    assert "AFTER=still here" in environ


def test_figures_of_a_process() -> None:
    # Of another process, in which nothing else begins or ends.
    with subprocess.Popen(
        [sys.executable, "-c", BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as child:
        assert child.stdin is not None and child.stdout is not None

        def step() -> tuple[int | None, int | None]:
            assert child.stdin is not None and child.stdout is not None
            child.stdin.write(b"\n")
            assert child.stdout.read(1) == b"."
            return open_handles(child.pid), threads(child.pid)

        handles, running = step()
        memory = resident_bytes(child.pid)
        assert memory is not None and 10**6 < memory < 10**11
        assert handles is not None and running is not None
        assert step() == (handles + 1, running + 1)
        assert step()[0] == handles


def test_a_process_that_is_gone_has_no_figures() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert (resident_bytes(child.pid), open_handles(child.pid), threads(child.pid)) == (None, None, None)


def test_a_zombie_has_no_memory_but_no_traceback_either() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert resident_bytes(child.pid) in (None, 0)
    child.wait()
