"""Two layers aligned by linear maps: canonical correlations (CCA, SVCCA, PWCCA), Procrustes."""

from __future__ import annotations

import warnings
from typing import Literal, NamedTuple, overload

import torch

from featgraph.core.checks import choice, fraction
from featgraph.core.package import caller_level
from featgraph.core.resources import small_on_one_thread
from featgraph.similarity._recipe import ArrayLike, Recipe, Samples, center, score

__all__ = ["Convention", "cca", "procrustes", "pwcca", "svcca"]

Convention = Literal["nuclear", "squared", "angle", "distance"]
ATTEMPTS = 4  # at a decomposition
CONVENTIONS = ("nuclear", "squared", "angle", "distance")


class _Basis(NamedTuple):
    """Orthonormal directions over the samples that a layer spans."""

    directions: torch.Tensor  # (n_samples, rank)
    features: torch.Tensor  # (rank, n_features): the centred layer in these directions


@overload
def cca(X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor: ...


@overload
def cca(X: ArrayLike, Y: ArrayLike) -> float: ...


@small_on_one_thread
def cca(X: Samples, Y: Samples) -> torch.Tensor | float:
    """Mean canonical correlation of two layers.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor, else float
        Mean over the smaller of the two ranks, in [0, 1]; larger is more similar.

    Raises
    ------
    ValueError
        As many features as samples or more: every correlation would be 1 whatever the data.

    Notes
    -----
    Invariant to every invertible linear map and to translation. Directions with a singular
    value below rounding are left out, so doubled features do no harm. O(n · d²).

    References
    ----------
    .. [1] H. Hotelling, "Relations between two sets of variates", Biometrika 28 (1936),
       doi:10.1093/biomet/28.3-4.321.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> round(cca(X, X @ [[2.0, 1, 0], [0, 1, 0], [0, 5, 3]] + 1), 12)
    1.0
    """
    return score(cca_recipe(), X, Y)


@overload
def svcca(X: torch.Tensor, Y: torch.Tensor, *, variance: float = ...) -> torch.Tensor: ...


@overload
def svcca(X: ArrayLike, Y: ArrayLike, *, variance: float = ...) -> float: ...


@small_on_one_thread
def svcca(X: Samples, Y: Samples, *, variance: float = 0.99) -> torch.Tensor | float:
    """Mean canonical correlation after keeping the strongest directions of each layer.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    variance : float, default=0.99
        Share of the variance that the kept singular directions explain at least, in (0, 1].

    Returns
    -------
    0-d Tensor if X or Y is a Tensor, else float
        Mean over the smaller number of kept directions, in [0, 1]; larger is more similar.

    Raises
    ------
    ValueError
        As many features as samples or more, constant features, ``variance`` outside (0, 1].

    Warns
    -----
    UserWarning
        If both layers together keep as many directions as there are samples: some
        correlations are then 1 by counting alone.

    Notes
    -----
    Invariant to orthogonal maps, isotropic scaling and translation, not to other linear
    maps, because those change which directions are strong. O(n · d²).

    References
    ----------
    .. [1] M. Raghu, J. Gilmer, J. Yosinski, J. Sohl-Dickstein, "SVCCA: singular vector
       canonical correlation analysis", NeurIPS 2017, arXiv:1706.05806.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> round(svcca(X, X), 12)
    1.0
    """
    return score(svcca_recipe(variance=variance), X, Y)


@overload
def pwcca(X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor: ...


@overload
def pwcca(X: ArrayLike, Y: ArrayLike) -> float: ...


@small_on_one_thread
def pwcca(X: Samples, Y: Samples) -> torch.Tensor | float:
    """Canonical correlations weighted by how much of X each canonical direction carries.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        Layer whose directions set the weights; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor, else float
        Σ α_i ρ_i / Σ α_i with α_i = Σ_j |⟨h_i, x_j⟩| over the features x_j of X, in [0, 1];
        larger is more similar. Not symmetric.

    Raises
    ------
    ValueError
        As many features as samples or more, or constant features.

    Notes
    -----
    In Y invariant to every invertible linear map; in X to permutation of features, isotropic
    scaling and translation (the weights use absolute values feature by feature, so not even
    to rotation). The sums run over the smaller of the two ranks, as published. Where several
    correlations are equal, as when the layers span more directions than there are samples, their
    directions and so the weights are whatever the solver picks. O(n · d²).

    References
    ----------
    .. [1] A. Morcos, M. Raghu, S. Bengio, "Insights on representational similarity in neural
       networks with canonical correlation", NeurIPS 2018, arXiv:1806.05759.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> round(pwcca(X, X), 12)
    1.0
    """
    return score(pwcca_recipe(), X, Y)


def cca_recipe() -> Recipe:
    """One orthonormal basis per layer, one set of singular values per pair."""
    return Recipe(_full_basis, _mean_correlation)


def svcca_recipe(*, variance: float = 0.99) -> Recipe:
    """As ``cca_recipe`` on the strongest directions."""
    share = fraction(variance, "variance")
    if share == 0:
        raise ValueError("variance must lie in (0, 1], got 0; 0.99 is the published choice")

    def prepare(samples: torch.Tensor, name: str) -> _Basis:
        return _span(samples, name, share)

    return Recipe(prepare, _mean_correlation)


def pwcca_recipe() -> Recipe:
    """As ``cca_recipe`` with weights from the first layer."""
    return Recipe(_full_basis, _weighted_correlation)


def _full_basis(samples: torch.Tensor, name: str) -> _Basis:
    return _span(samples, name, None)


def _span(samples: torch.Tensor, name: str, variance: float | None) -> _Basis:
    n_samples, n_features = samples.shape
    if n_features >= n_samples:
        raise ValueError(
            f"{name} must have more samples than features for canonical correlations, got "
            f"{n_samples} samples of {n_features} features (all correlations would be 1); "
            "take more samples, average over positions, or use CKA"
        )
    centered = center(samples.double(), name)
    left, values, right = decompose(centered)
    # Rounding is as large as the values before centring, and as the largest direction after it.
    peaks = samples.detach().double().abs().amax(dim=0).norm() * n_samples**0.5
    largest = torch.maximum(values[0].detach() * max(n_samples, n_features), peaks)
    floor = largest * torch.finfo(samples.dtype).eps
    kept = int((values > floor).sum())
    if variance is not None:
        shares = values.square().cumsum(0) / values.square().sum()
        # the last share is 1 up to rounding, so variance=1 keeps what rounding allows
        enough = (shares >= variance - 1e-12).nonzero()
        kept = min(kept, int(enough[0]) + 1)
    return _Basis(left[:, :kept], values[:kept, None] * right[:kept])


def decompose(
    matrix: torch.Tensor, attempts: int = ATTEMPTS
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the thin singular value decomposition, left, values and right.

    LAPACK's divide and conquer, which NumPy and torch call, now and then gives up where many
    singular values are equal, as of two layers that span nearly the same directions: the right
    side is turned then, which changes nothing but the rounding.

    Examples
    --------
    >>> left, values, right = decompose(torch.diag(torch.tensor([3.0, 2.0, 1.0])))
    >>> values.tolist()
    [3.0, 2.0, 1.0]
    """
    try:
        left, values, right = torch.linalg.svd(matrix, full_matrices=False)
    except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
        if attempts == 1:
            raise
        turn = _draw_rotation(matrix, seed=attempts)
        left, values, right = decompose(matrix @ turn, attempts - 1)
        right = right @ turn.T
    return left, values, right


def _draw_rotation(matrix: torch.Tensor, seed: int) -> torch.Tensor:
    """Return a random orthogonal matrix that fits the right side of ``matrix``."""
    width = matrix.shape[1]
    normal = torch.randn(width, width, generator=torch.Generator().manual_seed(seed))
    rotation: torch.Tensor = torch.linalg.qr(normal.to(matrix))[0]
    return rotation


def _cosines(first: _Basis, second: _Basis) -> torch.Tensor:
    n_samples = first.directions.shape[0]
    total = first.directions.shape[1] + second.directions.shape[1]
    if total >= n_samples:
        warnings.warn(
            f"the two layers span {total} directions of {n_samples} samples: some canonical "
            "correlations are 1 by counting alone; take more samples or a lower variance=",
            stacklevel=caller_level(),
        )
    return first.directions.T @ second.directions


def _mean_correlation(first: _Basis, second: _Basis) -> torch.Tensor:
    values: torch.Tensor = torch.linalg.svdvals(_cosines(first, second))
    return values.clamp(max=1.0).mean()


def _weighted_correlation(first: _Basis, second: _Basis) -> torch.Tensor:
    left, values, _ = decompose(_cosines(first, second))
    weights: torch.Tensor = (left.T @ first.features).abs().sum(dim=1)
    shared: torch.Tensor = weights * values.clamp(max=1.0)
    return shared.sum() / weights.sum()


@overload
def procrustes(
    X: torch.Tensor, Y: torch.Tensor, *, convention: Convention = ...
) -> torch.Tensor: ...


@overload
def procrustes(X: ArrayLike, Y: ArrayLike, *, convention: Convention = ...) -> float: ...


@small_on_one_thread
def procrustes(
    X: Samples, Y: Samples, *, convention: Convention = "nuclear"
) -> torch.Tensor | float:
    """Compare two layers after the best rotation, reflection and scaling.

    With centred X̃, Ỹ of Frobenius norm 1 (the narrower padded with zeros) the score is built
    on s = ‖X̃ᵀỸ‖_*, the sum of singular values, which is the largest inner product that an
    orthogonal map of one onto the other reaches.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    convention : {"nuclear", "squared", "angle", "distance"}, default="nuclear"
        ``"nuclear"``: s, larger is more similar, in [0, 1]. ``"squared"``: s², which is
        1 − disparity of scipy.spatial.procrustes. ``"angle"``: arccos s in radians, a metric
        on shapes. ``"distance"``: √(2 − 2s), the distance after alignment, a metric too.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor (differentiable), else float
        X equal to Y gives exactly 1, 1, 0 and 0.

    Raises
    ------
    ValueError
        Different numbers of samples, fewer than 2, constant or non-finite features.

    Notes
    -----
    Invariant to orthogonal maps, isotropic scaling and translation. Decompositions run in
    float64, because 2 − 2s loses half the digits near s = 1. Time O(n · d²) with n samples
    and d features, O(d · n²) where d > n.

    References
    ----------
    .. [1] P. Schönemann, "A generalized solution of the orthogonal Procrustes problem",
       Psychometrika 31 (1966), doi:10.1007/BF02289451.
    .. [2] A. Williams, E. Kunz, S. Kornblith, S. Linderman, "Generalized shape metrics on
       neural representations", NeurIPS 2021, arXiv:2110.14739.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(30, 3))
    >>> round(procrustes(X, X), 12), round(procrustes(X, X, convention="distance"), 6)
    (1.0, 0.0)
    >>> Y = np.random.default_rng(1).normal(size=(30, 3))
    >>> s = procrustes(X, Y)
    >>> from scipy.spatial import procrustes as align
    >>> bool(np.isclose(procrustes(X, Y, convention="squared"), 1 - align(X, Y)[2]))
    True
    """
    return score(procrustes_recipe(convention=convention), X, Y)


def procrustes_recipe(*, convention: Convention = "nuclear") -> Recipe:
    """Normalise (and shorten) each layer once, one set of singular values per pair."""
    choice(convention, CONVENTIONS, "convention")

    def combine(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        s: torch.Tensor = torch.linalg.svdvals(first.T @ second).sum().clamp(max=1.0)
        if convention == "nuclear":
            return s
        if convention == "squared":
            return s.square()
        if convention == "angle":
            return torch.arccos(s)
        return (2 - 2 * s).sqrt()

    self_value = 1.0 if convention in ("nuclear", "squared") else 0.0
    return Recipe(_unit_shape, combine, self_value=self_value)


def _unit_shape(samples: torch.Tensor, name: str) -> torch.Tensor:
    centered = center(samples.double(), name)
    unit: torch.Tensor = centered / centered.norm()
    n_samples, n_features = unit.shape
    if n_features > n_samples and not unit.requires_grad:
        # X̃ = R Qᵀ with orthonormal Q: dropping Q keeps all singular values of X̃ᵀỸ. QR of a
        # centred (rank-deficient) matrix has no derivative, so gradients take the long way.
        upper: torch.Tensor = torch.linalg.qr(unit.T)[1]
        return upper.T
    return unit
