"""Null models: features with the same spectrum, norms or values, and no other structure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.resources import small_on_one_thread
from featgraph.core.values import RandomState, as_rng
from featgraph.features.feature_matrix import FeatureMatrix, as_feature_matrix

__all__ = [
    *("NULLS", "Null", "draw_null", "draw_nulls", "gaussian_null", "norms_null", "shuffled_null"),
]

Null: TypeAlias = Literal["gaussian", "norms", "shuffled"]
Features: TypeAlias = "FeatureMatrix | torch.Tensor | NDArray[np.generic]"

#: Steps that bring the geometric median of a layer nearer by less than its smallest norms.
MEDIAN_STEPS = 200

NULLS: dict[str, str] = {
    "gaussian": "Gaussian features with the singular values of F in random directions",
    "norms": "Gaussian directions of that spectrum, each node as far from their middle as in F",
    "shuffled": "the values of each node, permuted over the samples independently",
}


@small_on_one_thread
def draw_null(
    features: Features, *, null: Null = "gaussian", rng: RandomState = None
) -> FeatureMatrix:
    """Draw features from a null model by name.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    null : {"gaussian", "norms", "shuffled"}, default="gaussian"
        A name in ``NULLS``.
    rng : Generator, int or None, default=None
        Source of the draw.

    Returns
    -------
    FeatureMatrix
        Of the shape, precision and device of F.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> draw_null(np.eye(3), null="shuffled", rng=0).n_nodes
    3
    """
    return next(draw_nulls(features, null=null, rng=rng))


def draw_nulls(
    features: Features,
    *,
    null: Null = "gaussian",
    rng: RandomState = None,
    rotated: bool = True,
) -> Iterator[FeatureMatrix]:
    """Yield draws from a null model without end; what does not change is computed once.

    Parameters
    ----------
    features, null, rng
        As in :func:`draw_null`.
    rotated : bool, default=True
        False leaves the mean and the rotation R of the Gaussian null models out: the same
        distances between nodes in half the time.

    Yields
    ------
    FeatureMatrix
        The same law as :func:`draw_null`, of distances if not ``rotated``.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> draws = draw_nulls(np.eye(3), null="shuffled", rng=0)
    >>> next(draws).n_nodes, next(draws).n_nodes
    (3, 3)
    """
    F = as_feature_matrix(features)
    if null == "shuffled":
        return _shuffled_draws(F, as_rng(rng))
    return _gaussian_draws(F, as_rng(rng), rotated, keeps_norms=null == "norms")


def gaussian_null(features: Features, *, rng: RandomState = None) -> FeatureMatrix:
    """Draw features with the covariance spectrum of F, in random directions.

    F minus its mean over nodes is U diag(s) Vᵀ; the null model is Q diag(s) Rᵀ plus the same
    mean, where Q and R have Gaussian entries made orthonormal (Haar). Nodes thus form a cloud
    with the same spread along each principal axis as those of F, and no clusters, hubs or
    tails of their own.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    rng : Generator, int or None, default=None
        Source of the directions.

    Returns
    -------
    FeatureMatrix
        Of the shape, precision and device of F; ``source`` says how it was made. The singular
        values of the centred matrix and the mean squared distance between nodes equal those of
        F to rounding.

    Notes
    -----
    O(D B min(D, B)) time, in float64. The mean and the rotation R do not touch distances
    between nodes, Q draws them anew; so a z-score of SS_rate against this model asks what F has
    beyond its spectrum.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(6, 4)) * [4, 3, 2, 1]
    >>> null = gaussian_null(F, rng=0).numpy()
    >>> centred = lambda X: np.linalg.svd(X - X.mean(0), compute_uv=False)
    >>> bool(np.allclose(centred(F), centred(null)))
    True
    """
    return draw_null(features, null="gaussian", rng=rng)


def _gaussian_draws(
    F: FeatureMatrix, rng: np.random.Generator, rotated: bool, *, keeps_norms: bool
) -> Iterator[FeatureMatrix]:
    values = F.numpy().astype(np.float64)
    mean = values.mean(axis=0)
    middle = _geometric_median(values) if keeps_norms else mean
    norms = np.linalg.norm(values - middle, axis=1, keepdims=True)
    singular = np.linalg.svd(values - mean, compute_uv=False)[: F.n_nodes - 1]
    while True:
        # Nodes must stay centred: directions are drawn in the space orthogonal to (1, ..., 1).
        drawn = rng.standard_normal((F.n_nodes, len(singular)))
        axes = _orthonormal(drawn - drawn.mean(axis=0)) * singular
        if keeps_norms:
            drawn_norms = np.linalg.norm(axes, axis=1, keepdims=True)
            axes *= norms / np.where(drawn_norms > 0, drawn_norms, 1.0)
        turn = rng.standard_normal((F.n_samples, len(singular)))
        if rotated:
            cloud = axes @ _orthonormal(turn).T + middle
        else:
            cloud = np.zeros(values.shape)
            cloud[:, : len(singular)] = axes
        yield _like(F, cloud, "norms null" if keeps_norms else "gaussian null")


def norms_null(features: Features, *, rng: RandomState = None) -> FeatureMatrix:
    """Draw features with the norms of F in Gaussian directions of its spectrum.

    A draw of :func:`gaussian_null` in which every node is moved along its direction until it is
    as far from the geometric median of F as the same node of F. What a few loud or silent nodes
    do to the distances stays, and how nodes lie to each other is drawn anew. The geometric median
    is the point with the least sum of distances to the nodes, which loud ones do not pull away.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    rng : Generator, int or None, default=None
        Source of the directions.

    Returns
    -------
    FeatureMatrix
        Of the shape, precision and device of F. Distances from the geometric median of F equal
        those of F to rounding; singular values are those of F only where all norms are alike.

    Notes
    -----
    O(D B min(D, B)) time, in float64. Weiszfeld 1937, doi:10.1007/s10479-008-0352-z (geometric
    median).

    Examples
    --------
    >>> F = np.array([[9.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])  # median at the origin
    >>> np.linalg.norm(norms_null(F, rng=0).numpy(), axis=1).round(6).tolist()
    [9.0, 1.0, 1.0, 1.0]
    """
    return draw_null(features, null="norms", rng=rng)


def shuffled_null(features: Features, *, rng: RandomState = None) -> FeatureMatrix:
    """Permute the activations of each node over the samples, independently of other nodes.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    rng : Generator, int or None, default=None
        Source of the permutations.

    Returns
    -------
    FeatureMatrix
        Of the shape, precision and device of F. Each row holds the same values as in F, so
        means and variances of nodes stay and their correlation goes.

    Notes
    -----
    O(D B) time.

    Examples
    --------
    >>> shuffled_null(np.array([[1.0, 2.0, 3.0], [7.0, 8.0, 9.0]]), rng=0).numpy().tolist()
    [[3.0, 1.0, 2.0], [9.0, 8.0, 7.0]]
    """
    return draw_null(features, null="shuffled", rng=rng)


def _shuffled_draws(F: FeatureMatrix, rng: np.random.Generator) -> Iterator[FeatureMatrix]:
    values = F.numpy().astype(np.float64)
    while True:
        yield _like(F, rng.permuted(values, axis=1), "shuffled null")


def _geometric_median(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the point with the least sum of distances, by Weiszfeld's steps."""
    middle: NDArray[np.float64] = points.mean(axis=0)
    for _ in range(MEDIAN_STEPS):
        away = np.linalg.norm(points - middle, axis=1)
        if not (farthest := away.max()) > 0:
            break
        # A node in the middle itself would have all the weight there is.
        weights = farthest / np.maximum(away, 1e-12 * farthest)
        moved = weights @ points / weights.sum()
        if np.linalg.norm(moved - middle) <= 1e-9 * farthest:
            break
        middle = moved
    return middle


def _orthonormal(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return orthonormal columns, uniform over directions: QR with the signs of R put back.

    Gaussian matrices half as long again as wide have a condition number of about 10 unless they
    are tiny, so that the Cholesky factor of their Gram matrix is R, to rounding.
    """
    if 2 * len(matrix) >= 3 * matrix.shape[1] >= 48:
        from scipy.linalg import cholesky, solve_triangular

        factor = cholesky(matrix.T @ matrix)
        found: NDArray[np.float64] = solve_triangular(factor, matrix.T, trans="T").T
        return found
    q, r = np.linalg.qr(matrix)
    turned: NDArray[np.float64] = q * np.where(np.diag(r) < 0, -1.0, 1.0)
    return turned


def _like(F: FeatureMatrix, values: NDArray[np.float64], made: str) -> FeatureMatrix:
    tensor = torch.from_numpy(np.ascontiguousarray(values)).to(F.device, F.dtype)
    source = f"{made} of {F.source}" if F.source else made
    return FeatureMatrix(tensor, layer=F.layer, reduce=F.reduce, source=source)
