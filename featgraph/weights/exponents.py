"""From masses by radius to τ(q), α and f, by either analysis, with draws over nodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.dimension.spectrum import fit_slopes
from featgraph.kernels import kernel
from featgraph.weights.own_edges import OwnMasses
from featgraph.weights.path_balls import PathMasses

__all__ = ["Exponents", "fit_own_edges", "fit_paths"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

#: From the weights of groups of nodes to τ, α, f and ln Z_q.
Fit: TypeAlias = Callable[[Floats], tuple[Floats, Floats, Floats, Floats]]
N_GROUPS = 200  # of nodes that are drawn together


@dataclass(frozen=True)
class Exponents:
    """Exponents of one network; ``alpha0_draws`` and ``width_draws`` come from drawn nodes.

    Of one sample among several there are none: then samples are drawn, not nodes.
    """

    tau: Floats
    alpha: Floats
    f: Floats
    r_squared: Floats
    radii: Floats
    log_sums: Floats
    node_dimensions: Floats
    nodes: Ints
    alpha0_draws: Floats
    width_draws: Floats

    @property
    def alpha0(self) -> float:
        """α where f is largest, the first where rounding alone tells several apart.

        Around q = 0 the released f is −τ(0) = 0 at two neighbouring moments, exactly.
        """
        return _pick_alpha0(self.alpha, self.f)

    @property
    def width(self) -> float:
        """Largest minus smallest α."""
        return float(np.ptp(self.alpha))


def fit_own_edges(
    found: OwnMasses, q: Floats, *, n_resamples: int, is_only: bool = True, rng: np.random.Generator
) -> Exponents:
    """Return the released exponents: Z_q = Σ (N_i(r)/N_i(r_max))^q, α by differences of τ."""
    x = np.log(found.radii / found.radii[-1])
    sums, _ = _sum_powers((part - part[:, -1:] for part in found.logs()), len(found.kept), q)

    def fit(weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        log_sums = np.log(np.tensordot(weights, sums, axes=1))
        tau = fit_slopes(x, log_sums)[0]
        alpha = np.diff(tau) / np.diff(q)
        return tau, alpha, q[:-1] * alpha - tau[:-1], log_sums

    return _collect(
        fit, len(sums), x, found.radii, found.node_dimensions, found.kept, n_resamples,
        is_only, rng,
    )  # fmt: skip


def fit_paths(
    found: PathMasses,
    q: Floats,
    *,
    n_resamples: int,
    is_only: bool = True,
    rng: np.random.Generator,
) -> Exponents:
    """Return exponents of balls: Z_q = mean (M/n)^(q−1) against ln(1 + 2r/r₁), r₁ the first r.

    With all lengths 1 these are the sizes of the sandbox method in hops. α is the slope of
    Σ μ ln(M/n), μ the weights of the nodes in Z_q, so no differences of noisy numbers.
    """
    logs = np.log(found.masses / found.n_nodes)
    x = np.log1p(2 * found.radii / found.radii[0])
    sums, means = _sum_powers([logs], len(logs), q - 1)
    n_each = np.bincount(np.arange(len(logs)) % len(sums), minlength=len(sums)).astype(float)

    def fit(weights: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        total = np.tensordot(weights, sums, axes=1)
        log_sums = np.log(total / (weights @ n_each))
        tau = fit_slopes(x, log_sums)[0]
        alpha = fit_slopes(x, np.tensordot(weights, means, axes=1) / total)[0]
        return tau, alpha, q * alpha - tau, log_sums

    own = fit_slopes(x, np.log(found.masses))[0]
    return _collect(fit, len(sums), x, found.radii, own, found.centers, n_resamples, is_only, rng)


def _collect(
    fit: Fit,
    n_groups: int,
    x: Floats,
    radii: Floats,
    node_dimensions: Floats,
    nodes: Ints,
    n_resamples: int,
    is_only: bool,
    rng: np.random.Generator,
) -> Exponents:
    tau, alpha, f, log_sums = fit(np.ones(n_groups))
    draws = np.empty((2, n_resamples if is_only else 0))
    for k in range(n_resamples):  # drawn in any case, so that null models do not depend on it
        weights = rng.multinomial(n_groups, np.full(n_groups, 1 / n_groups)).astype(np.float64)
        if is_only:
            _, a, spectrum, _ = fit(weights)
            draws[:, k] = _pick_alpha0(a, spectrum), np.ptp(a)
    residual = log_sums - log_sums.mean(axis=1, keepdims=True)
    total = (residual**2).sum(axis=1)
    u = x - x.mean()
    explained = tau**2 * (u @ u)
    r_squared = np.where(total > 1e-20, explained / np.where(total > 1e-20, total, 1), 1.0)
    return Exponents(
        tau, alpha, f, r_squared, radii, log_sums, node_dimensions, nodes, draws[0], draws[1]
    )


def _pick_alpha0(alpha: Floats, f: Floats) -> float:
    return float(alpha[np.argmax(f >= f.max() - 1e-12)])


def _sum_powers(parts: Iterable[Floats], n_nodes: int, q: Floats) -> tuple[Floats, Floats]:
    """Return Σ m^q and Σ m^q ln m over groups of nodes, shape (n_groups, n_q, n_radii).

    ``parts`` are ln m of nodes after nodes, N_GROUPS a divisor of how many come at once.
    """
    steps = np.diff(q)
    is_even = bool(q.size > 1 and np.allclose(steps, steps.mean(), rtol=1e-9, atol=0))
    sums = means = np.zeros((0, 0, 0))
    for logs in parts:
        if not sums.size:
            shape = (min(N_GROUPS, n_nodes), logs.shape[1], q.size)
            sums, means = np.zeros(shape), np.zeros(shape)
        _add_powers(logs, q, is_even, sums, means)
    return sums.transpose(0, 2, 1), means.transpose(0, 2, 1)


@kernel
def _add_powers(logs: Floats, q: Floats, is_even: bool, sums: Floats, means: Floats) -> None:
    # m^q at even steps of q is one factor after the other: an exponential per moment costs tenfold
    for i in range(logs.shape[0]):
        g = i % sums.shape[0]
        for r in range(logs.shape[1]):
            value = logs[i, r]
            power = np.exp(q[0] * value)
            factor = np.exp((q[-1] - q[0]) / max(q.size - 1, 1) * value)
            for k in range(q.size):
                if not is_even:
                    power = np.exp(q[k] * value)
                sums[g, r, k] += power
                means[g, r, k] += power * value
                power *= factor
