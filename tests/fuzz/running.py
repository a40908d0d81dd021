"""A run of so many mutations, the same for the same seed."""

from __future__ import annotations

import random
import resource
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.fuzz import of_folders, of_ledgers, of_manifests, of_zips  # noqa: F401 - they register their mutators
from tests.fuzz.forms import Form, copied
from tests.fuzz.judge import judge
from tests.fuzz.mutators import ALL, Work

_COMMAND_EVERY = 8
"""The command line is asked in one of so many."""


@dataclass
class Outcome:
    """What came of it."""

    mutations: int = 0
    by_mutator: Counter[str] = field(default_factory=Counter)
    by_form: Counter[str] = field(default_factory=Counter)
    accepted: int = 0
    """Signed by the key, or by a stranger where nobody was trusted: what no verifier can tell."""
    no_bundle: int = 0
    slowest_s: float = 0.0
    slowest: str = ""
    peak_mib: float = 0.0
    seconds: float = 0.0
    faults: list[str] = field(default_factory=list)


def run(
    forms: Sequence[Form],
    count: int,
    seed: int,
    folder: Path,
    *,
    first: int = 0,
    mutators: Sequence[str] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Outcome:
    """Mutations number `first` to `first + count`; each has dice of its own, so that one alone can be done again."""
    outcome = Outcome()
    started = time.monotonic()
    names = sorted(mutators or ALL)
    number = first
    while outcome.mutations < count:
        dice = random.Random(f"{seed}/{number}")
        # In turn, so that each form meets each mutator; what does not apply to a form is passed over.
        form = forms[number % len(forms)]
        name = names[(number // len(forms)) % len(names)]
        known = len(outcome.faults)
        _one(outcome, form, name, number, dice, folder)
        for fault in outcome.faults[known:]:
            say(fault)
        number += 1
        if number % 2000 == 0:
            say(f"{outcome.mutations} mutations, {len(outcome.faults)} faults, {time.monotonic() - started:.0f} s")
    outcome.seconds = time.monotonic() - started
    outcome.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return outcome


def _one(outcome: Outcome, form: Form, name: str, number: int, dice: random.Random, folder: Path) -> None:
    work = Work(form, copied(form, folder / "work"), folder / "work", dice)
    mutation = ALL[name](work)
    if mutation is None:
        return
    judged = judge(form, mutation, as_command=number % _COMMAND_EVERY == 0)
    outcome.mutations += 1
    outcome.by_mutator[name] += 1
    label = f"{form.name}{'.zip' if form.as_zip else ''}"
    outcome.by_form[label] += 1
    outcome.accepted += judged.accepted
    outcome.no_bundle += judged.no_bundle
    if judged.seconds > outcome.slowest_s:
        outcome.slowest_s, outcome.slowest = judged.seconds, f"{name} of {label}"
    if judged.fault is not None:
        outcome.faults.append(f"number {number}: {name} of {label} ({mutation.what}): {judged.fault}")
    shutil.rmtree(folder / "work", ignore_errors=True)
