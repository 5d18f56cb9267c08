"""Centred kernel alignment (CKA): do two layers see the samples as alike in the same way?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, overload

import torch

from featgraph.core.checks import choice, integer, positive
from featgraph.core.resources import check_pairs
from featgraph.similarity._moments import LinearMoments
from featgraph.similarity._recipe import (
    ArrayLike,
    Recipe,
    Rows,
    Samples,
    Take,
    as_given,
    as_pair,
    center,
    compare_pair,
    exact_self,
    find_means,
    require_samples,
    require_signal,
)

__all__ = ["Estimator", "Kernel", "cka", "open_kernel"]

Kernel = Literal["linear", "rbf"]
Estimator = Literal["biased", "unbiased", "minibatch"]
#: Of a centred layer: rows ``low`` to ``high`` of a symmetric matrix, columns from ``low`` on.
Block: TypeAlias = Callable[[torch.Tensor, int, int], torch.Tensor]
KERNELS = ("linear", "rbf")
ESTIMATORS = ("biased", "unbiased", "minibatch")
FEWEST = "the unbiased estimate divides by n(n − 3)"
BLOCK_ROWS = 256


@overload
def cka(
    X: torch.Tensor,
    Y: torch.Tensor,
    *,
    kernel: Kernel = ...,
    estimator: Estimator = ...,
    bandwidth: float = ...,
    batch_size: int = ...,
) -> torch.Tensor: ...


@overload
def cka(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    kernel: Kernel = ...,
    estimator: Estimator = ...,
    bandwidth: float = ...,
    batch_size: int = ...,
) -> float: ...


def cka(
    X: Samples,
    Y: Samples,
    *,
    kernel: Kernel = "linear",
    estimator: Estimator = "biased",
    bandwidth: float = 1.0,
    batch_size: int = 256,
) -> torch.Tensor | float:
    """Centred kernel alignment of two layers.

    CKA(X, Y) = HSIC(K, L) / √(HSIC(K, K) · HSIC(L, L)) with K, L the kernel matrices of X
    and Y; for the linear kernel ‖YcᵀXc‖²_F / (‖XcᵀXc‖_F ‖YcᵀYc‖_F), c meaning centred over
    the samples.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples in the same order.
    kernel : {"linear", "rbf"}, default="linear"
        Inner products, or exp(−d² / (2 · bandwidth² · m)) with m the median of the squared
        distances d² over all pairs of different samples (of an even number the lower one).
    estimator : {"biased", "unbiased", "minibatch"}, default="biased"
        ``"biased"`` as in the paper; it rises towards 1 when there are fewer samples than
        features. ``"unbiased"`` corrects that (Song et al. 2012; at least 4 samples; may be
        negative). ``"minibatch"`` averages the unbiased HSIC over consecutive batches
        (Nguyen et al. 2021), an approximation that never needs all pairs of samples.
    bandwidth : float, default=1.0
        Width of the RBF kernel in units of the root of the median squared distance.
    batch_size : int, default=256
        Samples per batch of ``"minibatch"``; a remainder under 4 samples is left out.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (differentiable), else float
        Larger is more similar; in [0, 1] for the biased estimate, at most 1 otherwise.
        Exactly 1 when X equals Y.

    Raises
    ------
    ValueError
        Different numbers of samples, too few samples, constant or non-finite features, or
        an unbiased self-similarity that is not positive.

    Notes
    -----
    Invariant to orthogonal maps, isotropic scaling and translation. Time
    O(n_samples · n_features²) when there are more samples than features, else
    O(n_samples² · n_features); memory is the smaller of the two squares.

    References
    ----------
    .. [1] S. Kornblith, M. Norouzi, H. Lee, G. Hinton, "Similarity of neural network
       representations revisited", ICML 2019, arXiv:1905.00414.
    .. [2] L. Song, A. Smola, A. Gretton, J. Bedo, K. Borgwardt, "Feature selection via
       dependence maximization", JMLR 13 (2012).
    .. [3] T. Nguyen, M. Raghu, S. Kornblith, "Do wide and deep networks learn the same
       things?", ICLR 2021, arXiv:2010.15327.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(50, 4))
    >>> round(cka(X, X), 12)
    1.0
    >>> rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    >>> round(cka(X, 3.0 * X @ rotation + 5.0), 12)
    1.0
    """
    choice(kernel, KERNELS, "kernel")
    choice(estimator, ESTIMATORS, "estimator")
    if estimator == "minibatch":
        size = integer(batch_size, "batch_size", least=4)
        first, second = as_pair(X, Y, least=4, why=FEWEST, any_scale=True)
        value = _minibatch_cka(first, second, kernel, positive(bandwidth, "bandwidth"), size)
        return as_given(value, (X, Y))
    recipe = cka_recipe(kernel=kernel, estimator=estimator, bandwidth=bandwidth)
    first, second = as_pair(X, Y, least=recipe.least, why=recipe.why, any_scale=True)
    if kernel == "linear" and first.shape[0] > max(first.shape[1], second.shape[1]):
        value = _linear_cka(first, second, unbiased=estimator == "unbiased")
    else:
        value = compare_pair(recipe, first, second).clamp(max=1.0)
    return as_given(value, (X, Y))


def cka_recipe(
    *, kernel: Kernel = "linear", estimator: Estimator = "biased", bandwidth: float = 1.0
) -> Recipe:
    """CKA as the cosine of the centred kernel matrices."""
    choice(kernel, KERNELS, "kernel")
    choice(estimator, ("biased", "unbiased"), "estimator")
    width = positive(bandwidth, "bandwidth")
    unbiased = estimator == "unbiased"

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        require_samples(samples.shape[0], 4 if unbiased else 2, FEWEST if unbiased else "")
        return _unit_kernel(samples, name, kernel, width, unbiased)

    def open_rows(take: Take, name: str) -> Rows:
        require_samples(take().shape[0], 4 if unbiased else 2, FEWEST if unbiased else "")
        return open_kernel(take, name, kernel, width, unbiased=unbiased)

    least, why = (4, FEWEST) if unbiased else (2, "")
    return Recipe(prepare, least=least, why=why, open_rows=open_rows, is_symmetric=True)


def _unit_kernel(
    samples: torch.Tensor, name: str, kernel: Kernel, bandwidth: float, unbiased: bool
) -> torch.Tensor:
    """Centred kernel matrix divided by its norm; its products with others are CKA."""
    centered = center(samples, name)
    gram = kernel_matrix(centered, kernel, bandwidth, name)
    if unbiased:
        gram = center_unbiased(gram)
    elif kernel != "linear":  # inner products of centred samples are centred already
        gram = center_kernel(gram)
    norm = require_signal(gram.norm(), name, gram.shape[0])
    return gram / norm if gram.requires_grad else gram.div_(norm)


def kernel_matrix(
    centered: torch.Tensor, kernel: Kernel, bandwidth: float, name: str
) -> torch.Tensor:
    """Kernel matrix of centred samples, shape (n_samples, n_samples)."""
    inner = centered @ centered.T
    if kernel == "linear":
        return inner
    norms = inner.diagonal()
    squared = (norms[:, None] + norms[None, :] - 2 * inner).clamp(min=0)
    n_samples = squared.shape[0]
    rows, columns = torch.triu_indices(n_samples, n_samples, offset=1, device=squared.device)
    median = squared[rows, columns].median()
    if median <= 0:
        raise ValueError(
            f"{name} must have more than half of its pairs of samples apart for the RBF kernel, "
            "got a median distance of 0; remove doubled samples or use kernel='linear'"
        )
    return torch.exp(-squared / (2 * bandwidth**2 * median))


def center_kernel(gram: torch.Tensor) -> torch.Tensor:
    """H K H with H = I − 11ᵀ/n."""
    means = gram.mean(dim=0)
    return gram - means[None, :] - means[:, None] + means.mean()


def center_unbiased(gram: torch.Tensor) -> torch.Tensor:
    """U-centred kernel matrix: zero diagonal, rows that add up to zero.

    Σ_ij K_ij L_ij of two such matrices is n(n − 3) times the unbiased HSIC of Song et al.
    (Székely and Rizzo 2014, doi:10.1214/14-AOS1255), so one matrix per layer serves all pairs.
    """
    n_samples = gram.shape[0]
    hollow = gram - torch.diag_embed(gram.diagonal())
    means = hollow.sum(dim=0) / (n_samples - 2)
    total = hollow.sum() / ((n_samples - 1) * (n_samples - 2))
    centered = hollow - means[None, :] - means[:, None] + total
    return centered - torch.diag_embed(centered.diagonal())


def _linear_cka(X: torch.Tensor, Y: torch.Tensor, *, unbiased: bool) -> torch.Tensor:
    # More samples than features: products of features are smaller than kernel matrices.
    first, second = center(X, "X"), center(Y, "Y")
    moments = LinearMoments([X.shape[1]], [Y.shape[1]], unbiased=unbiased, names=(["X"], ["Y"]))
    moments.update([first], [second])
    value = moments.cka()[0, 0]
    return exact_self(value.to(X.dtype), X, Y, 1.0)


def _minibatch_cka(
    X: torch.Tensor, Y: torch.Tensor, kernel: Kernel, bandwidth: float, batch_size: int
) -> torch.Tensor:
    sums = X.new_zeros(3, dtype=torch.float64)
    for start in range(0, X.shape[0], batch_size):
        first, second = X[start : start + batch_size], Y[start : start + batch_size]
        if first.shape[0] >= 4:
            sums = sums + torch.stack(batch_hsic(first, second, kernel, bandwidth)).double()
    norms = [require_signal(sums[1], "X", X.shape[0]), require_signal(sums[2], "Y", X.shape[0])]
    value = (sums[0] / (norms[0].sqrt() * norms[1].sqrt())).clamp(max=1.0)
    return exact_self(value.to(X.dtype), X, Y, 1.0)


def batch_hsic(
    X: torch.Tensor, Y: torch.Tensor, kernel: Kernel, bandwidth: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Unbiased HSIC of one batch: (X with Y, X with X, Y with Y)."""
    n_samples = X.shape[0]
    first, second = (
        center_unbiased(kernel_matrix(center(side, name), kernel, bandwidth, name))
        for side, name in ((X, "X"), (Y, "Y"))
    )
    scale = n_samples * (n_samples - 3)
    return (
        (first * second).sum() / scale,
        (first * first).sum() / scale,
        (second * second).sum() / scale,
    )


def open_kernel(take: Take, name: str, kernel: str, bandwidth: float, *, unbiased: bool) -> Rows:
    """Return the rows of H K H, or of the U-centred matrix, from the diagonal on.

    Rows ``low`` to ``high`` have the columns from ``low``: the matrix is symmetric. Time O(n² · d);
    samples are taken and centred for each call, so that no copy of them is held, and n²/2 numbers
    of one layer at a time for the median distance of the RBF kernel.
    """
    centered, (mean, rest) = center(take(), name), find_means(take())
    n_samples = centered.shape[0]
    block = _linear_block if kernel == "linear" else _open_rbf(centered, bandwidth, name)
    if not unbiased and kernel == "linear":  # inner products of centred samples are centred
        return lambda low, high: block((take() - mean).sub_(rest), low, high)
    sums = _add_up(block, centered, hollow=unbiased)
    del centered
    if not unbiased:
        means, total = sums / n_samples, sums.sum() / n_samples**2
    else:
        means = sums / (n_samples - 2)
        total = sums.sum() / ((n_samples - 1) * (n_samples - 2))

    def centered_rows(low: int, high: int) -> torch.Tensor:
        found = block((take() - mean).sub_(rest), low, high)
        found.sub_(means[None, low:]).sub_(means[low:high, None]).add_(total)
        if unbiased:
            found.diagonal().zero_()
        return found

    return centered_rows


def _blocks(n_samples: int) -> list[tuple[int, int]]:
    lows = range(0, n_samples, BLOCK_ROWS)
    return [(low, min(low + BLOCK_ROWS, n_samples)) for low in lows]


def _linear_block(centered: torch.Tensor, low: int, high: int) -> torch.Tensor:
    return centered[low:high] @ centered[low:].T


def _open_rbf(centered: torch.Tensor, bandwidth: float, name: str) -> Block:
    norms = centered.square().sum(dim=1)

    def squared(matrix: torch.Tensor, low: int, high: int) -> torch.Tensor:
        found = _linear_block(matrix, low, high).mul_(-2)
        found.add_(norms[low:high, None]).add_(norms[None, low:])
        found.diagonal().zero_()
        return found.clamp_(min=0)

    median = _find_median(squared, centered)
    if median <= 0:
        raise ValueError(
            f"{name} must have more than half of its pairs of samples apart for the RBF kernel, "
            "got a median distance of 0; remove doubled samples or use kernel='linear'"
        )
    scale = -2 * bandwidth**2 * median
    return lambda matrix, low, high: squared(matrix, low, high).div_(scale).exp_()


def _find_median(squared: Block, centered: torch.Tensor) -> torch.Tensor:
    n_samples = centered.shape[0]
    check_pairs(
        n_samples,
        "the median distance",
        bytes_per_pair=centered.element_size(),  # half of the pairs, and a copy in order
        of="samples",
        remedy="or take kernel='linear'",
    )
    pairs, place = centered.new_empty(n_samples * (n_samples - 1) // 2), 0
    for low, high in _blocks(n_samples):
        block = squared(centered, low, high)
        for k in range(high - low):
            count = n_samples - 1 - low - k
            pairs[place : place + count] = block[k, k + 1 :]
            place += count
    return pairs.median()


def _add_up(block: Block, centered: torch.Tensor, *, hollow: bool) -> torch.Tensor:
    """Return the sum of each row, without the diagonal if ``hollow``."""
    n_samples = centered.shape[0]
    sums = centered.new_zeros(n_samples)
    for low, high in _blocks(n_samples):
        found = block(centered, low, high)
        if hollow:
            found.diagonal().zero_()
        sums[low:high] += found.sum(dim=1)
        sums[high:] += found[:, high - low :].sum(dim=0)
    return sums
