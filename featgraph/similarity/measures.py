"""The table of measures of two layers: direction, symmetry, metric or not, invariances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from featgraph.core.checks import choice

if TYPE_CHECKING:
    from featgraph.similarity._recipe import Recipe, Samples

__all__ = ["INVARIANCES", "MEASURES", "Measure", "measure_pair"]

#: What may be done to X and Y, each on its own, without changing the score.
INVARIANCES: Mapping[str, str] = MappingProxyType(
    {
        "permutation": "features in another order",
        "orthogonal": "rotation or reflection of the features (X Q with QᵀQ = 1)",
        "linear": "any invertible linear map of the features",
        "scaling": "all features times one positive number",
        "sample_scaling": "the features of each sample times a positive number of its own",
        "translation": "the same vector of features added to every sample",
        "common_signal": "the same value added to all features of a sample",
    }
)


@dataclass(frozen=True)
class Measure:
    """One way to compare X and Y of shape (n_samples, n_features).

    Attributes
    ----------
    name, summary : str
        Name and one line.
    module, function, recipe : str
        Where it lives: the public function and the maker of its two-step form.
    options : mapping
        Options of the function that this row fixes.
    larger_is_more_similar : bool
        Direction of the score.
    is_metric : bool
        Whether it is a distance that obeys the triangle inequality, 0 for matrices that the
        invariances make equal.
    symmetric : bool
        Whether swapping X and Y changes nothing.
    invariances : frozenset of str
        Members of ``INVARIANCES``; permuting the samples of both alike never matters.
    differentiable : bool
        Whether gradients reach X and Y.
    least_samples : int
        Fewest samples.
    source, doi : str
        Paper and its DOI or arXiv number.
    """

    name: str
    summary: str
    module: str
    function: str
    recipe: str
    larger_is_more_similar: bool
    invariances: frozenset[str]
    source: str
    doi: str
    options: Mapping[str, Any] = field(default_factory=dict)
    is_metric: bool = False
    symmetric: bool = True
    differentiable: bool = True
    least_samples: int = 2

    def __call__(self, X: Samples, Y: Samples, **options: Any) -> Any:
        """Score X and Y; a 0-d Tensor if one of them is a Tensor, else a float."""
        function = getattr(import_module(f"featgraph.similarity.{self.module}"), self.function)
        return function(X, Y, **{**self.options, **options})

    def make_recipe(self, **options: Any) -> Recipe:
        """Return the two-step form (prepare each layer once, combine pairs)."""
        maker = getattr(import_module(f"featgraph.similarity.{self.module}"), self.recipe)
        recipe: Recipe = maker(**{**self.options, **options})
        return recipe


_ROTATION = frozenset({"permutation", "orthogonal", "scaling", "translation"})
_DIRECTION = frozenset({"permutation", "orthogonal", "scaling", "sample_scaling"})
_NEURONS = frozenset({"permutation", "common_signal"})


def _kernel(name: str, summary: str, least: int = 2, **options: Any) -> Measure:
    return Measure(
        name,
        summary,
        "kernel_alignment",
        "cka",
        "cka_recipe",
        True,
        _ROTATION,
        "Kornblith et al. 2019" if least == 2 else "Kornblith et al. 2019; Song et al. 2012",
        "arXiv:1905.00414",
        options,
        least_samples=least,
    )


def _shape(name: str, summary: str, convention: str, *, distance: bool) -> Measure:
    return Measure(
        name,
        summary,
        "linear_alignment",
        "procrustes",
        "procrustes_recipe",
        not distance,
        _ROTATION,
        "Schönemann 1966; Williams et al. 2021",
        "10.1007/BF02289451",
        {"convention": convention},
        is_metric=distance,
    )


def _canonical(
    name: str, summary: str, invariances: frozenset[str], source: str, doi: str
) -> Measure:
    return Measure(
        name,
        summary,
        "linear_alignment",
        name,
        f"{name}_recipe",
        True,
        invariances,
        source,
        doi,
        symmetric=name != "pwcca",
    )


def _rank(name: str, dissimilarity: str, invariances: frozenset[str]) -> Measure:
    return Measure(
        name,
        f"rank correlation of the {dissimilarity} dissimilarities of all pairs of samples",
        "dissimilarity",
        "rsa",
        "rsa_recipe",
        True,
        invariances,
        "Kriegeskorte et al. 2008",
        "10.3389/neuro.06.004.2008",
        {"dissimilarity": dissimilarity},
        differentiable=False,
        least_samples=3,
    )


def _neighbors(name: str, distance: str, invariances: frozenset[str]) -> Measure:
    return Measure(
        name,
        f"share of common nearest neighbours ({distance})",
        "neighbors",
        "mutual_knn",
        "knn_recipe",
        True,
        invariances,
        "Huh et al. 2024",
        "arXiv:2405.07987",
        {"distance": distance},
        differentiable=False,
        least_samples=3,
    )


def _samples(name: str, summary: str, top_k: int | None) -> Measure:
    return Measure(
        name,
        summary,
        "neighbors",
        "lsim",
        "lsim_recipe",
        True,
        _DIRECTION,
        "Chen et al. 2021",
        "arXiv:2111.11165",
        {"top_k": top_k},
        least_samples=3,
    )


def _network(
    name: str, summary: str, recipe: str, source: str, doi: str, *, is_metric: bool, scaling: bool
) -> Measure:
    return Measure(
        name,
        summary,
        "feature_networks",
        name,
        recipe,
        False,
        _NEURONS | {"scaling"} if scaling else _NEURONS,
        source,
        doi,
        is_metric=is_metric,
        differentiable=False,
        least_samples=1,
    )


_ROWS = (
    _kernel("cka", "centred kernel alignment, linear kernel"),
    _kernel("cka_unbiased", "the same without the bias of few samples", 4, estimator="unbiased"),
    _kernel("cka_rbf", "centred kernel alignment, Gaussian kernel", kernel="rbf"),
    _shape("procrustes", "s = ‖X̃ᵀỸ‖_*, overlap after rotation", "nuclear", distance=False),
    _shape("procrustes_squared", "s², 1 − disparity of SciPy", "squared", distance=False),
    _shape("procrustes_angle", "arccos s, in radians", "angle", distance=True),
    _shape("procrustes_distance", "√(2 − 2s), distance after rotation", "distance", distance=True),
    _canonical(
        "cca",
        "mean canonical correlation",
        _ROTATION | {"linear"},
        "Hotelling 1936",
        "10.1093/biomet/28.3-4.321",
    ),
    _canonical(
        "svcca",
        "mean canonical correlation of the strongest directions",
        _ROTATION,
        "Raghu et al. 2017",
        "arXiv:1706.05806",
    ),
    _canonical(
        "pwcca",
        "canonical correlations weighted by their share of X",
        frozenset({"permutation", "scaling", "translation"}),
        "Morcos et al. 2018",
        "arXiv:1806.05759",
    ),
    _rank("rsa", "correlation", frozenset({"permutation", "scaling", "sample_scaling"})
          | {"common_signal"}),
    _rank("rsa_euclidean", "euclidean", _ROTATION),
    _neighbors("mutual_knn", "cosine", _DIRECTION),
    _neighbors("mutual_knn_euclidean", "euclidean", _ROTATION),
    _samples("lsim", "graph-based similarity of the full graphs of samples", None),
    _samples("lsim_top5", "graph-based similarity of the graphs of 5 neighbours", 5),
    _network(
        "box_count_distance",
        "area between the box-count curves of the two feature networks",
        "box_count_recipe",
        "this package; geometry of Ding et al. 2025",
        "arXiv:2507.17785",
        is_metric=True,
        scaling=False,
    ),
    _network(
        "spectrum_distance",
        "distance of the Laplacian spectra of the two feature networks",
        "spectrum_recipe",
        "Gu et al. 2015",
        "10.1016/j.dam.2015.04.011",
        is_metric=True,
        scaling=True,
    ),
    _network(
        "portrait_divergence",
        "divergence of the path-length portraits of the two feature networks",
        "portrait_recipe",
        "Bagrow and Bollt 2019",
        "10.1007/s41109-019-0156-x",
        is_metric=False,
        scaling=True,
    ),
)  # fmt: skip

MEASURES: Mapping[str, Measure] = MappingProxyType({row.name: row for row in _ROWS})


def measure_pair(X: Samples, Y: Samples, *, measure: str = "cka", **options: Any) -> Any:
    """Score two layers with a measure of the table.

    Parameters
    ----------
    X : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_x)
        First layer; rows are samples.
    Y : Tensor, ndarray or FeatureMatrix, shape (n_samples, n_features_y)
        Second layer, same samples.
    measure : str, default="cka"
        Name of a row of ``MEASURES``.
    **options
        Options of the measure.

    Returns
    -------
    0-d Tensor if X or Y is a Tensor, else float
        The score; ``MEASURES[measure].larger_is_more_similar`` tells its direction.

    Raises
    ------
    ValueError
        If the name is unknown (the nearest is suggested), or the inputs break a rule.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> round(measure_pair(X, X, measure="procrustes_distance"), 6)
    0.0
    """
    return MEASURES[choice(measure, MEASURES, "measure")](X, Y, **options)
