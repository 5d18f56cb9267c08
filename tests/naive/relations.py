"""Relations as sets of others near each node, and as rows of indices."""

import numpy as np


def as_rows(near):
    indptr = np.concatenate([[0], np.cumsum([len(row) for row in near])]).astype(np.int64)
    return indptr, np.array([v for row in near for v in sorted(row)], dtype=np.int64)


def threshold_relation(n_nodes, n_samples, density, seed):
    points = np.random.default_rng(seed).normal(size=(n_nodes, n_samples))
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    near = (apart <= np.quantile(apart, density)) & ~np.eye(n_nodes, dtype=bool)
    return [set(np.flatnonzero(row).tolist()) for row in near]
