"""Exact against approximate, for all layers of a network at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from featgraph.core.notebook import Drawing
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.core.result import Result
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.compare import DimensionComparison, compare_dimensions
from featgraph.selfsimilarity.estimators import ESTIMATORS
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.null_scores import COMPARED_NULLS, NullComparison, compare_with_nulls

__all__ = ["ComparedLayer", "compare_network"]


@dataclass(frozen=True, repr=False, eq=False)
class ComparedLayer(Result):
    """One layer: its curves N_θ, and null models of their SS_rates.

    Attributes
    ----------
    layer : str
        Name of the layer.
    comparison : DimensionComparison or None
        Curves, bounds and a table; None where the layer could not be compared.
    nulls : tuple of NullComparison
        SS_rate of each quick estimator beside its null models; empty without draws.
    reason : str
        Why there is no comparison.

    Examples
    --------
    >>> layers = {"a": np.random.default_rng(0).normal(size=(20, 6))}
    >>> found = compare_network(layers, n_theta=8, hop_methods=(), progress=False)["a"]
    >>> found.comparison.proven, len(found.to_rows()) > 0
    (1.0, True)
    """

    _shown: ClassVar = ("layer", "reason")

    layer: str
    comparison: DimensionComparison | None
    nulls: tuple[NullComparison, ...] = ()
    reason: str = ""

    def plot(self, **options: Any) -> Drawing:
        """Draw the comparison, as :func:`featgraph.plot.plot_theta_curves` does."""
        if self.comparison is None:
            raise ValueError(
                f"layer must have a comparison, {self.layer!r} has none: {self.reason}"
            )
        return self.comparison.plot(**options)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one row per curve, with z-score and p-value under each null model."""
        if self.comparison is None:
            return []
        scores: dict[str, dict[str, float]] = {}
        for item in self.nulls:
            scores.setdefault(item.estimator, {})[f"{item.null}_z"] = item.z_score
            scores[item.estimator][f"{item.null}_p"] = item.p_value
        empty = dict.fromkeys([f"{null}_{key}" for null in COMPARED_NULLS for key in "zp"])
        return [{**row, **scores.get(row["name"], empty)} for row in self.comparison.to_rows()]


def compare_network(
    features: Mapping[str, object],
    *,
    n_draws: int = 0,
    rng: RandomState = 0,
    jobs: int | None = None,
    progress: bool | None = None,
    **options: Any,
) -> dict[str, ComparedLayer]:
    """Hold approximate box counts against true coverings, layer by layer.

    Parameters
    ----------
    features : mapping of str to FeatureMatrix, Tensor or ndarray, or DistanceMatrix
        Features of each layer, shape (n_nodes, n_samples), or their distances.
    n_draws : int, default=0
        Draws of each null model, at least 2; 0 leaves them out.
    rng : int, Generator or None, default=0
        Seed, the same for each layer: a layer's result does not depend on the others.
    jobs : int or None, default=None
        Layers at once, each in a process of its own with one thread; None: one after another, or
        as ``joblib.parallel_config`` says. The result is the same for any number.
    progress : bool or None, default=None
        Show a bar over the layers; None shows it on a terminal.
    **options
        Options of :func:`compare_dimensions`; ``grid`` and ``scale`` hold for null models too.

    Returns
    -------
    dict of str to ComparedLayer
        In the order of ``features``; a layer whose distances are all equal, or whose worker died
        twice, has no comparison but a reason.

    Raises
    ------
    ValueError
        If an option is unknown or breaks its rule.

    Notes
    -----
    Time and memory per layer are those of :func:`compare_dimensions`.

    Examples
    --------
    >>> draw = np.random.default_rng(0).normal
    >>> layers = {"a": draw(size=(20, 6)), "b": draw(size=(20, 6))}
    >>> found = compare_network(layers, n_theta=8, hop_methods=(), progress=False)
    >>> [item.comparison.proven for item in found.values()]
    [1.0, 1.0]
    """
    seed = int(rng) if isinstance(rng, int | np.integer) else int(as_rng(rng).integers(2**31))
    names = list(features)
    tasks = [(name, features[name], n_draws, seed, options) for name in names]
    found: dict[str, ComparedLayer] = {}
    how: dict[str, Any] = {"jobs": jobs, "progress": progress, "label": "layers"}
    for place, item in run_parallel(_compare, tasks, **how):
        name = names[place]
        lost = isinstance(item, WorkerLost)
        found[name] = ComparedLayer(name, None, reason=item.reason) if lost else item
    return {name: found[name] for name in names}


def _compare(
    name: str, features: Any, n_draws: int, seed: int, options: dict[str, Any]
) -> ComparedLayer:
    try:
        comparison = compare_dimensions(features, rng=seed, progress=False, **options)
    except EqualDistancesError as error:
        return ComparedLayer(name, None, reason=str(error))
    known = [row.name for row in comparison.rows if row.name in ESTIMATORS]
    quick: list[Any] = [key for key in known if ESTIMATORS[key].differentiable]
    if not n_draws:
        return ComparedLayer(name, comparison)
    how: dict[str, Any] = {key: options[key] for key in ("grid", "scale") if key in options}
    nulls = compare_with_nulls(features, estimators=quick, n_draws=n_draws, rng=seed, **how)
    return ComparedLayer(name, comparison, tuple(nulls))
