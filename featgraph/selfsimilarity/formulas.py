"""The two formulas for N_θ from the share of close pairs: as printed and as released."""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["formula_count", "formula_slope"]


def formula_count(share: Tensor, n_nodes: int, estimator: str) -> Tensor:
    """Return N from the share p of pairs within θ.

    Parameters
    ----------
    share : Tensor
        p in [0, 1].
    n_nodes : int
        D, at least 2.
    estimator : {"paper", "released"}
        ``1 + (D − 1) log_D(D + (1 − D) p)``, or ``D − (D − 1) log_D(1 + (D − 1) p)``.

    Returns
    -------
    Tensor, shape of share
        N, from D at p = 0 to 1 at p = 1.

    Notes
    -----
    The two are mirror images: ``released(p) = D + 1 − paper(1 − p)``.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 9, and the code released with it.

    Examples
    --------
    >>> formula_count(torch.tensor([0.0, 0.2, 1.0]), 16, "released")
    tensor([16.0000,  8.5000,  1.0000])
    """
    spread = n_nodes - 1
    width = spread / math.log(n_nodes)
    if estimator == "paper":
        return 1 + width * torch.log(n_nodes - spread * share)
    return n_nodes - width * torch.log1p(spread * share)


def formula_slope(share: Tensor, n_nodes: int, estimator: str) -> Tensor:
    """Return dN/dp of :func:`formula_count`.

    Parameters
    ----------
    share, n_nodes, estimator
        As in :func:`formula_count`.

    Returns
    -------
    Tensor, shape of share
        Derivative, negative.

    Examples
    --------
    >>> p = torch.tensor(0.3, requires_grad=True)
    >>> formula_count(p, 16, "paper").backward()
    >>> torch.isclose(formula_slope(p.detach(), 16, "paper"), p.grad).item()
    True
    """
    spread = n_nodes - 1
    width = spread / math.log(n_nodes)
    if estimator == "paper":
        return -width * spread / (n_nodes - spread * share)
    return -width * spread / (1 + spread * share)
