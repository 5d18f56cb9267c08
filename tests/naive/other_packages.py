"""Definitions that other packages mix up, in plain numpy."""

from __future__ import annotations

import numpy as np


def hsic_unbiased(k, m):
    """Return the sum over quadruples of different samples (Song 2012), term by term."""
    n = len(k)
    off = ~np.eye(n, dtype=bool)
    k, m = np.where(off, k, 0.0), np.where(off, m, 0.0)
    pairs = triples = quadruples = 0.0
    for i in range(n):
        for j in range(n):
            if i == j:
                continue
            pairs += k[i, j] * m[i, j]
            others = m[i].sum() - m[i, j]
            triples += k[i, j] * others
            rest = m.sum() - 2 * m[i].sum() - 2 * m[j].sum() + 2 * m[i, j]
            quadruples += k[i, j] * rest
    count = n * (n - 1)
    return (
        pairs / count - 2 * triples / (count * (n - 2)) + quadruples / (count * (n - 2) * (n - 3))
    )
