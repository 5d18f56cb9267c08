"""The grid of box sizes θ: where it begins and ends, and on which scale it is uniform."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from featgraph.core.checks import choice, integer
from featgraph.selfsimilarity.estimators import GRIDS, QUANTILES, SCALES, Grid, Scale

__all__ = [
    "EqualDistancesError",
    "ThetaRule",
    "argsort",
    "check_theta_rule",
    "check_spread",
    "check_theta",
    "distance_range",
    "grid_between",
    "pair_values",
    "smallest_positive",
    "sort",
    "theta_grid",
]


class EqualDistancesError(ValueError):
    """All distances of a layer are equal, so that it has no SS_rate."""


class ThetaRule(NamedTuple):
    """How box sizes are chosen: keys of ``GRIDS`` and ``SCALES``, and the two quantiles."""

    grid: Grid = "range"
    scale: Scale = "log1p"
    quantiles: tuple[float, float] = QUANTILES

    @property
    def is_published(self) -> bool:
        """Whether it is the rule of the paper."""
        return self.grid == "range" and self.scale == "log1p"

    def levels(self, theta: Tensor) -> Tensor:
        """Return log(1 + θ) or log θ, in float64."""
        theta = theta.double()
        return theta.log1p() if self.scale == "log1p" else theta.log()

    def sizes(self, levels: Tensor) -> Tensor:
        """Return the θ of levels, in float64."""
        return levels.expm1() if self.scale == "log1p" else levels.exp()

    def ends(self, distances: Tensor) -> tuple[Tensor, Tensor]:
        """Return TZ and TV, 0-d tensors that carry the gradient of the distances."""
        low, high = distance_range(distances)
        check_spread(low.detach(), high.detach())
        if self.grid == "quantile":
            low, high = _quantile_range(distances, self.quantiles)
        if self.scale == "log" and not bool(low.detach() > 0):
            low = smallest_positive(distances)
        first, last = torch.stack([low.detach(), high.detach()]).tolist()
        if not first < last:
            chosen = f"grid={self.grid!r}, scale={self.scale!r}"
            if self.grid == "quantile":
                chosen += f", quantiles={self.quantiles}"
            raise EqualDistancesError(
                f"TZ = TV = {first:.6g} with {chosen}: the range of box sizes is empty and SS_rate "
                "is not defined; take wider quantiles, or leave the layer out"
            )
        return low, high


PUBLISHED = ThetaRule()


def check_theta_rule(grid: Grid, scale: Scale, quantiles: tuple[float, float]) -> ThetaRule:
    """Return the rule, its names and quantiles checked."""
    choice(grid, GRIDS, "grid")
    choice(scale, SCALES, "scale")
    low, high = (float(q) for q in quantiles)
    if not 0 <= low < high <= 1:
        raise ValueError(f"quantiles must be two rising numbers in [0, 1], got {quantiles}")
    return ThetaRule(grid, scale, (low, high))


def smallest_positive(distances: Tensor) -> Tensor:
    """Return the smallest distance above 0: copies have no place on a logarithmic scale."""
    return distances[distances > 0].min()


def _quantile_range(distances: Tensor, quantiles: tuple[float, float]) -> tuple[Tensor, Tensor]:
    """Return two quantiles of the pairs, linear between neighbours in the order (as NumPy)."""
    pairs = pair_values(distances)
    order = argsort(pairs.detach())
    ends = []
    for quantile in quantiles:
        rank = quantile * (len(pairs) - 1)
        below = int(rank)
        above = min(below + 1, len(pairs) - 1)
        ends.append(torch.lerp(pairs[order[below]], pairs[order[above]], rank - below))
    return ends[0], ends[1]


def pair_values(distances: Tensor) -> Tensor:
    """Return the D(D − 1)/2 distances above the diagonal, row after row."""
    n_nodes = distances.shape[0]
    mask = torch.ones(n_nodes, n_nodes, dtype=torch.bool, device=distances.device).triu(1)
    return distances[mask]


def distance_range(distances: Tensor) -> tuple[Tensor, Tensor]:
    """Return (TZ, TV): the smallest off-diagonal and the largest distance, 0-d tensors."""
    n_nodes = distances.shape[0]
    # Off-diagonal elements are the columns 1: of the matrix with rows of length D + 1.
    off = distances.flatten()[1:].view(n_nodes - 1, n_nodes + 1)[:, :-1]
    return off.amin(dim=1).min(), distances.max()


def check_spread(smallest: Tensor, largest: Tensor) -> None:
    """Refuse distances that are all equal: there is no range of box sizes to integrate over."""
    low, high = torch.stack([smallest, largest]).tolist()
    if not math.isfinite(high - low):
        raise ValueError(
            f"distances must be finite, got {low if math.isfinite(high) else high}; squares of "
            "large activations overflow float32, so scale the features, or give them in float64"
        )
    if not low < high:
        raise EqualDistancesError(
            f"all distances equal {high:.6g} (TZ = TV), so the range of box sizes is "
            "empty and SS_rate is not defined; features of constant or equidistant nodes must "
            "be left out"
        )


def check_theta(theta: Tensor, distances: Tensor) -> Tensor:
    """Return given box sizes as a rising vector of the dtype and device of the distances."""
    theta = torch.as_tensor(theta).detach().to(distances)
    rising = theta.ndim == 1 and len(theta) >= 2 and bool((theta.diff() >= 0).all())
    if not rising or not 0 <= float(theta[0]) <= float(theta[-1]) < torch.inf:
        raise ValueError(
            "theta must be a vector of at least 2 rising box sizes, finite and not negative, got "
            f"{theta.tolist() if theta.numel() < 6 else tuple(theta.shape)}"
        )
    return theta


def theta_grid(
    distances: Tensor,
    n_theta: int = 256,
    *,
    grid: Grid = "range",
    scale: Scale = "log1p",
    quantiles: tuple[float, float] = QUANTILES,
) -> Tensor:
    """Return box sizes in equal steps of log(1 + θ), or log θ, from TZ to TV.

    As published: ``θ_s = (1 + TZ) ((1 + TV) / (1 + TZ))^s − 1`` for s from 0 to 1 in equal steps,
    TZ the smallest and TV the largest distance.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C, symmetric with zero diagonal (``feature_distances``).
    n_theta : int, default=256
        Number of box sizes, at least 2.
    grid, scale, quantiles
        As in :func:`ss_rate`.

    Returns
    -------
    Tensor, shape (n_theta,)
        Increasing, in the unit of C, of its dtype and device, without gradient; the first is
        exactly TZ, the last exactly TV.

    Raises
    ------
    ValueError
        If n_theta < 2, a name is unknown, or TZ = TV.

    Notes
    -----
    Time O(n_nodes²), with quantiles O(n_nodes² log n_nodes). The natural unit 1 of log(1 + θ) is
    the unit of the activations, so scaling all features changes the published grid, the box
    numbers on it and SS_rate; with ``scale="log"`` it does not.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Sect. 3.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import theta_grid
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 7.0], [7.0, 7.0, 0.0]])
    >>> theta_grid(C, 3)
    tensor([1., 3., 7.])
    >>> theta_grid(4 * C, 3, scale="log") / theta_grid(C, 3, scale="log")
    tensor([4., 4., 4.])
    """
    rule = check_theta_rule(grid, scale, quantiles)
    return grid_between(*rule.ends(distances.detach()), n_theta, rule)


def grid_between(
    smallest: Tensor, largest: Tensor, n_theta: int, rule: ThetaRule = PUBLISHED
) -> Tensor:
    """Return box sizes in equal steps of the levels between two ends, which are kept exactly."""
    n_theta = integer(n_theta, "n_theta", least=2)
    low, high = rule.levels(smallest), rule.levels(largest)
    share = torch.arange(n_theta, dtype=torch.float64, device=low.device) / (n_theta - 1)
    theta = rule.sizes(low + (high - low) * share).to(smallest.dtype)
    return torch.cat([smallest[None], theta[1:-1], largest[None]])


def argsort(values: Tensor) -> Tensor:
    """Return the rising order along the last axis, int64; ties in any order."""
    if values.device.type != "cpu":
        return values.argsort()
    return torch.from_numpy(values.numpy().argsort())


def sort(values: Tensor) -> Tensor:
    """Return the values in rising order along the last axis."""
    if values.device.type != "cpu":
        return values.sort().values
    array = values.numpy().copy()
    array.sort()
    return torch.from_numpy(array)
