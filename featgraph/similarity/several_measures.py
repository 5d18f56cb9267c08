"""Several measures of similarity between the same layers, as independent tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from featgraph.core.checks import choice
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.similarity._inputs import Samples
from featgraph.similarity.layer_matrix import SimilarityMatrix, compare_layers
from featgraph.similarity.measures import MEASURES

__all__ = ["compare_measures"]


def compare_measures(
    features_a: Mapping[str, Samples],
    features_b: Mapping[str, Samples] | None = None,
    *,
    measures: Sequence[str] = ("cka", "procrustes", "lsim"),
    jobs: int | None = None,
    progress: bool | None = None,
) -> dict[str, SimilarityMatrix]:
    """Compare layers by several measures.

    Parameters
    ----------
    features_a : mapping of str to Tensor, ndarray (n_samples, n_features) or FeatureMatrix
        Layers of A.
    features_b : the same, optional
        Layers of B, same samples; None compares A with itself.
    measures : sequence of str, default=("cka", "procrustes", "lsim")
        Rows of ``MEASURES``.
    jobs : int or None, default=None
        Measures at once, each in a process of its own with one thread; None: one after another,
        or as ``joblib.parallel_config`` says. The result is the same for any number.
    progress : bool or None, default=None
        Show a bar over the measures; None shows it on a terminal.

    Returns
    -------
    dict of str to SimilarityMatrix
        In the order of ``measures``.

    Raises
    ------
    ValueError
        As :func:`compare_layers`.
    RuntimeError
        If the worker of a measure died twice.

    Notes
    -----
    Time and memory of :func:`compare_layers` for each measure.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> list(compare_measures({"a": X, "b": X**3}, measures=["cka", "procrustes"]))
    ['cka', 'procrustes']
    """
    names = [choice(name, MEASURES, "measures") for name in measures]
    tasks = [(features_a, features_b, name) for name in names]
    how: dict[str, Any] = {"jobs": jobs, "progress": progress, "label": "measures"}
    found: dict[str, SimilarityMatrix] = {}
    for place, matrix in run_parallel(_compare, tasks, **how):
        if isinstance(matrix, WorkerLost):
            raise RuntimeError(f"{names[place]}: {matrix.reason}")
        found[names[place]] = matrix
    return {name: found[name] for name in names}


def _compare(a: Mapping[str, Any], b: Mapping[str, Any] | None, measure: str) -> SimilarityMatrix:
    return compare_layers(a, b, measure=measure)
