"""From masses by radius to τ(q), D_q, α and f, by either analysis, with draws over nodes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel
from featgraph.weights.own_edges import OwnMasses, find_slopes
from featgraph.weights.path_balls import PathMasses

__all__ = ["Exponents", "fit_own_edges", "fit_paths"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

#: From the weights of groups of nodes, one row per draw, to τ, α, f and ln Z_q of each draw.
Fit: TypeAlias = Callable[[Floats], tuple[Floats, Floats, Floats, Floats]]
N_GROUPS = 100  # of nodes that are drawn together


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
