"""Spectrum of a layer's covariance without its numerical zeros, and Sparsity of its activations."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import Rule

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["Sparsity", "Spectrum", "compute_spectrum", "measure_sparsity"]


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

    Examples
    --------
    >>> spectrum = compute_spectrum(np.random.default_rng(0).normal(size=(80, 60)))
    >>> spectrum.n_values, spectrum.n_zero, bool(spectrum.values[0] > spectrum.values[-1])
    (59, 21, True)
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

    def _columns(self) -> Mapping[str, object]:
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
        values -= values[:, :1].copy()  # first, so that a constant neuron leaves exactly 0
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


class Sparsity(NamedTuple):
    """Shares of activations and neurons, each in [0, 1].

    ``nonzero_share`` is ‖F‖₀ / (D · B), what the released code calls the sparsity: 1 means that
    nothing is zero. ``silent_share`` counts neurons that are zero on every sample and
    ``constant_share`` those that do not vary at all, the silent ones included. ``hoyer`` is the
    mean over samples of (√D − ‖f‖₁/‖f‖₂) / (√D − 1): 0 for equal activity everywhere, 1 for one
    active neuron; nan if every sample is all zero.

    Examples
    --------
    >>> measure_sparsity(np.array([[0.0, 0.0], [0.0, 2.0]])).silent_share
    0.5
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
