"""A process that has imported already what every command takes seconds to import, and forks into commands.

A command is a process of its own all the same, and nothing of the command line is imported before its environment is in
force. What a cold start does is left to those tests that start daemons, kill batches, or look at a terminal.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
HEAVY = ("streetproof.batch.run", "streetproof.batch.work")
"""Most of what any command imports in the end."""
_LARGEST = 1 << 17

_SERVER = "import sys; from tests.streetproof.nursery import serve; serve(int(sys.argv[1]))"

_PROGRAM = """\
#!/bin/sh
exec {python} -IS {client} "$@"
"""
_CLIENT = """\
import json, os, socket, sys
asked = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd(), "umask": os.umask(0)}}
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as line:
    line.connect({door!r})
    line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, {largest})
    socket.send_fds(line, [json.dumps(asked).encode()], [0, 1, 2])
    sys.exit(int(line.recv(64)) % 256)
"""


class Nursery:
    """Runs commands, one at a time. The process behind it is started when it is needed, and ends with this one."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._lock = threading.Lock()

    def run(self, arguments: list[str], environment: Mapping[str, str], timeout_s: float) -> tuple[int, bytes, bytes]:
        """Run `streetproof ARGUMENTS` to its end: exit status, what it printed, and what it said on stderr."""
        asked = {"arguments": arguments, "environment": dict(environment), "folder": os.getcwd()}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            status = self._fork(json.dumps(asked).encode(), [out.fileno(), err.fileno()], timeout_s)
            out.seek(0)
            err.seek(0)
            return status, out.read(), err.read()

    @contextmanager
    def program(self, folder: Path, timeout_s: float) -> Iterator[Path]:
        """A file in `folder` that shells may run as `streetproof`, meanwhile."""
        program, client = folder / "streetproof", folder / "client.py"
        with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
            path = f"{short}/door"  # the folder's own path may be longer than a socket's can be
            door.bind(path)
            door.listen()
            client.write_text(_CLIENT.format(door=path, largest=2 * _LARGEST))
            program.write_text(_PROGRAM.format(python=shlex.quote(sys.executable), client=shlex.quote(str(client))))
            program.chmod(0o755)
            serving = threading.Thread(target=self._serve, args=(door, timeout_s))
            serving.start()
            try:
                yield program
            finally:
                door.shutdown(socket.SHUT_RDWR)
                serving.join()

    def _serve(self, door: socket.socket, timeout_s: float) -> None:
        """Run what is asked for at a door, until it is shut."""
        while True:
            try:
                line, _ = door.accept()
            except OSError:
                return
            with line:
                message, handles, _, _ = socket.recv_fds(line, _LARGEST, 3)
                try:
                    line.send(b"%d" % self._fork(message, handles, timeout_s))
                finally:
                    for one in handles:
                        os.close(one)

    def _fork(self, asked: bytes, handles: list[int], timeout_s: float) -> int:
        with self._lock:
            line = self._started()
            socket.send_fds(line, [asked], handles)
            child = int(line.recv(64))
            line.settimeout(timeout_s)
            try:
                return int(line.recv(64))
            except TimeoutError:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
                line.settimeout(None)
                line.recv(64)
                raise
            finally:
                line.settimeout(None)

    def _started(self) -> socket.socket:
        if self._line is None:
            self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            for end in (self._line, theirs):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * _LARGEST)
            with theirs:
                process = subprocess.Popen(
                    [sys.executable, "-c", _SERVER, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    cwd=ROOT,
                    env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # who forks should have one thread
                )
            atexit.register(process.wait)
            atexit.register(self._line.close)
        return self._line


def serve(handle: int) -> None:
    """Fork for each command that is asked for, until nobody is left to ask."""
    for name in HEAVY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what children do not touch they share
    with socket.socket(fileno=handle) as line:
        while True:
            message, handles, _, _ = socket.recv_fds(line, _LARGEST, 3)
            if not message:
                return
            child = os.fork()
            if child == 0:
                break
            for one in handles:
                os.close(one)
            line.send(b"%d" % child)
            _, ended = os.waitpid(child, 0)
            with suppress(BrokenPipeError):
                line.send(b"%d" % os.waitstatus_to_exitcode(ended))
    try:
        _command(json.loads(message), handles)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1 if ended.code else 0
    except BaseException:
        traceback.print_exc()
        code = 1
    else:
        code = 0
    # As the interpreter ends, but for taking all apart again that was imported.
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _command(asked: dict[str, Any], handles: list[int]) -> None:
    for number, one in enumerate(handles, 3 - len(handles)):
        os.dup2(one, number)
        os.close(one)
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    os.chdir(asked["folder"])
    if "umask" in asked:
        os.umask(asked["umask"])
    sys.argv[1:] = asked["arguments"]
    from streetproof.cli import main

    main()
