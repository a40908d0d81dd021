"""Exact tails of counts: right for three cases as for three thousand, where a z-score is not. Pure."""

from __future__ import annotations

from math import comb, exp, lgamma, log

_STEPS = 60


def poisson_upper(count: int, expected: float) -> float:
    """P(X >= count) where X is Poisson with that mean; `expected` > 0."""
    if count <= 0:
        return 1.0
    if count > expected:
        # The tail itself, from its largest term down: 1 minus the rest would lose every digit.
        term = exp(count * log(expected) - expected - lgamma(count + 1))
        total, number = 0.0, count
        while term > total * 1e-17:
            total += term
            number += 1
            term *= expected / number
        return min(1.0, total)
    below = sum(exp(number * log(expected) - expected - lgamma(number + 1)) for number in range(count))
    return max(0.0, min(1.0, 1.0 - below))


def binomial_upper(count: int, trials: int, share: float) -> float:
    """P(X >= count) of `trials` with that chance each; 0 <= share <= 1."""
    if count <= 0:
        return 1.0
    if share <= 0.0:
        return 0.0
    if share >= 1.0:
        return 1.0
    return min(1.0, sum(_binomial(number, trials, share) for number in range(count, trials + 1)))


def hypergeometric_upper(count: int, drawn: int, marked: int, total: int) -> float:
    """P(X >= count) marked ones among `drawn` of `total`, of which `marked` are (Fisher's exact test, one side)."""
    ways = comb(total, drawn)
    most = min(drawn, marked)
    return sum(comb(marked, number) * comb(total - marked, drawn - number) for number in range(count, most + 1)) / ways


def limits(count: int, trials: int, outside: float = 0.05) -> tuple[float, float]:
    """The exact (Clopper-Pearson) limits of a share: what it may truly be; (0, 1) where nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    low = 0.0 if count == 0 else _where(lambda share: binomial_upper(count, trials, share) < outside / 2)
    high = 1.0 if count == trials else _where(lambda share: 1 - binomial_upper(count + 1, trials, share) > outside / 2)
    return low, high


def _binomial(number: int, trials: int, share: float) -> float:
    choices = lgamma(trials + 1) - lgamma(number + 1) - lgamma(trials - number + 1)
    rest = (trials - number) * log(1 - share) if number < trials else 0.0
    return exp(choices + number * log(share) + rest)


def _where(below: object) -> float:
    """The share at which `below` stops being true; it is true at 0 and false at 1."""
    assert callable(below)
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2
