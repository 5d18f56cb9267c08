"""Labels on the graph of samples: triangles by their classes, and modularity of the classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.similarity._caller import warn_caller
from featgraph.similarity._inputs import Samples
from featgraph.similarity.gbs import sample_adjacency

__all__ = ["LabelMotifs", "class_modularity", "count_label_motifs"]


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


def count_label_motifs(X: Samples, labels: Any, *, top_k: int = 5) -> LabelMotifs:
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


def class_modularity(X: Samples, labels: Any, *, top_k: int | None = 5) -> float:
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
        warn_caller(
            f"{negative} pairs of samples have a negative cosine and count as not joined; "
            "modularity knows no negative edges"
        )
    adjacency = adjacency.clamp(min=0)
    degrees = adjacency.sum(dim=1)
    total = degrees.sum()
    if not total > 0:
        raise ValueError("the graph of samples must have an edge of positive cosine, got none")
    same = classes[:, None] == classes[None, :]
    expected = torch.outer(degrees, degrees) / total
    return float(((adjacency - expected) * same).sum() / total)


def _classes(labels: Any, n_samples: int, device: torch.device) -> torch.Tensor:
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
