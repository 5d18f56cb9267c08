"""Procrustes comparison: how well one layer can be rotated onto another."""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice
from featgraph.core.resources import small_on_one_thread
from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair, center
from featgraph.similarity._recipe import Recipe, compare_pair

__all__ = ["Convention", "procrustes"]

Convention = Literal["nuclear", "squared", "angle", "distance"]
CONVENTIONS = ("nuclear", "squared", "angle", "distance")


@overload
def procrustes(
    X: torch.Tensor, Y: torch.Tensor, *, convention: Convention = ...
) -> torch.Tensor: ...
@overload
def procrustes(X: ArrayLike, Y: ArrayLike, *, convention: Convention = ...) -> float: ...
@small_on_one_thread
def procrustes(
    X: Samples, Y: Samples, *, convention: Convention = "nuclear"
) -> torch.Tensor | float:
    """Compare two layers after the best rotation, reflection and scaling.

    With centred X̃, Ỹ of Frobenius norm 1 (the narrower padded with zeros) the score is built
    on s = ‖X̃ᵀỸ‖_*, the sum of singular values, which is the largest inner product that an
    orthogonal map of one onto the other reaches.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    convention : {"nuclear", "squared", "angle", "distance"}, default="nuclear"
        ``"nuclear"``: s, larger is more similar, in [0, 1]. ``"squared"``: s², which is
        1 − disparity of scipy.spatial.procrustes. ``"angle"``: arccos s in radians, a metric
        on shapes. ``"distance"``: √(2 − 2s), the distance after alignment, a metric too.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (differentiable), else float
        X equal to Y gives exactly 1, 1, 0 and 0.

    Raises
    ------
    ValueError
        Different numbers of samples, fewer than 2, constant or non-finite features.

    Notes
    -----
    Invariant to orthogonal maps, isotropic scaling and translation. Decompositions run in
    float64, because 2 − 2s loses half the digits near s = 1. Time O(n · d²) with n samples
    and d features, O(d · n²) where d > n.

    References
    ----------
    .. [1] P. Schönemann, "A generalized solution of the orthogonal Procrustes problem",
       Psychometrika 31 (1966), doi:10.1007/BF02289451.
    .. [2] A. Williams, E. Kunz, S. Kornblith, S. Linderman, "Generalized shape metrics on
       neural representations", NeurIPS 2021, arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> round(procrustes(X, X), 12), round(procrustes(X, X, convention="distance"), 6)
    (1.0, 0.0)
    >>> Y = np.random.default_rng(1).normal(size=(30, 3))
    >>> s = procrustes(X, Y)
    >>> from scipy.spatial import procrustes as align
    >>> bool(np.isclose(procrustes(X, Y, convention="squared"), 1 - align(X, Y)[2]))
    True
    """
    recipe = procrustes_recipe(convention=convention)
    first, second = as_pair(X, Y, any_scale=True)
    value = compare_pair(recipe, first, second).to(first.dtype)
    return as_given(value, (X, Y))


def procrustes_recipe(*, convention: Convention = "nuclear") -> Recipe:
    """Normalise (and shorten) each layer once, one set of singular values per pair."""
    choice(convention, CONVENTIONS, "convention")

    def combine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        s: torch.Tensor = torch.linalg.svdvals(first.T @ second).sum().clamp(max=1.0)
        if convention == "nuclear":
            return s
        if convention == "squared":
            return s.square()
        if convention == "angle":
            return torch.arccos(s)
        return (2 - 2 * s).sqrt()

    self_value = 1.0 if convention in ("nuclear", "squared") else 0.0
    return Recipe(_unit_shape, combine, self_value=self_value)


def _unit_shape(samples: torch.Tensor, name: str) -> torch.Tensor:
    centered = center(samples.double(), name)
    unit: torch.Tensor = centered / centered.norm()
    n_samples, n_features = unit.shape
    if n_features > n_samples and not unit.requires_grad:
        # X̃ = R Qᵀ with orthonormal Q: dropping Q keeps all singular values of X̃ᵀỸ. QR of a
        # centred (rank-deficient) matrix has no derivative, so gradients take the long way.
        upper: torch.Tensor = torch.linalg.qr(unit.T)[1]
        return upper.T
    return unit
