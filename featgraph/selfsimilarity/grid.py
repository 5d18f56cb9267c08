"""The ladder of box sizes θ, uniform in log(1 + θ) between the extreme distances."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from featgraph.core.checks import integer

__all__ = [
    "EqualDistancesError",
    "check_spread",
    "check_theta",
    "distance_range",
    "grid_between",
    "pair_values",
    "theta_grid",
]


class EqualDistancesError(ValueError):
    """All distances of a layer are equal, so that it has no SS_rate."""


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
    if not math.isfinite(high):
        raise ValueError(
            f"distances must be finite, got {high}; squares of large activations overflow float32, "
            "so scale the features, or give them in float64"
        )
    if not low < high:
        raise EqualDistancesError(
            f"all distances equal {high:.6g} (TZ = TV), so the range of box sizes is "
            "empty and SS_rate is not defined; a layer of constant or equidistant nodes must be "
            "left out"
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


def theta_grid(distances: Tensor, n_theta: int = 256) -> Tensor:
    """Return box sizes uniform in log(1 + θ) from the smallest to the largest distance.

    ``θ_s = (1 + TZ) ((1 + TV) / (1 + TZ))^s − 1`` for s from 0 to 1 in equal steps.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C, symmetric with zero diagonal (``feature_distances``).
    n_theta : int, default=256
        Number of box sizes, at least 2.

    Returns
    -------
    Tensor, shape (n_theta,)
        Increasing, in the unit of C, of its dtype and device, without gradient; the first is
        exactly TZ (smallest off-diagonal distance), the last exactly TV (largest distance).

    Raises
    ------
    ValueError
        If n_theta < 2 or all distances are equal (TZ = TV).

    Notes
    -----
    Time O(n_nodes²). The natural unit 1 of log(1 + θ) is the unit of the activations, so
    scaling all features changes the ladder, the box numbers on it and SS_rate.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Sect. 3.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import theta_grid
    >>> theta_grid(torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 7.0], [7.0, 7.0, 0.0]]), 3)
    tensor([1., 3., 7.])
    """
    smallest, largest = distance_range(distances.detach())
    check_spread(smallest, largest)
    return grid_between(smallest, largest, n_theta)


def grid_between(smallest: Tensor, largest: Tensor, n_theta: int) -> Tensor:
    """Return box sizes uniform in log(1 + θ) between two given ones, which are kept exactly."""
    n_theta = integer(n_theta, "n_theta", least=2)
    low, high = torch.log1p(smallest.double()), torch.log1p(largest.double())
    share = torch.arange(n_theta, dtype=torch.float64, device=low.device) / (n_theta - 1)
    theta = torch.expm1(low + (high - low) * share).to(smallest.dtype)
    theta[0], theta[-1] = smallest, largest
    return theta
