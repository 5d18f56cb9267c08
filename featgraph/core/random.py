"""Randomness without global state."""

from __future__ import annotations

import numpy as np

__all__ = ["RandomState", "as_rng"]

RandomState = np.random.Generator | int | None


def as_rng(rng: RandomState) -> np.random.Generator:
    """Return a generator: a given one as it is, an int as a seed, None as a fresh one.

    Examples
    --------
    >>> int(as_rng(0).integers(100)) == int(as_rng(0).integers(100))
    True
    """
    if rng is not None and not isinstance(rng, int | np.integer | np.random.Generator):
        raise TypeError(f"rng must be a numpy Generator, an int or None, got {type(rng).__name__}")
    if isinstance(rng, int | np.integer) and not 0 <= rng < 2**63:
        raise ValueError(f"rng must be a seed of at least 0 and below 2**63, got {rng}")
    return np.random.default_rng(rng)
