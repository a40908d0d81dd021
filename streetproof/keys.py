"""Where the site key lies unless an option says otherwise."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "STREETPROOF_KEYS"


def default_key(site: str) -> Path:
    """`SITE.pem` in the folder named by STREETPROOF_KEYS, or else in ~/.local/share/streetproof/keys."""
    named = os.environ.get(VARIABLE)
    folder = Path(named) if named else Path.home() / ".local/share/streetproof/keys"
    return folder / f"{site}.pem"
