"""What cameras know of their streets, kept in one file each: whoever watches ground goes on after a restart.

A street that is learned anew contains what stands there, and so nobody would time it any more. What was known is used
again where the camera looked at most ten minutes ago, under the same rules.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import structlog

from streams.instant import NS_PER_S
from vision.backdrop import Backdrop
from vision.carried import CARRY_NS, frozen, thawed
from vision.errors import StateError

_EVERY_NS = 120 * NS_PER_S
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Street:
    """What one camera knows of its street, by when, and under which rules."""

    backdrop: Backdrop
    at_ns: int
    rules_sha256: str


class Streets:
    """One folder of files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept_ns: dict[str, int] = {}
        """When those of each camera were kept, by CLOCK_MONOTONIC."""

    def keep_in_turn(self, known: Mapping[str, Street], now_ns: int, *, last: bool = False) -> None:
        """Keep that of one camera, if its turn has come; at the `last` time those of all.

        It takes a tenth of a second for each: less than a look, of which there are many between two turns.
        """
        for camera in sorted(known, key=lambda name: self._kept_ns.get(name, -_EVERY_NS))[: None if last else 1]:
            if last or now_ns - self._kept_ns.get(camera, -_EVERY_NS) >= _EVERY_NS:
                self._kept_ns[camera] = now_ns
                self.keep(camera, known[camera])

    def keep(self, camera: str, street: Street) -> None:
        """Keep the newest for a camera. Where the disk does not take it, that is logged, and the one before stays."""
        head = json.dumps({"at": street.at_ns, "rules": street.rules_sha256}).encode()
        partial = self._folder / f"{camera}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(head + b"\n" + frozen(street.backdrop))
            partial.replace(self._file(camera))
        except OSError as error:
            _log.warning("street_not_kept", camera=camera, error=error.strerror or str(error))

    def load(self, camera: str, rules_sha256: str, now_ns: int) -> Backdrop | None:
        """What was kept last; None where there is nothing that is of use: the street is learned anew then."""
        try:
            head, _, data = self._file(camera).read_bytes().partition(b"\n")
        except OSError:
            return None
        try:
            told = json.loads(head)
            if told["rules"] != rules_sha256 or not 0 <= now_ns - told["at"] <= CARRY_NS:
                return None
            return thawed(data, str(self._file(camera)))
        except (ValueError, KeyError, TypeError, StateError) as error:
            _log.warning("street_learned_anew", camera=camera, error=str(error))
            return None

    def _file(self, camera: str) -> Path:
        return self._folder / f"{camera}.street"
