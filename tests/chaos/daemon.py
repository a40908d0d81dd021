"""`streetproof run` as an operator runs it, in a session of its own, to be stopped, killed, and looked at.

    with Daemon(folder, [camera("gate-1", server.url("/cam"))], model) as daemon:
        daemon.until(recording)          # waits for a status that fits
        server.kill()
        daemon.until(faulty("ended"))

On leaving, whatever the test did: the daemon is stopped gracefully in the time it promises, no process of it is left,
and what it left on disk is put to the questions of `tests.chaos.evidence`.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from prometheus_client.parser import text_string_to_metric_families

from tests.chaos import evidence, processes
from tests.chaos.site import site, write
from tests.ports import ReservedPort
from tests.streetproof.commands import command

STOP_S = 10.0
"""What it promises."""
_SLACK_S = 15.0
"""What a busy machine may add to it."""
_READY_S = 120.0
_PATIENCE_S = 90.0
"""For whatever is waited for: it only has to tell a slow machine from something that never happens."""
_POLL_S = 0.2
"""A look reads /status and every process of the machine: ten a second were a fifth of what these tests cost."""
_GONE_S = 20.0
_LOOKS, _BETWEEN_LOOKS_S = 20, 0.1
_TAIL = 4000

Status = dict[str, Any]


class Daemon:
    """See the module. `expected`: events that are logged as errors in this test, and may be."""

    def __init__(
        self,
        folder: Path,
        cameras: Sequence[Mapping[str, Any]],
        model: str,
        *,
        data: Path | None = None,
        secrets: Sequence[str] = (),
        expected: Sequence[str] = (),
        dwell: str = "8s",
        database: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
        **live: Any,
    ) -> None:
        self.folder = folder / "站点 A"
        self.folder.mkdir()
        self.data = data or self.folder / "data"
        self.site_file = self.folder / "site.yaml"
        self._cameras = cameras
        self._settings = {"model": model, "dwell": dwell, "database": database, **live}
        self._port: ReservedPort | None = None
        self._environ = {**os.environ, **(environ or {})}
        self._secrets = tuple(secrets)
        self._expected = frozenset(expected)
        self._log_file = self.folder / "log.jsonl"
        self._process: subprocess.Popen[bytes] | None = None
        self._sessions: list[int] = []

    def __enter__(self) -> Self:
        try:
            self._port = ReservedPort()
            self._settings["port"] = self._port.number
            self.write_site(self._cameras)
            self.start()
        except BaseException as error:
            self._give_up(error)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._give_up(error)
            return
        try:
            if self._process is not None:
                self.stop()
            self.check_logs()
            evidence.check(self.data)
        finally:
            self._clear()

    # -- its life --------------------------------------------------------------------------------------------------

    def start(self, fits: Callable[[Status], Any] = lambda status: status["ready"]) -> None:
        """Start it, or start it again, and wait until its status fits: by default until it is ready."""
        assert self._process is None
        with self._log_file.open("ab") as log:
            self._process = subprocess.Popen(
                command("run", self.site_file, "--data", self.data),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=self._environ,
            )
        self._sessions.append(self._process.pid)
        self.until(fits, within_s=_READY_S)

    def stop(self) -> None:
        """SIGTERM. It must end in time, in order, and nothing may be left of it.

        A camera's process that does not end by itself is killed before the time is over, and leaves a file unfinished.
        """
        process = self._running()
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=STOP_S + _SLACK_S)
        self._process = None
        assert code == 0, f"it ended with {code}"
        self._wait_until_gone()
        assert not list(self.data.rglob("*.partial")), "files were left half written by an orderly end"

    def kill(self, *, everything: bool = True) -> None:
        """SIGKILL, to its main process alone or to all; returns when none of them is left. As often as one likes."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
        if everything:
            for session in self._sessions:
                for pid in processes.of_session(session):
                    _signal(pid, signal.SIGKILL)
        self._wait_until_gone()

    def kill_camera(self, name: str) -> None:
        """SIGKILL to the process of one camera."""
        os.kill(self.camera(name)["pid"], signal.SIGKILL)

    def reload(self) -> None:
        """SIGHUP."""
        self._running().send_signal(signal.SIGHUP)

    def write_site(self, cameras: Sequence[Mapping[str, Any]], **changed: Any) -> None:
        """Put a new site file in the place of the old one."""
        write(self.site_file, site(cameras, **{**self._settings, **changed}))

    # -- what it says ----------------------------------------------------------------------------------------------

    @property
    def pid(self) -> int:
        return self._running().pid

    def status(self) -> Status:
        """/status. The titles of all processes are looked through for secrets on the way."""
        text = self._get("/status")
        titles = "\n".join(processes.of_session(self.pid).values())
        self._holds_no_secret(text, "status")
        self._holds_no_secret(titles, "process titles")
        value: Status = json.loads(text)
        return value

    def camera(self, name: str = "gate-1") -> Status:
        """One camera of /status."""
        found: Status = next(one for one in self.status()["cameras"] if one["id"] == name)
        return found

    def metrics(self, camera: str = "gate-1") -> dict[str, float]:
        """Samples of one camera, and those of the whole daemon, by name."""
        text = self._get("/metrics")
        self._holds_no_secret(text, "metrics")
        return {
            sample.name.removeprefix("streetproof_"): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("camera", camera) == camera and set(sample.labels) <= {"camera"}
        }

    def until(self, fits: Callable[[Status], Any], *, within_s: float = _PATIENCE_S) -> Status:
        """Wait for a status that fits, and return it. It must stay so: what passes within a second may be missed."""
        deadline = time.monotonic() + within_s
        status: Status | None = None
        while time.monotonic() < deadline:
            code = self._running().poll()
            assert code is None, f"the daemon ended with {code}"
            try:
                status = self.status()
            except (OSError, http.client.HTTPException):
                status = None  # it does not listen yet
            if status is not None and fits(status):
                return status
            time.sleep(_POLL_S)
        raise AssertionError(f"not within {within_s} s; at last it was {json.dumps(status, ensure_ascii=False)}")

    def until_camera(self, fits: Callable[[Status], Any], name: str = "gate-1") -> Status:
        """Wait until one camera's status fits, and return that."""
        status = self.until(lambda status: any(c["id"] == name and fits(c) for c in status["cameras"]))
        return next(one for one in status["cameras"] if one["id"] == name)

    def wait(self, happened: Callable[[], Any]) -> Any:
        """Wait for something that it does not tell, and return what that is."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (found := happened()):
            assert time.monotonic() < deadline, f"it did not happen within {_PATIENCE_S} s"
            time.sleep(_POLL_S)
        return found

    def wait_for_log(self, event: str, **fields: Any) -> dict[str, Any]:
        """Wait until a line of that event with those fields stands in its log, and return the first."""
        return self.wait(lambda: next((one for one in self.logs(event) if fields.items() <= one.items()), None))

    def findings(self) -> list[dict[str, Any]]:
        """Findings in its database: `state`, `stay`, `arrived_ns` (at the latest) and `fired_ns`."""
        query = "SELECT state, stay, violation_json FROM finding ORDER BY id"
        found = []
        for state, stay, violation in evidence.rows(self.data, query):
            told = json.loads(str(violation))
            arrived_ns, fired_ns = (int(one["utc_ns"]) for one in (told["stay"]["arrived"]["latest"], told["fired_at"]))
            found.append({"state": state, "stay": stay, "arrived_ns": arrived_ns, "fired_ns": fired_ns})
        return found

    def logs(self, event: str | None = None) -> list[dict[str, Any]]:
        """The lines of its log, of all its lives; of one event."""
        # What is written just now may not be there whole.
        whole, _, _ = self._log_file.read_bytes().rpartition(b"\n")
        lines = [json.loads(line) for line in whole.decode().split("\n") if line]
        return [line for line in lines if event in (None, line["event"])]

    def load(self) -> dict[str, processes.Load]:
        """What the hub and the cameras' processes hold, at the least of a few looks: what is asked of them costs them
        something for a moment."""
        pids = {"hub": self.pid} | {one["id"]: one["pid"] for one in self.status()["cameras"]}
        looks = []
        for _ in range(_LOOKS):
            looks.append({name: processes.load(pid) for name, pid in pids.items()})
            time.sleep(_BETWEEN_LOOKS_S)
        return {name: processes.least(look[name] for look in looks) for name in pids}

    def check_logs(self) -> None:
        """Every line is JSON, none holds a secret, and none is an error that the test did not ask for."""
        self._holds_no_secret(self._log_file.read_text(encoding="utf-8"), "log")
        bad = [
            one for one in self.logs() if one["level"] in ("error", "critical") and one["event"] not in self._expected
        ]
        assert not bad, bad

    # -- inside ----------------------------------------------------------------------------------------------------

    def _give_up(self, error: BaseException) -> None:
        try:
            self._clear()
        finally:
            if self._log_file.exists():
                error.add_note(f"log: ...{self._log_file.read_text(encoding='utf-8')[-_TAIL:]}")

    def _clear(self) -> None:
        """Leave nothing behind."""
        if self._port is not None:
            self._port.release()
        self.kill()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "it is not running"
        return self._process

    def _get(self, path: str) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self._settings["port"], timeout=30)
        try:
            connection.request("GET", path)
            return connection.getresponse().read().decode()
        finally:
            connection.close()

    def _holds_no_secret(self, text: str, what: str) -> None:
        assert not [secret for secret in self._secrets if secret in text], f"a secret stands in the {what}"

    def _wait_until_gone(self) -> None:
        deadline = time.monotonic() + _GONE_S
        left: dict[int, str] = {}
        while time.monotonic() < deadline:
            left = {pid: title for one in self._sessions for pid, title in processes.of_session(one).items()}
            if not left:
                return
            time.sleep(_POLL_S)
        for pid in left:
            _signal(pid, signal.SIGKILL)
        raise AssertionError(f"processes were left behind: {left}")


def recording(camera: Status) -> bool:
    """Packets are coming, and something of them is on disk."""
    return bool(camera["state"] == "recording" and camera["fps"] and camera["segments"])


def faulty(kind: str) -> Callable[[Status], bool]:
    """Whether a camera has this fault now."""
    return lambda camera: camera["fault"] == kind


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
