"""Multifractal analysis of a network of weights, as released and over shortest paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import choice, integer, positive
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.spectrum import check_q
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.weights.building import NULLS, RowNull, build_graph, draw_null_graph
from featgraph.weights.exponents import (
    Exponents,
    count_graph,
    count_network,
    count_paths,
    fit_own_edges,
    fit_paths,
)
from featgraph.weights.network import WeightNetwork, open_network
from featgraph.weights.spectrum import NullSpectrum, WeightSpectrum, find_interval

if TYPE_CHECKING:
    from torch import nn

__all__ = ["Variant", "multifractal_weights"]

Floats: TypeAlias = NDArray[np.float64]
Variant: TypeAlias = Literal["released", "paths"]
#: −3, −2.9, …, 3, as published.
PUBLISHED_Q = tuple(k / 10 for k in range(-30, 31))


def multifractal_weights(
    graph: FeatureGraph | nn.Module,
    *,
    variant: Variant = "released",
    sample: int | None = 32,
    n_samples: int = 10,
    nulls: Iterable[str] = (),
    twin: nn.Module | None = None,
    q: ArrayLike | Iterable[float] = PUBLISHED_Q,
    max_length: float = 150.0,
    min_edges: int = 10,
    radii: ArrayLike | None = None,
    n_centers: int | None = None,
    n_resamples: int = 200,
    layers: str | Sequence[str] = "all",
    attention: Literal["published", "heads"] = "published",
    rng: RandomState = 0,
) -> WeightSpectrum:
    """Measure α₀, width, D_q and node dimensions of a network of weights.

    ``"released"`` is the analysis of the published code. A neuron's mass N_i(r) is 1 and the
    number of *its own outgoing edges* of length 1/|w| at most r; lengths lie in (1, max_length]
    and are rounded to whole numbers, neurons with at most ``min_edges`` of them are left out.
    τ(q) is the slope of ln Σ_i (N_i(r)/N_i(r_max))^q against ln(r/r_max) over the lengths that
    occur, α = Δτ/Δq, f = qα − τ. No path of more than one edge enters: all numbers are functions
    of the rows of |w|, and permuting the weights within rows changes none.

    ``"paths"`` is the sandbox method with shortest paths: the mass M_i(r) is the number of
    neurons within length r of neuron i, τ(q) the slope of ln of the mean of (M/n)^(q−1) against
    ln(1 + 2r/r₁), with r₁ the smallest radius, so that lengths of 1 give the sizes of
    :func:`featgraph.dimension.multifractal_sandbox`. Radii reach from where nine in ten balls
    hold another neuron to where the mean ball holds half of all.

    Parameters
    ----------
    graph : Module, FeatureGraph or graph of another library
        A model, or a network of weights whose edges have the lengths 1/|w|. Edges go out to
        greater ``depth``; of nodes without that attribute all edges do.
    variant : {"released", "paths"}, default="released"
        Which analysis.
    sample : int or None, default=32
        Neurons per layer of a model, see :func:`weight_graph`; None takes all, once. Samples of
        layers that all have at most so many neurons are the same, and intervals have no width.
    n_samples : int, default=10
        Samples of neurons.
    nulls : iterable of str, default=()
        Null models of every sample: "rows" (weights permuted within the row of a neuron into a
        layer), "gaussian" (Gaussian rows of the same norm), "untrained" (the same neurons of a
        twin with new weights; for a model).
    twin : Module or None, default=None
        The untrained twin; None draws one: linear maps draw weights anew.
    q : array-like of float
        Moments; default −3, −2.9, …, 3.
    max_length : float, default=150.0
        Longest length of "released".
    min_edges : int, default=10
        Usable edges that a neuron of "released" must have more of.
    radii : array-like of float or None, default=None
        Radii of "paths", rising.
    n_centers : int or None, default=None
        Centres of balls, drawn without replacement; None takes all neurons.
    n_resamples : int, default=200
        Bootstrap draws of samples, or of neurons where there is one sample.
    layers : str or sequence of str, default="all"
        Linear maps of a model to take.
    attention : {"published", "heads"}, default="published"
        How keys and values are joined, see :func:`weight_graph`.
    rng : Generator, int or None, default=0
        Source of samples, null models and bootstrap. The same seed takes the same neurons of
        every checkpoint of a model.

    Returns
    -------
    WeightSpectrum
        Means over samples with 95 % intervals, and the null models.

    Raises
    ------
    ValueError
        If the model cannot be read, weights are not finite, all 0 or without spread, or no neuron
        has enough usable edges; the message says which.

    Notes
    -----
    "released" of a whole model takes one pass over its weights and counts of 8 bytes per neuron
    and length; "paths" one search per neuron: O(n_neurons · n_edges) at the most.

    References
    ----------
    .. [1] X. Xiao et al., "Neuron-based multifractal analysis of neuron interaction dynamics in
       large models", ICLR 2025, arXiv:2402.09099, and the code released with it.
    .. [2] J.-L. Liu, Z.-G. Yu, V. Anh 2015, Chaos 25:023103, doi:10.1063/1.4907557 (sandboxes).

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64))
    >>> for layer, seed in ((net[0], 0), (net[2], 1)):
    ...     generator = torch.Generator().manual_seed(seed)
    ...     _ = torch.nn.init.normal_(layer.weight, std=0.05, generator=generator)
    >>> spectrum = multifractal_weights(net, n_samples=3, nulls=("rows",))
    >>> spectrum.n_samples, spectrum.width == spectrum.null("rows").width
    (3, True)
    """
    choice(variant, ("released", "paths"), "variant")
    wanted = [choice(name, NULLS, "nulls") for name in nulls]
    how = _Measure(
        variant,
        check_q(q),
        positive(max_length, "max_length", most=1e6),
        integer(min_edges, "min_edges"),
        None if radii is None else _check_radii(radii),
        None if n_centers is None else integer(n_centers, "n_centers", least=1),
        integer(n_resamples, "n_resamples", least=2),
    )
    if how.q.size < 3:
        raise ValueError(f"q must hold at least 3 moments, got {how.q.size}")
    random = as_rng(rng)
    twin_random = np.random.default_rng(int(random.integers(2**62)))
    seed = int(rng) if isinstance(rng, int | np.integer) else None
    subjects = _Subjects(graph, twin, sample, layers, attention, how, wanted, twin_random)
    count = integer(n_samples, "n_samples", least=1) if subjects.sample is not None else 1
    subjects.how = replace(how, is_only=count == 1)
    # the neurons of a sample follow from the seed alone, whatever else is drawn for it
    seeds = random.integers(2**62, size=count)
    found = [subjects.measure(np.random.default_rng(int(each))) for each in seeds]
    return _summarize(found, how, wanted, random, subjects, seed)


@dataclass(frozen=True)
class _Measure:
    """What is measured, and how."""

    variant: str
    q: Floats
    longest: float
    min_edges: int
    radii: Floats | None
    n_centers: int | None
    n_resamples: int
    is_only: bool = False  # one sample, whose neurons are drawn for the intervals

    def of_graph(self, graph: FeatureGraph, seed: int) -> Exponents:
        """Measure a graph; of one seed the same centres and neurons are drawn in every graph."""
        rng = np.random.default_rng(seed)
        if self.variant == "paths":
            balls = count_paths(graph, n_centers=self.n_centers, radii=self.radii, rng=rng)
            return fit_paths(balls, self.q, n_resamples=self._n_draws, rng=rng)
        masses = count_graph(graph, longest=self.longest, min_edges=self.min_edges)
        return fit_own_edges(masses, self.q, n_resamples=self._n_draws, rng=rng)

    def of_network(self, network: WeightNetwork, seed: int) -> Exponents:
        if self.variant == "paths" or network.may_join_twice:
            return self.of_graph(build_graph(network), seed)
        masses = count_network(network, longest=self.longest, min_edges=self.min_edges)
        rng = np.random.default_rng(seed)
        return fit_own_edges(masses, self.q, n_resamples=self._n_draws, rng=rng)

    @property
    def _n_draws(self) -> int:
        return self.n_resamples if self.is_only else 0


class _Subjects:
    """The network of each sample, and its null models."""

    def __init__(
        self,
        graph: FeatureGraph | nn.Module,
        twin: nn.Module | None,
        sample: int | None,
        layers: str | Sequence[str],
        attention: Literal["published", "heads"],
        how: _Measure,
        nulls: list[str],
        rng: np.random.Generator,
    ) -> None:
        self.how, self.nulls = how, nulls
        self.network: WeightNetwork | None = None
        self.twin: WeightNetwork | None = None
        self.graph: FeatureGraph | None = None
        self.sample: int | None = None
        if not _is_model(graph):
            self.graph = as_feature_graph(graph, weight="weight")
            self.n_nodes = self.graph.n_nodes
            self.source = self.graph.source
            if "untrained" in nulls:
                raise ValueError("nulls must not hold 'untrained' for a graph: give the model")
            return
        options: dict[str, Any] = {"layers": layers, "attending": attention}
        self.network = open_network(graph, **options)
        self.source, self.n_nodes = self.network.source, self.network.n_nodes
        self.sample = None if sample is None else integer(sample, "sample", least=1)
        if "untrained" in nulls:
            self.twin = open_network(_find_twin(graph, twin, rng), **options)
            if [x.name for x in self.twin.layers] != [x.name for x in self.network.layers]:
                raise ValueError("twin must have the architecture of the model, its layers differ")

    def measure(self, rng: np.random.Generator) -> dict[str, Exponents]:
        """Return the exponents of one sample and of its null models."""
        how = self.how
        network, other = self.network, self.twin
        if network is not None and self.sample is not None:
            network = network.sample(self.sample, rng)
            if other is not None:
                other = replace(other, chosen=network.chosen)
            self.n_nodes = network.n_nodes
        drawing = np.random.default_rng(int(rng.integers(2**62)))
        seed = int(rng.integers(2**62))
        if network is not None and not self.nulls:
            return {"own": how.of_network(network, seed)}
        graph = self.graph if network is None else build_graph(network)
        if graph is None:
            raise RuntimeError("neither a graph nor a network")
        found = {"own": how.of_graph(graph, seed)}
        for name in self.nulls:
            if name == "untrained":
                if other is None:
                    raise RuntimeError("no twin was made")
                found[name] = how.of_network(other, seed)
            else:
                kind = cast("RowNull", name)
                found[name] = how.of_graph(draw_null_graph(graph, kind, drawing), seed)
        return found


def _is_model(value: object) -> TypeGuard[nn.Module]:
    return hasattr(value, "named_modules") and hasattr(value, "forward")


def _find_twin(model: nn.Module, twin: nn.Module | None, rng: np.random.Generator) -> nn.Module:
    if twin is not None:
        return twin
    from featgraph.features.running import renew_weights

    return renew_weights(model, int(rng.integers(2**31)), advice=None)


def _check_radii(radii: ArrayLike) -> Floats:
    values = np.asarray(radii, dtype=np.float64)
    if values.ndim != 1 or values.size < 3 or not (np.diff(values) > 0).all() or values[0] <= 0:
        raise ValueError(
            f"radii must be at least 3 rising numbers above 0, got {values.tolist()[:6]}"
        )
    return values


def _summarize(
    found: list[dict[str, Exponents]],
    how: _Measure,
    nulls: list[str],
    rng: np.random.Generator,
    subjects: _Subjects,
    seed: int | None,
) -> WeightSpectrum:
    own = [each["own"] for each in found]
    picks = rng.integers(len(own), size=(how.n_resamples, len(own)))
    draws = {name: _draw([each[name] for each in found], picks) for name in found[0]}
    tau, alpha, f, r_squared = (
        np.mean([getattr(each, name) for each in own], axis=0)
        for name in ("tau", "alpha", "f", "r_squared")
    )
    return WeightSpectrum(
        variant=how.variant,
        q=how.q,
        tau=tau,
        alpha=alpha,
        f=f,
        **_means(own, draws["own"]),
        r_squared=r_squared,
        node_dimensions=np.concatenate([each.node_dimensions for each in own]),
        nodes=np.concatenate([each.nodes for each in own]),
        radii=own[0].radii,
        log_sums=own[0].log_sums,
        n_nodes=subjects.n_nodes,
        nulls=tuple(_compare(name, [each[name] for each in found], draws) for name in nulls),
        source=subjects.source,
        sample=subjects.sample,
        seed=seed,
    )


def _draw(found: list[Exponents], picks: NDArray[np.int64]) -> Floats:
    """Return bootstrap draws of the mean of every measure."""
    if len(found) == 1:
        return found[0].measure_draws
    return np.asarray(np.array([each.measures for each in found])[picks].mean(axis=1))


def _means(found: list[Exponents], draws: Floats) -> dict[str, Any]:
    """Return the measures of all samples, their means, and the intervals of these."""
    each = np.array([one.measures for one in found])
    samples = {"sample_alpha0": each[:, 0], "sample_width": each[:, 1]}
    return {**_name(each.mean(axis=0)), **_name(find_interval(draws), "_interval"), **samples}


def _compare(name: str, found: list[Exponents], draws: dict[str, Floats]) -> NullSpectrum:
    apart = _name(find_interval(draws["own"] - draws[name]), "_difference")
    return NullSpectrum(name, **_means(found, draws[name]), **apart)


def _name(values: Floats, end: str = "") -> dict[str, Any]:
    """Return measures, or the two ends of each along the last axis, by their names."""
    plain = [tuple(x) if end else float(x) for x in values[:3].tolist()]
    named = dict(zip(("alpha0", "width", "node_dimension"), plain, strict=True))
    return {f"{key}{end}": value for key, value in {**named, "dimensions": values[3:]}.items()}
