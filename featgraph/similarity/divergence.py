"""Predictive similarity: how far apart the predicted distributions of two networks are."""

from __future__ import annotations

import math
from typing import overload

import torch

from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair, exact_self

__all__ = ["predictive_divergence"]


@overload
def predictive_divergence(
    P: torch.Tensor, Q: torch.Tensor, *, from_logits: bool = ...
) -> torch.Tensor: ...
@overload
def predictive_divergence(P: ArrayLike, Q: ArrayLike, *, from_logits: bool = ...) -> float: ...
def predictive_divergence(
    P: Samples, Q: Samples, *, from_logits: bool = False
) -> torch.Tensor | float:
    """Mean Jensen–Shannon divergence of the predictions of two networks, in bits.

    JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2 and logarithms to base 2, averaged
    over samples.

    Parameters
    ----------
    P, Q : Tensor or ndarray, shape (n_samples, n_classes)
        Probabilities of each class; rows add up to 1.
    from_logits : bool, default=False
        Whether P and Q are class scores, of which the softmax is taken.

    Returns
    -------
    0-d Tensor if P or Q is a Tensor (differentiable), else float
        In [0, 1]: 0 for equal predictions, 1 for certain predictions of different classes.

    Raises
    ------
    ValueError
        Different shapes, negative values, or rows that do not add up to 1.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory
       37 (1991), doi:10.1109/18.61115.
    .. [2] Sirikova and Chan, "Triangle of similarity", arXiv:2601.17093.

    Examples
    --------
    >>> import numpy as np
    >>> P, Q = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]])
    >>> predictive_divergence(P, Q)
    0.5
    """
    first, second = as_pair(P, Q, least=1, names=("P", "Q"))
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"P and Q must have the same classes, got {first.shape[1]} and {second.shape[1]}"
        )
    if from_logits:
        sides = [torch.log_softmax(side, dim=1) for side in (first, second)]
        value = _divergence(sides[0].exp(), sides[1].exp())
    else:
        for side, name in ((first, "P"), (second, "Q")):
            _check_rows(side, name)
        value = _divergence(first, second)
    return as_given(exact_self(value, first, second, 0.0), (P, Q))


def _check_rows(side: torch.Tensor, name: str) -> None:
    totals = side.detach().sum(dim=1)
    worst = float((totals - 1).abs().max())
    if bool((side < 0).any()) or worst > 1e-3:  # half precision keeps three digits
        raise ValueError(
            f"{name} must hold probabilities, rows of values ≥ 0 that add up to 1, got a row off "
            f"by {worst:.3g} and a smallest value of {float(side.min()):.3g}; use "
            "from_logits=True for class scores"
        )


def _divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    middle = (first + second) / 2
    # xlogy takes 0·log 0 as 0; where m is 0 so are p and q
    safe = torch.where(middle > 0, middle, 1.0)
    terms = [torch.xlogy(p, torch.where(p > 0, p, 1.0)) - p * safe.log() for p in (first, second)]
    total: torch.Tensor = (terms[0] + terms[1]).sum(dim=1).mean() / (2 * math.log(2))
    return total.clamp(0.0, 1.0)
