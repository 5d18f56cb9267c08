"""Behind the verdict: what is counted, what is pooled, and the bootstrap."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.core.checks import choice
from featgraph.dimension._size_grid import hop_size_grid, size_grid
from featgraph.dimension.fit import MIN_POINTS
from featgraph.dimension.model_selection import ModelWeights, weigh_models

__all__ = [
    "EQUAL_WINDOWS",
    "as_curves",
    "at_powers",
    "count_size_grid",
    "draw_fits",
    "largest_component",
    "pool_runs",
    "rmse_ratio",
]

Floats = NDArray[np.float64]
#: Windows whose relative standard error is at most so many times the best are as good a choice.
EQUAL_WINDOWS = 2.0


def as_curves(counts: Any) -> tuple[BoxCounts, ...] | None:
    """Return box counts as a tuple, or None where ``counts`` is a graph."""
    if isinstance(counts, BoxCounts):
        return (counts,)
    if isinstance(counts, Sequence) and all(isinstance(one, BoxCounts) for one in counts):
        if not counts:
            raise ValueError("counts must hold at least one BoxCounts, got none")
        for name in ("space", "n_nodes"):
            values = sorted({getattr(one, name) for one in counts})
            if len(values) > 1:
                raise ValueError(f"counts must be of one graph and unit, got {name} {values}")
        return tuple(counts)
    return None


def largest_component(graph: Any, weight: str | None, as_undirected: bool) -> tuple[Any, float]:
    """Return the largest component of a graph, unweighted, and its share of the nodes."""
    from featgraph.graph.convert import as_feature_graph

    if weight not in (None, "ignore"):
        raise ValueError(
            f"weight must be None or 'ignore', got {weight!r}; for weighted sizes pass "
            "box_counts(graph, weight=...)"
        )
    own = as_feature_graph(graph, weight=weight, as_undirected=as_undirected).without_weights()
    if own.n_components == 1:
        return own, 1.0
    giant = own.giant_component()
    return giant, giant.n_nodes / own.n_nodes


def count_size_grid(
    graph: Any,
    method: str,
    repeats: int,
    scale: int | None,
    spacing: float,
    rng: np.random.Generator,
    jobs: int | None,
    progress: bool | None,
    options: Mapping[str, Any],
) -> BoxCounts:
    """Count the boxes of a graph on the grid of sizes that suits it."""
    from featgraph.boxes.api import box_counts
    from featgraph.boxes.methods import METHODS

    row = METHODS[choice(method, METHODS, "method")]
    kind = row.box_kind(row.check_options(options))
    grid = hop_size_grid(graph, kind, scale, spacing)
    return box_counts(
        graph, sizes=grid, method=method, repeats=repeats, rng=rng, jobs=jobs,
        progress=progress, **options,
    )  # fmt: skip


def pool_runs(curves: tuple[BoxCounts, ...]) -> tuple[Floats, list[Floats]]:
    """Return all diameter sizes with N > 1, and the runs of all curves at each."""
    found: dict[float, list[Floats]] = {}
    for curve in curves:
        for k, size in enumerate(np.asarray(curve.diameter_sizes, dtype=np.float64).tolist()):
            column = np.asarray(curve.counts_per_repeat[:, k], dtype=np.float64)
            found.setdefault(size, []).append(column)
    runs = {size: np.concatenate(found[size]) for size in sorted(found)}
    usable = [size for size, values in runs.items() if values.min() > 1]
    if len(usable) < MIN_POINTS:
        raise ValueError(
            f"counts must hold at least {MIN_POINTS} sizes with more than one box to fit a "
            f"dimension, got {len(usable)}; add smaller sizes (by sizes, scale or spacing), or use "
            "a larger graph"
        )
    return np.array(usable), [runs[size] for size in usable]


def at_powers(sizes: Floats, kind: str, scale: int) -> NDArray[np.int64]:
    """Return positions of sizes at powers of ``scale``."""
    wanted = size_grid(max(float(sizes[-1]), 2.0), kind=kind, scale=scale)
    kept = np.flatnonzero(np.isin(sizes, np.array(wanted) * (2 if kind == "radius" else 1)))
    if kept.size < MIN_POINTS:
        raise ValueError(
            f"counts must hold at least {MIN_POINTS} sizes with more than one box at powers of "
            f"scale={scale}, got {sizes[kept].tolist()} of {sizes.tolist()}"
        )
    return kept


def rmse_ratio(models: ModelWeights) -> float:
    """Return R: 1 where both models are exact, inf where only the exponential is."""
    power, exponential = models.rmse["power"], models.rmse["exponential"]
    if exponential == 0:
        return 1.0 if power == 0 else math.inf
    return power / exponential


def draw_fits(
    sizes: Floats,
    runs: list[Floats],
    compared: NDArray[np.bool_],
    windows: Floats,
    n_resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """Return d_B, R and ΔAICc of every draw, shape (n_resamples, 3)."""
    draws = np.full((n_resamples, 3), math.nan)
    x = np.log1p(sizes)
    pool = np.flatnonzero(compared)
    for draw in draws:
        y = np.log([values[rng.integers(values.size, size=values.size)].min() for values in runs])
        low, high = windows[rng.integers(len(windows)), :2]
        inside = np.flatnonzero((sizes >= low) & (sizes <= high))
        draw[0] = _slope(x, y, _resample(inside, rng))
        chosen = _resample(pool, rng)
        models = weigh_models(sizes[chosen], x[chosen], y[chosen])
        draw[1:] = rmse_ratio(models), models.delta
    draws[:, 2][~np.isfinite(draws[:, 2])] = math.nan  # too few different sizes for AICc
    return draws


def _resample(positions: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw positions with replacement, at least three different ones, so that lines differ."""
    while True:
        chosen = rng.choice(positions, size=positions.size)
        if np.unique(chosen).size >= min(3, positions.size):
            return np.sort(chosen)


def _slope(x: Floats, y: Floats, chosen: NDArray[np.int64]) -> float:
    u = x[chosen] - x[chosen].mean()
    return -float(u @ y[chosen]) / float(u @ u)
