"""Slow twins of sandboxes, box moments, modularity and partitions, in plain Python."""

from __future__ import annotations

import math
from itertools import combinations, pairwise


def ball_masses(neighbors, radii):
    """Number of nodes within each radius of each node, one search per pair of the two."""
    table = []
    for source in range(len(neighbors)):
        row = []
        for radius in radii:
            ball = {source}
            for _ in range(radius):
                ball |= {v for u in ball for v in neighbors[u]}
            row.append(len(ball))
        table.append(row)
    return table


def log_partition_sum(masses, q):
    """log Σ (M_i/n)^q."""
    n_nodes = sum(masses)
    return math.log(sum((mass / n_nodes) ** q for mass in masses))


def modularity(n_nodes, edges, labels):
    """Newman's modularity, pair by pair."""
    degrees = [sum(i in edge for edge in edges) for i in range(n_nodes)]
    pairs = {frozenset(edge) for edge in edges}
    total = 0.0
    for i in range(n_nodes):
        for j in range(n_nodes):
            if labels[i] == labels[j]:
                joined = i != j and frozenset((i, j)) in pairs
                total += joined - degrees[i] * degrees[j] / (2 * len(edges))
    return total / (2 * len(edges))


def adjusted_rand(first, other):
    """Adjusted Rand index by going through all pairs."""
    pairs = list(combinations(range(len(first)), 2))
    one = [first[i] == first[j] for i, j in pairs]
    two = [other[i] == other[j] for i, j in pairs]
    both = sum(a and b for a, b in zip(one, two, strict=True))
    expected = sum(one) * sum(two) / len(pairs)
    largest = (sum(one) + sum(two)) / 2
    return 1.0 if largest == expected else (both - expected) / (largest - expected)


def half_wasserstein(first, other):
    """Half the area between the distribution functions of k/⟨k⟩."""
    a = sorted(k * len(first) / sum(first) for k in first)
    b = sorted(k * len(other) / sum(other) for k in other)
    places = sorted(a + b)
    area = 0.0
    for low, high in pairwise(places):
        below = sum(x <= low for x in a) / len(a)
        over = sum(x <= low for x in b) / len(b)
        area += abs(below - over) * (high - low)
    return area / 2
