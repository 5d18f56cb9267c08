"""Linearity: is the cloud of a layer's neurons a line, a sheet or a ball?"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from featgraph.core.resources import small_on_one_thread

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

__all__ = ["Linearity", "measure_linearity"]


class Linearity(NamedTuple):
    """Shape of the cloud of neurons in the space of samples.

    ``first``, ``second``, ``third`` are the shares of the variance along the leading axes; the
    first two together are what a plane picture by classical multidimensional scaling shows.
    ``n_axes`` is how many axes carry 90 % of it. ``participation_ratio`` = (Σλ)² / Σλ² is
    between 1 (a line) and D − 1. ``isotropy`` is that ratio over the one of D independent
    Gaussian points on B samples: 1 for a ball, near 0 for a line or sheet. ``mean_share`` is the
    share of the variance that comes from neurons having different means over the samples: that
    part is the same for every sample and lies on one line.
    """

    first: float
    second: float
    third: float
    n_axes: int
    participation_ratio: float
    isotropy: float
    mean_share: float


@small_on_one_thread
def measure_linearity(features: FeatureMatrix | Array, *, share: float = 0.9) -> Linearity:
    """Measure how few axes the cloud of a layer's neurons needs.

    Neurons are the points, as in G_M: the eigenvalues λ are those of the doubly centred squared
    distances C_ij², the axes of classical multidimensional scaling.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F.
    share : float, default=0.9
        Share of the variance that ``n_axes`` axes are to carry.

    Returns
    -------
    Linearity
        Shares, number of axes, participation ratio and isotropy; the same in any unit.

    Raises
    ------
    ValueError
        If all neurons are equal on every sample.

    Notes
    -----
    Independent Gaussian neurons have a participation ratio of 1 / (1/D + 1/B), not D: even a
    round cloud looks flat through few samples, which ``isotropy`` takes into account. Time is
    O(D · B · min(D, B)).

    References
    ----------
    P. Gao et al., "A theory of multineuronal dimensionality, dynamics and measurement",
    bioRxiv 214262 (2017), doi:10.1101/214262 (participation ratio); W. S. Torgerson 1952,
    doi:10.1007/BF02288916 (axes).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> line = np.outer(rng.normal(size=50), rng.normal(size=80))
    >>> found = measure_linearity(line)
    >>> round(found.first, 6), found.n_axes, round(found.participation_ratio, 6)
    (1.0, 1, 1.0)
    >>> 0.9 < measure_linearity(rng.normal(size=(50, 80))).isotropy < 1.1
    True
    """
    from scipy.linalg import svdvals

    from featgraph.features.feature_matrix import as_feature_matrix

    matrix = as_feature_matrix(features)
    values = matrix.numpy().astype(np.float64)
    centered = values - values.mean(axis=0)
    largest = float(np.abs(centered).max())
    # Rounding of the mean leaves about 1e-16 of the values behind where all rows are equal.
    if largest <= 4 * float(np.finfo(np.float64).eps) * float(np.abs(values).max()):
        where = f"layer {matrix.layer!r}" if matrix.layer is not None else "features"
        raise ValueError(f"{where} must hold different neurons, got {matrix.n_nodes} equal ones")
    centered /= largest
    of_means = matrix.n_samples * float(np.sum(centered.mean(axis=1) ** 2))
    squares = svdvals(centered, check_finite=False) ** 2
    shares = squares / squares.sum()
    ratio = float(1 / (shares @ shares))
    first, second, third = (float(x) for x in np.pad(shares, (0, 3))[:3])
    n_axes = int(np.searchsorted(np.cumsum(shares), share * (1 - 1e-12))) + 1
    round_one = 1 / (1 / matrix.n_nodes + 1 / matrix.n_samples)
    isotropy, mean_share = ratio / round_one, of_means / float(squares.sum())
    return Linearity(first, second, third, n_axes, ratio, isotropy, mean_share)
