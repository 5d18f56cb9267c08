"""What each measure is by its definition, in plain numpy, slow and without featgraph."""

from __future__ import annotations

import itertools
import math

import numpy as np


def adjacency(edges: np.ndarray, n: int) -> np.ndarray:
    """Return the matrix of zeros and ones of an undirected graph."""
    matrix = np.zeros((n, n))
    matrix[edges[:, 0], edges[:, 1]] = matrix[edges[:, 1], edges[:, 0]] = 1
    return matrix


def clustering(edges: np.ndarray, n: int, *, leaves: bool = True) -> float:
    """Return the mean over nodes of closed over possible pairs of neighbours; 0 for leaves.

    Without ``leaves`` the mean is that over nodes with two neighbours and more.
    """
    a = adjacency(edges, n)
    degrees = a.sum(axis=1)
    pairs = degrees * (degrees - 1)
    shares = np.divide(np.diag(a @ a @ a), pairs, out=np.zeros(n), where=pairs > 0)
    return float(shares.mean() if leaves else shares[degrees > 1].mean())


def transitivity(edges: np.ndarray, n: int) -> float:
    """Return closed over all paths of two edges."""
    a = adjacency(edges, n)
    square = a @ a
    return float(np.trace(square @ a) / (square.sum() - np.trace(square)))


def hops(edges: np.ndarray, n: int) -> np.ndarray:
    """Return the hops between all nodes, infinity where there is no path."""
    found = np.where(adjacency(edges, n) > 0, 1.0, np.inf)
    np.fill_diagonal(found, 0)
    for k in range(n):
        found = np.minimum(found, found[:, [k]] + found[[k]])
    return found


def path_length(edges: np.ndarray, n: int) -> float:
    """Return the mean of the hops between two nodes."""
    return float(hops(edges, n)[~np.eye(n, dtype=bool)].mean())


def efficiency(edges: np.ndarray, n: int) -> float:
    """Return the mean of one over hops."""
    return float((1 / hops(edges, n)[~np.eye(n, dtype=bool)]).mean())


def assortativity(edges: np.ndarray, n: int) -> float:
    """Return the correlation of the degrees at both ends of an edge, each edge taken both ways."""
    degrees = adjacency(edges, n).sum(axis=1)
    ends = np.concatenate([edges, edges[:, ::-1]])
    return float(np.corrcoef(degrees[ends[:, 0]], degrees[ends[:, 1]])[0, 1])


def modularity(edges: np.ndarray, n: int, labels: np.ndarray) -> float:
    """Return the share of edges inside groups over that of a random graph of the same degrees."""
    a = adjacency(edges, n)
    degrees = a.sum(axis=1)
    expected = np.outer(degrees, degrees) / a.sum()
    return float(((a - expected) * (labels[:, None] == labels)).sum() / a.sum())


def hsic(k: np.ndarray, m: np.ndarray, *, unbiased: bool) -> float:
    """Return the Hilbert-Schmidt independence criterion (Gretton 2005; Song 2012, eq. 5)."""
    n = len(k)
    if not unbiased:
        center = np.eye(n) - 1 / n
        return float(np.trace(k @ center @ m @ center) / (n - 1) ** 2)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    total = np.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2))
    return float((total - 2 * (k @ m).sum() / (n - 2)) / (n * (n - 3)))


def cka(x: np.ndarray, y: np.ndarray, *, unbiased: bool = False) -> float:
    """Return linear CKA (Kornblith 2019), every term by the same estimator."""
    x, y = x.astype(float), y.astype(float)
    k, m = x @ x.T, y @ y.T
    terms = [hsic(*pair, unbiased=unbiased) for pair in ((k, m), (k, k), (m, m))]
    return terms[0] / math.sqrt(terms[1] * terms[2])


def procrustes(x: np.ndarray, y: np.ndarray) -> float:
    """Return the sum of singular values of X'Y, both centred and of norm 1."""
    x, y = (a - a.mean(axis=0) for a in (x, y))
    return float(np.linalg.svd(x.T @ y / np.linalg.norm(x) / np.linalg.norm(y))[1].sum())


def canonical_correlations(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the singular values of Q'R for orthonormal bases of both centred spaces."""
    bases = [np.linalg.qr(a - a.mean(axis=0))[0] for a in (x, y)]
    return np.linalg.svd(bases[0].T @ bases[1])[1]


def rank(values: np.ndarray) -> np.ndarray:
    """Return ranks; ties have the mean of theirs."""
    return ((values[:, None] > values).sum(axis=1) + (values[:, None] >= values).sum(axis=1)) / 2


def rsa(x: np.ndarray, y: np.ndarray) -> float:
    """Return the rank correlation of 1 - correlation of every two samples."""
    above = np.triu_indices(len(x), 1)
    return float(np.corrcoef(*(rank(1 - np.corrcoef(a)[above]) for a in (x, y)))[0, 1])


def neighbor_distances(points: np.ndarray) -> np.ndarray:
    """Return the distances of each point to the others, rising."""
    steps = np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))
    return np.sort(steps, axis=1)[:, 1:]


def two_nn(points: np.ndarray) -> float:
    """Return the likelihood estimate over the ratios of second to first distance (Facco 2017)."""
    near = neighbor_distances(points)
    return float(len(points) / np.log(near[:, 1] / near[:, 0]).sum())


def likelihood_dimension(points: np.ndarray, k: int) -> float:
    """Return the inverse of the mean of inverse estimates (Levina 2005 as MacKay corrected it)."""
    near = neighbor_distances(points)[:, :k]
    inverse = np.log(near[:, [-1]] / near[:, :-1]).sum(axis=1) / (k - 1)
    return float(1 / inverse.mean())


def zeta_exponent(values: np.ndarray, least: int) -> float:
    """Return where the likelihood of the discrete power law from ``least`` on is largest."""
    from scipy.optimize import minimize_scalar
    from scipy.special import zeta

    tail = values[values >= least]
    mean = np.log(tail).mean()
    found = minimize_scalar(
        lambda a: np.log(zeta(a, least)) + a * mean,
        bounds=(1.01, 60),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return float(found.x)


def boxes_of_image(image: np.ndarray, side: int) -> int:
    """Return how many squares of a grid hold a pixel that is set."""
    n = image.shape[0] // side
    return int(image.reshape(n, side, n, side).any(axis=(1, 3)).sum())


def bars(distances: np.ndarray, dimension: int) -> list[tuple[float, float]]:
    """Return the bars of the Vietoris-Rips complex by reduction of the whole boundary matrix."""
    n = len(distances)
    faces = [f for size in range(1, dimension + 3) for f in itertools.combinations(range(n), size)]
    when = {
        f: max((distances[i, j] for i, j in itertools.combinations(f, 2)), default=0.0)
        for f in faces
    }
    faces.sort(key=lambda f: (when[f], len(f), f))
    place = {f: k for k, f in enumerate(faces)}
    owner: dict[int, int] = {}
    columns: dict[int, set[int]] = {}
    found, killed = [], set()
    for k, face in enumerate(faces):
        column = {place[part] for part in itertools.combinations(face, len(face) - 1) if part}
        while column and max(column) in owner:
            column ^= columns[owner[max(column)]]
        if column:
            low = max(column)
            owner[low], columns[k] = k, column
            killed |= {low, k}
            if len(faces[low]) == dimension + 1:
                found.append((when[faces[low]], when[face]))
    found += [
        (when[f], math.inf)
        for k, f in enumerate(faces)
        if k not in killed and len(f) == dimension + 1
    ]
    return sorted(found)


def shrunk_boxes(edges: np.ndarray, n: int, size: int) -> int:
    """Return the least number of boxes of a diameter by trying every assignment (tiny graphs)."""
    far = hops(edges, n) > size
    best = n
    labels = [0] * n

    def place(node: int, used: int) -> None:
        nonlocal best
        if used >= best:
            return
        if node == n:
            best = used
            return
        for box in range(used + 1):
            if not any(labels[other] == box and far[node, other] for other in range(node)):
                labels[node] = box
                place(node + 1, max(used, box + 1))

    place(0, 0)
    return best
