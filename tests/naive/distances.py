"""Slow twins of featgraph.distances: loops in float64."""

from __future__ import annotations

import math

import numpy as np


def pair_distances(F):
    """C_ij = ‖F_i − F_j‖ / √B, one pair at a time."""
    F = np.asarray(F, dtype=np.float64)
    n_nodes, n_samples = F.shape
    C = np.zeros((n_nodes, n_nodes))
    for i in range(n_nodes):
        for j in range(n_nodes):
            C[i, j] = math.sqrt(((F[i] - F[j]) ** 2).sum() / n_samples)
    return C


def pull_back(F, slopes):
    """dL/dF from dL/dC_ij of each ordered pair; pairs at distance 0 pass nothing."""
    F = np.asarray(F, dtype=np.float64)
    C = pair_distances(F)
    grad = np.zeros_like(F)
    for i in range(len(F)):
        for j in range(len(F)):
            if C[i, j] > 0:
                step = slopes[i, j] * (F[i] - F[j]) / (C[i, j] * F.shape[1])
                grad[i] += step
                grad[j] -= step
    return grad
