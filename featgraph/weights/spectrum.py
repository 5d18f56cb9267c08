"""WeightSpectrum: what is multifractal about a network of weights, beside its null models."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule

__all__ = ["NullSpectrum", "WeightSpectrum"]

Floats = NDArray[np.float64]
#: Lower and upper end of an interval.
Interval = tuple[float, float]


@dataclass(frozen=True, repr=False, eq=False)
class NullSpectrum(Result):
    """The same measures of a null model, and how far the network is from it.

    Attributes
    ----------
    null : {"rows", "gaussian", "untrained"}
        Weights permuted within rows, Gaussian rows of equal norms, or an untrained twin.
    alpha0, width : float
        Means over samples.
    alpha0_interval, width_interval : tuple of float
        95 % intervals of the means.
    alpha0_difference, width_difference : tuple of float
        95 % intervals of the network's mean minus that of the null model.
    """

    _shown: ClassVar = ("null", "alpha0", "width", "differs")

    null: str
    alpha0: float
    width: float
    alpha0_interval: Interval
    width_interval: Interval
    alpha0_difference: Interval
    width_difference: Interval

    @property
    def differs(self) -> bool:
        """Whether an interval of a difference leaves out 0."""
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
    alpha0, width : float
        α where f is largest, and largest minus smallest α; means over samples.
    alpha0_interval, width_interval : tuple of float
        95 % bootstrap intervals over samples; with one sample, over neurons.
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
    """

    _picture: ClassVar = "plot_weight_spectra"
    _shown: ClassVar = ("variant", "alpha0", "width", "n_nodes", "n_samples", "source")
    _rules: ClassVar = {
        "q": Rule("n_q", rising=True),
        "tau": Rule("n_q"),
        "dimensions": Rule("n_q"),
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
    alpha0_interval: Interval
    width_interval: Interval
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
        """Return the network and its null models as rows of a table."""
        own = {"network": self.source or "network", **self._ends(self)}
        return [own, *({"network": item.null, **self._ends(item)} for item in self.nulls)]

    @staticmethod
    def _ends(item: WeightSpectrum | NullSpectrum) -> dict[str, float]:
        row: dict[str, float] = {}
        for name in ("alpha0", "width"):
            low, high = getattr(item, f"{name}_interval")
            row |= {name: getattr(item, name), f"{name}_low": low, f"{name}_high": high}
        if isinstance(item, NullSpectrum):
            for name in ("alpha0", "width"):
                low, high = getattr(item, f"{name}_difference")
                row |= {f"{name}_difference_low": low, f"{name}_difference_high": high}
        return row

    def _columns(self) -> Mapping[str, Any]:
        gap = [math.nan] * (len(self.q) - len(self.alpha))
        return {
            "q": self.q,
            "tau": self.tau,
            "dimensions": self.dimensions,
            "alpha": [*self.alpha.tolist(), *gap],
            "f": [*self.f.tolist(), *gap],
            "r_squared": self.r_squared,
        }
