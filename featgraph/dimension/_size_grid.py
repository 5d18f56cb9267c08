"""Which sizes carry evidence: each scale once, the smallest ones left out of the contest."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer

__all__ = ["check_spacing", "compared_sizes", "hop_size_grid", "size_grid", "thin_sizes"]

#: Points of a curve over real-valued sizes; more would only repeat one another.
_N_REAL = 16
#: In hops, boxes of ℓ = 0 and 1 are nodes and cliques: their number tells of triangles and
#: matchings, not of scaling (N(1) ≥ n/2 without triangles, whatever the dimension).
_SMALLEST_COMPARED = 2
_FEWEST_COMPARED = 5


def size_grid(
    largest: float, *, kind: str = "diameter", scale: int | None = None, spacing: float = 1.3
) -> list[int]:
    """Return sizes in hops that are even in log(1 + ℓ), or at powers of ``scale``.

    Diameter boxes stand at 1 + ℓ = scaleᵏ, radius boxes at r = ⌊scaleᵏ / 2⌋.

    Examples
    --------
    >>> size_grid(20)
    [0, 1, 2, 3, 4, 5, 7, 9, 12, 16]
    >>> size_grid(40, scale=3)
    [2, 8, 26]
    >>> size_grid(40, kind="radius", scale=2)
    [1, 2, 4, 8, 16, 32]
    """
    if scale is not None:
        base = integer(scale, "scale", least=2)
        n_powers = math.ceil(math.log2(largest)) + 2
        powers = [base**k for k in range(1, n_powers)]  # of Python: none is too large
        sizes = [power // 2 if kind == "radius" else power - 1 for power in powers]
        fitting = [size for size in sizes if size <= largest]
        if not fitting:
            raise ValueError(
                f"scale must leave a size of at most {largest:g} hops, which cover the graph by "
                f"one box, got {scale}"
            )
        return fitting
    check_spacing(spacing)
    sizes = [0]
    while sizes[-1] < largest:
        sizes.append(max(sizes[-1] + 1, round((sizes[-1] + 1) * spacing) - 1))
    return [size for size in sizes if size <= largest] or [0]


def hop_size_grid(graph: Any, kind: str, scale: int | None, spacing: float) -> list[int]:
    """Return the grid up to the first size that leaves one box per component for sure."""
    from featgraph.boxes.metric_space import HopSpace

    _, bound = HopSpace(graph).diameter_bounds
    largest = bound / 2 if kind == "radius" else bound
    return size_grid(max(largest, 1.0), kind=kind, scale=scale, spacing=spacing)


def thin_sizes(
    sizes: NDArray[np.float64], *, space: str = "hop", spacing: float = 1.3
) -> NDArray[np.int64]:
    """Return positions of rising diameter sizes that are apart by a factor ``spacing`` in 1 + ℓ.

    Neighbouring sizes repeat one another, so a curve of a hundred sizes is far fewer points of
    evidence. Sizes that are no hops keep 16 positions, even in log(1 + θ).

    Examples
    --------
    >>> thin_sizes(np.arange(12.0)).tolist()
    [0, 1, 2, 3, 5, 7, 10]
    """
    places = np.log1p(sizes)
    gap = math.log(spacing)
    if space != "hop":
        gap = float(np.ptp(places)) / (_N_REAL - 1) if sizes.size > _N_REAL else 0.0
    kept = [0]
    for k in range(1, sizes.size):
        if places[k] - places[kept[-1]] >= gap * (1 - 1e-9):
            kept.append(k)
    return np.array(kept, dtype=np.int64)


def compared_sizes(sizes: NDArray[np.float64], space: str) -> NDArray[np.bool_]:
    """Return which usable sizes the models are compared on: from 2 hops up, if enough are left.

    Examples
    --------
    >>> compared_sizes(np.array([0.0, 1, 2, 3, 4, 6, 8]), "hop").tolist()
    [False, False, True, True, True, True, True]
    """
    large: NDArray[np.bool_] = sizes >= _SMALLEST_COMPARED
    if space != "hop" or np.count_nonzero(large) < _FEWEST_COMPARED:
        return np.ones(sizes.size, dtype=np.bool_)
    return large


def check_spacing(spacing: float) -> None:
    """Refuse a ratio of neighbouring sizes that is below 1 or without end."""
    if not 1 <= spacing < math.inf:
        raise ValueError(f"spacing must be a ratio of at least 1, got {spacing!r}")
