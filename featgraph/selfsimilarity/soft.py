"""The Caro–Wei count with smooth steps, for gradients that see every pair."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from featgraph.core.checks import positive

__all__ = ["soft_caro_wei"]

# Knots of log(1 + C) per width of the logistic step: 3e-5 by linear interpolation.
KNOTS_PER_WIDTH = 20


def soft_caro_wei(distances: Tensor, theta: Tensor, *, softness: float = 0.02) -> Tensor:
    """Return ``Σ_i 1 / (1 + Σ_j σ((lo(θ) − lo(C_ij)) / w))``, lo(x) = log(1 + x).

    The hard count of ``caro_wei`` has a zero derivative almost everywhere; this one replaces
    every step by a logistic curve of width ``w = softness · (lo(TV) − lo(TZ))``.

    Parameters
    ----------
    distances : Tensor, shape (n_nodes, n_nodes)
        C; may carry a gradient.
    theta : Tensor, shape (n_theta,)
        Rising box sizes; the first and last stand for TZ and TV. No gradient flows into them.
    softness : float, default=0.02
        Width of a step as a share of the range of log(1 + θ), above 0. The smaller, the nearer
        to the hard count and the noisier the gradient.

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
    n_nodes = len(distances)
    levels = torch.log1p(theta.detach().double())
    width = softness * (levels[-1] - levels[0])
    # Beyond 20 widths from the grid the curve is flat within 1e-8: clamping changes nothing.
    low, high = levels[0] - 20 * width, levels[-1] + 20 * width
    # By the softness alone: rounding of the distances must not decide on one knot more.
    n_knots = math.ceil((1 / softness + 40) * KNOTS_PER_WIDTH) + 2
    knots = torch.linspace(float(low), float(high), n_knots, dtype=torch.float64).to(theta.device)
    place = ((torch.log1p(distances.double()) - low) / (high - low)).clamp(0.0, 1.0)
    place = place * (n_knots - 1)
    knot = place.detach().to(torch.int64).clamp_(max=n_knots - 2)
    above = place - knot
    mass = torch.zeros(n_nodes, n_knots, dtype=torch.float64, device=distances.device)
    mass = mass.scatter_add(1, knot, 1 - above).scatter_add(1, knot + 1, above)
    step = torch.sigmoid((levels - knots[:, None]) / width)
    # The diagonal C_ii = 0 was added to every row; it leaves again.
    return (1 + mass @ step - torch.sigmoid(levels / width)).reciprocal().sum(dim=0)
