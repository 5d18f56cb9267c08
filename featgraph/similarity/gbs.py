"""Graph-based similarity (GBS): a layer as a graph of samples, and how alike two graphs are."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import torch

from featgraph.core.checks import integer
from featgraph.core.resources import check_pairs
from featgraph.similarity._caller import warn_caller
from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair, as_samples
from featgraph.similarity._recipe import Recipe, Rows, compare_pair

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["lsim", "sample_adjacency", "sample_graph"]

BLOCK_ROWS = 256


def sample_adjacency(X: Samples, *, top_k: int | None = None) -> torch.Tensor:
    """Adjacency matrix of the graph of samples of a layer.

    A_ij is the cosine between the features of samples i and j, 0 on the diagonal; negative
    cosines are kept. With ``top_k`` each row keeps its largest entries and the result is made
    symmetric as (A + Aᵀ)/2.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features)
        Features; rows are samples.
    top_k : int, optional
        Entries kept per row, at most n_samples − 1; None keeps all. Equal entries are taken
        in the order of the samples.

    Returns
    -------
    Tensor, shape (n_samples, n_samples)
        On the device and in the precision of X; differentiable.

    Warns
    -----
    UserWarning
        If the features of a sample are all zero: it has no direction and stays isolated.

    Notes
    -----
    O(n² · d) time, O(n²) memory.

    References
    ----------
    .. [1] Z. Chen et al., "Graph-based similarity of neural network representations",
       arXiv:2111.11165.

    Examples
    --------
    >>> import numpy as np
    >>> sample_adjacency(np.array([[1.0, 0], [2, 0], [0, 1]]), top_k=1)
    tensor([[0., 1., 0.],
            [1., 0., 0.],
            [0., 0., 0.]], dtype=torch.float64)
    """
    samples = as_samples(X)
    return _adjacency(samples, "X", _check_top_k(top_k))


def sample_graph(X: Samples, *, top_k: int = 5, layer: str | None = None) -> FeatureGraph:
    """Graph of samples as a ``FeatureGraph``, ready for box covering and small-world measures.

    Two samples are joined when one is among the ``top_k`` most similar of the other and their
    cosine is above 0. Edge weights are the cosine distances 1 − A_ij of the cosine itself
    (not halved by the symmetrisation).

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features)
        Features; rows are samples.
    top_k : int, default=5
        Neighbours per sample.
    layer : str, optional
        Name kept in the graph; a ``FeatureMatrix`` brings its own.

    Returns
    -------
    FeatureGraph
        Nodes are samples, weights distances in [0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> graph = sample_graph(np.random.default_rng(0).normal(size=(30, 4)), top_k=3)
    >>> graph.n_nodes
    30
    """
    from featgraph.graph.csr_graph import FeatureGraph

    samples = as_samples(X).detach()
    kept = _adjacency(samples, "X", _check_top_k(top_k))
    cosine = _cosines(samples, "X").cpu().double().numpy()
    rows, columns = np.nonzero(np.triu(kept.cpu().numpy() > 0, k=1))
    return FeatureGraph.from_edges(
        np.column_stack([rows, columns]),
        n_nodes=samples.shape[0],
        weights=np.clip(1 - cosine[rows, columns], 0.0, None),
        layer=layer if layer is not None else getattr(X, "layer", None),
    )


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
    recipe = lsim_recipe(top_k=top_k)
    first, second = as_pair(X, Y, least=recipe.least, why=recipe.why, any_scale=True)
    value = compare_pair(recipe, first, second).clamp(-1.0, 1.0)
    return as_given(value, (X, Y))


def lsim_recipe(*, top_k: int | None = None) -> Recipe:
    """Adjacency matrix with unit rows over √n; its products are LSim."""
    kept = _check_top_k(top_k)

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        adjacency = _adjacency(samples, name, kept)
        norms: torch.Tensor = adjacency.norm(dim=1, keepdim=True)
        unit: torch.Tensor = adjacency / torch.where(norms > 0, norms, 1.0)
        # An isolated sample points to itself: alone in both graphs 1, in one 0.
        unit = unit + torch.diag_embed((norms <= 0).flatten().to(unit.dtype))
        scaled: torch.Tensor = unit / samples.shape[0] ** 0.5
        return scaled

    def open_rows(samples: torch.Tensor, name: str) -> Rows:
        _check_room(kept, samples.shape[0])
        unit = _directions(samples, name)
        adjacency = _open_cosines(unit) if kept is None else _open_nearest(unit, kept)

        def unit_rows(low: int, high: int) -> torch.Tensor:
            block = adjacency(low, high)
            norms = block.norm(dim=1, keepdim=True)
            block = block / torch.where(norms > 0, norms, 1.0)
            block.diagonal(low).add_((norms <= 0).flatten())
            return block

        return unit_rows

    why = "two samples are each other's only neighbour"
    return Recipe(prepare, least=3, why=why, open_rows=open_rows)


def _check_top_k(top_k: int | None) -> int | None:
    return None if top_k is None else integer(top_k, "top_k", least=1)


def _check_room(top_k: int | None, n_samples: int) -> None:
    if top_k is not None and top_k >= n_samples:
        raise ValueError(
            f"top_k must be less than the number of samples, got {top_k} of {n_samples} in X"
        )


def _open_cosines(unit: torch.Tensor) -> Rows:
    def rows(low: int, high: int) -> torch.Tensor:
        block = (unit[low:high] @ unit.T).clamp_(-1.0, 1.0)
        block.diagonal(low).zero_()
        return block

    return rows


def _open_nearest(unit: torch.Tensor, top_k: int) -> Rows:
    """Return the rows of (A + Aᵀ)/2 with the ``top_k`` largest entries of each row of A."""
    n_samples, cosines = unit.shape[0], _open_cosines(unit)
    near, values = [], []
    for low in range(0, n_samples, BLOCK_ROWS):
        high = min(low + BLOCK_ROWS, n_samples)
        block = cosines(low, high)
        kept = _rank(block, low)[:, :top_k]
        near.append(kept)
        values.append(block.gather(1, kept) / 2)
    columns = torch.cat(near).flatten()
    owners = torch.arange(n_samples, device=unit.device).repeat_interleave(top_k)
    halves = torch.cat(values).flatten().repeat(2)
    ends = torch.stack([torch.cat([owners, columns]), torch.cat([columns, owners])])
    order = ends[0].argsort(stable=True)
    ends, halves = ends[:, order], halves[order]

    def rows(low: int, high: int) -> torch.Tensor:
        start, stop = torch.searchsorted(ends[0], torch.tensor([low, high], device=unit.device))
        block = unit.new_zeros(high - low, n_samples)
        some = ends[:, start:stop]
        return block.index_put_((some[0] - low, some[1]), halves[start:stop], accumulate=True)

    return rows


def _rank(block: torch.Tensor, low: int) -> torch.Tensor:
    """Return the columns of each row by falling value, its own last; equals in their order."""
    ranked = block.detach().clone()
    ranked.diagonal(low).fill_(-torch.inf)
    return ranked.sort(dim=1, descending=True, stable=True).indices


def _directions(samples: torch.Tensor, name: str) -> torch.Tensor:
    norms: torch.Tensor = samples.norm(dim=1, keepdim=True)
    dead = (norms <= 0).flatten()
    if dead.any():
        warn_caller(
            f"{name} holds {int(dead.sum())} samples whose features are all zero (the first is "
            f"sample {int(dead.nonzero()[0])}); they stay isolated in the graph of samples"
        )
    unit: torch.Tensor = samples / torch.where(norms > 0, norms, 1.0)
    return unit


def _cosines(samples: torch.Tensor, name: str) -> torch.Tensor:
    unit = _directions(samples, name)
    cosine = (unit @ unit.T).clamp(-1.0, 1.0)
    cosine = (cosine + cosine.T) / 2  # a matrix product is symmetric only up to rounding
    return cosine - torch.diag_embed(cosine.diagonal())


def _adjacency(samples: torch.Tensor, name: str, top_k: int | None) -> torch.Tensor:
    _check_room(top_k, samples.shape[0])
    check_pairs(len(samples), "adjacency", bytes_per_pair=4 * samples.element_size(), of="samples")
    cosine = _cosines(samples, name)
    if top_k is None:
        return cosine
    near = _rank(cosine, 0)[:, :top_k]
    mask = torch.zeros_like(cosine).scatter_(1, near, 1.0)
    kept = cosine * mask
    return (kept + kept.T) / 2
