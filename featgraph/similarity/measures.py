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
_CORRELATION = frozenset({"permutation", "scaling", "sample_scaling", "common_signal"})
_MAP = frozenset({"permutation", "scaling", "translation"})
_KERNEL = ("kernel_alignment", "cka", "cka_recipe", True, _ROTATION)
_SHAPE = ("linear_alignment", "procrustes", "procrustes_recipe")
_WILLIAMS = (_ROTATION, "Schönemann 1966; Williams et al. 2021", "10.1007/BF02289451")
_RANKS = ("dissimilarity", "rsa", "rsa_recipe", True)
_RSA = ("Kriegeskorte et al. 2008", "10.3389/neuro.06.004.2008")
_NEAR = ("neighbors", "mutual_knn", "knn_recipe", True)
_KNN = ("Huh et al. 2024", "arXiv:2405.07987")
_SAMPLES = ("neighbors", "lsim", "lsim_recipe", True, _DIRECTION)
_LSIM = ("Chen et al. 2021", "arXiv:2111.11165")
_HARD: dict[str, Any] = {"differentiable": False, "least_samples": 3}
_GRAPH: dict[str, Any] = {"differentiable": False, "least_samples": 1}

_ROWS = (
    Measure("cka", "centred kernel alignment, linear kernel", *_KERNEL,
            "Kornblith et al. 2019", "arXiv:1905.00414"),
    Measure("cka_unbiased", "the same without the bias of few samples", *_KERNEL,
            "Kornblith et al. 2019; Song et al. 2012", "arXiv:1905.00414",
            {"estimator": "unbiased"}, least_samples=4),
    Measure("cka_rbf", "centred kernel alignment, Gaussian kernel", *_KERNEL,
            "Kornblith et al. 2019", "arXiv:1905.00414", {"kernel": "rbf"}),
    Measure("procrustes", "s = ‖X̃ᵀỸ‖_*, overlap after rotation", *_SHAPE, True, *_WILLIAMS,
            {"convention": "nuclear"}),
    Measure("procrustes_squared", "s², 1 − disparity of SciPy", *_SHAPE, True, *_WILLIAMS,
            {"convention": "squared"}),
    Measure("procrustes_angle", "arccos s, in radians", *_SHAPE, False, *_WILLIAMS,
            {"convention": "angle"}, is_metric=True),
    Measure("procrustes_distance", "√(2 − 2s), distance after rotation", *_SHAPE, False, *_WILLIAMS,
            {"convention": "distance"}, is_metric=True),
    Measure("cca", "mean canonical correlation", "linear_alignment", "cca", "cca_recipe", True,
            _ROTATION | {"linear"}, "Hotelling 1936", "10.1093/biomet/28.3-4.321"),
    Measure("svcca", "mean canonical correlation of the strongest directions",
            "linear_alignment", "svcca", "svcca_recipe", True, _ROTATION,
            "Raghu et al. 2017", "arXiv:1706.05806"),
    Measure("pwcca", "canonical correlations weighted by their share of X",
            "linear_alignment", "pwcca", "pwcca_recipe", True, _MAP,
            "Morcos et al. 2018", "arXiv:1806.05759", symmetric=False),
    Measure("rsa", "rank correlation of the correlation dissimilarities of all pairs of samples",
            *_RANKS, _CORRELATION, *_RSA, {"dissimilarity": "correlation"}, **_HARD),
    Measure("rsa_euclidean",
            "rank correlation of the euclidean dissimilarities of all pairs of samples",
            *_RANKS, _ROTATION, *_RSA, {"dissimilarity": "euclidean"}, **_HARD),
    Measure("mutual_knn", "share of common nearest neighbours (cosine)",
            *_NEAR, _DIRECTION, *_KNN, {"distance": "cosine"}, **_HARD),
    Measure("mutual_knn_euclidean", "share of common nearest neighbours (euclidean)",
            *_NEAR, _ROTATION, *_KNN, {"distance": "euclidean"}, **_HARD),
    Measure("lsim", "graph-based similarity of the full graphs of samples", *_SAMPLES, *_LSIM,
            {"top_k": None}, least_samples=3),
    Measure("lsim_top5", "graph-based similarity of the graphs of 5 neighbours", *_SAMPLES, *_LSIM,
            {"top_k": 5}, least_samples=3),
    Measure("box_count_distance", "area between the box-count curves of the two feature networks",
            "feature_networks", "box_count_distance", "box_count_recipe", False, _NEURONS,
            "this package; geometry of Ding et al. 2025", "arXiv:2507.17785", is_metric=True,
            **_GRAPH),
    Measure("spectrum_distance", "distance of the Laplacian spectra of the two feature networks",
            "feature_networks", "spectrum_distance", "spectrum_recipe", False,
            _NEURONS | {"scaling"}, "Gu et al. 2015", "10.1016/j.dam.2015.04.011", is_metric=True,
            **_GRAPH),
    Measure("portrait_divergence",
            "divergence of the path-length portraits of the two feature networks",
            "feature_networks", "portrait_divergence", "portrait_recipe", False,
            _NEURONS | {"scaling"}, "Bagrow and Bollt 2019", "10.1007/s41109-019-0156-x", **_GRAPH),
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
