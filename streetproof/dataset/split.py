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
    together. A group's side follows from its name and `seed` alone, so it stays when other cases come later; only
    where a side would be left without a labelled case (`labelled`: ids of cases that give a label) does the group that
    is nearest to it change over. `val_share` is a share of the groups, 0..1: with few groups the share of pictures
    may be far from it.
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
    """Cases that must stay together, under the name of the first day."""
    by_camera: dict[tuple[str, str], list[CaseMaterial]] = defaultdict(list)
    for case in cases:
        by_camera[case.site, case.camera].append(case)
    groups: dict[str, list[CaseMaterial]] = {}
    for (site, camera), own in sorted(by_camera.items()):
        own.sort(key=lambda case: (case.local_date, case.span_ns, case.id))
        name, until, day = "", 0, ""
        for case in own:
            if case.local_date != day and not (name and case.span_ns[0] <= until):
                name = f"{site}/{camera}/{case.local_date}"
                until = 0
            day = case.local_date
            until = max(until, case.span_ns[1])
            groups.setdefault(name, []).append(case)
    return groups


def _place(name: str, seed: int) -> float:
    """A number in 0..1 that only the name and the seed decide."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
