"""Drafts: bundles that were begun and not finished. They end in `.partial`, and nobody takes them for bundles."""

from __future__ import annotations

import shutil
from pathlib import Path

SUFFIX = ".partial"


def clear(folder: Path) -> list[OSError]:
    """Remove the drafts in a folder into which nobody seals now; returns what could not be removed, and why."""
    refused = []
    for draft in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            if draft.is_dir() and not draft.is_symlink():
                shutil.rmtree(draft)
            else:
                draft.unlink()
        except OSError as error:
            refused.append(error)
    return refused
