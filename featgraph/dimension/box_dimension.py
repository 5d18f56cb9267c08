"""BoxDimension: the box dimension as an estimator of scikit-learn."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from scipy.sparse import coo_array
from sklearn.base import BaseEstimator
from sklearn.utils import Tags

from featgraph.boxes.api import box_counts
from featgraph.core.arguments import check_parameters, check_rows, draw_seed
from featgraph.dimension.fit import fit_dimension

__all__ = ["BoxDimension"]


class BoxDimension(BaseEstimator):  # type: ignore[misc]
    """Cover rows, or a graph, by boxes of all sizes and fit the dimension.

    Rows are the points, as everywhere in featgraph: give ``activations.T`` for the neurons of a
    layer.

    Parameters
    ----------
    method : str, default="greedy"
        A key of METHODS.
    repeats : int, default=1
        Runs per size; the best counts.
    window : {"auto", "all"} or tuple of float, default="auto"
        Sizes for the slope, as in :func:`featgraph.dimension.fit_dimension`.
    metric : {"euclidean", "precomputed"}, default="euclidean"
        What ``X`` holds: points, covered by boxes of diameter θ in C = ‖x − y‖₂ / √n_columns,
        so that the dimension is d_θ; or a graph, shape (n_nodes, n_nodes), each stored (dense:
        nonzero) entry an edge, as ``FeatureNetwork`` gives it: boxes over hops, d_B.
    random_state : int, RandomState or None, default=None
        Source of randomness; an int makes the fit repeatable.

    Attributes
    ----------
    dimension_ : float
        d_θ or d_B.
    interval_ : tuple of float
        Its interval of 95 %.
    verdict_ : str
        "fractal", "not fractal" or "undecided".
    counts_ : BoxCounts
        Number of boxes of every size.
    fit_ : DimensionFit
        All that the fit says.
    n_features_in_ : int
        Number of columns.

    Examples
    --------
    >>> import networkx as nx
    >>> path = nx.to_scipy_sparse_array(nx.path_graph(240))
    >>> box = BoxDimension("optimum", window=(1, 9), metric="precomputed", random_state=0)
    >>> round(box.fit(path).dimension_, 1)
    1.0
    """

    def __init__(
        self,
        method: str = "greedy",
        *,
        repeats: int = 1,
        window: str | tuple[float, float] = "auto",
        metric: Literal["euclidean", "precomputed"] = "euclidean",
        random_state: Any = None,
    ) -> None:
        self.method = method
        self.repeats = repeats
        self.window = window
        self.metric = metric
        self.random_state = random_state

    def fit(self, X: object, y: object = None) -> BoxDimension:
        """Count boxes and fit the dimension.

        Parameters
        ----------
        X : array-like or sparse, shape (n_rows, n_columns) or (n_nodes, n_nodes)
            Points or a graph, as ``metric`` says.
        y : ignored
            Not used.

        Returns
        -------
        BoxDimension
            Itself.

        Raises
        ------
        ValueError
            If ``X`` is not finite, or fewer than 4 sizes take more than one box.
        """
        given = check_parameters(self)
        is_graph = given["metric"] == "precomputed"
        X = check_rows(self, X, ensure_min_samples=2, accept_sparse=is_graph and "coo")
        seed = draw_seed(self.random_state)
        self.counts_ = box_counts(
            _links(X) if is_graph else X, method=self.method, repeats=given["repeats"], rng=seed
        )
        self.fit_ = fit_dimension(self.counts_, window=given["window"])
        self.dimension_, self.interval_ = self.fit_.dimension, self.fit_.interval
        self.verdict_ = self.fit_.verdict
        return self

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.pairwise = tags.input_tags.sparse = self.metric == "precomputed"
        return tags


def _links(X: object) -> coo_array:
    """Return which nodes are joined, without loops; a distance of 0 that is stored is an edge."""
    links = coo_array(X)
    if links.shape[0] != links.shape[1]:
        raise ValueError(f"X must be square with metric='precomputed', got shape {links.shape}")
    left, right = links.coords
    apart = left != right
    ends = np.concatenate([left[apart], right[apart]]), np.concatenate([right[apart], left[apart]])
    both = coo_array((np.ones(ends[0].size), ends), shape=links.shape).tocsr()
    both.data[:] = 1
    return both
