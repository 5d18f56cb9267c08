"""WeightSpectrum: what is multifractal about a network of weights, beside its null models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule

__all__ = ["CONFIDENCE", "NullSpectrum", "WeightSpectrum", "find_interval"]

Floats: TypeAlias = NDArray[np.float64]
#: Lower and upper end of an interval.
Interval = tuple[float, float]
CONFIDENCE = 0.95
#: Measures of one number each.
NUMBERS = ("alpha0", "width", "node_dimension")


def find_interval(draws: Floats) -> Floats:
    """Return the ends of the 95 % interval of draws along the first axis, as the last axis."""
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    return np.asarray(np.moveaxis(np.quantile(draws, ends, axis=0), 0, -1), dtype=np.float64)


@dataclass(frozen=True, repr=False, eq=False)
class NullSpectrum(Result):
    """The same measures of a null model, and how far the network is from it.

    Attributes
    ----------
    null : {"rows", "gaussian", "untrained"}
        Weights permuted within rows, Gaussian rows of equal norms, or an untrained twin.
    alpha0, width, node_dimension : float
        Means over samples; ``node_dimension`` is the mean of the node dimensions.
    dimensions : ndarray of float, shape (n_q,)
        D_q.
    alpha0_interval, width_interval, node_dimension_interval : tuple of float
        95 % intervals of the means.
    dimensions_interval : ndarray of float, shape (n_q, 2)
        The same of D_q.
    alpha0_difference, width_difference, node_dimension_difference : tuple of float
        95 % intervals of the network's mean minus that of the null model.
    dimensions_difference : ndarray of float, shape (n_q, 2)
        The same of D_q.
    sample_alpha0, sample_width : ndarray of float, shape (n_samples,)
        α₀ and width of each sample.

    Examples
    --------
    >>> import torch
    >>> from featgraph.weights import multifractal_weights
    >>> net = torch.nn.Linear(64, 64)
    >>> net.weight.data = 0.05 * torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    >>> null = multifractal_weights(net, n_samples=3, nulls=("rows",)).nulls[0]
    >>> null.null, null.width_difference
    ('rows', (0.0, 0.0))
    """

    _shown: ClassVar = ("null", "alpha0", "width", "differs")
    _rules: ClassVar = {
        "dimensions": Rule("n_q"),
        "dimensions_interval": Rule("n_q 2"),
        "dimensions_difference": Rule("n_q 2"),
        "sample_alpha0": Rule("n_samples"),
        "sample_width": Rule("n_samples"),
    }

    null: str
    alpha0: float
    width: float
    node_dimension: float
    dimensions: Floats
    alpha0_interval: Interval
    width_interval: Interval
    node_dimension_interval: Interval
    dimensions_interval: Floats
    alpha0_difference: Interval
    width_difference: Interval
    node_dimension_difference: Interval
    dimensions_difference: Floats
    sample_alpha0: Floats
    sample_width: Floats

    @property
    def differs(self) -> bool:
        """Whether the interval of a difference in α₀ or width leaves out 0."""
        ends = (self.alpha0_difference, self.width_difference)
        return any(low > 0 or high < 0 for low, high in ends)


@dataclass(frozen=True, repr=False, eq=False)
class WeightSpectrum(Result):
    """Multifractal spectrum of a network of weights: means over samples of neurons.

    Attributes
    ----------
    variant : {"released", "paths"}
        Masses of a neuron's own outgoing edges, or of balls over shortest paths.
    q : ndarray of float, shape (n_q,)
        Moments, rising.
    tau : ndarray of float, shape (n_q,)
        Slope of ln Z_q.
    dimensions : ndarray of float, shape (n_q,)
        D_q = τ/(q − 1); at q = 1 the slope itself ("paths"), or nan ("released").
    alpha, f : ndarray of float, shape (n_alpha,)
        The spectrum; n_alpha = n_q − 1 for "released", whose α are differences of τ.
    alpha0, width, node_dimension : float
        α where f is largest, largest minus smallest α, and the mean of the node dimensions;
        means over samples.
    alpha0_interval, width_interval, node_dimension_interval : tuple of float
        95 % bootstrap intervals over samples; with one sample, over neurons.
    dimensions_interval : ndarray of float, shape (n_q, 2)
        The same of D_q.
    sample_alpha0, sample_width : ndarray of float, shape (n_samples,)
        The same of each sample.
    r_squared : ndarray of float, shape (n_q,)
        How straight the lines behind τ are: share of the variance of ln Z_q that they explain.
    node_dimensions : ndarray of float, shape (n_measured,)
        Slope of the logarithm of each neuron's mass, of the neurons of all samples.
    nodes : ndarray of int, shape (n_measured,)
        Which node of its sample each of them is.
    radii : ndarray of float, shape (n_radii,)
        Lengths at which masses were counted, of the first sample.
    log_sums : ndarray of float, shape (n_q, n_radii)
        ln Z_q there.
    n_nodes : int
        Neurons of a sample.
    nulls : tuple of NullSpectrum
        Null models.
    source : str or None
        The model.
    sample : int or None
        Neurons per layer; None for all.
    seed : int or None
        Seed of samples and draws.

    Examples
    --------
    >>> import torch
    >>> from featgraph.weights import multifractal_weights
    >>> net = torch.nn.Linear(64, 64)
    >>> net.weight.data = 0.05 * torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    >>> spectrum = multifractal_weights(net, n_samples=3)
    >>> spectrum.n_samples, spectrum.q.size, spectrum.alpha.size
    (3, 61, 60)
    """

    _picture: ClassVar = "plot_weight_spectra"
    _shown: ClassVar = ("variant", "alpha0", "width", "n_nodes", "n_samples", "source")
    _rules: ClassVar = {
        "q": Rule("n_q", rising=True),
        "tau": Rule("n_q"),
        "dimensions": Rule("n_q"),
        "dimensions_interval": Rule("n_q 2"),
        "r_squared": Rule("n_q"),
        "alpha": Rule("n_alpha"),
        "f": Rule("n_alpha"),
        "sample_alpha0": Rule("n_samples"),
        "sample_width": Rule("n_samples"),
        "node_dimensions": Rule("n_measured"),
        "nodes": Rule("n_measured", least=0),
        "radii": Rule("n_radii", least=0, rising=True),
        "log_sums": Rule("n_q n_radii"),
    }

    variant: str
    q: Floats
    tau: Floats
    dimensions: Floats
    alpha: Floats
    f: Floats
    alpha0: float
    width: float
    node_dimension: float
    alpha0_interval: Interval
    width_interval: Interval
    node_dimension_interval: Interval
    dimensions_interval: Floats
    sample_alpha0: Floats
    sample_width: Floats
    r_squared: Floats
    node_dimensions: Floats
    nodes: NDArray[np.int64]
    radii: Floats
    log_sums: Floats
    n_nodes: int
    nulls: tuple[NullSpectrum, ...] = ()
    source: str | None = None
    sample: int | None = None
    seed: int | None = None

    @property
    def n_samples(self) -> int:
        """Number of samples of neurons."""
        return len(self.sample_alpha0)

    def dimension(self, q: float) -> float:
        """Return D_q, linear between the moments measured."""
        if not self.q[0] <= q <= self.q[-1]:
            raise ValueError(f"q must lie in [{self.q[0]:g}, {self.q[-1]:g}], got {q}")
        known = np.isfinite(self.dimensions)
        return float(np.interp(q, self.q[known], self.dimensions[known]))

    def null(self, name: str) -> NullSpectrum:
        """Return the null model of a name."""
        from featgraph.core.checks import choice

        found = {item.null: item for item in self.nulls}
        return found[choice(name, list(found), "name")]

    def null_rows(self) -> list[dict[str, Any]]:
        """Return the network and its null models as rows of a table: each measure and its ends.

        ``d_2``, the correlation dimension, is there where the moments reach 2.
        """
        own = {"network": self.source or "network", **self._ends(self)}
        return [own, *({"network": item.null, **self._ends(item)} for item in self.nulls)]

    def _ends(self, item: WeightSpectrum | NullSpectrum) -> dict[str, float]:
        row: dict[str, float] = {}
        at_two = np.flatnonzero(np.isclose(self.q, 2))
        for end in ("interval", "difference")[: 1 + isinstance(item, NullSpectrum)]:
            named = {name: getattr(item, f"{name}_{end}") for name in NUMBERS}
            if at_two.size:
                named["d_2"] = getattr(item, f"dimensions_{end}")[at_two[0]]
            for name, (low, high) in named.items():
                if end == "interval":
                    own = item.dimensions[at_two[0]] if name == "d_2" else getattr(item, name)
                    row[name] = float(own)
                middle = "" if end == "interval" else "_difference"
                row |= {f"{name}{middle}_low": float(low), f"{name}{middle}_high": float(high)}
        return row

    def _columns(self) -> Mapping[str, object]:
        gap = [math.nan] * (len(self.q) - len(self.alpha))
        columns = {
            "q": self.q,
            "tau": self.tau,
            "dimensions": self.dimensions,
            "dimensions_low": self.dimensions_interval[:, 0],
            "dimensions_high": self.dimensions_interval[:, 1],
            "alpha": [*self.alpha.tolist(), *gap],
            "f": [*self.f.tolist(), *gap],
            "r_squared": self.r_squared,
        }
        for item in self.nulls:
            columns[f"{item.null}_dimensions"] = item.dimensions
            for end, name in ((item.dimensions_interval, ""),
                              (item.dimensions_difference, "difference_")):  # fmt: skip
                columns[f"{item.null}_{name}low"], columns[f"{item.null}_{name}high"] = end.T
        return columns
