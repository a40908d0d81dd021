"""One-to-one assignment: as many pairs as there can be, and among those the ones that fit best. Exact, on integers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heappop, heappush

SCALE = 1_000_000_000
"""A fit of 1 as an integer: sums of integers have no rounding, so ties are ties on every machine."""


def assign(fits: Sequence[Mapping[int, float]]) -> list[int | None]:
    """For each row the column it is paired with, or None.

    `fits[row]` holds the columns that a row can be paired with, and how well they fit, 0..1. No other pairing has more
    pairs; none with as many has a larger sum of fits (to 1e-9 each). Shortest augmenting paths over the given pairs
    only: rows and columns that have nothing to do with each other cost nothing.
    """
    costs = [{col: SCALE - round(fit * SCALE) for col, fit in row.items()} for row in fits]
    alone = (len(fits) + 1) * SCALE
    """The price of staying alone, which no sum of fits outweighs. Row r pays it to a column of its own, -1 - r."""
    for row, priced in enumerate(costs):
        priced[-1 - row] = alone
    row_price = [0] * len(costs)
    col_price: dict[int, int] = {}
    owner: dict[int, int] = {}
    column: dict[int, int] = {}
    for start in range(len(costs)):
        _augment(start, costs, row_price, col_price, owner, column)
    return [col if (col := column[row]) >= 0 else None for row in range(len(costs))]


def _augment(
    start: int,
    costs: Sequence[Mapping[int, int]],
    row_price: list[int],
    col_price: dict[int, int],
    owner: dict[int, int],
    column: dict[int, int],
) -> None:
    """Give row `start` a column, moving others as far as that is cheapest."""
    distance: dict[int, int] = {}
    came_from: dict[int, int] = {}
    settled: dict[int, int] = {}
    heap: list[tuple[int, int]] = []
    row, so_far = start, 0
    while True:
        for col, cost in costs[row].items():
            reached = so_far + cost - row_price[row] - col_price.get(col, 0)
            if col not in settled and reached < distance.get(col, reached + 1):
                distance[col], came_from[col] = reached, row
                heappush(heap, (reached, col))
        so_far, nearest = heappop(heap)
        while nearest in settled:
            so_far, nearest = heappop(heap)
        settled[nearest] = so_far
        if nearest not in owner:
            break
        row = owner[nearest]
    row_price[start] += so_far
    for col, reached in settled.items():
        if col in owner:
            row_price[owner[col]] += so_far - reached
            col_price[col] = col_price.get(col, 0) - (so_far - reached)
    col = nearest
    while True:
        row = came_from[col]
        before = column.get(row)
        owner[col], column[row] = row, col
        if before is None:
            return
        col = before
