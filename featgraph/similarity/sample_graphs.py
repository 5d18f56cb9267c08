"""A layer as a graph of samples: its triangles by their classes, modularity of the classes."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.package import caller_level
from featgraph.core.resources import check_pairs
from featgraph.core.result import Result
from featgraph.similarity._recipe import Samples, as_samples

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = [
    "LabelMotifs",
    "class_modularity",
    "count_label_motifs",
    "sample_adjacency",
    "sample_graph",
]

FAR = 40  # powers of two about 1 within which squares keep all digits


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
    return join_samples(samples, "X", check_top_k(top_k))


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
    kept = join_samples(samples, "X", check_top_k(top_k))
    cosine = _cosines(samples, "X").cpu().double().numpy()
    rows, columns = np.nonzero(np.triu(kept.cpu().numpy() > 0, k=1))
    return FeatureGraph.from_edges(
        np.column_stack([rows, columns]),
        n_nodes=samples.shape[0],
        weights=np.clip(1 - cosine[rows, columns], 0.0, None),
        layer=layer if layer is not None else getattr(X, "layer", None),
    )


@dataclass(frozen=True, repr=False)
class LabelMotifs(Result):
    """Triangles of a graph of samples by the labels at their corners.

    Attributes
    ----------
    n_triangles : int
        All triangles.
    n_same : int
        Type 1: one class at all three corners.
    n_pair : int
        Type 2: exactly two corners of one class.
    n_distinct : int
        Type 3: three classes.

    Examples
    --------
    >>> LabelMotifs(10, 6, 3, 1).shares
    (0.6, 0.3, 0.1)
    """

    n_triangles: int
    n_same: int
    n_pair: int
    n_distinct: int

    @property
    def shares(self) -> tuple[float, float, float]:
        """Shares of the three types; zeros if there is no triangle."""
        total = max(self.n_triangles, 1)
        return self.n_same / total, self.n_pair / total, self.n_distinct / total


def count_label_motifs(X: Samples, labels: object, *, top_k: int = 5) -> LabelMotifs:
    """Count triangles of the top-k graph of samples by the classes at their corners.

    With the 0/1 adjacency matrix A of the graph (an edge wherever ``sample_adjacency`` is
    positive): T = tr A³/6, type 1 = Σ_c tr A_c³/6 within each class c,
    type 2 = ½ Σ_ij A_ij [y_i = y_j] (A²)_ij − 3 · type 1, type 3 the rest.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features)
        Features; rows are samples.
    labels : array-like of int or str, shape (n_samples,)
        Class of each sample.
    top_k : int, default=5
        Neighbours per sample.

    Returns
    -------
    LabelMotifs
        Exact counts.

    Raises
    ------
    ValueError
        If there is not one label per sample, or ``top_k`` is out of range.

    Notes
    -----
    O(n² · d + m · n) time with m the kept edges.

    References
    ----------
    .. [1] Z. Chen et al., "Graph-based similarity of neural network representations",
       arXiv:2111.11165.

    Examples
    --------
    >>> X = np.array([[1.0, 0], [1, 0.1], [1, 0.2], [0, 1], [0.1, 1]])
    >>> count_label_motifs(X, [0, 0, 1, 2, 2], top_k=2)
    LabelMotifs(n_triangles=2, n_same=0, n_pair=2, n_distinct=0)
    """
    adjacency = sample_adjacency(X, top_k=top_k).detach()
    classes = _classes(labels, adjacency.shape[0], adjacency.device)
    edges = (adjacency > 0).double()  # float64 counts exactly up to 2⁵³
    paths = edges @ edges
    same = edges * (classes[:, None] == classes[None, :])
    n_triangles = round(float((edges * paths).sum()) / 6)
    n_same = round(float((same * (same @ same)).sum()) / 6)
    n_pair = round(float((same * paths).sum()) / 2) - 3 * n_same
    return LabelMotifs(n_triangles, n_same, n_pair, n_triangles - n_same - n_pair)


def class_modularity(X: Samples, labels: object, *, top_k: int | None = 5) -> float:
    """Modularity of the classes on the graph of samples of a layer.

    Q = Σ_ij (A_ij − k_i k_j / 2m) [y_i = y_j] / 2m with A of ``sample_adjacency``, k its row
    sums and 2m their total: how much more the layer joins samples of one class than chance.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features)
        Features; rows are samples.
    labels : array-like of int or str, shape (n_samples,)
        Class of each sample.
    top_k : int or None, default=5
        Neighbours per sample; None takes the full graph.

    Returns
    -------
    float
        In [−0.5, 1); larger means that classes are better separated.

    Raises
    ------
    ValueError
        If there is not one label per sample, or the graph has no positive edge.

    Warns
    -----
    UserWarning
        If negative cosines were set to 0, because modularity has no meaning for them.

    References
    ----------
    .. [1] M. Newman, "Analysis of weighted networks", Phys. Rev. E 70:056131 (2004),
       doi:10.1103/PhysRevE.70.056131.
    .. [2] Z. Chen et al., arXiv:2111.11165.

    Examples
    --------
    >>> X = np.array([[1.0, 0], [1, 0.1], [0, 1], [0.1, 1]])
    >>> round(class_modularity(X, [0, 0, 1, 1], top_k=1), 3)
    0.5
    """
    adjacency = sample_adjacency(X, top_k=top_k).detach().double()
    classes = _classes(labels, adjacency.shape[0], adjacency.device)
    negative = int((adjacency < 0).sum()) // 2
    if negative:
        warnings.warn(
            f"{negative} pairs of samples have a negative cosine and count as not joined; "
            "modularity knows no negative edges",
            stacklevel=caller_level(),
        )
    adjacency = adjacency.clamp(min=0)
    degrees = adjacency.sum(dim=1)
    total = degrees.sum()
    if not total > 0:
        raise ValueError("the graph of samples must have an edge of positive cosine, got none")
    same = classes[:, None] == classes[None, :]
    expected = torch.outer(degrees, degrees) / total
    return float(((adjacency - expected) * same).sum() / total)


def _classes(labels: object, n_samples: int, device: torch.device) -> torch.Tensor:
    try:
        given = labels.cpu().numpy() if isinstance(labels, torch.Tensor) else np.asarray(labels)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"labels must be one list of classes: {error}") from None
    if given.shape != (n_samples,):
        raise ValueError(
            f"labels must hold one class per sample of X, shape ({n_samples},), got {given.shape}"
        )
    codes: NDArray[np.int64] = np.unique(given, return_inverse=True)[1]
    return torch.as_tensor(codes, device=device)


def check_top_k(top_k: int | None) -> int | None:
    """Return the number of entries kept per row, checked; None keeps all."""
    return None if top_k is None else integer(top_k, "top_k", least=1)


def check_room(top_k: int | None, n_samples: int) -> None:
    """Raise if a row has no ``top_k`` other samples."""
    if top_k is not None and top_k >= n_samples:
        raise ValueError(
            f"top_k must be less than the number of samples, got {top_k} of {n_samples} in X"
        )


def find_largest(block: torch.Tensor, low: int, top_k: int) -> torch.Tensor:
    """Return the columns of the largest cosines of each row; of equals those that come first.

    Cosines that rounding alone tells apart are equal, as those of samples of small whole numbers.
    """
    grain = 16 * torch.finfo(block.dtype).eps  # a power of two: 0, ½ and 1 are whole grains
    others = (block.detach() / grain).round_()
    others.diagonal(low).fill_(-torch.inf)
    values, columns = others.topk(top_k + 1, dim=1)
    columns = columns[:, :top_k]
    tied = (values[:, top_k - 1] == values[:, top_k]).nonzero().flatten()
    ranked = others[tied].sort(dim=1, descending=True, stable=True).indices
    columns[tied] = ranked[:, :top_k]
    return columns


def unit_samples(samples: torch.Tensor, name: str) -> torch.Tensor:
    """Return samples of norm 1; those that are all zero stay, with a warning."""
    dead = ~samples.any(dim=1)
    if dead.any():
        warnings.warn(
            f"{name} holds {int(dead.sum())} samples whose features are all zero (the first is "
            f"sample {int(dead.nonzero()[0])}); they stay isolated in the graph of samples",
            stacklevel=caller_level(),
        )
    return scale_samples(samples)


def scale_samples(samples: torch.Tensor) -> torch.Tensor:
    """Return samples of norm 1, whatever their scale; those that are all zero stay."""
    samples = bring_near_one(samples)
    norms: torch.Tensor = samples.norm(dim=1, keepdim=True)
    return samples / torch.where(norms > 0, norms, 1.0)


def bring_near_one(samples: torch.Tensor) -> torch.Tensor:
    """Return each sample times a power of two, so that no square overflows or vanishes.

    Examples
    --------
    >>> bring_near_one(torch.tensor([[3e-30, -4e-30], [3.0, 4.0]])).abs().amax(dim=1) > 0.5
    tensor([True, True])
    """
    exponents = torch.frexp(samples.detach().abs().amax(dim=1, keepdim=True)).exponent
    far = exponents.abs() > FAR
    if not bool(far.any()):
        return samples
    most = 120 if samples.dtype == torch.float32 else 1000
    factors = torch.exp2(-exponents.clamp(-most, most).to(samples.dtype))
    return samples * torch.where(far, factors, 1.0)


def _cosines(samples: torch.Tensor, name: str) -> torch.Tensor:
    unit = unit_samples(samples, name)
    cosine = (unit @ unit.T).clamp(-1.0, 1.0)
    cosine = (cosine + cosine.T) / 2  # a matrix product is symmetric only up to rounding
    return cosine - torch.diag_embed(cosine.diagonal())


def join_samples(samples: torch.Tensor, name: str, top_k: int | None) -> torch.Tensor:
    """Return the adjacency matrix of the graph of samples."""
    check_room(top_k, samples.shape[0])
    check_pairs(len(samples), "adjacency", bytes_per_pair=4 * samples.element_size(), of="samples")
    cosine = _cosines(samples, name)
    if top_k is None:
        return cosine
    near = find_largest(cosine, 0, top_k)
    mask = torch.zeros_like(cosine).scatter_(1, near, 1.0)
    kept = cosine * mask
    return (kept + kept.T) / 2
