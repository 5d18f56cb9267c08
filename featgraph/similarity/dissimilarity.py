"""Representational similarity analysis (RSA): do two layers agree on what is far apart?"""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice
from featgraph.similarity._inputs import ArrayLike, Samples, as_given, as_pair, require_samples
from featgraph.similarity._recipe import Recipe, compare_pair

__all__ = ["Comparison", "Dissimilarity", "rsa"]

Dissimilarity = Literal["correlation", "cosine", "euclidean"]
Comparison = Literal["spearman", "pearson"]
DISSIMILARITIES = ("correlation", "cosine", "euclidean")
COMPARISONS = ("spearman", "pearson")
FEWEST = "two samples have one distance only"


@overload
def rsa(
    X: torch.Tensor,
    Y: torch.Tensor,
    *,
    dissimilarity: Dissimilarity = ...,
    comparison: Comparison = ...,
) -> torch.Tensor: ...
@overload
def rsa(
    X: ArrayLike,
    Y: ArrayLike,
    *,
    dissimilarity: Dissimilarity = ...,
    comparison: Comparison = ...,
) -> float: ...
def rsa(
    X: Samples,
    Y: Samples,
    *,
    dissimilarity: Dissimilarity = "correlation",
    comparison: Comparison = "spearman",
) -> torch.Tensor | float:
    """Correlate the dissimilarities that two layers see between samples.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    dissimilarity : {"correlation", "cosine", "euclidean"}, default="correlation"
        Between two samples: 1 − Pearson correlation over features, 1 − cosine, or distance.
    comparison : {"spearman", "pearson"}, default="spearman"
        Correlation of the two lists of n(n − 1)/2 dissimilarities. Spearman (average ranks
        for ties) has no gradient; Pearson has.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor, else float
        In [−1, 1]; larger is more similar.

    Raises
    ------
    ValueError
        Fewer than 3 samples, a sample without direction (constant for ``"correlation"``, zero
        for ``"cosine"``), or dissimilarities that are all equal.

    Notes
    -----
    Invariant to permutation of features and isotropic scaling; ``"correlation"`` and
    ``"cosine"`` also to positive scaling of single samples; ``"cosine"`` and ``"euclidean"``
    to orthogonal maps; ``"euclidean"`` to translation. O(n² · d) time, O(n²) memory.

    References
    ----------
    .. [1] N. Kriegeskorte, M. Mur, P. Bandettini, "Representational similarity analysis",
       Front. Syst. Neurosci. 2:4 (2008), doi:10.3389/neuro.06.004.2008.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(20, 5))
    >>> round(rsa(X, 2 * X), 12), round(rsa(X, X[:, :3], dissimilarity="euclidean"), 2)
    (1.0, 0.62)
    """
    recipe = rsa_recipe(dissimilarity=dissimilarity, comparison=comparison)
    first, second = as_pair(X, Y, least=recipe.least, why=recipe.why)
    value = compare_pair(recipe, first, second).clamp(-1.0, 1.0).to(first.dtype)
    return as_given(value, (X, Y))


def rsa_recipe(
    *, dissimilarity: Dissimilarity = "correlation", comparison: Comparison = "spearman"
) -> Recipe:
    """The standardised list of dissimilarities of a layer; its products are correlations."""
    choice(dissimilarity, DISSIMILARITIES, "dissimilarity")
    choice(comparison, COMPARISONS, "comparison")

    def prepare(samples: torch.Tensor, name: str) -> torch.Tensor:
        require_samples(samples.shape[0], 3, FEWEST)
        pairs = pair_dissimilarities(samples.double(), dissimilarity, name)
        # What rounding leaves: absolute for 1 − r, whose terms are of size 1, else relative.
        grain = 1e-12 * (pairs.detach().max() if dissimilarity == "euclidean" else 1.0)
        if not pairs.detach().max() - pairs.detach().min() > grain:
            raise ValueError(
                f"{name} must have dissimilarities that differ, got {len(pairs)} equal ones; "
                "its features do not tell the samples apart"
            )
        if comparison == "spearman":
            pairs = average_ranks(pairs, grain)
        centered = pairs - pairs.mean()
        scaled: torch.Tensor = centered / centered.norm()
        return scaled

    return Recipe(prepare, least=3, why=FEWEST)


def pair_dissimilarities(
    samples: torch.Tensor, dissimilarity: Dissimilarity, name: str
) -> torch.Tensor:
    """Dissimilarity of every pair of samples, shape (n(n − 1)/2,), rows first."""
    n_samples = samples.shape[0]
    if dissimilarity == "euclidean":
        distances: torch.Tensor = torch.nn.functional.pdist(samples)
        return distances
    if dissimilarity == "correlation":
        samples = samples - samples.mean(dim=1, keepdim=True)
    norms: torch.Tensor = samples.norm(dim=1, keepdim=True)
    flat = (norms <= 1e-12 * norms.detach().max()).flatten()
    if flat.any():
        what = "constant over its features" if dissimilarity == "correlation" else "zero"
        raise ValueError(
            f"{name} must give every sample a direction for dissimilarity={dissimilarity!r}, got "
            f"{int(flat.sum())} samples that are {what} (the first is sample "
            f"{int(flat.nonzero()[0])}); use dissimilarity='euclidean'"
        )
    unit = samples / norms
    rows, columns = torch.triu_indices(n_samples, n_samples, offset=1, device=samples.device)
    return 1 - (unit @ unit.T)[rows, columns]


def average_ranks(values: torch.Tensor, grain: torch.Tensor | float) -> torch.Tensor:
    """Ranks from 1, ties sharing their mean rank; values within one grain are ties."""
    rounded = (values.detach() / grain).round()
    _, group, counts = torch.unique(rounded, return_inverse=True, return_counts=True)
    ends = counts.cumsum(0)
    ranks: torch.Tensor = (ends - (counts - 1) / 2)[group]
    return ranks.to(values.dtype)
