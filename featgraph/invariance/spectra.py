"""Spectrum: the eigenvalues of a layer's covariance, without its numerical zeros."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import Rule

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["Spectrum", "compute_spectrum"]


@dataclass(frozen=True, repr=False, eq=False)
class Spectrum(Result):
    """Positive eigenvalues of the covariance of a layer's neurons.

    Attributes
    ----------
    values : ndarray of float, shape (n_values,)
        Eigenvalues above the numerical zero, decreasing, in squared units of the activation.
    n_nodes, n_samples : int
        D and B of the features.
    tolerance : float
        The numerical zero: eigenvalues of at most this size were left out.
    centered : bool
        Whether the mean of each neuron over the samples was removed first.
    layer : str or None
        Name of the layer.
    """

    _shown: ClassVar = ("n_values", "n_zero", "layer")
    _rules: ClassVar = {
        "values": Rule("n_values", least=0),
        "n_nodes": Rule(least=1),
        "n_samples": Rule(least=1),
    }

    values: NDArray[np.float64]
    n_nodes: int
    n_samples: int
    tolerance: float
    centered: bool
    layer: str | None = None

    @property
    def n_values(self) -> int:
        """Number of eigenvalues kept: the numerical rank of the covariance."""
        return int(self.values.size)

    @property
    def n_zero(self) -> int:
        """Number of eigenvalues left out, of the n_nodes that the covariance has."""
        return self.n_nodes - self.n_values

    @property
    def participation_ratio(self) -> float:
        """(Σλ)² / Σλ²: how many axes carry the variance, between 1 and n_values."""
        scaled = self.values / self.values[0]
        return float(scaled.sum() ** 2 / (scaled @ scaled))

    def _columns(self) -> Mapping[str, Any]:
        return {"rank": np.arange(1, self.n_values + 1), "eigenvalue": self.values}


@small_on_one_thread
def compute_spectrum(
    features: FeatureMatrix | Array, *, center: bool = True, tolerance: float | None = None
) -> Spectrum:
    """Compute the eigenvalues of Σ = F Fᵀ / (B − 1), the covariance of the neurons.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F: one row per neuron.
    center : bool, default=True
        Remove the mean of each neuron first, which makes Σ a covariance. False takes the
        formula of the source paper as printed.
    tolerance : float or None, default=None
        Singular values of F of at most ``tolerance`` · ‖F‖ (Frobenius norm, before centring)
        count as zero. None takes ½ √(D + B + 1) · eps, eps being the rounding of the
        features' own precision.

    Returns
    -------
    Spectrum
        Eigenvalues above zero. The covariance of D neurons on B samples has rank min(D, B − 1)
        at most (min(D, B) without centring); what is beyond that is never kept.

    Raises
    ------
    ValueError
        If there are fewer than 2 samples, or no neuron varies over them.

    Notes
    -----
    The singular values of F are computed instead of the eigenvalues of Σ: squaring would
    drown eigenvalues below 1e-16 of the largest. Time is O(D · B · min(D, B)), memory O(D · B).

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix B; the default tolerance follows W. H. Press et
    al., Numerical Recipes, 3rd ed. (2007), section 2.6, with the norm of F before centring,
    because rounding errors are as large as the activations, not as their spread.

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(80, 60))
    >>> compute_spectrum(features)
    Spectrum(n_values=59, n_zero=21)
    """
    from scipy.linalg import svdvals

    from featgraph.features.feature_matrix import as_feature_matrix

    matrix = as_feature_matrix(features)
    n_nodes, n_samples = matrix.n_nodes, matrix.n_samples
    where = f"layer {matrix.layer!r}" if matrix.layer is not None else "features"
    if n_samples < 2:
        raise ValueError(f"{where} must hold at least 2 samples for a covariance, got {n_samples}")
    native = matrix.numpy()
    if tolerance is None:
        tolerance = 0.5 * math.sqrt(n_nodes + n_samples + 1) * float(np.finfo(native.dtype).eps)
    values = native.astype(np.float64)
    zero = tolerance * float(np.linalg.norm(values))
    if center:
        values -= values.mean(axis=1, keepdims=True)
    singular = svdvals(values, overwrite_a=True, check_finite=False)
    singular = singular[: min(n_nodes, n_samples - bool(center))]
    kept = singular[singular > zero]
    if kept.size == 0:
        raise ValueError(
            f"{where} must vary over the samples, got zero variance in all {n_nodes} nodes; "
            "leave the layer out, give it different samples, or lower tolerance"
        )
    return Spectrum(
        values=kept**2 / (n_samples - 1),
        n_nodes=n_nodes,
        n_samples=n_samples,
        tolerance=zero**2 / (n_samples - 1),
        centered=bool(center),
        layer=matrix.layer,
    )
