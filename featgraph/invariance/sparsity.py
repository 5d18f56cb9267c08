"""Sparsity: how much of a layer is silent."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["Sparsity", "measure_sparsity"]


class Sparsity(NamedTuple):
    """Shares of activations and neurons, each in [0, 1].

    ``nonzero_share`` is ‖F‖₀ / (D · B), what the released code calls the sparsity: 1 means that
    nothing is zero. ``silent_share`` counts neurons that are zero on every sample and
    ``constant_share`` those that do not vary at all, the silent ones included. ``hoyer`` is the
    mean over samples of (√D − ‖f‖₁/‖f‖₂) / (√D − 1): 0 for equal activity everywhere, 1 for one
    active neuron; nan if every sample is all zero.
    """

    nonzero_share: float
    silent_share: float
    constant_share: float
    hoyer: float


def measure_sparsity(features: FeatureMatrix | Array) -> Sparsity:
    """Measure how sparse the activations of a layer are.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F. Means over space or tokens are rarely exactly zero: capture with
        ``reduce="flatten"`` for the sparsity of single units.

    Returns
    -------
    Sparsity
        Four shares; time O(D · B).

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix B (s = ‖F‖₀ / (N d)); P. O. Hoyer, J. Mach.
    Learn. Res. 5, 1457 (2004).

    Examples
    --------
    >>> measure_sparsity(np.array([[0.0, 0.0], [0.0, 2.0], [0.0, 0.0], [3.0, 0.0]]))
    Sparsity(nonzero_share=0.25, silent_share=0.5, constant_share=0.5, hoyer=1.0)
    """
    from featgraph.features.feature_matrix import as_feature_matrix

    values = as_feature_matrix(features).numpy().astype(np.float64)
    n_nodes = values.shape[0]
    largest = np.abs(values).max(axis=0)
    active = values[:, largest > 0] / largest[largest > 0]  # no overflow in the squares
    ratio = np.abs(active).sum(axis=0) / np.linalg.norm(active, axis=0)
    hoyer = (np.sqrt(n_nodes) - ratio) / (np.sqrt(n_nodes) - 1)
    return Sparsity(
        nonzero_share=float(np.count_nonzero(values) / values.size),
        silent_share=float(np.mean(~values.any(axis=1))),
        constant_share=float(np.mean(np.ptp(values, axis=1) == 0)),
        hoyer=float(hoyer.mean()) if hoyer.size else float("nan"),
    )
