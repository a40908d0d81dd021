"""What the view monitors know, kept in one file per camera: it must outlive the camera's process and the daemon."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from streetproof.errors import StreetproofError
from vision.errors import StateError
from vision.integrity.monitor import ViewMonitor
from vision.integrity.reference import Reference


class ViewsError(StreetproofError):
    """What a view monitor knows cannot be kept."""


class Views:
    """One folder of files."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, camera: str, saved: bytes) -> None:
        """Keep the newest for a camera. Raises ViewsError where the disk does not take it; the one before stays."""
        partial = self._folder / f"{camera}.partial"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(saved)
            partial.replace(self._folder / f"{camera}.view")
        except OSError as error:
            raise ViewsError(
                f"what is known of the view cannot be written: {error.strerror}",
                where=str(partial),
                remedy="Check the disk and who may write to the data folder",
            ) from error

    def load(self, camera: str) -> bytes | None:
        """What was kept last; None where there is nothing."""
        try:
            return (self._folder / f"{camera}.view").read_bytes()
        except OSError:
            return None


def saved_view(monitor: ViewMonitor) -> bytes:
    """A monitor and its reference as JSON."""
    reference = None if monitor.reference is None else base64.b64encode(monitor.reference.to_bytes()).decode()
    return json.dumps({"state": monitor.save(), "reference": reference}, separators=(",", ":")).encode()


def restored_view(saved: bytes | None) -> ViewMonitor:
    """Undoes `saved_view`. Where that cannot be, a reference is made again and what is wrong is confirmed again."""
    if saved is None:
        return ViewMonitor()
    try:
        value = json.loads(saved)
        encoded = value["reference"]
        reference = None if encoded is None else Reference.from_bytes(base64.b64decode(encoded))
        return ViewMonitor.restore(value["state"], reference)
    except (StateError, ValueError, KeyError, TypeError):
        return ViewMonitor()
