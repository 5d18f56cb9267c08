"""Mutual nearest neighbours: do two layers put the same samples close together?"""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice, integer
from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair
from featgraph.similarity._recipe import Recipe, compare_pair

__all__ = ["NeighborDistance", "mutual_knn"]

NeighborDistance = Literal["cosine", "euclidean"]

BLOCK_NUMBERS = 1 << 22  # of a part of the products at a time
EXTRA = 6  # candidates beyond the neighbours: room for equal distances


@overload
def mutual_knn(
    X: torch.Tensor, Y: torch.Tensor, *, n_neighbors: int = ..., distance: NeighborDistance = ...
) -> torch.Tensor: ...
@overload
def mutual_knn(
    X: ArrayLike, Y: ArrayLike, *, n_neighbors: int = ..., distance: NeighborDistance = ...
) -> float: ...
def mutual_knn(
    X: Samples,
    Y: Samples,
    *,
    n_neighbors: int = 10,
    distance: NeighborDistance = "cosine",
) -> torch.Tensor | float:
    """Mean share of nearest neighbours that two layers have in common.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    n_neighbors : int, default=10
        Neighbours per sample, itself left out; fewer than n_samples.
    distance : {"cosine", "euclidean"}, default="cosine"
        What makes a neighbour near. Equal distances are taken in the order of the samples.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (no gradient), else float
        In [0, 1]; larger is more similar. Unrelated layers reach
        n_neighbors / (n_samples − 1) by chance.

    Raises
    ------
    ValueError
        ``n_neighbors`` not in 1 … n_samples − 1, different samples, non-finite features.

    Notes
    -----
    Invariant to orthogonal maps and isotropic scaling; ``"cosine"`` also to positive scaling
    of single samples, ``"euclidean"`` to translation. O(n² · d) time, O(n · (d + n_neighbors))
    memory.

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
    recipe = knn_recipe(n_neighbors=n_neighbors, distance=distance)
    first, second = as_pair(X, Y, any_scale=True)
    value = compare_pair(recipe, first, second)
    return as_given(value, (X, Y))


def knn_recipe(*, n_neighbors: int = 10, distance: NeighborDistance = "cosine") -> Recipe:
    """The lists of neighbours of a layer, each rising; common ones are counted in pairs."""
    size = integer(n_neighbors, "n_neighbors", least=1)
    choice(distance, ("cosine", "euclidean"), "distance")

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        n_samples = samples.shape[0]
        if size >= n_samples:
            raise ValueError(
                f"n_neighbors must be less than the number of samples, got {size} of {n_samples}"
            )
        return neighbor_lists(samples.detach(), size, distance).to(torch.int32)

    def combine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        place = torch.searchsorted(second, first).clamp_(max=size - 1)
        common = second.gather(1, place) == first
        return common.sum().double() / first.numel()

    return Recipe(prepare, combine)


def neighbor_lists(
    samples: torch.Tensor, n_neighbors: int, distance: NeighborDistance
) -> torch.Tensor:
    """Nearest neighbours of every sample, rising, shape (n_samples, n_neighbors).

    Matrix products find somewhat more candidates than are wanted, and term by term sums, where
    equal samples are equally far to the last digit, choose among them.
    """
    points = samples.double()
    if distance == "cosine":
        points = torch.nn.functional.normalize(points, dim=1)
    middle = 0.0 if distance == "cosine" else points.mean(dim=0, keepdim=True)
    near_zero = points - middle  # products lose fewer digits there
    squares = near_zero.square().sum(dim=1)
    step = max(1, BLOCK_NUMBERS // points.shape[0])
    blocks = []
    for low in range(0, points.shape[0], step):
        rough = near_zero[low : low + step] @ near_zero.T
        if distance == "cosine":
            rough.neg_()
        else:
            rough.mul_(-2).add_(squares).add_(squares[low : low + step, None])
        noise = 64 * torch.finfo(points.dtype).eps * squares.max() * points.shape[1] ** 0.5
        blocks.append(_find_near(points, low, rough, float(noise), n_neighbors, distance))
    return torch.cat(blocks).sort(dim=1).values


def _find_near(
    points: torch.Tensor,
    low: int,
    rough: torch.Tensor,
    noise: float,
    n_neighbors: int,
    distance: NeighborDistance,
) -> torch.Tensor:
    rows = points[low : low + len(rough)]
    rough.diagonal(low).fill_(torch.inf)
    n_candidates = min(n_neighbors + EXTRA, points.shape[0] - 1)
    best = rough.topk(n_candidates, dim=1, largest=False)
    candidates = best.indices.sort(dim=1).values
    chosen, reach = _choose(points, rows, candidates, n_neighbors, distance)
    if n_candidates == points.shape[0] - 1:
        return chosen
    # Those left out are farther than the last candidate but for the rounding of the products.
    unsure = (reach >= best.values[:, -1] - noise).nonzero().flatten()
    everyone = torch.arange(points.shape[0], device=points.device)
    for k in unsure.tolist():
        others = everyone[everyone != low + k][None, :]
        chosen[k] = _choose(points, rows[k : k + 1], others, n_neighbors, distance)[0][0]
    return chosen


def _choose(
    points: torch.Tensor,
    rows: torch.Tensor,
    candidates: torch.Tensor,
    n_neighbors: int,
    distance: NeighborDistance,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the nearest candidates (rising) and what makes the last one near."""
    apart = points.new_empty(candidates.shape)
    part = max(1, BLOCK_NUMBERS // max(1, candidates.shape[1] * points.shape[1]))
    for start in range(0, len(rows), part):
        some = slice(start, start + part)
        others = points[candidates[some]]
        if distance == "cosine":
            apart[some] = -(rows[some, None] * others).sum(dim=2)
        else:
            apart[some] = (rows[some, None] - others).square().sum(dim=2)
    order = apart.sort(dim=1, stable=True)
    chosen = candidates.gather(1, order.indices[:, :n_neighbors])
    return chosen, order.values[:, n_neighbors - 1]
