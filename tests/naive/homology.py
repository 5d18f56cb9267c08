"""Slow twin of persistent homology: the boundary matrix of every simplex, reduced mod 2."""

from __future__ import annotations

import itertools
import math


def flag_persistence(n_nodes, edges, top):
    """Diagrams of the flag complex of {(i, j): value}; nodes enter at 0.

    Every clique enters with its largest edge. Returns {dimension: sorted (birth, death)} with
    zero lifetimes dropped, the endless component included.
    """
    value = {(i,): 0.0 for i in range(n_nodes)}
    for size in range(2, top + 3):
        for clique in itertools.combinations(range(n_nodes), size):
            pairs = list(itertools.combinations(clique, 2))
            if all(pair in edges for pair in pairs):
                value[clique] = max(edges[pair] for pair in pairs)
    simplices = sorted(value, key=lambda s: (value[s], len(s), s))
    place = {s: k for k, s in enumerate(simplices)}
    columns = []
    for s in simplices:
        faces = [s[:k] + s[k + 1 :] for k in range(len(s))] if len(s) > 1 else []
        columns.append({place[f] for f in faces})
    owner, paired = {}, {}
    for k, column in enumerate(columns):
        while column and max(column) in owner:
            column ^= columns[owner[max(column)]]
        if column:
            owner[max(column)] = k
            paired[max(column)] = k
    diagrams = {dimension: [] for dimension in range(top + 1)}
    killers = set(paired.values())
    for k, s in enumerate(simplices):
        if k in killers or len(s) - 1 > top:
            continue
        death = value[simplices[paired[k]]] if k in paired else math.inf
        if death > value[s]:
            diagrams[len(s) - 1].append((value[s], death))
    return {dimension: sorted(points) for dimension, points in diagrams.items()}


def clean(points, min_lifetime, infinity):
    kept = [(b, d) for b, d in points if d - b > min_lifetime]
    return [(b, infinity if math.isinf(d) else d) for b, d in kept]


def tent(birth, death, t):
    return max(0.0, min(t - birth, death - t))


def curve_distance(first, second, kind, n_bins=200):
    """One homology dimension, points finite, on the grid that spans both."""
    both = first + second
    if not both:
        return 0.0
    low, high = min(b for b, _ in both), max(d for _, d in both)
    if high <= low:
        return 0.0
    step = (high - low) / (n_bins - 1)
    total = 0.0
    for k in range(n_bins):
        t = low + k * step
        heights = []
        for points in (first, second):
            tents = [tent(b, d, t) for b, d in points]
            if kind == "landscape":
                heights.append(max(tents, default=0.0))
            else:
                weights = [d - b for b, d in points]
                top = sum(w * h for w, h in zip(weights, tents, strict=True))
                heights.append(top / sum(weights) if weights else 0.0)
        total += (heights[0] - heights[1]) ** 2 * step
    return math.sqrt(total)


def heat_distance(first, second, sigma=0.1, n_bins=200):
    """As published: counts at floor pixels, Gaussian with constant border, minus transpose."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    both = first + second
    if not both:
        return 0.0
    low, high = min(b for b, _ in both), max(d for _, d in both)
    if high <= low:
        return 0.0
    step = (high - low) / (n_bins - 1)
    images = []
    for points in (first, second):
        image = np.zeros((n_bins, n_bins))
        for b, d in points:
            if b != d:
                row, column = (min(int((x - low) / step + 1e-9), n_bins - 1) for x in (b, d))
                image[row, column] += 1
        smooth = gaussian_filter(image, 0.1 / step if sigma == 0.1 else sigma / step,
                                 mode="constant")  # fmt: skip
        images.append((smooth - smooth.T) / step**2)
    return float(np.linalg.norm(images[0] - images[1])) * step
