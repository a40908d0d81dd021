"""Which cases are learned from and which measure: by camera and day, so that no stay is on both sides. Pure."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence

from models.dataset.interface import Split
from streetproof.dataset.cases import CaseMaterial


def assign(cases: Sequence[CaseMaterial], labelled: frozenset[str], *, val_share: float, seed: int) -> dict[str, Split]:
    """The side of each case, by its id.

    All cases of one camera and one day of arrival go to the same side; days on which something stood over midnight go
    together, and so does what shows the same recording. A group's side follows from its name and `seed` alone, so it
    stays when other cases come later; only where a side would be left without a labelled case (`labelled`: ids of cases
    that give a label) does the group that is nearest to it change over. `val_share` is a share of the groups, 0..1:
    with few groups the share of pictures may be far from it.
    """
    groups = _groups(cases)
    place = {name: _place(name, seed) for name in groups}
    side = {name: Split.VAL if place[name] < val_share else Split.TRAIN for name in groups}
    useful = sorted((n for n, group in groups.items() if any(c.id in labelled for c in group)), key=lambda n: place[n])
    if len(useful) > 1:
        if all(side[name] is Split.TRAIN for name in useful):
            side[useful[0]] = Split.VAL
        elif all(side[name] is Split.VAL for name in useful):
            side[useful[-1]] = Split.TRAIN
    return {case.id: side[name] for name, group in groups.items() for case in group}


def _groups(cases: Sequence[CaseMaterial]) -> dict[str, list[CaseMaterial]]:
    """Cases that must stay together, under the name of the first camera and day of them.

    Joined are: a camera's cases of a day; its days on which something stood over midnight; and whatever shows the same
    recording (judged twice, or told under two names).
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    def join(one: str, other: str) -> None:
        first, second = sorted((root(one), root(other)))
        parent[second] = first

    name_of = {case.id: f"{case.site}/{case.camera}/{case.local_date}" for case in cases}
    last: dict[tuple[str, str], tuple[int, str]] = {}
    shown: dict[str, str] = {}
    for case in sorted(cases, key=lambda case: (case.span_ns, case.id)):
        name, camera = name_of[case.id], (case.site, case.camera)
        root(name)
        until, before = last.get(camera, (case.span_ns[0] - 1, name))
        if case.span_ns[0] <= until:
            join(name, before)
        last[camera] = max((until, before), (case.span_ns[1], name))
        for still in case.stills:
            join(name, shown.setdefault(still.recording_sha256, name))
    groups: dict[str, list[CaseMaterial]] = defaultdict(list)
    for case in cases:
        groups[root(name_of[case.id])].append(case)
    return groups


def _place(name: str, seed: int) -> float:
    """A number in 0..1 that only the name and the seed decide."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
