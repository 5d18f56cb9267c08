"""Statistics of scaling: at which θ box numbers double, how wide that is, and what it says."""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.selfsimilarity.critical import critical_pairs
from featgraph.selfsimilarity.grid import pair_values

__all__ = [
    "Ladder",
    "box_interval",
    "box_slope",
    "find_widest_window",
    "local_slopes",
    "measure_ladder",
    "pair_dimension",
    "pair_interval",
]

Floats: TypeAlias = NDArray[np.float64]

#: Box numbers of a window differ by at least three octaves, a factor of 8.
LEAST_OCTAVES = 3
#: A jackknife that keeps this share of the nodes.
KEPT, N_JACKKNIFE = 0.8, 24


class Ladder(NamedTuple):
    """log θ at which packing and linkage fall to 2, 4, 8, … boxes."""

    low: Floats
    high: Floats

    @property
    def middle(self) -> Floats:
        return (self.low + self.high) / 2


def measure_ladder(distances: torch.Tensor, counts: NDArray[np.int64]) -> Ladder:
    """Return log θ at which N falls to each count, by the lower and the upper bound of N."""
    ends = []
    for estimator in ("packing", "linkage"):
        left, right = critical_pairs(distances, estimator)
        heights = np.sort(distances[left, right].numpy())[::-1]
        ends.append(np.log(heights[counts - 1]))
    return Ladder(np.minimum(*ends), np.maximum(*ends))


def find_widest_window(found: Floats, draws: Floats) -> tuple[float, int, int]:
    """Return the p-value and the ends of the window that is widest in standard deviations."""
    last = len(found) - 1
    windows = [(a, b) for a in range(last) for b in range(a + LEAST_OCTAVES, last + 1)]
    if not windows or not len(draws):
        return math.nan, 0, last
    every = np.vstack([found, draws])
    widths = np.array([every[:, a] - every[:, b] for a, b in windows])
    spread = widths.std(axis=1, keepdims=True)
    scores = (widths - widths.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1.0)
    largest = scores.max(axis=0)
    first, last = windows[int(scores[:, 0].argmax())]
    return float(np.mean(largest >= largest[0])), first, last


def local_slopes(levels: Floats) -> Floats:
    """Return the dimension between neighbouring octaves."""
    with np.errstate(divide="ignore"):
        slopes: Floats = math.log(2) / -np.diff(levels)
    return slopes


def box_slope(levels: Floats, counts: NDArray[np.int64], window: slice) -> float:
    """Return minus the slope of log N on log θ, by least squares over the window."""
    x = levels[window]
    if len(x) < 2 or not np.ptp(x) > 0:
        return math.nan
    return float(-np.polyfit(x, np.log(counts[window]), 1)[0])


def box_interval(found: Ladder, counts: NDArray[np.int64], window: slice) -> tuple[float, float]:
    """Return the smallest and largest slope of packing, linkage and their middle."""
    ends = [box_slope(one, counts, window) for one in (found.low, found.high, found.middle)]
    return min(ends), max(ends)


def pair_dimension(distances: torch.Tensor, levels: Floats) -> float:
    """Return the slope of log(pairs within θ) on log θ, at equal steps over the small scales.

    From half of the nodes to 16 boxes, to 8 where there are fewer octaves.
    """
    pairs = np.sort(pair_values(distances).numpy())
    x = np.linspace(levels[-1], levels[max(0, min(3, len(levels) - 3))], 17)
    within = np.searchsorted(pairs, np.exp(x) * (1 + 1e-12), side="right")
    if within[0] == 0 or not x[-1] > x[0]:
        return math.nan
    return float(np.polyfit(x, np.log(within), 1)[0])


def pair_interval(
    distances: torch.Tensor, levels: Floats, rng: np.random.Generator
) -> tuple[float, float]:
    """Return the dimension by pairs less and plus two standard errors of a jackknife."""
    n_nodes = len(distances)
    value = pair_dimension(distances, levels)
    values = []
    for _ in range(N_JACKKNIFE):
        kept = torch.from_numpy(rng.permutation(n_nodes)[: max(2, int(KEPT * n_nodes))])
        values.append(pair_dimension(distances[kept][:, kept], levels))
    # Parts of a share f of the nodes vary less than samples anew, by (1 − f) / f.
    error = float(np.std(values, ddof=1)) * math.sqrt(KEPT / (1 - KEPT))
    return value - 2 * error, value + 2 * error
