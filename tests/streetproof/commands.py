"""Runs the command line as a user does: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.streetproof.nursery import Nursery


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def command(*arguments: object) -> list[str]:
    """The argument vector of `streetproof ARGUMENTS` in this environment."""
    return [sys.executable, "-c", "from streetproof.cli import main; main()", *map(str, arguments)]


nursery = Nursery()


def streetproof(*arguments: object, width: int = 100, cold: bool = False) -> Ran:
    """Run it to its end. `cold`: start a new interpreter for it, which takes seconds, as two runs have to be that are
    compared: what depends on the order in which it meets things differs from start to start.
    """
    environment = {**os.environ, "COLUMNS": str(width), "NO_COLOR": "1"}
    if cold:
        done = subprocess.run(command(*arguments), capture_output=True, env=environment, timeout=600, check=False)
        code, out, err = done.returncode, done.stdout, done.stderr
    else:
        code, out, err = nursery.run([*map(str, arguments)], environment, 600)
    return Ran(code, out.decode(), err.decode())


def inside(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: object, width: int = 100
) -> Ran:
    """Run it to its end within this process: for commands that start nothing, in a fraction of the time."""
    from streetproof.cli import main, output

    capsys.readouterr()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "argv", ["streetproof", *map(str, arguments)])
        for console in (output.out, output.err):
            patched.setattr(console, "_width", width)
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code
    captured = capsys.readouterr()
    return Ran(code if isinstance(code, int) else 0, captured.out, captured.err)
