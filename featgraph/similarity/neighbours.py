"""Mutual nearest neighbours: do two layers put the same samples close together?"""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice, integer
from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair
from featgraph.similarity._recipe import Recipe, compare_pair

__all__ = ["NeighbourDistance", "mutual_knn"]

NeighbourDistance = Literal["cosine", "euclidean"]


@overload
def mutual_knn(
    X: torch.Tensor, Y: torch.Tensor, *, n_neighbours: int = ..., distance: NeighbourDistance = ...
) -> torch.Tensor: ...
@overload
def mutual_knn(
    X: ArrayLike, Y: ArrayLike, *, n_neighbours: int = ..., distance: NeighbourDistance = ...
) -> float: ...
def mutual_knn(
    X: Samples,
    Y: Samples,
    *,
    n_neighbours: int = 10,
    distance: NeighbourDistance = "cosine",
) -> torch.Tensor | float:
    """Mean share of nearest neighbours that two layers have in common.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    n_neighbours : int, default=10
        Neighbours per sample, itself left out; fewer than n_samples.
    distance : {"cosine", "euclidean"}, default="cosine"
        What makes a neighbour near. Equal distances are taken in the order of the samples.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (no gradient), else float
        In [0, 1]; larger is more similar. Unrelated layers reach
        n_neighbours / (n_samples − 1) by chance.

    Raises
    ------
    ValueError
        ``n_neighbours`` not in 1 … n_samples − 1, different samples, non-finite features.

    Notes
    -----
    Invariant to orthogonal maps and isotropic scaling; ``"cosine"`` also to positive scaling
    of single samples, ``"euclidean"`` to translation. O(n² · d) time, O(n²) memory.

    References
    ----------
    .. [1] M. Huh, B. Cheung, T. Wang, P. Isola, "The platonic representation hypothesis",
       ICML 2024, arXiv:2405.07987.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(40, 5))
    >>> mutual_knn(X, 3 * X), mutual_knn(X, X[::-1].copy()) < 0.5
    (1.0, True)
    """
    recipe = knn_recipe(n_neighbours=n_neighbours, distance=distance)
    first, second = as_pair(X, Y)
    value = compare_pair(recipe, first, second)
    return as_given(value, (X, Y))


def knn_recipe(*, n_neighbours: int = 10, distance: NeighbourDistance = "cosine") -> Recipe:
    """The 0/1 matrix of neighbours of a layer; its products count common neighbours."""
    size = integer(n_neighbours, "n_neighbours", least=1)
    choice(distance, ("cosine", "euclidean"), "distance")

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        n_samples = samples.shape[0]
        if size >= n_samples:
            raise ValueError(
                f"n_neighbours must be less than the number of samples, got {size} of {n_samples}"
            )
        near = neighbour_lists(samples.detach(), size, distance)
        # float64 adds whole numbers exactly; the root is taken once per side
        mark = torch.zeros(n_samples, n_samples, dtype=torch.float64, device=samples.device)
        return mark.scatter_(1, near, 1.0)

    def combine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        return (first * second).sum() / (size * first.shape[0])

    return Recipe(prepare, combine)


def neighbour_lists(
    samples: torch.Tensor, n_neighbours: int, distance: NeighbourDistance
) -> torch.Tensor:
    """Nearest neighbours of every sample, nearest first, shape (n_samples, n_neighbours)."""
    if distance == "cosine":
        unit = torch.nn.functional.normalize(samples.double(), dim=1)
        apart = -(unit @ unit.T)
    else:
        apart = torch.cdist(
            samples.double(), samples.double(), compute_mode="donot_use_mm_for_euclid_dist"
        )
    apart.fill_diagonal_(torch.inf)
    return apart.sort(dim=1, stable=True).indices[:, :n_neighbours]
