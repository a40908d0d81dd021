"""Which language to speak to whoever sits at the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evidence_export.words import Language

_VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")
"""In the order of POSIX: the first that says anything counts."""


def language_of(environment: Mapping[str, str]) -> Language:
    """Chinese where the locale of messages is a Chinese one, else English."""
    locale = next((value for name in _VARIABLES if (value := environment.get(name))), "")
    return Language.ZH if locale.lower().startswith("zh") else Language.EN


def language_asked(arguments: Sequence[str], environment: Mapping[str, str]) -> Language:
    """The language that `--lang` names on the command line, else that of the locale: for what is told before, or
    instead of, what the command itself prints."""
    given = [
        value
        for option, follows in zip(arguments, [*arguments[1:], ""], strict=True)
        for value in ([follows] if option == "--lang" else [option.removeprefix("--lang=")])
        if value in list(Language) and option.startswith("--lang")
    ]
    return Language(given[-1]) if given else language_of(environment)
