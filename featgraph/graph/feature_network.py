"""FeatureNetwork: the feature network as a transformer of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from featgraph.core.arguments import check_rows
from featgraph.graph.construct import feature_graph
from featgraph.graph.epsilon import EpsilonRule, split_rule

__all__ = ["FeatureNetwork"]


class FeatureNetwork(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Join rows closer than ε, and give the edges as a sparse matrix of distances.

    Rows are the nodes, as everywhere in featgraph: give ``activations.T`` to make a network of
    neurons. What comes out is what ``BoxDimension(metric="precomputed")``, and ``DBSCAN`` or
    ``Isomap`` with that metric, take.

    Parameters
    ----------
    epsilon : float, str or pair, default="percolation"
        ε, or the rule that chooses it, as in :func:`featgraph.graph.feature_graph`; the rules
        "mst" and ("neighbors", k) are no thresholds and cannot be carried to new rows.

    Attributes
    ----------
    graph_ : FeatureGraph
        The network of the fitted rows.
    epsilon_ : float
        The threshold: rows closer than it are joined (strict).
    n_features_in_ : int
        Number of columns.

    Notes
    -----
    Distances are C = ‖x − y‖₂ / √n_columns. Time O(n_rows² · n_columns), memory O(n_rows²);
    ``feature_graph`` itself needs no whole matrix.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 1 and 8.

    Examples
    --------
    >>> X = np.array([[0.0], [1.0], [3.0]])
    >>> network = FeatureNetwork(epsilon=1.5).fit(X)
    >>> network.graph_.n_edges
    1
    >>> network.transform([[2.0]]).toarray().round(1).tolist()
    [[0.0, 1.0, 1.0]]
    """

    def __init__(self, epsilon: EpsilonRule = "percolation") -> None:
        self.epsilon = epsilon

    def fit(self, X: Any, y: Any = None) -> FeatureNetwork:
        """Make the network of the rows of ``X``.

        Parameters
        ----------
        X : array-like of float, shape (n_rows, n_columns)
            At least two rows that are not all the same.
        y : ignored
            Not used.

        Returns
        -------
        FeatureNetwork
            Itself.

        Raises
        ------
        ValueError
            If ``X`` is not finite, or the rule is unknown or no threshold.
        """
        import torch

        from featgraph.distances.distance_matrix import DistanceMatrix

        if split_rule(self.epsilon)[0] in ("mst", "neighbors"):
            raise ValueError(
                f"epsilon must be a threshold or a rule for one, got {self.epsilon!r}; "
                "feature_graph takes the rules that choose edges one by one"
            )
        X = check_rows(self, X, ensure_min_samples=2)
        # Scaled by a power of two, which changes no digit: squares neither overflow nor vanish.
        self._scale = np.ldexp(1.0, int(np.frexp(np.abs(X).max())[1]))
        self._rows = X / self._scale
        mean = torch.from_numpy(self._rows.mean(1) * self._scale)
        deviation = torch.from_numpy(self._rows.std(1) * self._scale)
        silent = torch.from_numpy(np.ptp(X, axis=1) == 0)
        distances = torch.from_numpy(self._distances(X))
        known = DistanceMatrix(distances, X.shape[1], mean, deviation, silent)
        self.graph_ = feature_graph(known, epsilon=self.epsilon)
        self.epsilon_ = self.graph_.epsilon
        return self

    def transform(self, X: Any) -> csr_array:
        """Return the distances below ε between the rows of ``X`` and the fitted ones.

        Parameters
        ----------
        X : array-like of float, shape (n_rows, n_columns)
            Fitted rows or new ones.

        Returns
        -------
        csr_array of float, shape (n_rows, n_fitted_rows)
            Distances; those of 0 are stored, what is not stored is no edge.
        """
        check_is_fitted(self)
        distances = self._distances(check_rows(self, X, reset=False))
        rows, columns = np.nonzero(distances < self.epsilon_)
        shape = (len(distances), len(self._rows))
        return csr_array((distances[rows, columns], (rows, columns)), shape=shape)

    def _distances(self, X: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        distances: np.ndarray[Any, Any] = cdist(X / self._scale, self._rows)
        distances /= np.sqrt(X.shape[1])
        distances *= self._scale
        return distances
