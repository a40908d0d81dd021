"""Work for the pool's tests: importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from streetproof.batch import pool
from streetproof.errors import StreetproofError


def work(task: str) -> str:
    """`die` kills its worker, `bad` raises, `say` sends a message, `sleep` waits; anything else comes back."""
    kind, _, rest = task.partition(":")
    match kind:
        case "die":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "bad":
            raise StreetproofError("it is bad", where=rest, remedy="mend it")
        case "say":
            pool.send(rest)
        case "sleep":
            Path(rest).write_text(str(os.getpid()))
            time.sleep(600)
    return task
