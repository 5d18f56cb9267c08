"""The Caro–Wei count with smooth steps, for gradients that see every pair."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from featgraph.core.checks import positive
from featgraph.selfsimilarity.grid import check_ladder, check_theta, smallest_positive
from featgraph.selfsimilarity.ladders import QUANTILES, Scale

__all__ = ["soft_caro_wei"]

# Knots of log(1 + C) per width of the logistic step: 3e-5 by linear interpolation.
KNOTS_PER_WIDTH = 20


def soft_caro_wei(
    distances: Tensor, theta: Tensor, *, softness: float = 0.02, scale: Scale = "log1p"
) -> Tensor:
    """Return ``Σ_i 1 / (1 + Σ_j σ((lo(θ) − lo(C_ij)) / w))``, lo(x) = log(1 + x).

    The hard count of ``caro_wei`` has a zero derivative almost everywhere; this one replaces
    every step by a logistic curve of width ``w = softness · (lo(TV) − lo(TZ))``.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C; may carry a gradient.
    theta : Tensor, shape (n_theta,)
        Rising box sizes; the first and last stand for TZ and TV. They may carry a gradient.
    softness : float, default=0.02
        Width of a step as a share of the range of log(1 + θ), above 0. The smaller, the nearer
        to the hard count and the noisier the gradient.
    scale : {"log1p", "log"}, default="log1p"
        lo(x) = log(1 + x) or log x; under "log" copies count as the nearest pair that is none.

    Returns
    -------
    Tensor of float64, shape (n_theta,)
        N_θ, between 1 and n_nodes, differentiable. An approximation: unlike the hard count it
        is no certified bound.

    Raises
    ------
    ValueError
        If softness is not above 0.

    Notes
    -----
    The logistic curve is interpolated linearly between M = 20 / softness knots (error below
    1e-4), so that neither all pairs nor all thresholds meet: time O(n_nodes² + n_nodes · M ·
    n_theta), memory O(n_nodes² + n_nodes · M).

    References
    ----------
    Caro 1979; Wei 1981, Bell Labs TM 81-11217-9 (the hard bound).

    Examples
    --------
    >>> import torch
    >>> C = torch.tensor([[0.0, 1.0, 7.0], [1.0, 0.0, 6.0], [7.0, 6.0, 0.0]])
    >>> soft_caro_wei(C, torch.tensor([0.5, 3.0, 9.0]), softness=0.01).round(decimals=2)
    tensor([3., 2., 1.], dtype=torch.float64)
    """
    softness = positive(softness, "softness")
    ladder = check_ladder("range", scale, QUANTILES)
    check_theta(theta, distances)
    n_nodes = len(distances)
    if scale == "log":
        distances = torch.maximum(distances, smallest_positive(distances))
    levels, places = ladder.levels(theta), ladder.levels(distances)
    width = softness * (levels[-1] - levels[0])
    # Beyond 20 widths from the grid the curve is flat within 1e-8: clamping changes nothing.
    low, high = levels[0] - 20 * width, levels[-1] + 20 * width
    # By the softness alone: rounding of the distances must not decide on one knot more.
    n_knots = math.ceil((1 / softness + 40) * KNOTS_PER_WIDTH) + 2
    shares = torch.linspace(0.0, 1.0, n_knots, dtype=torch.float64, device=levels.device)
    knots = low + (high - low) * shares
    place = ((places - low) / (high - low)).clamp(0.0, 1.0) * (n_knots - 1)
    knot = place.detach().to(torch.int64).clamp_(max=n_knots - 2)
    above = place - knot
    others = 1 - torch.eye(n_nodes, dtype=torch.float64, device=distances.device)
    mass = torch.zeros(n_nodes, n_knots, dtype=torch.float64, device=distances.device)
    mass = mass.scatter_add(1, knot, (1 - above) * others).scatter_add(1, knot + 1, above * others)
    step = torch.sigmoid((levels - knots[:, None]) / width)
    return (1 + mass @ step).reciprocal().sum(dim=0)
