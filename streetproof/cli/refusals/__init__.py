"""What officers are told when a command refuses something, or finds something wrong, in Chinese.

One table for each field: English, with `{}` for each gap, and the Chinese with the same gaps, or numbered ones where
their order differs. A gap may hold a sentence of its own. What is not in a table stays English: better another language
than a guess.
"""

from __future__ import annotations

from functools import cache

from evidence_export.verifier.chinese import SENTENCES, Patterns, looked_up, patterns_of
from evidence_export.words import Language
from streetproof.cli.refusals.cases import CASES
from streetproof.cli.refusals.keys import KEYS
from streetproof.cli.refusals.ledger import LEDGER
from streetproof.cli.refusals.papers import PAPERS
from streetproof.cli.refusals.passwords import PASSWORDS
from streetproof.cli.refusals.rechecks import RECHECKS
from streetproof.cli.refusals.recordings import RECORDINGS
from streetproof.cli.refusals.releases import RELEASES
from streetproof.cli.refusals.storage import STORAGE

TABLES = (CASES, KEYS, LEDGER, PAPERS, PASSWORDS, RECHECKS, RECORDINGS, RELEASES, STORAGE)


def in_chinese(sentence: str) -> str | None:
    """The sentence in Chinese; None where it is not known."""
    found = looked_up(sentence, _patterns())
    return None if found == sentence else found


def said(sentence: str, language: Language) -> str:
    """The sentence in that language; in English where there is no Chinese for it."""
    return in_chinese(sentence) or sentence if language is Language.ZH else sentence


@cache
def _patterns() -> Patterns:
    # What a command refuses may name what the verifier has found.
    return patterns_of({english: zh for table in (SENTENCES, *TABLES) for english, zh in table.items()})
