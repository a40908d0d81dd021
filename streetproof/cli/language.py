"""Which language to speak to whoever sits at the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from evidence_export.words import Language

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX: the first that says anything counts."""


def language_of(environment: Mapping[str, str]) -> Language:
    """Chinese where the locale of messages is a Chinese one, else English."""
    locale = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN
