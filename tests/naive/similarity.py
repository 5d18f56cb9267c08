"""Slow twins of the similarity measures: loops over the published formulas, numpy at most."""

from __future__ import annotations

import itertools
import math

import numpy as np


def inner(a, b):
    return sum(float(x) * float(y) for x, y in zip(a, b, strict=True))


def linear_gram(X):
    return [[inner(a, b) for b in X] for a in X]


def rbf_gram(X, bandwidth):
    squared = [[sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) for b in X] for a in X]
    n = len(X)
    pairs = sorted(squared[i][j] for i in range(n) for j in range(i + 1, n))
    median = pairs[(len(pairs) - 1) // 2]
    return [[math.exp(-d / (2 * bandwidth**2 * median)) for d in row] for row in squared]


def hsic_biased(K, L):
    n = len(K)
    H = [[(1.0 if i == j else 0.0) - 1 / n for j in range(n)] for i in range(n)]
    K, L, H = np.array(K), np.array(L), np.array(H)
    return float(np.trace(K @ H @ L @ H)) / (n - 1) ** 2


def hsic_unbiased(K, L):
    """Song et al. 2012, with the diagonals set to zero."""
    n = len(K)
    K = [[0.0 if i == j else K[i][j] for j in range(n)] for i in range(n)]
    L = [[0.0 if i == j else L[i][j] for j in range(n)] for i in range(n)]
    trace = sum(K[i][j] * L[j][i] for i in range(n) for j in range(n))
    sum_k = sum(map(sum, K))
    sum_l = sum(map(sum, L))
    rows = sum(sum(K[i]) * sum(L[i]) for i in range(n))
    value = trace + sum_k * sum_l / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)
    return value / (n * (n - 3))


def cka(X, Y, *, kernel="linear", unbiased=False, bandwidth=1.0):
    gram = linear_gram if kernel == "linear" else lambda Z: rbf_gram(Z, bandwidth)
    hsic = hsic_unbiased if unbiased else hsic_biased
    K, L = gram(X), gram(Y)
    return hsic(K, L) / math.sqrt(hsic(K, K) * hsic(L, L))


def cka_minibatch(X, Y, batch_size):
    sums = [0.0, 0.0, 0.0]
    for start in range(0, len(X), batch_size):
        K = linear_gram(X[start : start + batch_size])
        L = linear_gram(Y[start : start + batch_size])
        if len(K) >= 4:
            sums[0] += hsic_unbiased(K, L)
            sums[1] += hsic_unbiased(K, K)
            sums[2] += hsic_unbiased(L, L)
    return sums[0] / math.sqrt(sums[1] * sums[2])


def canonical_correlations(X, Y):
    """Roots of the eigenvalues of Cxx⁻¹ Cxy Cyy⁻¹ Cyx (Hotelling 1936)."""
    X = np.asarray(X) - np.mean(X, axis=0)
    Y = np.asarray(Y) - np.mean(Y, axis=0)
    cxx, cyy, cxy = X.T @ X, Y.T @ Y, X.T @ Y
    product = np.linalg.solve(cxx, cxy) @ np.linalg.solve(cyy, cxy.T)
    values = np.sort(np.linalg.eigvals(product).real)[::-1]
    return np.sqrt(np.clip(values[: min(X.shape[1], Y.shape[1])], 0, 1))


def pwcca(X, Y):
    """Canonical variates of X from the same eigenproblem, weighted by their share of X."""
    X = np.asarray(X) - np.mean(X, axis=0)
    Y = np.asarray(Y) - np.mean(Y, axis=0)
    cxx, cyy, cxy = X.T @ X, Y.T @ Y, X.T @ Y
    product = np.linalg.solve(cxx, cxy) @ np.linalg.solve(cyy, cxy.T)
    values, vectors = np.linalg.eig(product)
    numerator = denominator = 0.0
    strongest = np.argsort(-values.real)[: min(X.shape[1], Y.shape[1])]
    for value, vector in zip(values.real[strongest], vectors.real.T[strongest], strict=True):
        variate = X @ vector
        variate = variate / np.linalg.norm(variate)
        weight = sum(abs(inner(variate, column)) for column in X.T)
        numerator += weight * math.sqrt(min(max(value, 0.0), 1.0))
        denominator += weight
    return numerator / denominator


def pearson(a, b):
    a = [x - sum(a) / len(a) for x in a]
    b = [x - sum(b) / len(b) for x in b]
    return inner(a, b) / math.sqrt(inner(a, a) * inner(b, b))


def ranks(values):
    return [
        sum(other < value for other in values) + (sum(o == value for o in values) + 1) / 2
        for value in values
    ]


def rsa(X, Y, *, dissimilarity, comparison):
    lists = []
    for Z in (X, Y):
        pairs = []
        for a, b in itertools.combinations([list(map(float, row)) for row in Z], 2):
            if dissimilarity == "euclidean":
                pairs.append(math.dist(a, b))
            elif dissimilarity == "cosine":
                pairs.append(1 - inner(a, b) / math.sqrt(inner(a, a) * inner(b, b)))
            else:
                pairs.append(1 - pearson(a, b))
        rounded = [round(p, 12) for p in pairs]
        lists.append(ranks(rounded) if comparison == "spearman" else pairs)
    return pearson(*lists)


def mutual_knn(X, Y, k, *, distance):
    lists = []
    for Z in (X, Y):
        near = []
        for i, a in enumerate(Z):
            row = []
            for j, b in enumerate(Z):
                if i != j:
                    if distance == "cosine":
                        apart = -inner(a, b) / math.sqrt(inner(a, a) * inner(b, b))
                    else:
                        apart = math.dist(a, b)
                    row.append((apart, j))
            near.append({j for _, j in sorted(row)[:k]})
        lists.append(near)
    return sum(len(a & b) for a, b in zip(*lists, strict=True)) / (k * len(X))


def adjacency(X, top_k=None):
    n = len(X)
    cosine = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            norm = math.sqrt(inner(X[i], X[i]) * inner(X[j], X[j]))
            if i != j and norm > 0:
                cosine[i][j] = inner(X[i], X[j]) / norm
    if top_k is None:
        return cosine
    kept = [[0.0] * n for _ in range(n)]
    for i in range(n):
        order = sorted((j for j in range(n) if j != i), key=lambda j: (-cosine[i][j], j))
        for j in order[:top_k]:
            kept[i][j] = cosine[i][j]
    return [[(kept[i][j] + kept[j][i]) / 2 for j in range(n)] for i in range(n)]


def lsim(X, Y, top_k=None):
    A, B = adjacency(X, top_k), adjacency(Y, top_k)
    total = 0.0
    for a, b in zip(A, B, strict=True):
        norms = math.sqrt(inner(a, a)), math.sqrt(inner(b, b))
        if norms[0] == 0 or norms[1] == 0:
            total += float(norms[0] == norms[1])
        else:
            total += inner(a, b) / (norms[0] * norms[1])
    return total / len(A)


def label_motifs(X, labels, top_k):
    A = adjacency(X, top_k)
    counts = [0, 0, 0]
    for i, j, k in itertools.combinations(range(len(A)), 3):
        if A[i][j] > 0 and A[j][k] > 0 and A[i][k] > 0:
            counts[len({labels[i], labels[j], labels[k]}) - 1] += 1
    return counts


def modularity(A, labels):
    n = len(A)
    total = sum(map(sum, A))
    k = [sum(row) for row in A]
    return sum(
        (A[i][j] - k[i] * k[j] / total) / total
        for i in range(n)
        for j in range(n)
        if labels[i] == labels[j]
    )
