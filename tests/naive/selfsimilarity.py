"""Slow twins of featgraph.selfsimilarity: definitions spelled out in float64."""

from __future__ import annotations

import itertools
import math

import numpy as np


def pairs_of(C):
    n_nodes = len(C)
    return np.array([C[i, j] for i in range(n_nodes) for j in range(i + 1, n_nodes)])


def theta_grid(C, n_theta):
    low, high = pairs_of(C).min(), pairs_of(C).max()
    return np.array(
        [(1 + low) * ((1 + high) / (1 + low)) ** (s / (n_theta - 1)) - 1 for s in range(n_theta)]
    )


def formula(share, n_nodes, estimator):
    if estimator == "paper":
        return 1 + (n_nodes - 1) * math.log(n_nodes + (1 - n_nodes) * share, n_nodes)
    return n_nodes - (n_nodes - 1) * math.log(1 + (n_nodes - 1) * share, n_nodes)


def farthest_first(C):
    """Insertion distances of the farthest-point permutation from an end of the widest pair."""
    taken = [int(np.unravel_index(np.argmax(C), C.shape)[0])]
    gaps = []
    while len(taken) < len(C):
        rest = [i for i in range(len(C)) if i not in taken]
        gap = {i: min(C[i, j] for j in taken) for i in rest}
        best = max(rest, key=lambda i: gap[i])
        gaps.append(gap[best])
        taken.append(best)
    return gaps


def complete_linkage(C):
    """Heights of complete linkage, joining the two nearest clusters again and again."""
    clusters = [[i] for i in range(len(C))]
    heights = []
    while len(clusters) > 1:
        (a, b), height = min(
            (
                ((a, b), max(C[i, j] for i in clusters[a] for j in clusters[b]))
                for a, b in itertools.combinations(range(len(clusters)), 2)
            ),
            key=lambda item: item[1],
        )
        heights.append(height)
        joined = clusters[a] + clusters[b]
        clusters = [c for k, c in enumerate(clusters) if k not in (a, b)] + [joined]
    return heights


def minimum_cover(C, theta):
    """Fewest boxes of diameter at most theta: dynamic programming over subsets, small D."""
    n_nodes = len(C)
    fits = [True] * (1 << n_nodes)
    for subset in range(1, 1 << n_nodes):
        members = [i for i in range(n_nodes) if subset >> i & 1]
        fits[subset] = all(C[i, j] <= theta for i in members for j in members)
    best = [0] + [n_nodes] * ((1 << n_nodes) - 1)
    for subset in range(1, 1 << n_nodes):
        part = subset
        while part:
            if fits[part]:
                best[subset] = min(best[subset], 1 + best[subset ^ part])
            part = (part - 1) & subset
    return best[-1]


def box_number(C, theta, estimator):
    """N_θ at one θ, inclusive."""
    n_nodes = len(C)
    if estimator in ("paper", "released"):
        return formula(float((pairs_of(C) <= theta).mean()), n_nodes, estimator)
    if estimator == "caro_wei":
        return sum(1 / sum(C[i, j] <= theta for j in range(n_nodes)) for i in range(n_nodes))
    if estimator == "packing":
        return 1 + sum(gap > theta for gap in farthest_first(C))
    if estimator == "linkage":
        return 1 + sum(height > theta for height in complete_linkage(C))
    if estimator == "midpoint":
        return math.sqrt(box_number(C, theta, "packing") * box_number(C, theta, "linkage"))
    return minimum_cover(C, theta)


def soft_caro_wei(C, theta, softness, level=math.log1p):
    levels = np.array([level(t) for t in theta])
    width = softness * (levels[-1] - levels[0])
    n_nodes = len(C)
    result = []
    for at in levels:
        total = 0.0
        for i in range(n_nodes):
            others = [j for j in range(n_nodes) if j != i]
            total += 1 / (
                1 + sum(1 / (1 + math.exp(-(at - level(C[i, j])) / width)) for j in others)
            )
        result.append(total)
    return np.array(result)


def exact_rate(C, estimator, window=None, level=math.log1p):
    """SS_rate piece by piece between all distances, each piece cut where the sign changes."""
    n_nodes = len(C)
    distances = sorted(set(pairs_of(C).tolist()))
    low, high = window or (distances[0], distances[-1])
    cuts = sorted({low, high, *(d for d in distances if low < d < high)})
    span = level(high) - level(low)
    total = 0.0
    for left, right in itertools.pairwise(cuts):
        log_count = math.log(box_number(C, left, estimator))
        # pf falls from f0 to f1 over the piece; log N stays.
        x0, x1 = ((level(t) - level(low)) / span for t in (left, right))
        g0, g1 = (log_count - (1 - x) * math.log(n_nodes) for x in (x0, x1))
        if g0 < 0 < g1:
            cut = x0 + (x1 - x0) * (-g0) / (g1 - g0)
            total += -g0 * (cut - x0) / 2 + g1 * (x1 - cut) / 2
        else:
            total += abs(g0 + g1) / 2 * (x1 - x0)
    return 2 * total / math.log(n_nodes)


def released_rate(C, theta, estimator):
    """The mean over the grid with strict counts."""
    n_nodes = len(C)
    low, high = math.log1p(theta[0]), math.log1p(theta[-1])
    gaps = []
    for t in theta:
        count = formula(float((pairs_of(C) < t).mean()), n_nodes, estimator)
        line = (high - math.log1p(t)) / (high - low)
        gaps.append(abs(line - math.log(count) / math.log(n_nodes)))
    return 2 * sum(gaps) / len(gaps)


def released_slopes(C, theta, estimator, sharpness=1.0, gain=None):
    """Straight-through dS/dC of each pair i < j: every threshold meets every pair."""
    n_nodes = len(C)
    n_pairs = n_nodes * (n_nodes - 1) // 2
    gain = n_nodes if gain is None else gain
    low, high = math.log1p(theta[0]), math.log1p(theta[-1])
    slopes = np.zeros_like(C)
    for t in theta:
        share = float((pairs_of(C) < t).mean())
        count = formula(share, n_nodes, estimator)
        inner = (
            n_nodes - (n_nodes - 1) * share if estimator == "paper" else 1 + (n_nodes - 1) * share
        )
        d_count = -((n_nodes - 1) ** 2) / (math.log(n_nodes) * inner)
        line = (high - math.log1p(t)) / (high - low)
        sign = np.sign(math.log(count) / math.log(n_nodes) - line)
        d_share = 2 / len(theta) * sign * d_count / (count * math.log(n_nodes))
        rise = 1 / (1 + np.exp(-np.clip(sharpness * (t - C), -700, 700)))
        slopes -= d_share * gain * sharpness / n_pairs * rise * (1 - rise)
    return np.triu(slopes, 1)
