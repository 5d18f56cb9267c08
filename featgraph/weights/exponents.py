"""Masses by length, of own edges and of balls, and the multifractal exponents they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.weighted_search import count_weighted, sweep_weighted
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.kernels import kernel
from featgraph.weights.network import WeightNetwork
from featgraph.weights.units import not_finite, read_link

__all__ = [
    "Exponents",
    "OwnMasses",
    "PathMasses",
    "count_graph",
    "count_network",
    "count_paths",
    "find_slopes",
    "fit_own_edges",
    "fit_paths",
]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
CHUNK = 4000  # neurons at once: logarithms of a whole model would fill memory
BLOCK = 1024  # sources that are counted together
PER_OCTAVE = 48  # lengths at which balls are counted, evenly spread in their logarithm
N_PILOTS = 64  # centres that tell how far the searches have to go
N_RADII = 24
#: A ball that holds more of the nodes feels that the network ends.
MOST_OF_ALL = 0.5
#: Share of the centres whose balls must hold another node at the smallest radius.
REACH_ANOTHER = 0.9
MIN_RADII = 4
#: From the weights of groups of nodes, one row per draw, to τ, α, f and ln Z_q of each draw.
Fit: TypeAlias = Callable[[Floats], tuple[Floats, Floats, Floats, Floats]]
N_GROUPS = 100  # of nodes that are drawn together


@dataclass(frozen=True)
class OwnMasses:
    """Masses N_i(r) of the neurons with enough usable edges.

    ``radii`` are the rounded lengths that occur; ``masses`` are whole numbers of shape
    (n_kept, n_radii); ``kept`` are the neurons.
    """

    radii: Floats
    masses: NDArray[np.int32]
    kept: Ints

    @property
    def node_dimensions(self) -> Floats:
        """Slope of ln N_i(r) against ln r of each neuron, shape (n_kept,)."""
        x = np.log(self.radii)
        logs = np.log(np.maximum(np.arange(int(self.masses.max()) + 1), 1))
        starts = range(0, len(self.masses), CHUNK)
        return np.concatenate([find_slopes(x, logs[self.masses[k : k + CHUNK]].T) for k in starts])


def find_slopes(x: Floats, y: Floats) -> Floats:
    """Return the slopes of least squares of ``y`` against ``x``, along the axis before the last."""
    u = x - x.mean()
    return np.asarray((u @ y) / (u @ u), dtype=np.float64)


def count_network(network: WeightNetwork, *, longest: float, min_edges: int) -> OwnMasses:
    """Count the outgoing edges of every neuron by length, one linear map after the other."""
    counts = np.zeros((network.n_nodes, round(longest) + 1), dtype=np.int32)
    for part, sources, _ in network.parts():
        weights, factors = read_link(part, fold=network.fold)
        if not _count_matrix(weights, factors, sources, longest, counts):
            raise not_finite(part.name)
    counts[:, 0] = 0
    return _select(counts, min_edges, longest)


def count_graph(graph: FeatureGraph, *, longest: float, min_edges: int) -> OwnMasses:
    """Count the edges to greater depth, or all edges of a node where no depth is known."""
    if graph.weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    counts = np.zeros((graph.n_nodes, round(longest) + 1), dtype=np.int32)
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    usable = (graph.weights > 1) & (graph.weights <= longest)
    usable &= goes_out(graph)
    bins = np.rint(graph.weights[usable]).astype(np.int64)
    np.add.at(counts, (rows[usable], bins), 1)
    return _select(counts, min_edges, longest)


def goes_out(graph: FeatureGraph) -> NDArray[np.bool_]:
    """Return which entries of the rows of a graph are outgoing edges."""
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    depth = graph.node_attributes.get("depth")
    if depth is None:
        return np.ones(graph.indices.size, dtype=bool)
    return np.asarray(depth[rows] < depth[graph.indices], dtype=bool)


def _select(counts: NDArray[np.int32], min_edges: int, longest: float) -> OwnMasses:
    degrees = counts.sum(axis=1)
    kept = np.flatnonzero(degrees > min_edges)
    if not kept.size:
        raise ValueError(
            f"no neuron has more than {min_edges} outgoing edges of a length 1/|w| in (1, "
            f"{longest:g}], the most is {degrees.max(initial=0)}; sample more neurons, raise "
            "max_length or lower min_edges"
        )
    if kept.size < len(counts):
        counts = counts[kept]
    occurs = np.flatnonzero(counts.any(axis=0))
    if occurs.size < 2:
        raise ValueError(
            "lengths of edges must differ to give a slope, all usable ones round to "
            f"{occurs[0]}: the weights have no spread"
        )
    np.cumsum(counts, axis=1, out=counts)
    masses = np.take(counts, occurs, axis=1)
    masses += 1
    return OwnMasses(occurs.astype(np.float64), masses, kept)


@kernel
def _count_matrix(
    weights: NDArray[Any], factors: Floats, sources: Ints, longest: float, counts: NDArray[np.int32]
) -> bool:
    """Count lengths 1/|w·factor| by source; False where a weight is NaN or infinite."""
    n_bad = 0
    bins = np.empty(BLOCK, dtype=np.int32)
    for start in range(0, weights.shape[1], BLOCK):  # whose counts stay at hand
        size = min(BLOCK, weights.shape[1] - start)
        for j in range(weights.shape[0]):
            for i in range(size):  # without branches: bin 0 takes what does not count
                weight = abs(np.float64(weights[j, start + i]))
                n_bad += not weight < np.inf
                length = 1.0 / (weight * factors[j])
                usable = length > 1.0 and length <= longest
                bins[i] = int(np.rint(length if usable else 0.0))
            for i in range(size):
                counts[sources[start + i], bins[i]] += 1
    return n_bad == 0


@dataclass(frozen=True)
class PathMasses:
    """Numbers of nodes within ``radii`` of each centre, shape (n_centers, n_radii).

    ``centers`` are nodes of the whole graph, ``n_nodes`` those of the component that was measured.
    """

    radii: Floats
    masses: NDArray[np.int32]
    centers: Ints
    n_nodes: int


def count_paths(
    graph: FeatureGraph, *, n_centers: int | None, radii: Floats | None, rng: np.random.Generator
) -> PathMasses:
    """Count balls around nodes of the largest component; radii in its range of scaling."""
    if graph.weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    own = graph.with_attributes(node=np.arange(graph.n_nodes)).giant_component()
    weights = own.weights
    if weights is None or not weights.size or not weights.min() > 0:
        raise ValueError("graph must have edges, all of a length above 0")
    n_nodes = own.n_nodes
    centers = np.arange(n_nodes, dtype=np.int64)
    if n_centers is not None and n_centers < n_nodes:
        centers = np.sort(rng.choice(n_nodes, size=n_centers, replace=False))
    rows = sort_by_length(own)
    if radii is None:
        fine, counts = _count_growth(rows, centers, float(weights.min()))
        chosen = _choose_radii(fine, counts, n_nodes)
        radii, masses = fine[chosen], counts[:, chosen]
    else:
        masses = count_weighted(*rows, centers, radii)
    known = own.node_attributes["node"][centers]
    return PathMasses(radii, masses.astype(np.int32), known, n_nodes)


def sort_by_length(graph: FeatureGraph) -> tuple[Ints, Ints, Ints, Floats]:
    """Return the rows of a graph with the shortest edges first: starts, stops, ends, lengths."""
    weights = graph.weights
    if weights is None:
        raise RuntimeError("a graph without lengths")
    rows = np.repeat(np.arange(graph.n_nodes), graph.degrees)
    order = np.lexsort((weights, rows))
    return graph.indptr[:-1], graph.indptr[1:], graph.indices[order], weights[order]


def _count_growth(
    rows: tuple[Ints, Ints, Ints, Floats], centers: Ints, shortest: float
) -> tuple[Floats, Ints]:
    """Return lengths up to where the mean ball is large enough, and all balls at these.

    The lengths themselves follow from the shortest edge alone, not from the order of the nodes.
    """
    n_nodes = len(rows[0])
    middles = np.empty(1, dtype=np.int64)
    reach = sweep_weighted(*rows, np.zeros(1, dtype=np.int64), middles)
    n_steps = int(np.ceil(PER_OCTAVE * np.log2(reach / shortest))) + 1
    fine = shortest * 2.0 ** (np.arange(n_steps + 1) / PER_OCTAVE)
    few = centers[:: max(1, len(centers) // N_PILOTS)]
    large = (MOST_OF_ALL + 0.1) * n_nodes
    enough = int(np.argmax(count_weighted(*rows, few, fine).mean(axis=0) > large)) or n_steps
    counts = count_weighted(*rows, centers, fine[: enough + 1])
    if counts[:, -1].mean() <= MOST_OF_ALL * n_nodes:  # the few were not like the rest
        return fine, count_weighted(*rows, centers, fine)
    return fine[: enough + 1], counts


def _choose_radii(fine: Floats, counts: Ints, n_nodes: int) -> Ints:
    """Return places in ``fine`` between the first balls of two nodes and those of half of all."""
    grows = np.flatnonzero(np.diff(counts.sum(axis=0), prepend=len(counts)) > 0)
    reached = (counts > 1).mean(axis=0) >= REACH_ANOTHER
    inside = np.flatnonzero(reached & (counts.mean(axis=0) <= MOST_OF_ALL * n_nodes))
    grows_inside = np.intersect1d(grows, inside)
    if grows_inside.size < MIN_RADII:  # balls grow in few steps, which are all there is
        grows_inside = grows[grows >= (inside[0] if inside.size else np.argmax(reached))]
    if grows_inside.size < 2:
        raise ValueError(
            "balls over shortest paths must grow by steps to give a slope, got "
            f"{grows_inside.size}: the lengths have no spread, or the network is too small"
        )
    spread = np.linspace(grows_inside[0], grows_inside[-1], N_RADII).round().astype(np.int64)
    # equal lengths make stairs: a radius stands at the step before it, not somewhere behind
    return np.unique(grows_inside[np.searchsorted(grows_inside, spread, side="right") - 1])


@dataclass(frozen=True)
class Exponents:
    """Exponents of one network, and ``measures``: α₀, width, mean node dimension, then D_q.

    ``measure_draws`` are the measures of drawn nodes, one row per draw. Of one sample among
    several there are none: then samples are drawn, not nodes.
    """

    tau: Floats
    alpha: Floats
    f: Floats
    r_squared: Floats
    radii: Floats
    log_sums: Floats
    node_dimensions: Floats
    nodes: Ints
    measures: Floats
    measure_draws: Floats


def fit_own_edges(
    found: OwnMasses, q: Floats, *, n_resamples: int, rng: np.random.Generator
) -> Exponents:
    """Return the released exponents: Z_q = Σ (N_i(r)/N_i(r_max))^q, α by differences of τ."""
    x = np.log(found.radii / found.radii[-1])
    sums, _ = _sum_powers(found.masses, found.masses[:, -1], q, n_resamples > 0)

    def fit(weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        log_sums = np.log(np.tensordot(weights, sums, axes=1))
        tau = find_slopes(x, log_sums)
        alpha = np.diff(tau) / np.diff(q)
        return tau, alpha, q[:-1] * alpha - tau[:, :-1], log_sums

    nodes = found.node_dimensions, found.kept
    return _collect(fit, len(sums), q, x, found.radii, nodes, n_resamples, rng)


def fit_paths(
    found: PathMasses, q: Floats, *, n_resamples: int, rng: np.random.Generator
) -> Exponents:
    """Return exponents of balls: Z_q = mean (M/n)^(q−1) against ln(1 + 2r/r₁), r₁ the first r.

    With all lengths 1 these are the sizes of the sandbox method in hops. α is the slope of
    Σ μ ln(M/n), μ the weights of the nodes in Z_q, so no differences of noisy numbers.
    """
    x = np.log1p(2 * found.radii / found.radii[0])
    whole = np.full(len(found.masses), found.n_nodes, dtype=found.masses.dtype)
    sums, means = _sum_powers(found.masses, whole, q - 1, n_resamples > 0, with_means=True)
    n_each = _sum_groups(np.ones(len(whole)), len(sums))

    def fit(weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        total = np.tensordot(weights, sums, axes=1)
        log_sums = np.log(total / (weights @ n_each)[:, None, None])
        tau = find_slopes(x, log_sums)
        alpha = find_slopes(x, np.tensordot(weights, means, axes=1) / total)
        return tau, alpha, q * alpha - tau, log_sums

    nodes = find_slopes(x, np.log(found.masses).T), found.centers
    return _collect(fit, len(sums), q, x, found.radii, nodes, n_resamples, rng)


def _collect(
    fit: Fit,
    n_groups: int,
    q: Floats,
    x: Floats,
    radii: Floats,
    nodes: tuple[Floats, Ints],
    n_resamples: int,
    rng: np.random.Generator,
) -> Exponents:
    node_dimensions, numbers = nodes
    drawn = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups), size=n_resamples)
    weights = np.concatenate([np.ones((1, n_groups)), drawn])
    tau, alpha, f, log_sums = fit(weights)
    own = np.ones_like(node_dimensions)
    dimensions, counts = (_sum_groups(x, n_groups) for x in (node_dimensions, own))
    mean = (weights @ dimensions) / (weights @ counts)
    ends = _pick_alpha0(alpha, f), np.ptp(alpha, axis=1), mean
    measures = np.column_stack([*ends, _find_dimensions(tau, alpha, q)])
    sums = log_sums[0].T
    residual = sums - sums.mean(axis=1, keepdims=True)
    total = (residual**2).sum(axis=1)
    u = x - x.mean()
    explained = tau[0] ** 2 * (u @ u)
    r_squared = np.where(total > 1e-20, explained / np.where(total > 1e-20, total, 1), 1.0)
    return Exponents(
        tau[0], alpha[0], f[0], r_squared, radii, sums, node_dimensions, numbers,
        measures[0], measures[1:],
    )  # fmt: skip


def _pick_alpha0(alpha: Floats, f: Floats) -> Floats:
    """Return α where f is largest, the first where rounding alone tells several apart.

    Around q = 0 the released f is −τ(0) = 0 at two neighbouring moments, exactly.
    """
    places = np.argmax(f >= f.max(axis=1, keepdims=True) - 1e-12, axis=1)
    return np.asarray(np.take_along_axis(alpha, places[:, None], axis=1)[:, 0])


def _find_dimensions(tau: Floats, alpha: Floats, q: Floats) -> Floats:
    """Return D_q = τ/(q − 1); at q = 1 the slope α, or nan where α are differences of τ."""
    at_one = np.isclose(q, 1)
    slope = alpha if alpha.shape == tau.shape else np.full_like(tau, np.nan)
    return np.where(at_one, slope, tau / np.where(at_one, 1, q - 1))


def _sum_groups(values: Floats, n_groups: int) -> Floats:
    sums = np.bincount(np.arange(len(values)) % n_groups, weights=values, minlength=n_groups)
    return sums.astype(np.float64)


def _sum_powers(
    masses: NDArray[np.int32],
    wholes: NDArray[np.int32],
    q: Floats,
    in_groups: bool,
    *,
    with_means: bool = False,
) -> tuple[Floats, Floats]:
    """Return Σ (m/M)^q and Σ (m/M)^q ln(m/M), shape (n_groups, n_radii, n_q).

    Masses are whole numbers, each of which occurs often: their powers come from a table.
    """
    logs = np.log(np.maximum(np.arange(int(wholes.max()) + 1), 1))
    table = np.exp(logs[:, None] * q)
    shape = (min(N_GROUPS, len(masses)) if in_groups else 1, masses.shape[1], q.size)
    sums = np.zeros(shape)
    means = np.zeros(shape if with_means else (0, 0, 0))
    _add_powers(masses, wholes, table, logs, sums, means)
    return sums, means


@kernel
def _add_powers(
    masses: NDArray[np.int32],
    wholes: NDArray[np.int32],
    table: Floats,
    logs: Floats,
    sums: Floats,
    means: Floats,
) -> None:
    n_groups, n_radii, n_q = sums.shape
    factors = np.empty(n_q)
    for g in range(n_groups):  # group by group, whose sums stay at hand
        for i in range(g, masses.shape[0], n_groups):
            for k in range(n_q):
                factors[k] = 1 / table[wholes[i], k]
            for r in range(n_radii):
                m = masses[i, r]
                for k in range(n_q):
                    sums[g, r, k] += table[m, k] * factors[k]
                if means.shape[0]:
                    value = logs[m] - logs[wholes[i]]
                    for k in range(n_q):
                        means[g, r, k] += table[m, k] * factors[k] * value
