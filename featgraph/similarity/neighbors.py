"""Do two layers put the same samples close together? Nearest neighbours, graphs of samples."""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice, integer
from featgraph.similarity._recipe import (
    ArrayLike,
    Recipe,
    Rows,
    Samples,
    Take,
    as_given,
    as_pair,
    compare_pair,
    score,
)
from featgraph.similarity.sample_graphs import (
    check_room,
    check_top_k,
    find_largest,
    join_samples,
    scale_samples,
    unit_samples,
)

__all__ = ["NeighborDistance", "lsim", "mutual_knn"]

NeighborDistance = Literal["cosine", "euclidean"]
BLOCK_NUMBERS = 1 << 22  # of a part of the products at a time
EXTRA = 6  # candidates beyond the neighbours: room for equal distances
BLOCK_ROWS = 256
GRAIN = 2.0**-44  # cosines that rounding alone tells apart are equal


@overload
def mutual_knn(
    X: torch.Tensor, Y: torch.Tensor, *, n_neighbors: int = ..., distance: NeighborDistance = ...
) -> torch.Tensor: ...


@overload
def mutual_knn(
    X: ArrayLike, Y: ArrayLike, *, n_neighbors: int = ..., distance: NeighborDistance = ...
) -> float: ...


def mutual_knn(
    X: Samples, Y: Samples, *, n_neighbors: int = 10, distance: NeighborDistance = "cosine"
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
        points = scale_samples(points)
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
        noise += GRAIN if distance == "cosine" else 0
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
            apart[some] = (rows[some, None] * others).sum(dim=2).div_(-GRAIN).round_()
        else:
            apart[some] = (rows[some, None] - others).square().sum(dim=2)
    order = apart.sort(dim=1, stable=True)
    chosen = candidates.gather(1, order.indices[:, :n_neighbors])
    reach = order.values[:, n_neighbors - 1]
    return chosen, reach * GRAIN if distance == "cosine" else reach


@overload
def lsim(X: torch.Tensor, Y: torch.Tensor, *, top_k: int | None = ...) -> torch.Tensor: ...


@overload
def lsim(X: ArrayLike, Y: ArrayLike, *, top_k: int | None = ...) -> float: ...


def lsim(X: Samples, Y: Samples, *, top_k: int | None = None) -> torch.Tensor | float:
    """Similarity of two layers by their graphs of samples (LSim of GBS).

    LSim = mean_i cos(A_i·, A'_i·), the mean cosine of matching rows of the two adjacency
    matrices of ``sample_adjacency``.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples in the same order.
    top_k : int, optional
        Entries kept per row of the graphs; None (default) compares full graphs.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (differentiable), else float
        In [−1, 1]; larger is more similar. A sample isolated in both graphs counts 1, in one
        of them 0.

    Raises
    ------
    ValueError
        Fewer than 3 samples (two samples are alike for every pair of layers), different
        samples, non-finite features, ``top_k`` out of range.

    Notes
    -----
    Invariant to orthogonal maps, to isotropic scaling and to positive scaling of single
    samples; not to translation. O(n² · d) time; memory O(n · d), with gradients O(n²).

    References
    ----------
    .. [1] Z. Chen et al., "Graph-based similarity of neural network representations",
       arXiv:2111.11165.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(20, 5))
    >>> round(lsim(X, X), 12), round(lsim(X, 3 * X @ np.eye(5)[::-1]), 12)
    (1.0, 1.0)
    """
    return score(lsim_recipe(top_k=top_k), X, Y, limits=(-1.0, 1.0))


def lsim_recipe(*, top_k: int | None = None) -> Recipe:
    """Adjacency matrix with unit rows over √n; its products are LSim."""
    kept = check_top_k(top_k)

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        adjacency = join_samples(samples, name, kept)
        norms: torch.Tensor = adjacency.norm(dim=1, keepdim=True)
        unit: torch.Tensor = adjacency / torch.where(norms > 0, norms, 1.0)
        # An isolated sample points to itself: alone in both graphs 1, in one 0.
        unit = unit + torch.diag_embed((norms <= 0).flatten().to(unit.dtype))
        scaled: torch.Tensor = unit / samples.shape[0] ** 0.5
        return scaled

    def open_rows(take: Take, name: str) -> Rows:
        check_room(kept, take().shape[0])
        unit = unit_samples(take(), name)  # with a warning, once
        nearest = None if kept is None else _open_nearest(unit, kept)
        del unit

        def unit_rows(low: int, high: int) -> torch.Tensor:
            if nearest is None:
                block = _cosine_block(scale_samples(take()), low, high)
            else:
                block = nearest(low, high)
            norms = block.norm(dim=1, keepdim=True)
            block.div_(torch.where(norms > 0, norms, 1.0))
            block.diagonal(low).add_((norms <= 0).flatten())
            return block

        return unit_rows

    why = "two samples are each other's only neighbour"
    return Recipe(prepare, least=3, why=why, open_rows=open_rows)


def _cosine_block(unit: torch.Tensor, low: int, high: int) -> torch.Tensor:
    block = (unit[low:high] @ unit.T).clamp_(-1.0, 1.0)
    block.diagonal(low).zero_()
    return block


def _open_nearest(unit: torch.Tensor, top_k: int) -> Rows:
    """Return the rows of (A + Aᵀ)/2 with the ``top_k`` largest entries of each row of A."""
    n_samples = unit.shape[0]
    near, values = [], []
    for low in range(0, n_samples, BLOCK_ROWS):
        high = min(low + BLOCK_ROWS, n_samples)
        block = _cosine_block(unit, low, high)
        kept = find_largest(block, low, top_k)
        near.append(kept)
        values.append(block.gather(1, kept) / 2)
    columns = torch.cat(near).flatten()
    owners = torch.arange(n_samples, device=unit.device).repeat_interleave(top_k)
    halves = torch.cat(values).flatten().repeat(2)
    ends = torch.stack([torch.cat([owners, columns]), torch.cat([columns, owners])])
    order = ends[0].argsort(stable=True)
    ends, halves = ends[:, order], halves[order]

    def rows(low: int, high: int) -> torch.Tensor:
        start, stop = torch.searchsorted(ends[0], torch.tensor([low, high], device=ends.device))
        block = halves.new_zeros(high - low, n_samples)
        some = ends[:, start:stop]
        return block.index_put_((some[0] - low, some[1]), halves[start:stop], accumulate=True)

    return rows
