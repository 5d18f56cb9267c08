"""Slow twins of the invariance kernels: plain Python, nothing imported from featgraph."""

from __future__ import annotations

import math


def cutoff(values, min_tail):
    """Try every value as x_min; return x_min, exponent and Kolmogorov–Smirnov distance."""
    best = (None, math.nan, math.inf)
    for x_min in sorted(set(values)):
        tail = sorted(v for v in values if v >= x_min)
        if len(tail) < min_tail or tail[0] == tail[-1]:
            continue
        exponent = 1 + len(tail) / sum(math.log(v / x_min) for v in tail)
        distance = max(
            abs(1 - (v / x_min) ** (1 - exponent) - sum(u < v for u in tail) / len(tail))
            for v in tail
        )
        if distance < best[2]:
            best = (x_min, exponent, distance)
    return best


def pair_counts(points, radii, weights, exclude=0):
    """Return weighted counts of pairs closer than each radius, and the weight of all pairs."""
    counts, total = [0] * len(radii), 0
    for i in range(len(points)):
        for j in range(i + 1 + exclude, len(points)):
            weight = weights[i] * weights[j]
            total += weight
            for k, radius in enumerate(radii):
                if math.dist(points[i], points[j]) < radius:
                    counts[k] += weight
    return counts, total


def line(x, y):
    """Slope of the least-squares line."""
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    return above / sum((a - mean_x) ** 2 for a in x)


def plateau(x, counts, reach, tolerance, least, most, growth):
    """Return the longest run of radii whose local slopes agree with its own slope."""
    best = (0, -1)
    for first in range(len(x)):
        for last in range(first + 2 * reach + 1, len(x)):
            if counts[first] < least or counts[last] > most:
                continue
            if counts[last] < growth * counts[first] or last - first <= best[1] - best[0]:
                continue
            slope = line(x[first : last + 1], [math.log(c) for c in counts[first : last + 1]])
            straight = True
            for k in range(first, last - 2 * reach + 1):
                low, high, width = counts[k], counts[k + 2 * reach], x[k + 2 * reach] - x[k]
                noise = 2 * math.sqrt(1 / low - 1 / high) / width
                if abs(math.log(high / low) / width - slope) > max(tolerance * slope, noise):
                    straight = False
            if straight:
                best = (first, last)
    return best


def neighbor_ratios(points):
    """Return ln(r2 / r1) of every point, increasing."""
    logs = []
    for i, p in enumerate(points):
        near = sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)
        logs.append(math.log(near[1] / near[0]))
    return sorted(logs)


def likelihood_dimension(points, k):
    """Levina–Bickel with inverses averaged over points."""
    inverses = []
    for i, p in enumerate(points):
        near = sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)[:k]
        inverses.append(sum(math.log(near[-1] / r) for r in near[:-1]) / (k - 1))
    return len(inverses) / sum(inverses)


def released_dimension(points):
    """The released recipe: 29 neighbours, 40 absolute radii, the middle half of the valid ones."""
    n = len(points)
    radii = [10 ** (-3 + 3.5 * s / 39) for s in range(40)]
    near = []
    for i, p in enumerate(points):
        near += sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)[:29]
    sums = [sum(d < r for d in near) / n / (n - 1) for r in radii]
    valid = [s for s in range(40) if sums[s] > 0]
    if len(valid) > 5:
        valid = valid[len(valid) // 4 : 3 * len(valid) // 4]
    return max(0.0, line([math.log(radii[s]) for s in valid], [math.log(sums[s]) for s in valid]))
