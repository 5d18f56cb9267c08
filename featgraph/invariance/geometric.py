"""GeometricInvariance: dimensions of every layer's cloud of samples, and how far they differ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.values import RandomState, as_rng
from featgraph.invariance.correlation_dimension import (
    CorrelationDimension,
    fit_correlation_dimension,
)
from featgraph.invariance.correlation_sum import (
    PointKind,
    compute_correlation_sum,
    draw_weights,
    take_points,
)
from featgraph.invariance.layer_spread import LayerSpread, name_layers, relative_range
from featgraph.invariance.nearest import (
    IntrinsicDimension,
    estimate_likelihood_dimension,
    estimate_two_nn,
)
from featgraph.invariance.released_dimension import embed_points, measure_released_dimension

if TYPE_CHECKING:
    from featgraph.invariance.layer_spread import Layers

__all__ = [
    "GEOMETRIC_VARIANTS",
    "GeometricInvariance",
    "GeometricVariant",
    "LayerDimension",
    "measure_geometric_invariance",
]

GeometricVariant: TypeAlias = Literal["full", "paper", "released"]

GEOMETRIC_VARIANTS: dict[str, str] = {
    "full": "full correlation sum of the samples themselves, window by rule",
    "paper": "UMAP, then the full correlation sum, as the paper describes it",
    "released": "unit samples, UMAP, 29 neighbours, absolute radii, as the released code does",
}
#: The released code leaves dimensions up to this out of Δ: they mark layers it gave up on.
_RELEASED_ZERO = 0.001


@dataclass(frozen=True, repr=False, eq=False)
class LayerDimension(Result):
    """Dimensions of one layer.

    ``correlation`` is the fit behind ``dimension``, None under ``"released"``; ``two_nn`` and
    ``likelihood`` are measured on the samples themselves, before any embedding.

    Examples
    --------
    >>> from featgraph.invariance import measure_geometric_invariance
    >>> plane = np.random.default_rng(0).normal(size=(2, 300))
    >>> row = measure_geometric_invariance({"fc1": plane}, n_resamples=0).layers[0]
    >>> row.layer, round(row.dimension), round(row.two_nn.dimension)
    ('fc1', 2, 2)
    """

    _shown: ClassVar = ("layer", "dimension")

    layer: str
    n_nodes: int
    n_samples: int
    dimension: float
    correlation: CorrelationDimension | None
    two_nn: IntrinsicDimension
    likelihood: IntrinsicDimension

    @property
    def interval(self) -> tuple[float, float] | None:
        """Bootstrap interval of ``dimension``, None without one."""
        return None if self.correlation is None else self.correlation.interval

    def _columns(self) -> Mapping[str, object]:
        low, high = self.interval or (math.nan, math.nan)
        row = {name: getattr(self, name) for name in ("layer", "n_nodes", "n_samples", "dimension")}
        row |= {"low": low, "high": high}
        if self.correlation is not None:
            row["window_low"], row["window_high"] = self.correlation.window
            row |= {k: getattr(self.correlation, k) for k in ("has_plateau", "ceiling")}
        return {**row, "two_nn": self.two_nn.dimension, "likelihood": self.likelihood.dimension}


@dataclass(frozen=True, repr=False, eq=False)
class GeometricInvariance(LayerSpread):
    """Dimensions over the layers of a network and their relative range Δ.

    Attributes
    ----------
    layers : tuple of LayerDimension
        One per layer, in the order of the features.
    variant : {"full", "paper", "released"}
        How the dimensions were measured.
    confidence : float
        Level of ``interval``.

    Examples
    --------
    >>> plane = np.random.default_rng(0).normal(size=(2, 300))
    >>> found = measure_geometric_invariance({"fc1": plane, "fc2": 2 * plane}, n_resamples=0)
    >>> round(found.delta, 6), found.n_layers
    (0.0, 2)
    """

    _picture: ClassVar = "plot_dimensions"
    _shown: ClassVar = ("delta", "interval", "n_layers", "variant")
    _spread: ClassVar = staticmethod(relative_range)

    layers: tuple[LayerDimension, ...]
    variant: GeometricVariant

    @property
    def dimensions(self) -> NDArray[np.float64]:
        """D₂ of each layer, shape (n_layers,)."""
        return np.array([row.dimension for row in self.layers])

    @property
    def delta(self) -> float:
        """Δ = (max − min) / mean of D₂ over the layers; small is invariant.

        Under ``"released"`` layers with a dimension of at most 0.001 are left out, and fewer
        than two layers give 0, as in the released code.
        """
        dimensions = self.dimensions
        if self.variant == "released":
            dimensions = dimensions[dimensions > _RELEASED_ZERO]
            if dimensions.size < 2:
                return 0.0
        return float(relative_range(dimensions))

    def _numbers(self) -> NDArray[np.float64]:
        return self.dimensions

    def _draws(self) -> list[NDArray[np.float64]]:
        fits = [row.correlation for row in self.layers]
        return [np.empty(0) if fit is None else fit.replicates for fit in fits]

    def _encode(self) -> dict[str, Any]:
        # without the resampled curves, by far the largest part, which no number here needs
        fits = [layer.correlation for layer in self.layers]
        bare = [None if fit is None else _without_resamples(fit) for fit in fits]
        pairs = zip(self.layers, bare, strict=True)
        layers = tuple(replace(layer, correlation=fit) for layer, fit in pairs)
        return super(GeometricInvariance, replace(self, layers=layers))._encode()


def measure_geometric_invariance(
    features: Layers,
    *,
    variant: GeometricVariant = "full",
    kind: PointKind = "samples",
    embedding: Literal["auto", "umap", "none"] = "auto",
    n_components: int = 30,
    n_neighbors: int = 20,
    min_dist: float = 0.05,
    seed: int = 42,
    exclude: int = 0,
    duplicates: Literal["refuse", "drop"] = "refuse",
    n_resamples: int = 100,
    confidence: float = 0.95,
    rng: RandomState = None,
    progress: bool | None = None,
) -> GeometricInvariance:
    """Measure geometric invariance: one correlation dimension per layer, and their range Δ.

    Parameters
    ----------
    features : FeatureMatrix, array, or mapping or sequence of these
        F of each layer, shape (n_nodes, n_samples), on the same samples; widths may differ.
    variant : {"full", "paper", "released"}, default="full"
        ``"full"``: full correlation sum of the samples themselves. ``"paper"``: the same after
        UMAP. ``"released"``: what the released code computes, see
        :func:`measure_released_dimension`, on UMAP of samples of unit norm.
    kind : {"samples", "nodes"}, default="samples"
        What the points are: samples in the space of neurons, or neurons in that of samples.
    embedding : {"auto", "umap", "none"}, default="auto"
        UMAP or not; "auto" as the variant says.
    n_components, n_neighbors, min_dist, seed
        Of UMAP, see :func:`embed_points`.
    exclude, duplicates
        As in :func:`compute_correlation_sum`.
    n_resamples : int, default=100
        Bootstrap resamples; the same samples are drawn in every layer. 0 gives no interval.
    confidence : float, default=0.95
        Level of the intervals, in (0, 1).
    rng : Generator, int or None, default=None
        Source of the resamples.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    GeometricInvariance
        D₂, TwoNN and likelihood dimension per layer; Δ with interval and noise floor.

    Raises
    ------
    ImportError
        If UMAP is asked for and umap-learn (extra ``umap``) is not installed.
    ValueError
        If a layer has zero variance, duplicated samples, or not more samples than neighbours;
        the message names the layer.

    Notes
    -----
    D₂ of a trained layer is often no plateau at all: samples of a class lie close, classes
    far apart. ``correlation.has_plateau`` says so layer by layer. No D₂ above 2 log₁₀ N can
    be seen with N samples.

    Time per layer: that of :func:`compute_correlation_sum`, O(n_points² · (n_features +
    n_resamples)), and of UMAP where it is asked for.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Appendix C, Table 5.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> plane = rng.normal(size=(2, 300))
    >>> layers = {f"layer{k}": rng.normal(size=(16, 2)) @ plane for k in range(3)}
    >>> result = measure_geometric_invariance(layers, n_resamples=0)
    >>> [round(d) for d in result.dimensions], result.delta < 0.3
    ([2, 2, 2], True)
    """
    generator = as_rng(rng)
    named = name_layers(features)
    umap = variant != "full" if embedding == "auto" else embedding == "umap"
    options = {"n_components": n_components, "n_neighbors": n_neighbors, "min_dist": min_dist}
    rows, weights = [], None
    for name, matrix in track_progress(
        named.items(), progress=progress, label="dimensions", total=len(named)
    ):
        try:
            points = take_points(matrix, kind=kind, where="its points")
            if weights is None or weights.shape[0] != len(points):
                weights = draw_weights(len(points), n_resamples, generator)
            cloud = points
            if umap:
                unit = variant == "released"
                cloud = embed_points(points, normalize=unit, seed=seed, **options)  # type: ignore[arg-type]
            fit = None
            if variant == "released":
                dimension = measure_released_dimension(cloud, rng=generator).dimension
            else:
                total = compute_correlation_sum(
                    cloud, exclude=exclude, duplicates=duplicates, weights=weights
                )
                fit = fit_correlation_dimension(total, confidence=confidence)
                dimension = fit.dimension
            near = _neighbor_dimensions(points, confidence)
        except ValueError as error:
            raise ValueError(f"layer {name!r}: {error}") from error
        size = (matrix.n_nodes, matrix.n_samples)
        rows.append(LayerDimension(name, *size, dimension, fit, *near))
    return GeometricInvariance(tuple(rows), variant, float(confidence))


def _neighbor_dimensions(
    points: NDArray[np.float64], confidence: float
) -> tuple[IntrinsicDimension, IntrinsicDimension]:
    two_nn = estimate_two_nn(points, confidence=confidence)
    n_near = min(20, two_nn.n_points - 1)
    return two_nn, estimate_likelihood_dimension(points, n_neighbors=n_near, confidence=confidence)


def _without_resamples(fit: CorrelationDimension) -> CorrelationDimension:
    empty = np.empty((fit.sum.radii.size, 0))
    return replace(fit, sum=replace(fit.sum, resampled=empty, pair_totals=np.empty(0)))
