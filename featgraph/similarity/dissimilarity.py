"""Representational similarity analysis (RSA): do two layers agree on what is far apart?"""

from __future__ import annotations

from typing import Literal, overload

import torch

from featgraph.core.checks import choice
from featgraph.core.resources import check_pairs
from featgraph.similarity._recipe import ArrayLike, Recipe, Rows, Samples, require_samples, score
from featgraph.similarity.sample_graphs import bring_near_one

__all__ = ["Comparison", "Dissimilarity", "rsa"]

Dissimilarity = Literal["correlation", "cosine", "euclidean"]
Comparison = Literal["spearman", "pearson"]
DISSIMILARITIES = ("correlation", "cosine", "euclidean")
COMPARISONS = ("spearman", "pearson")
FEWEST = "two samples have one distance only"
BLOCK_ROWS = 256
NEAR_PAIRS = 1 << 16
PART = 1 << 22  # dissimilarities that are multiplied at a time


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
    X: ArrayLike, Y: ArrayLike, *, dissimilarity: Dissimilarity = ..., comparison: Comparison = ...
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
    to orthogonal maps; ``"euclidean"`` to translation. O(n² · d) time; memory one list of
    n(n − 1)/2 dissimilarities at a time, and their ranks in 4 bytes each.

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
    return score(recipe, X, Y, limits=(-1.0, 1.0))


def rsa_recipe(
    *, dissimilarity: Dissimilarity = "correlation", comparison: Comparison = "spearman"
) -> Recipe:
    """Ranks of the dissimilarities of a layer, or their standardised list; combined in pairs."""
    choice(dissimilarity, DISSIMILARITIES, "dissimilarity")
    choice(comparison, COMPARISONS, "comparison")

    def measure(samples: torch.Tensor, name: str) -> tuple[torch.Tensor, float]:
        require_samples(samples.shape[0], 3, FEWEST)
        check_pairs(samples.shape[0], f"dissimilarities of {name}", bytes_per_pair=8, of="samples")
        pairs = pair_dissimilarities(samples.double(), dissimilarity, name)
        low, high = (float(end) for end in torch.aminmax(pairs.detach()))
        # What rounding leaves: absolute for 1 − r, whose terms are of size 1, else relative.
        grain = 1e-12 * (high if dissimilarity == "euclidean" else 1.0)
        if not high - low > grain:
            raise ValueError(
                f"{name} must have dissimilarities that differ, got {len(pairs)} equal ones; "
                "its features do not tell the samples apart"
            )
        return pairs, grain

    def standardise(samples: torch.Tensor, name: str) -> torch.Tensor:
        pairs, _ = measure(samples, name)
        centered = pairs - pairs.mean()
        scaled: torch.Tensor = centered / centered.norm()
        return scaled

    def rank(samples: torch.Tensor, name: str) -> tuple[torch.Tensor, torch.Tensor]:
        ranks = centered_ranks(*measure(samples.detach(), name))
        return ranks, _multiply_ranks(ranks, ranks).sqrt()

    if comparison == "spearman":
        return Recipe(rank, _correlate_ranks, least=3, why=FEWEST)
    return Recipe(standardise, _multiply, least=3, why=FEWEST)


def _multiply(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    return first @ second


def _correlate_ranks(
    first: tuple[torch.Tensor, torch.Tensor], second: tuple[torch.Tensor, torch.Tensor]
) -> torch.Tensor:
    return _multiply_ranks(first[0], second[0]) / (first[1] * second[1])


def _multiply_ranks(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    total = torch.zeros((), dtype=torch.float64, device=first.device)
    for start in range(0, len(first), PART):
        total += first[start : start + PART].double() @ second[start : start + PART].double()
    return total


def pair_dissimilarities(
    samples: torch.Tensor, dissimilarity: Dissimilarity, name: str
) -> torch.Tensor:
    """Dissimilarity of every pair of samples, shape (n(n − 1)/2,), rows first."""
    if dissimilarity == "euclidean":
        return pair_distances(samples)
    samples = bring_near_one(samples)
    peaks = samples.detach().abs().amax(dim=1)
    if dissimilarity == "correlation":
        samples = samples - samples.mean(dim=1, keepdim=True)
    norms: torch.Tensor = samples.norm(dim=1, keepdim=True)
    # Rounding of the mean leaves about eps·|x| of a constant sample behind.
    noise = 8 * torch.finfo(samples.dtype).eps * samples.shape[1] ** 0.5
    flat = norms.detach().flatten() <= noise * peaks
    if flat.any():
        what = "constant over its features" if dissimilarity == "correlation" else "zero"
        raise ValueError(
            f"{name} must give every sample a direction for dissimilarity={dissimilarity!r}, got "
            f"{int(flat.sum())} samples that are {what} (the first is sample "
            f"{int(flat.nonzero()[0])}); use dissimilarity='euclidean'"
        )
    unit = samples / norms
    if unit.requires_grad:
        rows, columns = torch.triu_indices(len(unit), len(unit), offset=1, device=unit.device)
        return 1 - (unit @ unit.T)[rows, columns]
    return _list_upper(lambda low, high: unit[low:high] @ unit[low:].T, unit).neg_().add_(1)


def pair_distances(samples: torch.Tensor) -> torch.Tensor:
    """Euclidean distance of every pair of samples, rows first.

    From matrix products, where they keep eleven digits, and term by term elsewhere: for samples
    nearer to each other than a thirtieth of their size, and with gradients.
    """
    if samples.requires_grad:
        return torch.nn.functional.pdist(samples)
    centered = samples - samples.mean(dim=0, keepdim=True)
    norms = centered.square().sum(dim=1)

    def rows(low: int, high: int) -> torch.Tensor:
        sizes = norms[low:high, None] + norms[None, low:]
        found = sizes - 2 * (centered[low:high] @ centered[low:].T)
        near, others = (found < 1e-3 * sizes).triu(1).nonzero(as_tuple=True)
        for start in range(0, len(near), NEAR_PAIRS):
            some = slice(start, start + NEAR_PAIRS)
            apart = samples[low + near[some]] - samples[low + others[some]]
            found[near[some], others[some]] = apart.square().sum(dim=1)
        return found.clamp_(min=0).sqrt_()

    return _list_upper(rows, samples)


def _list_upper(rows: Rows, like: torch.Tensor) -> torch.Tensor:
    """Return the entries right of the diagonal, rows first, from a few rows at a time.

    ``rows(low, high)`` gives the columns from ``low`` on.
    """
    n_samples, place = like.shape[0], 0
    pairs = like.new_empty(n_samples * (n_samples - 1) // 2)
    for low in range(0, n_samples, BLOCK_ROWS):
        block = rows(low, min(low + BLOCK_ROWS, n_samples))
        for k, row in enumerate(block, start=1):
            size = len(row) - k
            pairs[place : place + size] = row[k:]
            place += size
    return pairs


def centered_ranks(values: torch.Tensor, grain: float) -> torch.Tensor:
    """Twice the ranks less their mean, whole numbers; ties share their mean rank.

    Values within one grain are ties. The values are used up: a list of all pairs is large. Value
    and place share one whole number, which sorts by vector code; of more than four million values
    the grain is therefore at least the range over 2⁶³ per place.
    """
    n_values = len(values)
    kind = torch.int32 if n_values < 2**30 else torch.int64
    shift = n_values.bit_length()
    low, high = (float(end) for end in torch.aminmax(values))
    grain = max(grain, (high - low) / 2 ** (62 - shift))
    keys = values.view(torch.int64)
    for start in range(0, n_values, PART):
        some = slice(start, min(start + PART, n_values))
        whole = ((values[some] - low) / grain).round_().to(torch.int64)
        places = torch.arange(some.start, some.stop, device=values.device)
        keys[some] = (whole << shift) | places
    if values.device.type == "cpu":
        keys.numpy().sort()  # in place
    else:
        keys = keys.sort().values
    is_first = torch.ones(n_values + 1, dtype=torch.bool, device=values.device)
    for start in range(0, n_values - 1, PART):
        whole = keys[start : start + PART + 1] >> shift
        is_first[start + 1 : start + len(whole)] = whole[1:] != whole[:-1]
    ranks, start = torch.empty(n_values, dtype=kind, device=values.device), 0
    while start < n_values:
        stop = min(start + PART, n_values)
        stop += int(is_first[stop:].to(torch.uint8).argmax())  # groups of ties stay together
        firsts = start + is_first[start : stop + 1].nonzero().flatten()
        sums = (firsts[:-1] + firsts[1:] - n_values).to(kind)
        ranks[keys[start:stop] & ((1 << shift) - 1)] = sums.repeat_interleave(firsts.diff())
        start = stop
    return ranks
