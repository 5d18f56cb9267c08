"""Layer matching: does each layer of one network find its counterpart in the other?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState, as_rng

if TYPE_CHECKING:
    from featgraph.similarity.layer_matrix import SimilarityMatrix

__all__ = ["LayerMatching", "match_layers"]


@dataclass(frozen=True, repr=False, eq=False)
class LayerMatching(Result):
    """Which layer of B is most similar to each layer of A, and how often that is the right one.

    Attributes
    ----------
    matches : ndarray of int, shape (n_layers,)
        Most similar column for each row (the first of equals).
    accuracy : float
        Share of rows whose match is the column of the same number.
    mean_offset : float
        Mean |match − row|, in layers.
    baseline : float
        Mean accuracy over random relabellings of the columns.
    p_value : float
        Share of relabellings, the true one included, that match at least as often.
    n_permutations : int
        Number of relabellings.
    seed : int or None
        Seed, if an int was given.

    Examples
    --------
    >>> found = match_layers(np.eye(3), rng=0)
    >>> found.matches.tolist(), found.accuracy
    ([0, 1, 2], 1.0)
    """

    _shown: ClassVar = ("accuracy", "baseline", "p_value", "n_layers")
    _rules: ClassVar = {
        "matches": Rule("n_layers", least=0),
        "accuracy": SHARE,
        "baseline": SHARE,
        "p_value": SHARE,
    }

    matches: NDArray[np.int64]
    accuracy: float
    mean_offset: float
    baseline: float
    p_value: float
    n_permutations: int
    seed: int | None = None


def match_layers(
    similarity: ArrayLike | SimilarityMatrix,
    *,
    larger_is_more_similar: bool = True,
    n_permutations: int = 999,
    rng: RandomState = None,
) -> LayerMatching:
    """Match the layers of two networks of one architecture and score the matches.

    The sanity check of Kornblith et al.: for a layer of one network the most similar layer
    of another, trained from another seed, should be the layer at the same depth.

    Parameters
    ----------
    similarity : array-like of float, shape (n_layers, n_layers)
        Score of each layer of A (rows) with each layer of B (columns); also a
        ``SimilarityMatrix``, which brings its direction.
    larger_is_more_similar : bool, default=True
        Direction of the score; a ``SimilarityMatrix`` overrides it.
    n_permutations : int, default=999
        Random relabellings of the columns for baseline and p-value.
    rng : Generator, int or None, default=None
        Source of the relabellings.

    Returns
    -------
    LayerMatching
        Accuracy, mean offset, permutation baseline and p-value.

    Raises
    ------
    ValueError
        If the matrix is not square, smaller than 2 × 2 or not finite.

    Notes
    -----
    The baseline of a relabelling is 1/n_layers in expectation, also when all rows choose one
    column. O(n_layers² + n_permutations · n_layers).

    References
    ----------
    .. [1] S. Kornblith et al., "Similarity of neural network representations revisited",
       ICML 2019, arXiv:1905.00414.

    Examples
    --------
    >>> match_layers([[0.9, 0.5, 0.1], [0.4, 0.8, 0.2], [0.1, 0.7, 0.6]], rng=0).matches
    array([0, 1, 1])
    """
    direction = getattr(similarity, "larger_is_more_similar", larger_is_more_similar)
    table = np.asarray(getattr(similarity, "values", similarity), dtype=np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or table.shape[0] < 2:
        raise ValueError(
            "similarity must be square with at least 2 layers, one row and column per layer of "
            f"the same architecture, got shape {table.shape}"
        )
    if not np.isfinite(table).all():
        raise ValueError("similarity must be finite, got NaN or infinity")
    generator = as_rng(rng)
    matches = np.asarray((table if direction else -table).argmax(axis=1), dtype=np.int64)
    layers = np.arange(len(table))
    accuracy = float(np.mean(matches == layers))
    relabelled = generator.permuted(np.tile(layers, (n_permutations, 1)), axis=1)
    chance = np.mean(relabelled[:, matches] == layers, axis=1)
    # the true labelling is one of those possible, so the p-value is never 0
    p_value = (1 + int(np.sum(chance >= accuracy - 1e-12))) / (n_permutations + 1)
    return LayerMatching(
        matches,
        accuracy,
        float(np.mean(np.abs(matches - layers))),
        float(chance.mean()),
        p_value,
        n_permutations,
        int(rng) if isinstance(rng, int | np.integer) else None,
    )
