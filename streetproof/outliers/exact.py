"""Exact tails of counts: right for three cases as for three thousand, where a z-score is not. Pure."""

from __future__ import annotations

from scipy.stats import beta, binom, hypergeom, poisson  # type: ignore[import-untyped]


def poisson_upper(count: int, expected: float) -> float:
    """P(X >= count) where X is Poisson with that mean; `expected` > 0."""
    return float(poisson.sf(count - 1, expected))


def binomial_upper(count: int, trials: int, share: float) -> float:
    """P(X >= count) of `trials` with that chance each; 0 <= share <= 1."""
    return float(binom.sf(count - 1, trials, share))


def hypergeometric_upper(count: int, drawn: int, marked: int, total: int) -> float:
    """P(X >= count) marked ones among `drawn` of `total`, of which `marked` are (Fisher's exact test, one side)."""
    return float(hypergeom.sf(count - 1, total, marked, drawn))


def limits(count: int, trials: int, outside: float = 0.05) -> tuple[float, float]:
    """The exact (Clopper-Pearson) limits of a share: what it may truly be; (0, 1) where nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    low = 0.0 if count == 0 else float(beta.ppf(outside / 2, count, trials - count + 1))
    high = 1.0 if count == trials else float(beta.ppf(1 - outside / 2, count + 1, trials - count))
    return low, high
