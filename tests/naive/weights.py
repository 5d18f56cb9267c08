"""Networks of weights by definition: plain lists, one edge at a time; nothing of featgraph."""

from __future__ import annotations

import math
from collections import Counter


def lengths(matrix):
    """Outgoing lengths 1/|w| of each source neuron; ``matrix`` has shape (n_out, n_in)."""
    return [[1 / abs(row[i]) for row in matrix if row[i] != 0] for i in range(len(matrix[0]))]


def own_masses(rows, longest=150, min_edges=10):
    """Rounded lengths that occur, and N_i(r) of every kept neuron at each of them."""
    kept = []
    for row in rows:
        usable = [length for length in row if 1 < length <= longest]
        if len(usable) > min_edges:
            kept.append(Counter(round(length) for length in usable))
    radii = sorted({length for counts in kept for length in counts})
    masses = [
        [1 + sum(n for length, n in counts.items() if length <= r) for r in radii]
        for counts in kept
    ]
    return radii, masses


def slope(x, y):
    """Least squares."""
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum(
        (a - mx) ** 2 for a in x
    )


def released(rows, q, longest=150, min_edges=10):
    """τ, α, f, α₀, width and node dimensions of the published analysis."""
    radii, masses = own_masses(rows, longest, min_edges)
    x = [math.log(r / radii[-1]) for r in radii]
    tau = []
    for moment in q:
        sums = [sum((row[k] / row[-1]) ** moment for row in masses) for k in range(len(radii))]
        tau.append(slope(x, [math.log(z) for z in sums]))
    alpha = [(tau[k + 1] - tau[k]) / (q[k + 1] - q[k]) for k in range(len(q) - 1)]
    f = [q[k] * alpha[k] - tau[k] for k in range(len(alpha))]
    # f is −τ(0) = 0 at two moments: the first, whatever rounding says
    alpha0 = next(a for a, value in zip(alpha, f, strict=True) if value >= max(f) - 1e-12)
    dimensions = [slope([math.log(r) for r in radii], [math.log(m) for m in row]) for row in masses]
    return tau, alpha, f, alpha0, max(alpha) - min(alpha), dimensions


def shortest_paths(n_nodes, edges):
    """All path lengths by Bellman's relaxation; ``edges`` maps (i, j) to a length."""
    table = [[0.0 if i == j else math.inf for j in range(n_nodes)] for i in range(n_nodes)]
    for row in table:
        changed = True
        while changed:
            changed = False
            for (a, b), length in edges.items():
                for u, v in ((a, b), (b, a)):
                    if row[u] + length < row[v]:
                        row[v] = row[u] + length
                        changed = True
    return table


def path_spectrum(table, radii, q):
    """τ(q) of the sandbox method, τ against ln(1 + 2r/r₁), and its numerical α = dτ/dq."""
    n_nodes = len(table)
    masses = [[sum(d <= r * (1 + 1e-12) for d in row) for r in radii] for row in table]
    x = [math.log(1 + 2 * r / radii[0]) for r in radii]

    def tau(moment):
        means = [
            sum((row[k] / n_nodes) ** (moment - 1) for row in masses) / n_nodes
            for k in range(len(radii))
        ]
        return slope(x, [math.log(m) for m in means])

    step = 1e-5
    return [tau(m) for m in q], [(tau(m + step) - tau(m - step)) / (2 * step) for m in q]


def emergence(alpha0, width):
    """E_t = (width_t / width_0)·ln(α₀,₀ / α₀,t)."""
    return [w / width[0] * math.log(alpha0[0] / a) for a, w in zip(alpha0, width, strict=True)]
