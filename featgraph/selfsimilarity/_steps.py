"""SS_rate of step functions N(θ): exact, each pair a step, or with pairs merged in bins."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from featgraph.distances.distance_matrix import pair_distances
from featgraph.distances.gram import in_main_memory, scratch
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import ThetaRule, argsort, check_spread, distance_range
from featgraph.selfsimilarity.numbers import critical_pairs, formula_count, linkage_heights

__all__ = [
    "COARSE",
    "FINE",
    "FINEST",
    "Steps",
    "can_merge",
    "count_steps",
    "merged_rates",
    "step_integral",
]

KEPT_PAIRS = 1 << 20  # of 1448 nodes
CHUNK = 1 << 15  # steps whose levels stay in the cache
# Largest error of SS_rate by number of bins, for layers of 64, 300 and 1024 nodes (Gaussian,
# rectified, of two features, null models of these): 8·10⁻⁷, 10⁻⁷, 10⁻⁸; where five loud nodes
# leave a sixtieth of the range to all others 4·10⁻⁵, 2·10⁻⁶, 2·10⁻⁷.
COARSE, FINE, FINEST = 1 << 12, 1 << 14, 1 << 16
Floats: TypeAlias = NDArray[np.float64]


class Steps(NamedTuple):
    """A falling step function N(θ) and the pairs at whose distances it steps.

    Attributes
    ----------
    places : Tensor of whole numbers, shape (n_steps,), or None
        Flat positions i · D + j in C of the stepping pairs, by rising distance; None where no
        gradient is asked for.
    heights : Tensor, shape (n_steps,)
        Their distances, in the dtype of C.
    exponents : function of a slice
        1 − log N / log D below the first step, …, from the last step on: a Tensor of float64, of
        n_steps + 1 numbers in all.
    """

    places: Tensor | None
    heights: Tensor
    exponents: Callable[[slice], Tensor]


def count_steps(distances: Tensor, estimator: EstimatorName) -> Steps:
    """Return where N(θ) of an estimator steps and what it is between; refuse an empty range."""
    has_gradient = distances.requires_grad and torch.is_grad_enabled()
    distances = distances.detach()
    n_nodes = len(distances)
    if estimator in ("packing", "linkage", "midpoint"):
        check_spread(*distance_range(distances))
    if estimator == "linkage" and not has_gradient:
        known = torch.arange(n_nodes, 0, -1, dtype=torch.float64)
        return Steps(
            None, linkage_heights(distances), lambda part: _exponents(known[part], n_nodes)
        )
    if estimator in ("packing", "linkage", "midpoint"):
        places, known = _critical_steps(distances, estimator)
        heights = distances.flatten()[places]
        return Steps(places, heights, lambda part: _exponents(known[part], n_nodes))
    ordered, heights = _order_pairs(distances)
    check_spread(heights[0], heights[-1])
    if estimator == "caro_wei":
        totals = _caro_wei_counts(distances, ordered)
        return Steps(ordered, heights, lambda part: _exponents(totals[part], n_nodes))
    if len(heights) > KEPT_PAIRS:
        return Steps(ordered, heights, lambda part: _formula_exponents(n_nodes, estimator, part))
    every = _kept_exponents(n_nodes, estimator).to(heights.device)
    return Steps(ordered, heights, every.__getitem__)


def _exponents(counts: Tensor, n_nodes: int) -> Tensor:
    # NumPy's logarithm of many numbers is the faster one
    logs = torch.from_numpy(np.log(counts.numpy())) if in_main_memory(counts) else counts.log()
    return logs.mul_(-1.0 / math.log(n_nodes)).add_(1.0)


def _formula_exponents(n_nodes: int, estimator: str, part: slice) -> Tensor:
    """Return a part of the exponents where p rises from 0 to 1 pair by pair."""
    n_pairs = n_nodes * (n_nodes - 1) // 2
    ranks = range(n_pairs + 1)[part]
    share = torch.arange(ranks.start, ranks.stop, dtype=torch.float64).div_(n_pairs)
    return _exponents(formula_count(share, n_nodes, estimator), n_nodes)


@functools.lru_cache(maxsize=2)  # the same at every step of a training
def _kept_exponents(n_nodes: int, estimator: str) -> Tensor:
    return _formula_exponents(n_nodes, estimator, slice(None))


def _critical_steps(distances: Tensor, estimator: EstimatorName) -> tuple[Tensor, Tensor]:
    """Return the places of the steps of packing, linkage or midpoint, and the counts."""
    if estimator == "midpoint":
        return _midpoint_steps(distances)
    n_nodes = len(distances)
    left, right = critical_pairs(distances, "packing" if estimator == "packing" else "linkage")
    places = left * n_nodes + right
    counts = torch.arange(n_nodes, 0, -1, dtype=torch.float64, device=distances.device)
    return places[argsort(distances.flatten()[places])], counts


def _order_pairs(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return the positions i · D + j of all pairs i < j by rising distance, and the distances."""
    n_nodes = len(distances)
    if not in_main_memory(distances):
        upper = torch.ones_like(distances, dtype=torch.bool).triu_(1).flatten()
        places = torch.arange(n_nodes**2, device=distances.device)[upper]
        heights, by_height = distances.flatten()[places].sort()
        return places[by_height], heights
    from featgraph.kernels.sorting import sort_pairs

    matrix = distances.contiguous().numpy()
    bits = np.int32 if matrix.itemsize == 4 else np.int64
    n_pairs = n_nodes * (n_nodes - 1) // 2
    found = np.empty(n_pairs, np.int32 if matrix.size < 2**31 else np.int64)
    lengths = np.empty(n_pairs, matrix.dtype)
    room = scratch("pairs", (n_pairs, bits), (n_pairs, found.dtype))
    sort_pairs(matrix.view(bits), lengths.view(bits), found, *room)
    return torch.from_numpy(found), torch.from_numpy(lengths)


def _midpoint_steps(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return the steps of the geometric mean of packing and linkage; shared pairs come once."""
    n_nodes = len(distances)
    pairs = [critical_pairs(distances, estimator) for estimator in ("packing", "linkage")]
    both = torch.cat([left * n_nodes + right for left, right in pairs])
    places, number = torch.unique(both, return_inverse=True)
    order = argsort(distances.flatten()[places])
    falls = torch.zeros(2, len(places), dtype=torch.float64, device=distances.device)
    falls[0, number[: n_nodes - 1]] = 1.0
    falls[1, number[n_nodes - 1 :]] = 1.0
    fallen = torch.nn.functional.pad(falls[:, order].cumsum(dim=1), (1, 0))
    return places[order], (n_nodes - fallen).prod(dim=0).sqrt()


def _caro_wei_counts(distances: Tensor, places: Tensor) -> Tensor:
    """Return Σ_i 1 / (1 + degree_i) as the pairs at ``places`` become edges one by one."""
    n_nodes = len(distances)
    if in_main_memory(distances):
        from featgraph.selfsimilarity._kernels import caro_wei_counts

        (filled,) = scratch("counts", (len(places) + 1, np.float64))
        caro_wei_counts(places.numpy(), n_nodes, filled)
        return torch.from_numpy(filled)
    # The rank of j in row i, the diagonal first, is the degree of i once the edge ij is there.
    order = argsort(distances - torch.eye(n_nodes, dtype=distances.dtype, device=distances.device))
    ranks = torch.empty_like(order)
    ranks.scatter_(1, order, torch.arange(n_nodes, device=order.device).expand(n_nodes, -1))
    del order
    degree = torch.arange(n_nodes, dtype=torch.float64, device=distances.device)
    drop = 1 / (1 + degree) - 1 / degree.clamp(min=1)
    steps = drop[ranks.flatten()[places]]
    steps += drop[ranks.T.flatten()[places]]
    counts = torch.cat([steps.new_zeros(1), steps]).cumsum_(0)
    return counts.add_(n_nodes).clamp_(min=1.0)


def step_integral(
    distances: Tensor,
    steps: Steps,
    rule: ThetaRule,
    ends: tuple[Tensor, Tensor] | None,
    values: Tensor | None = None,
) -> Tensor:
    """Return SS_rate of the step function, exact, with its exact gradient through the steps.

    With x = (lo(θ) − lo(TZ)) / (lo(TV) − lo(TZ)) and a = 1 − log N / log D, SS_rate is
    ``2 ∫₀¹ |x − a(x)| dx``, and ``2 ∫ |x − a| dx = (x − a) |x − a|`` on each piece: the
    crossing inside a piece needs no care.

    ``ends`` = (TZ, TV), which may carry a gradient; None takes the first and last step, which then
    carry it. ``values`` are the features behind the distances, which shorten the way back.
    """
    if rule.scale == "log":  # copies are one node for every θ above 0
        n_copies = int((steps.heights == 0).sum())
        places = None if steps.places is None else steps.places[n_copies:]
        every = steps.exponents(slice(n_copies, None))
        steps = Steps(places, steps.heights[n_copies:], every.__getitem__)
    heights = steps.heights
    if steps.places is not None and distances.requires_grad and torch.is_grad_enabled():
        if values is not None and in_main_memory(values):
            heights = pair_distances(values, steps.places, heights)
        else:
            heights = _PlacedHeights.apply(distances, steps.places, heights)  # type: ignore[no-untyped-call]
    low, high = (None, None) if ends is None else map(rule.levels, ends)
    value: Tensor = _StepIntegral.apply(heights, steps.exponents, rule, low, high)  # type: ignore[no-untyped-call]
    return value


class _PlacedHeights(torch.autograd.Function):
    """The distances at some places, which are known already."""

    @staticmethod
    def forward(ctx: Any, distances: Tensor, places: Tensor, heights: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.shape = distances.shape
        return heights.detach()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        result = grad.new_zeros(ctx.shape)
        result.view(-1)[places.long()] = grad
        return result, None, None


class _StepIntegral(torch.autograd.Function):
    """2 ∫₀¹ |x − a(x)| dx and its derivative by the heights of the steps and by the ends."""

    @staticmethod
    def forward(
        ctx: Any,
        heights: Tensor,
        exponents: Callable[[slice], Tensor],
        rule: ThetaRule,
        low: Tensor | None,
        high: Tensor | None,
    ) -> Tensor:
        first, last = rule.levels(heights[[0, -1]]).tolist()
        ends = first if low is None else float(low), last if high is None else float(high)
        unit = 1.0 if rule.scale == "log1p" else 0.0
        if in_main_memory(heights):
            slopes = torch.empty_like(heights)
            found = _integrate_in_chunks(heights, exponents, rule, ends, unit, slopes)
            value, by_low, by_high = (torch.tensor(one, dtype=torch.float64) for one in found)
        else:
            levels, every = rule.levels(heights), exponents(slice(None)).to(heights.device)
            value, slopes, by_low, by_high = _integrate(levels, every, *ends)
            slopes = (slopes / (heights + unit)).to(heights.dtype)
        if low is None:
            slopes[0] += by_low / (heights[0] + unit)
            slopes[-1] += by_high / (heights[-1] + unit)
        ctx.save_for_backward(slopes, by_low, by_high)
        ctx.is_open = low is None
        return value.to(heights.dtype)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        slopes, by_low, by_high = ctx.saved_tensors
        ends = (None, None) if ctx.is_open else (by_low * grad, by_high * grad)
        return slopes * grad, None, None, *ends


def _integrate_in_chunks(
    heights: Tensor,
    exponents: Callable[[slice], Tensor],
    rule: ThetaRule,
    ends: tuple[float, float],
    unit: float,
    slopes: Tensor,
) -> tuple[float, float, float]:
    """Return the integral and its derivatives by low and by high; fill that by each height."""
    from featgraph.selfsimilarity._kernels import integrate_steps

    log = np.log1p if rule.scale == "log1p" else np.log
    sums, first = np.zeros(3), 0.0
    for start in range(0, len(heights), CHUNK):
        here = slice(start, start + CHUNK)
        lengths, out = heights[here].numpy(), slopes[here].numpy()
        levels = log(lengths, dtype=np.float64)  # NumPy is faster than torch
        between = exponents(slice(start, start + CHUNK + 1))
        first = float(between[0]) if start == 0 else first
        sums += integrate_steps(levels, between.numpy(), lengths, out, *ends, unit)
    rest = 1.0 - float(between[-1])
    value = first * abs(first) + sums[0] + rest * abs(rest)
    return value, sums[2] - sums[1], -sums[2]


def _integrate(
    levels: Tensor, exponents: Tensor, low: float, high: float
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the integral, its derivative by each level, by low and by high, on a device."""
    x = (levels - low) / (high - low)
    edges = torch.cat([x.new_zeros(1), x.clamp(0.0, 1.0), x.new_ones(1)])
    after, before = edges[1:] - exponents, edges[:-1] - exponents
    value = (after * after.abs()).sum() - (before * before.abs()).sum()
    # Moving step k to the right stretches the piece before it and shortens the one after.
    slopes = (after[:-1].abs() - before[1:].abs()) * (2.0 / (high - low))
    slopes *= (x > 0) & (x < 1)  # what lies on or beyond the ends has no say of its own
    return value, slopes, (slopes * (x - 1.0)).sum(), -(slopes * x).sum()


def can_merge(distances: Tensor, how: dict[str, object]) -> bool:
    """Whether SS_rate is that of a formula over all pairs, from TZ to TV in log(1 + θ)."""
    plain = {"grid": "range", "scale": "log1p", "estimator": how["estimator"]}
    is_formula = how["estimator"] in ("released", "paper")
    return is_formula and plain | how == plain and distances.device.type == "cpu"


def merged_rates(
    distances: Tensor, far: NDArray[np.int64], out: NDArray[np.bool_], estimator: str, n_bins: int
) -> Floats:
    """Return SS_rate without some of the nodes ``far``; nan where all distances are equal.

    Each row of ``out`` tells which ones; it has a column per node. The pairs of a bin step
    together, at their mean distance: where log N_θ stays on one side of the straight line that
    is the integral of the single steps, but for the curvature of the formula over the bin.
    """
    from featgraph.selfsimilarity._kernels import bin_pairs, find_range

    matrix = distances.contiguous().numpy()
    kept = np.ones(len(matrix), dtype=np.bool_)
    ends = np.array(find_range(matrix, kept), dtype=np.float64)
    check_spread(*torch.from_numpy(ends))
    first, last = (1.0 + ends).view(np.int64)  # bit patterns rise almost as logarithms
    shift = int((last - first) // n_bins).bit_length()
    tallies = np.zeros((2, n_bins))
    bin_pairs(matrix, first, shift, tallies)
    every = np.repeat(tallies[:, None], len(out), axis=1)
    low, high = np.repeat(ends[:, None], len(out), axis=1)
    if far.size:
        kept[far] = False
        rows = matrix[far].astype(np.float64)
        places = ((1.0 + rows).view(np.int64) - first) >> shift
        _take_off(every, rows, places, far, out)
        low, high = _find_ends(find_range(matrix, kept), rows, kept, far, out)
    n_left = len(matrix) - out.sum(axis=1)
    return _integrate_bins(every, (low, high), n_left, estimator)


def _take_off(
    every: Floats,
    rows: Floats,
    places: NDArray[np.int64],
    far: NDArray[np.int64],
    out: NDArray[np.bool_],
) -> None:
    """Take the pairs of the nodes that are out off the numbers and sums by set and bin."""
    n_far, n_bins = len(far), every.shape[2]
    cells = places + n_bins * np.arange(n_far)[:, None]
    others = np.arange(rows.shape[1]) != far[:, None]
    i, j = np.triu_indices(n_far, 1)
    sets, both = np.nonzero(out[:, i] & out[:, j])  # their pair is in two rows
    for tally, weights in zip(every, (np.ones_like(rows), rows), strict=True):
        own = np.bincount(cells[others], weights[others], n_far * n_bins)
        tally -= out.astype(np.float64) @ own.reshape(n_far, n_bins)
        shared = (i[both], far[j[both]])
        np.add.at(tally, (sets, places[shared]), weights[shared])


def _find_ends(
    ends: tuple[float, float],
    rows: Floats,
    kept: NDArray[np.bool_],
    far: NDArray[np.int64],
    out: NDArray[np.bool_],
) -> tuple[Floats, Floats]:
    """Return the smallest and the largest distance of each set; of the nodes kept: ``ends``."""
    i, j = np.triu_indices(len(far), 1)
    lengths = np.concatenate([rows[:, kept].min(axis=1, initial=np.inf), rows[i, far[j]]])
    gone = np.concatenate([out, out[:, i] | out[:, j]], axis=1)
    low = np.where(gone, np.inf, lengths).min(axis=1, initial=ends[0])
    lengths[: len(far)] = rows[:, kept].max(axis=1, initial=-np.inf)
    return low, np.where(gone, -np.inf, lengths).max(axis=1, initial=ends[1])


def _integrate_bins(
    every: Floats, ends: tuple[Floats, Floats], n_nodes: NDArray[np.int64], estimator: str
) -> Floats:
    """Return 2 ∫₀¹ |x − a(x)| dx, a = 1 − log N / log D rising at the mean of each bin."""
    rates = np.full(len(n_nodes), math.nan)
    for k in np.flatnonzero(ends[0] < ends[1]):
        numbers, lengths = torch.from_numpy(every[:, k])
        shares = torch.nn.functional.pad(numbers.cumsum(0), (1, 0)).div_(numbers.sum())
        counts = formula_count(shares, int(n_nodes[k]), estimator)
        a = counts.log_().div_(-math.log(n_nodes[k])).add_(1.0)
        x = (lengths / numbers.clamp(min=1.0)).log1p_()
        low, high = (math.log1p(end[k]) for end in ends)
        x.sub_(low).div_(high - low)
        before, after = x - a[:-1], x - a[1:]
        # 2 ∫ |x − a| dx = (x − a) |x − a| on each piece; a is 0 at first and 1 at last. NumPy adds
        # in one order on any number of threads.
        rates[k] = before.mul_(before.abs()).sub_(after.mul_(after.abs())).numpy().sum()
    return rates
