"""Layer × layer similarity of two networks in one pass, by one measure or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.core.checks import choice, naming
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.similarity._recipe import Samples, compare_all, require_samples, view_samples
from featgraph.similarity._streams import (
    CkaStream,
    HeldPairs,
    MinibatchStream,
    iterate_pairs,
    scale_layers,
)
from featgraph.similarity.measures import MEASURES, Measure

if TYPE_CHECKING:
    from featgraph.features.feeding import Forward
    from featgraph.features.layers import Layers
    from featgraph.features.reduce import Reduce

__all__ = ["SimilarityMatrix", "compare_layers", "compare_measures", "similarity_matrix"]

Layered = Mapping[str, torch.Tensor]


@dataclass(frozen=True, repr=False, eq=False)
class SimilarityMatrix(Result):
    """Score of every layer of A with every layer of B.

    Attributes
    ----------
    values : ndarray of float, shape (n_layers_a, n_layers_b)
        Scores.
    layers_a, layers_b : tuple of str
        Names of the layers, in the order of rows and columns.
    measure : str
        Row of ``MEASURES``.
    larger_is_more_similar : bool
        Direction of the score.
    n_samples : int
        Samples that were compared.
    options : mapping
        Options of the measure.
    source_a, source_b : str or None
        The models.

    Examples
    --------
    >>> values = np.array([[1.0, 0.4]])
    >>> matrix = SimilarityMatrix(values, ("fc1",), ("fc1", "fc2"), "cka", True, 30)
    >>> matrix
    SimilarityMatrix(n_layers_a=1, n_layers_b=2, measure='cka', n_samples=30, mean=0.7)
    >>> matrix.to_rows()[1]
    {'layer_a': 'fc1', 'layer_b': 'fc2', 'cka': 0.4}
    """

    _picture: ClassVar = "plot_similarity"
    _shown: ClassVar = ("n_layers_a", "n_layers_b", "measure", "n_samples", "mean")
    _rules: ClassVar = {
        "values": Rule("n_layers_a n_layers_b"),
        "layers_a": Rule("n_layers_a"),
        "layers_b": Rule("n_layers_b"),
        "n_samples": Rule(least=0),  # 0: of no samples of its own
    }

    values: NDArray[np.float64]
    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    measure: str
    larger_is_more_similar: bool
    n_samples: int
    options: Mapping[str, Any] = field(default_factory=dict)
    source_a: str | None = None
    source_b: str | None = None

    def _columns(self) -> Mapping[str, object]:
        n_a, n_b = self.values.shape
        return {
            "layer_a": np.repeat(self.layers_a, n_b),
            "layer_b": np.tile(self.layers_b, n_a),
            self.measure: self.values.ravel(),
        }

    @property
    def mean(self) -> float:
        """Mean score over all pairs."""
        return float(self.values.mean())


def similarity_matrix(
    model_a: nn.Module,
    model_b: nn.Module,
    data: object,
    *,
    measure: str = "cka",
    layers: Layers = "auto",
    layers_b: Layers | None = None,
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    device: torch.device | str | None = None,
    progress: bool | None = None,
    **options: Any,
) -> SimilarityMatrix:
    """Compare all chosen layers of two networks on the same samples, in one pass.

    Parameters
    ----------
    model_a, model_b : Module
        Two networks that take the same inputs; the same object twice compares a network with
        itself. Both run in evaluation mode without gradients and are left as they were.
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        As in ``extract_features``; each batch goes through both networks, so shuffling
        loaders are safe.
    measure : str, default="cka"
        Row of ``MEASURES``.
    layers : str, module type, or list of these, default="auto"
        Layers of both networks, as in ``select_layers``.
    layers_b : str, module type, or list of these, optional
        Layers of ``model_b``, if others.
    reduce : str or mapping, default="auto"
        How an activation becomes one vector per sample. "auto" averages over positions and
        tokens, the features F of the rest of this package; "flatten" keeps every position,
        as the papers of CKA and GBS do for convolutional layers.
    forward : callable, optional
        Called as ``forward(model, batch)``.
    batch_size, max_batches, device, progress
        As in ``extract_features``.
    **options
        Options of the measure, such as ``estimator="unbiased"`` or ``top_k=5``.

    Returns
    -------
    SimilarityMatrix
        Scores with layer names. The diagonal of a network with itself is exactly 1 (0 for a
        distance).

    Raises
    ------
    ValueError
        Layers that match nothing, an unknown measure, too few samples, NaN activations or a
        layer that is constant over the samples; the message names the layer.

    Warns
    -----
    UserWarning
        With ``estimator="minibatch"``: batches under 4 samples were left out.

    Notes
    -----
    Linear CKA, biased and unbiased, is exact whatever the batches: sums of products of
    features add up over samples, so memory does not grow with their number. Few samples are
    held instead and compared by kernel matrices, whichever is cheaper. ``"minibatch"`` holds
    one batch. All other measures hold the features of all samples once (n_samples · Σ d
    numbers), and beside them as many prepared layers, or rows of kernels, as take 1 GiB.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> data = torch.randn(20, 4)
    >>> found = similarity_matrix(net, net, data, layers=["1", "2"])
    >>> found.values.diagonal().round(6).tolist()
    [1.0, 1.0]
    """
    choice(measure, MEASURES, "measure")
    chosen = layers_of_both(model_b, layers, layers_b)
    same = model_b is model_a and layers_b is None
    pairs = iterate_pairs(
        model_a,
        None if same else model_b,
        data,
        layers=chosen,
        reduce=reduce,
        forward=forward,
        batch_size=batch_size,
        max_batches=max_batches,
        device=device,
        progress=progress,
    )
    return _compare(pairs, measure, options, (type(model_a).__name__, type(model_b).__name__))


def layers_of_both(
    model_b: nn.Module, layers: Layers, layers_b: Layers | None
) -> tuple[Layers, Layers]:
    """Return the choice of layers in A and in B, looked up in B if it is one of its own."""
    if layers_b is None:
        return layers, layers
    from featgraph.features.layers import select_layers

    with naming("layers_b"):
        select_layers(model_b, layers_b)
    return layers, layers_b


def compare_layers(
    features_a: Mapping[str, Samples],
    features_b: Mapping[str, Samples] | None = None,
    *,
    measure: str = "cka",
    **options: Any,
) -> SimilarityMatrix:
    """Compare features that are already there, as ``extract_features`` returns them.

    Parameters
    ----------
    features_a : mapping of str to Tensor, ndarray (n_samples, n_features) or FeatureMatrix
        Layers of A.
    features_b : the same, optional
        Layers of B, same samples; None compares A with itself.
    measure : str, default="cka"
        Row of ``MEASURES``.
    **options
        Options of the measure.

    Returns
    -------
    SimilarityMatrix
        Scores with layer names.

    Raises
    ------
    ValueError
        No layer, an unknown measure, or different numbers of samples; the message names the
        layer.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> compare_layers({"a": X, "b": X**3}, measure="procrustes").values.round(2).tolist()
    [[1.0, 0.85], [0.85, 1.0]]
    """
    choice(measure, MEASURES, "measure")
    sides = [_check_layers(features_a, "features_a")]
    if features_b is not None and features_b is not features_a:
        sides.append(_check_layers(features_b, "features_b"))
    _check_counts(sides)
    pair = (sides[0], sides[1] if len(sides) > 1 else None)
    first, second = (
        next((getattr(item, "source", None) for item in side.values()), None)
        for side in (features_a, features_a if features_b is None else features_b)
    )
    given = [item for side in (features_a, features_b or {}) for item in side.values()]
    has_arrays = not all(isinstance(item, torch.Tensor | FeatureMatrix) for item in given)
    dtype = torch.float64 if has_arrays else torch.float32
    return _compare(iter([pair]), measure, options, (first, second), dtype)


def _check_layers(features: Mapping[str, Samples], name: str) -> dict[str, torch.Tensor]:
    if not isinstance(features, Mapping):
        raise TypeError(
            f"{name} must map layer names to features, got {type(features).__name__}; "
            "for two single layers call the measure itself"
        )
    if not features:
        raise ValueError(f"{name} must hold at least one layer, got none")
    with naming(name):
        return {layer: view_samples(item, f"layer {layer!r}") for layer, item in features.items()}


def _check_counts(sides: list[dict[str, torch.Tensor]]) -> None:
    first, count = next((name, item.shape[0]) for name, item in sides[0].items())
    for side in sides:
        for name, item in side.items():
            if item.shape[0] != count:
                raise ValueError(
                    f"all layers must hold the same samples, got {count} in layer {first!r} and "
                    f"{item.shape[0]} in layer {name!r}"
                )


def _compare(
    pairs: Iterator[tuple[Layered, Layered | None]],
    measure: str,
    options: Mapping[str, object],
    sources: tuple[str | None, str | None],
    dtype: torch.dtype = torch.float32,
) -> SimilarityMatrix:
    row = MEASURES[measure]
    chosen = {**row.options, **options}
    values, names, n_samples = _compare_stream(pairs, row, chosen, dtype)
    table = values.detach().double().cpu().numpy()
    larger = row.larger_is_more_similar
    return SimilarityMatrix(table, *names, measure, larger, n_samples, chosen, *sources)


def _compare_stream(
    pairs: Iterator[tuple[Layered, Layered | None]],
    row: Measure,
    options: dict[str, object],
    dtype: torch.dtype,
) -> tuple[torch.Tensor, tuple[tuple[str, ...], tuple[str, ...]], int]:
    any_scale = "scaling" in row.invariances and "epsilon" not in options
    scaled = scale_layers(pairs, any_scale=any_scale, dtype=dtype)
    estimator = options.get("estimator")
    if row.function == "cka" and estimator == "minibatch":
        return MinibatchStream(options).run(scaled)
    recipe = row.make_recipe(**options)
    if row.function == "cka" and options.get("kernel", "linear") == "linear":
        return CkaStream(recipe, unbiased=estimator == "unbiased").run(scaled)
    held = HeldPairs()
    for pair in scaled:
        held.add(*pair)
    require_samples(held.n_samples, recipe.least, recipe.why)
    left, right = held.take()
    names = (tuple(left), tuple(left if right is None else right))
    return compare_all(recipe, left, right), names, held.n_samples


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
    for place, matrix in run_parallel(_compare_by, tasks, **how):
        if isinstance(matrix, WorkerLost):
            raise RuntimeError(f"{names[place]}: {matrix.reason}")
        found[names[place]] = matrix
    return {name: found[name] for name in names}


def _compare_by(
    a: Mapping[str, Any], b: Mapping[str, Any] | None, measure: str
) -> SimilarityMatrix:
    return compare_layers(a, b, measure=measure)
