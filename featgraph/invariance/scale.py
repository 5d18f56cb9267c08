"""ScaleInvariance: exponents of every layer's spectrum, and how far they lie apart."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.power_laws import RIVALS
from featgraph.invariance.layer_spread import LayerSpread, deviation, name_layers
from featgraph.invariance.power_law import MIN_VALUES, PowerLawFit, TailVariant, fit_power_law
from featgraph.invariance.spectra import Sparsity, Spectrum, compute_spectrum, measure_sparsity

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.invariance.layer_spread import Layers

__all__ = ["LayerExponent", "ScaleInvariance", "measure_scale_invariance"]

#: The released code reduces layers wider than this, and drops eigenvalues up to 1e-10.
_RELEASED_WIDTH = 1000
_RELEASED_ZERO = 1e-10
#: Released threshold of σ below which a network is called statistically self-similar.
RELEASED_SIGMA = 0.2


@dataclass(frozen=True, repr=False, eq=False)
class LayerExponent(Result):
    """Spectrum, power-law fit and sparsity of one layer.

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(60, 200))
    >>> row = measure_scale_invariance({"fc1": features}, n_resamples=0, rivals=()).layers[0]
    >>> row.layer, row.spectrum.n_values, row.exponent == row.fit.exponent
    ('fc1', 60, True)
    """

    _shown: ClassVar = ("layer", "exponent")

    layer: str
    spectrum: Spectrum
    fit: PowerLawFit
    sparsity: Sparsity

    def _columns(self) -> Mapping[str, object]:
        spectrum, fit = self.spectrum, self.fit
        row: dict[str, Any] = {
            "layer": self.layer,
            "n_nodes": spectrum.n_nodes,
            "n_samples": spectrum.n_samples,
            "n_eigenvalues": spectrum.n_values,
            "n_zero": spectrum.n_zero,
            "exponent": fit.exponent,
            "standard_error": fit.standard_error,
            "x_min": fit.x_min,
            "n_tail": fit.n_tail,
            "ks_distance": fit.distance,
            "p_value": fit.p_value,
        }
        for name, test in fit.rivals.items():
            row[f"ratio_{name}"], row[f"p_{name}"] = test.ratio, test.p_value
        return {**row, "verdict": fit.verdict, **self.sparsity._asdict()}

    @property
    def exponent(self) -> float:
        """γ of the layer."""
        return self.fit.exponent


@dataclass(frozen=True, repr=False, eq=False)
class ScaleInvariance(LayerSpread):
    """Exponents γ over the layers of a network and their standard deviation σ.

    Attributes
    ----------
    layers : tuple of LayerExponent
        One per layer, in the order of the features.
    variant : {"tail", "released", "paper"}
        How the exponents were estimated.
    confidence : float
        Level of ``interval``.

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(60, 200))
    >>> found = measure_scale_invariance([features], n_resamples=0, rivals=())
    >>> found.sigma, found.interval, found.n_layers
    (0.0, None, 1)
    """

    _picture: ClassVar = "plot_spectra"
    _shown: ClassVar = ("sigma", "interval", "n_layers", "variant")
    _spread: ClassVar = staticmethod(deviation)

    layers: tuple[LayerExponent, ...]
    variant: TailVariant

    @property
    def exponents(self) -> NDArray[np.float64]:
        """γ of each layer, shape (n_layers,)."""
        return np.array([row.fit.exponent for row in self.layers])

    @property
    def sigma(self) -> float:
        """σ: population standard deviation of γ over the layers; small is invariant."""
        return float(np.std(self.exponents))

    def _numbers(self) -> NDArray[np.float64]:
        return self.exponents

    def _draws(self) -> list[NDArray[np.float64]]:
        return [row.fit.replicates for row in self.layers]

    @property
    def is_self_similar(self) -> bool:
        """The released rule, σ < 0.2; it knows nothing of the noise floor."""
        return self.sigma < RELEASED_SIGMA


def measure_scale_invariance(
    features: Layers,
    *,
    variant: TailVariant = "tail",
    center: bool | None = None,
    short: Literal["refuse", "skip"] = "refuse",
    min_tail: int = 10,
    n_resamples: int = 200,
    rivals: Sequence[str] = tuple(RIVALS),
    confidence: float = 0.95,
    rng: RandomState = None,
    progress: bool | None = None,
) -> ScaleInvariance:
    """Measure statistical scale invariance: one power-law exponent per layer, and their spread.

    Parameters
    ----------
    features : FeatureMatrix, array, or mapping or sequence of these
        F of each layer, shape (n_nodes, n_samples), on the same samples; widths may differ.
        The released code analyses every unit: capture with ``reduce="flatten"`` for that.
    variant : {"tail", "released", "paper"}, default="tail"
        How the exponent is estimated, see :func:`fit_power_law`. ``"released"`` also follows
        the released code in the spectrum: layers wider than 1000 keep the leading
        min(1000, B // 2) eigenvalues, and eigenvalues up to 1e-10 in absolute size are dropped.
    center : bool or None, default=None
        Remove the mean of each neuron; None does so except for ``"paper"``, whose formula has
        no mean in it.
    short : {"refuse", "skip"}, default="refuse"
        What to do with a layer of fewer than 50 positive eigenvalues: an error, or leave it
        out with a warning.
    min_tail, n_resamples, rivals
        As in :func:`fit_power_law`; with ``n_resamples=0`` there is no interval.
    confidence : float, default=0.95
        Level of the interval of σ, in (0, 1).
    rng : Generator, int or None, default=None
        Source of the bootstrap.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    ScaleInvariance
        Exponents, tests and spectra per layer; σ with interval and noise floor.

    Raises
    ------
    ImportError
        If rivals are named and the powerlaw package (extra ``stats``) is not installed.
    ValueError
        If a layer has zero variance, fewer than 50 positive eigenvalues, or other samples than
        the rest.

    Notes
    -----
    Rank-deficient spectra (D > B, dead or duplicated neurons) are the normal case: eigenvalues
    at the numerical zero of :func:`compute_spectrum` are left out and counted, so λ_min is the
    smallest eigenvalue that the data resolve. Under ``"paper"`` the exponent hangs on exactly
    that value: it changes with the number of samples, as ``"tail"`` hardly does.

    σ has to be compared with its ``noise_floor``: equal exponents, each known to ±s, still scatter
    by about s. The interval of σ allows for that: it holds the spreads under which, with the
    bootstrap's noise added, the observed σ is not extreme (in simulations of 8 layers it covers
    the true σ in 99 of 100 cases where percentiles of σ cover it in 0 to 79). Eigenvalues count as
    independent draws, as in the maximum-likelihood formula itself; they repel each other,
    which makes the interval a rough, mostly too wide one.

    Time per layer: that of :func:`compute_spectrum`, O(D · B · min(D, B)), and of
    :func:`fit_power_law`.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix B, Table 4; Clauset et al. 2009,
    doi:10.1137/070710111.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scales = np.arange(1, 81.0) ** -0.5
    >>> layers = {f"layer{k}": scales[:, None] * rng.normal(size=(80, 400)) for k in (1, 2)}
    >>> result = measure_scale_invariance(layers, n_resamples=50, rivals=(), rng=0)
    >>> low, high = result.interval
    >>> low == 0, result.sigma < high
    (True, True)
    """
    generator = as_rng(rng)
    center = variant != "paper" if center is None else center
    named = name_layers(features)
    rows = []
    for name, matrix in track_progress(
        named.items(), progress=progress, label="spectra", total=len(named)
    ):
        spectrum = _layer_spectrum(name, matrix, variant, center)
        if spectrum.n_values < MIN_VALUES:
            _refuse_short(name, spectrum, short)
            continue
        try:
            fit = fit_power_law(
                spectrum.values,
                variant=variant,
                min_tail=min_tail,
                n_resamples=n_resamples,
                rivals=rivals,
                rng=generator,
            )
        except ValueError as error:
            raise ValueError(f"layer {name!r}: {error}") from error
        rows.append(LayerExponent(name, spectrum, fit, measure_sparsity(matrix)))
    if not rows:
        raise ValueError(
            f"features must hold a layer of at least {MIN_VALUES} positive eigenvalues, "
            f"got none among {sorted(named)}"
        )
    return ScaleInvariance(tuple(rows), variant, float(confidence))


def _layer_spectrum(
    name: str, matrix: FeatureMatrix, variant: TailVariant, center: bool
) -> Spectrum:
    from featgraph.features.feature_matrix import FeatureMatrix

    matrix = FeatureMatrix(matrix.values, layer=name)
    if variant != "released":
        return compute_spectrum(matrix, center=center)
    spectrum = compute_spectrum(matrix, center=center, tolerance=0.0)
    values = spectrum.values
    if matrix.n_nodes > _RELEASED_WIDTH:
        values = values[: min(_RELEASED_WIDTH, matrix.n_samples // 2)]
    return Spectrum(
        values=values[values > _RELEASED_ZERO],
        n_nodes=spectrum.n_nodes,
        n_samples=spectrum.n_samples,
        tolerance=_RELEASED_ZERO,
        centered=spectrum.centered,
        layer=name,
    )


def _refuse_short(name: str, spectrum: Spectrum, short: str) -> None:
    message = (
        f"layer {name!r} must have at least {MIN_VALUES} positive eigenvalues for a power law, "
        f"got {spectrum.n_values} ({spectrum.n_nodes} nodes, {spectrum.n_samples} samples)"
    )
    if short == "refuse":
        raise ValueError(f"{message}; use more samples, a wider layer, or short='skip'")
    warnings.warn(f"{message}; it is left out", stacklevel=caller_level())
