"""ε is a parameter: what becomes of G_M while ε grows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.boxes.api import box_counts
from featgraph.core.checks import integer
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.fit import DimensionFit, fit_dimension
from featgraph.graph.clustering import average_clustering, count_hop_distances
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.epsilon import choose_epsilon
from featgraph.graph.nulls import measure_sigma

__all__ = ["EpsilonSweep", "epsilon_sweep"]

_DENSEST = 0.25  # share of all pairs from which on σ says no more than C

_MEASURES = (
    *("density", "mean_degree", "n_components", "giant_share", "clustering", "path_length"),
    *("sigma", "sigma_low", "sigma_high", "dimension", "dimension_low", "dimension_high"),
)


@dataclass(frozen=True, repr=False, eq=False)
class EpsilonSweep(Result):
    """Measures of G_M over a grid of thresholds ε.

    Attributes
    ----------
    epsilons : ndarray of float, shape (n_steps,)
        Thresholds, rising, in the unit of the distances.
    measures : dict of str to ndarray of float, shape (n_steps,)
        "density", "mean_degree", "n_components", "giant_share", "clustering" (mean local),
        "path_length" (hops, largest component), "sigma" with "sigma_low" and "sigma_high" (95 %
        over references), "dimension" (d_B) with "dimension_low" and "dimension_high". nan where
        a measure is undefined, such as d_B of a graph of too small a diameter; ``sigma_notes``
        says why σ is.
    verdicts : tuple of str, length n_steps
        Verdict of the fit of d_B, "no fit" where there is none.
    percolation : float
        Smallest ε whose graph is connected.
    n_nodes : int
        Number of nodes.
    layer : str or None
        Layer of the features.
    seed : int or None
        Seed of references and boxes.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(40, 8))
    >>> sweep = epsilon_sweep(F, n_steps=5, n_references=1, rng=0, progress=False)
    >>> sweep.epsilons.size, bool(sweep.measures["giant_share"][-1] == 1)
    (6, True)
    """

    _picture: ClassVar = "plot_epsilon_sweep"
    _shown: ClassVar = ("n_steps", "n_nodes", "percolation", "layer")
    _rules: ClassVar = {
        "epsilons": Rule("n_steps", least=0, rising=True),
        "measures": Rule("n_steps", keys=_MEASURES),
        "verdicts": Rule("n_steps"),
        "n_nodes": Rule(least=1),
    }

    epsilons: NDArray[np.float64]
    measures: dict[str, NDArray[np.float64]]
    verdicts: tuple[str, ...]
    percolation: float
    n_nodes: int
    layer: str | None = None
    seed: int | None = None

    @property
    def sigma_notes(self) -> tuple[str, ...]:
        """Why a step has no σ, length n_steps: "too dense", "undefined" or "".

        "too dense": a quarter of all pairs is joined, or more (see ``epsilon_sweep``).
        "undefined": without edges, triangles of the references or references at all.
        """
        dense = self.measures["density"] >= _DENSEST
        known = np.isfinite(self.measures["sigma"])
        found = np.where(known, "", np.where(dense, "too dense", "undefined"))
        return tuple(found.tolist())

    def describe(self, epsilon: float) -> str:
        """Say in a sentence where ``epsilon`` stands in the sweep.

        Examples
        --------
        >>> F = np.random.default_rng(0).normal(size=(30, 8))
        >>> sweep = epsilon_sweep(F, n_steps=4, n_references=1, rng=0, progress=False)
        >>> sweep.describe(sweep.percolation).startswith("ε = ")
        True
        """
        at = int(np.abs(np.log(self.epsilons / epsilon)).argmin())
        near = {name: values[at] for name, values in self.measures.items()}
        ratio = epsilon / self.percolation
        where = "at" if abs(ratio - 1) < 1e-6 else f"{ratio:.2f} times"
        text = (
            f"ε = {epsilon:.4g} is {where} the threshold of percolation "
            f"({self.percolation:.4g}): {near['giant_share']:.0%} of the neurons hang together, "
            f"{near['density']:.1%} of the pairs are joined"
        )
        known = self.measures["dimension"]
        known = known[np.isfinite(known)]
        if known.size:
            text += f"; over the sweep d_B runs from {known.min():.2f} to {known.max():.2f}"
        return f"{text}."

    def _columns(self) -> Mapping[str, object]:
        return {
            "epsilon": self.epsilons,
            **self.measures,
            "sigma_note": self.sigma_notes,
            "verdict": self.verdicts,
            "percolates": self.epsilons >= self.percolation,
        }


def epsilon_sweep(
    features: Any,
    *,
    epsilons: ArrayLike | None = None,
    n_steps: int = 20,
    scaled: bool = True,
    method: str = "greedy",
    n_references: int = 5,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> EpsilonSweep:
    """Measure G_M over a grid of thresholds ε.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F, or its distances.
    epsilons : array-like of float, shape (n_steps,), optional
        Thresholds, rising and above 0. Default: ``n_steps`` between mean degree 1 and half of all
        pairs, evenly in the logarithm of the density, and the threshold of percolation.
    n_steps : int, default=20
        Steps of the default grid, at least 2.
    scaled : bool, default=True
        Distances per sample, as in ``feature_graph``.
    method : str, default="greedy"
        Box covering behind d_B.
    n_references : int, default=5
        Random references of σ at each step; 0 leaves σ out.
    rng : Generator, int or None, default=0
        Source of references and boxes; how many references there are moves no box.
    progress : bool, optional
        Show a bar over steps; default: on a terminal.

    Returns
    -------
    EpsilonSweep
        A measure per step; percolation marked.

    Raises
    ------
    ValueError
        If ``epsilons`` do not rise from above 0, or all distances are 0.

    Notes
    -----
    Where a quarter of all pairs is joined or more, σ is left out as "too dense". C of random
    references is at least about the density, and paths of two hops join nearly all nodes of any
    graph with so many edges: what is left of σ is C over the density, at most 4, and 2 for a
    ring lattice. It repeats "clustering" and tells no small world from a large one.

    Distances are computed once and held, O(n_nodes²). Each step costs a box covering for every
    size, paths and clustering in O(n_nodes · n_edges / 63), and O(n_edges) swaps per reference.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(40, 8))
    >>> sweep = epsilon_sweep(F, n_steps=5, n_references=1, rng=0, progress=False)
    >>> bool(np.all(np.diff(sweep.measures["density"]) >= 0))
    True
    """
    from featgraph.distances.distance_matrix import as_distance_matrix

    matrix = as_distance_matrix(features)
    distances = matrix.values.cpu().numpy()
    if not scaled:
        distances = distances * math.sqrt(matrix.n_samples)
    percolation = choose_epsilon(distances, "percolation")
    n_steps = integer(n_steps, "n_steps", least=2, most=10**6)
    steps = _epsilon_grid(distances, percolation, n_steps, epsilons)
    generator = as_rng(rng)
    rows, verdicts = [], []
    for epsilon in track_progress(steps.tolist(), progress=progress, label="ε"):
        net = _threshold(distances, epsilon)
        row, verdict = _measure(net, method, n_references, generator)
        rows.append(row)
        verdicts.append(verdict)
    return EpsilonSweep(
        epsilons=steps,
        measures={name: np.array([row[name] for row in rows], dtype=float) for name in _MEASURES},
        verdicts=tuple(verdicts),
        percolation=percolation,
        n_nodes=matrix.n_nodes,
        layer=matrix.layer,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
    )


def _epsilon_grid(
    distances: NDArray[Any], percolation: float, n_steps: int, given: ArrayLike | None
) -> NDArray[np.float64]:
    if given is not None:
        steps = np.asarray(given, dtype=np.float64)
        rising = steps.ndim == 1 and steps.size and steps[0] > 0 and np.all(np.diff(steps) > 0)
        if not rising or not np.isfinite(steps).all():
            raise ValueError(f"epsilons must be finite, rising and above 0, got {given!r}")
        return steps
    lengths = np.sort(distances[np.triu_indices(len(distances), 1)])
    lengths = lengths[lengths > 0]
    first = min(len(distances) / 2, lengths.size)
    ranks = np.geomspace(first, max(lengths.size / 2, first), n_steps)
    steps = np.nextafter(lengths[np.ceil(ranks).astype(np.int64) - 1], lengths.dtype.type(np.inf))
    return np.unique(np.append(steps.astype(np.float64), percolation))


def _threshold(distances: NDArray[Any], epsilon: float) -> FeatureGraph:
    joined = distances < epsilon
    np.fill_diagonal(joined, False)
    indptr = np.concatenate([[0], np.cumsum(joined.sum(axis=1))])
    return FeatureGraph(indptr, np.flatnonzero(joined) % len(distances), epsilon=epsilon)


def _measure(
    net: FeatureGraph, method: str, n_references: int, rng: np.random.Generator
) -> tuple[dict[str, float], str]:
    row = dict.fromkeys(_MEASURES, math.nan)
    row["density"] = 2 * net.n_edges / (net.n_nodes * (net.n_nodes - 1))
    row["mean_degree"] = 2 * net.n_edges / net.n_nodes
    row["n_components"] = net.n_components
    row["giant_share"] = float(np.bincount(net.components).max() / net.n_nodes)
    row["clustering"] = average_clustering(net)
    # a stream of its own: how many references are drawn moves nothing else
    references = np.random.default_rng(int(rng.integers(2**63)))
    if net.n_edges == 0:
        return row, "no fit"
    main = net if net.n_components == 1 else net.giant_component()
    row["path_length"] = count_hop_distances(main).path_length
    if n_references and row["density"] < _DENSEST:
        sigma, interval = measure_sigma(main, n_references, references)
        row["sigma"], (row["sigma_low"], row["sigma_high"]) = sigma, interval
    fit = _fit(net, method, rng)
    if fit is None:
        return row, "no fit"
    row["dimension"] = fit.dimension
    row["dimension_low"], row["dimension_high"] = fit.interval
    return row, fit.verdict


def _fit(net: FeatureGraph, method: str, rng: np.random.Generator) -> DimensionFit | None:
    counts = box_counts(net, method=method, rng=rng, progress=False)
    try:
        return fit_dimension(counts)
    except ValueError:  # too few sizes need more than one box
        return None
