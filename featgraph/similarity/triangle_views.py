"""The triangle of similarity: two networks seen statically, functionally and under pruning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from featgraph.core.result import Result
from featgraph.similarity.interpolation import LinearPath, interpolate_linear
from featgraph.similarity.layer_matrix import SimilarityMatrix, compare_layers, layers_of_both
from featgraph.similarity.predictions import (
    Predictions,
    check_architecture,
    hold_batches,
    observe,
    predictive_divergence,
)
from featgraph.similarity.pruning import (
    SPARSITIES,
    PrunedSide,
    PruningSweep,
    check_sparsities,
    run_sweep,
)

if TYPE_CHECKING:
    from featgraph.features.feeding import Forward
    from featgraph.features.layers import Layers
    from featgraph.features.reduce import Reduce
    from featgraph.selfsimilarity.estimators import EstimatorName

__all__ = ["FunctionalView", "StaticView", "Triangle", "triangle"]


@dataclass(frozen=True, repr=False, eq=False)
class StaticView(Result):
    """What the layers say: CKA and Procrustes of all pairs.

    Attributes
    ----------
    cka, procrustes : SimilarityMatrix
        Linear CKA and Procrustes similarity s of all layers of A with all of B.
    threshold : float
        |CKA − Procrustes| above which a pair is called divergent.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(30, 4))
    >>> layers = {"fc1": X, "fc2": X**2}
    >>> view = StaticView(*(compare_layers(layers, measure=m) for m in ("cka", "procrustes")))
    >>> [pair[:2] for pair in view.divergent]
    [('fc1', 'fc2'), ('fc2', 'fc1')]
    """

    _shown: ClassVar = ("threshold", "correlation")

    cka: SimilarityMatrix
    procrustes: SimilarityMatrix
    threshold: float = 0.15

    @property
    def divergent(self) -> list[tuple[str, str, float]]:
        """Pairs on which the two disagree: layer of A, layer of B, CKA − Procrustes."""
        gap = self.cka.values - self.procrustes.values
        return [
            (self.cka.layers_a[i], self.cka.layers_b[j], float(gap[i, j]))
            for i, j in np.argwhere(np.abs(gap) > self.threshold).tolist()
        ]

    @property
    def correlation(self) -> float:
        """Pearson correlation of CKA and Procrustes over all pairs; NaN if one is constant."""
        return correlation(self.cka.values.ravel(), self.procrustes.values.ravel(), "pearson")

    def to_rows(self) -> list[dict[str, Any]]:
        """Return both scores of every pair of layers."""
        pairs = zip(self.cka.to_rows(), self.procrustes.to_rows(), strict=True)
        return [{**one, **other} for one, other in pairs]


@dataclass(frozen=True, repr=False, eq=False)
class FunctionalView(Result):
    """What the networks predict, and whether a straight line joins them.

    Attributes
    ----------
    divergence : float or None
        Mean Jensen–Shannon divergence of the predictions, base 2; None if the classes differ.
    agreement : float or None
        Share of samples with the same most likely class.
    accuracy_a, accuracy_b : float or None
        None without labels.
    path, aligned_path : LinearPath or None
        Linear interpolation as it is, and after permuting the neurons of B.
    note : str
        Why something is missing; empty if nothing is.

    Examples
    --------
    >>> FunctionalView(0.1, 0.9, 0.8, 0.7, note="no linear path: not asked for")
    FunctionalView(divergence=0.1, agreement=0.9, accuracy_a=0.8, accuracy_b=0.7, note='no
    linear path: not asked for')
    """

    divergence: float | None
    agreement: float | None
    accuracy_a: float | None
    accuracy_b: float | None
    path: LinearPath | None = None
    aligned_path: LinearPath | None = None
    note: str = ""


@dataclass(frozen=True, repr=False, eq=False)
class Triangle(Result):
    """Three views of the similarity of two networks.

    Attributes
    ----------
    static : StaticView
        Layers.
    functional : FunctionalView
        Predictions and the line between the weights.
    sparsity : PruningSweep
        What pruning leaves.
    n_samples : int
        Samples.
    source_a, source_b : str
        The networks.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3))
    >>> views = triangle(net, net, torch.randn(60, 5), layers=["1"], sparsities=(0.0, 0.5))
    >>> round(views.cka, 6), round(views.divergence, 6), views.functional.note
    (1.0, 0.0, 'no linear path: the batches hold no labels')
    """

    _picture: ClassVar = "plot_triangle"
    _shown: ClassVar = ("source_a", "source_b", "cka", "procrustes", "divergence", "n_samples")

    static: StaticView
    functional: FunctionalView
    sparsity: PruningSweep
    n_samples: int
    source_a: str
    source_b: str

    @property
    def cka(self) -> float:
        """Mean CKA of the layers that match by place."""
        return matched_mean(self.static.cka.values)

    @property
    def procrustes(self) -> float:
        """Mean Procrustes similarity of the layers that match by place."""
        return matched_mean(self.static.procrustes.values)

    @property
    def divergence(self) -> float | None:
        """Divergence of the predictions; None where they do not compare."""
        return self.functional.divergence

    def summary(self) -> dict[str, Any]:
        """Return one number per view: the row of this pair in a table of pairs."""
        view, line = self.functional, self.functional.path
        aligned = view.aligned_path
        return {
            "a": self.source_a,
            "b": self.source_b,
            "cka": self.cka,
            "procrustes": self.procrustes,
            "n_divergent": len(self.static.divergent),
            "static_correlation": self.static.correlation,
            "divergence": self.divergence,
            "agreement": view.agreement,
            "accuracy_a": view.accuracy_a,
            "accuracy_b": view.accuracy_b,
            "barrier": None if line is None else line.barrier,
            "barrier_aligned": None if aligned is None else aligned.barrier,
            "cka_cross_dense": float(self.sparsity.cross[0]),
            "cka_cross_sparsest": float(self.sparsity.cross[-1]),
        }

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the whole triangle as one table: view, quantity, where, value."""
        rows: list[dict[str, Any]] = []

        def add(view: str, quantity: str, where: str, value: Any) -> None:
            rows.append({"view": view, "quantity": quantity, "where": where, "value": value})

        for table in (self.static.cka, self.static.procrustes):
            for row in table.to_rows():
                add("static", table.measure, f"{row['layer_a']} – {row['layer_b']}",
                    row[table.measure])  # fmt: skip
        for a, b, gap in self.static.divergent:
            add("static", "cka − procrustes", f"{a} – {b}", gap)
        for name in ("divergence", "agreement", "accuracy_a", "accuracy_b"):
            add("functional", name, "", getattr(self.functional, name))
        for label, path in (
            ("", self.functional.path),
            (", aligned", self.functional.aligned_path),
        ):
            if path is not None:
                add("functional", f"barrier{label}", "", path.barrier)
                for point in path.to_rows():
                    for name in ("loss", "accuracy"):
                        add(
                            "functional", f"{name}{label}", f"α = {point['alpha']:.2f}", point[name]
                        )
        for level in self.sparsity.to_rows():
            for name, value in level.items():
                if name != "sparsity":
                    add("sparsity", name, f"sparsity {level['sparsity']:g}", value)
        return rows


def triangle(
    model_a: nn.Module,
    model_b: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    layers_b: Layers | None = None,
    reduce: Reduce = "auto",
    threshold: float = 0.15,
    n_alphas: int = 11,
    align: bool = True,
    reestimate_batchnorm: bool = False,
    sparsities: Sequence[float] = SPARSITIES,
    estimator: EstimatorName = "linkage",
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    names: tuple[str, str] | None = None,
    progress: bool | None = None,
) -> Triangle:
    """Compare two networks by their layers, their predictions and under pruning.

    Parameters
    ----------
    model_a, model_b : Module
        Networks on the same inputs; neither is changed.
    data : DataLoader, Dataset, or iterable of (inputs, labels)
        Read once and held in memory. Without labels accuracies and the linear path are left
        out.
    layers : str, module type, or list of these, default="auto"
        As in ``select_layers``; the same for both unless ``layers_b`` is given.
    layers_b : str, module type, or list of these, optional
        Layers of ``model_b``.
    reduce : str, default="auto"
        As in ``similarity_matrix``, for the static view.
    threshold : float, default=0.15
        |CKA − Procrustes| above which a pair of layers is called divergent.
    n_alphas : int, default=11
        Points of the linear path.
    align : bool, default=True
        Also walk the path after permuting the neurons of B (where their units can be followed).
    reestimate_batchnorm : bool, default=False
        As in ``interpolate_linear``.
    sparsities : sequence of float, default=(0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
        Levels of pruning.
    estimator : str, default="linkage"
        How boxes are counted for SS_rate and d_θ under pruning.
    forward, batch_size, max_batches, progress
        As in ``extract_features``.
    names : pair of str, optional
        What to call the networks; default: their classes.

    Returns
    -------
    Triangle
        Static, functional and sparsity views; ``to_rows()`` is the table and
        ``featgraph.plot.plot_triangle`` the figure.

    Raises
    ------
    ValueError
        Layers that match nothing, NaN outputs, sparsities outside [0, 1), and whatever the
        single views refuse.

    Notes
    -----
    Different architectures have no line between their weights, and networks with different
    classes no divergence: the functional view then says why in ``note``. It takes one forward
    pass of both networks per level of pruning (one more with another ``reduce``), and
    ``n_alphas`` passes of mixed networks for each path.

    References
    ----------
    .. [1] Sirikova and Chan, "Triangle of similarity", arXiv:2601.17093.

    Examples
    --------
    >>> import torch
    >>> from torch.utils.data import TensorDataset
    >>> _ = torch.manual_seed(0)
    >>> data = TensorDataset(torch.randn(60, 5), torch.arange(60) % 3)
    >>> a, b = (nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3)) for _ in "ab")
    >>> views = triangle(a, b, data, layers=["1"], sparsities=(0.0, 0.5), n_alphas=3)
    >>> views.functional.path.alphas.tolist(), views.sparsity.sparsities.tolist()
    ([0.0, 0.5, 1.0], [0.0, 0.5])
    """
    levels = check_sparsities(sparsities)
    chosen = layers_of_both(model_b, layers, layers_b)
    batches = hold_batches(data, batch_size=batch_size, max_batches=max_batches)
    first, second = (
        PrunedSide(model, part, batches, estimator, forward)
        for model, part in zip((model_a, model_b), chosen, strict=True)
    )
    features = [first.whole, second.whole]
    if not isinstance(reduce, str) or reduce != "auto":
        features = [
            observe(model, batches, layers=part, reduce=reduce, forward=forward)[0]
            for model, part in zip((model_a, model_b), chosen, strict=True)
        ]
    cka, shape = (compare_layers(*features, measure=m) for m in ("cka", "procrustes"))
    functional = _functional_view(
        (model_a, model_b), (first.scores, second.scores), batches, align=align,
        n_alphas=n_alphas, reestimate_batchnorm=reestimate_batchnorm, forward=forward,
        progress=False,
    )  # fmt: skip
    sparsity = run_sweep((first, second), levels, estimator, progress)
    sources = names or (type(model_a).__name__, type(model_b).__name__)
    return Triangle(
        StaticView(cka, shape, threshold), functional, sparsity, cka.n_samples, *sources
    )


def correlation(x: NDArray[np.float64], y: NDArray[np.float64], method: str) -> float:
    """Pearson or Spearman correlation; NaN under 3 pairs or if one side is constant."""
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    if method == "spearman":
        from scipy.stats import rankdata

        x, y = rankdata(x), rankdata(y)
    return float(np.corrcoef(x, y)[0, 1])


def matched_mean(values: NDArray[np.float64]) -> float:
    """Mean score of layers at the same place, or of each row's best where counts differ."""
    square = values.shape[0] == values.shape[1]
    return float(values.diagonal().mean() if square else values.max(axis=1).mean())


def _functional_view(
    models: tuple[nn.Module, nn.Module],
    scores: tuple[Predictions, Predictions],
    batches: list[object],
    *,
    align: bool,
    **options: Any,
) -> FunctionalView:
    first, second = scores
    notes: list[str] = []
    divergence = agreement = None
    if first.scores.shape == second.scores.shape:
        divergence = float(predictive_divergence(first.scores, second.scores, from_logits=True))
        same = first.scores.argmax(dim=1) == second.scores.argmax(dim=1)
        agreement = float(same.double().mean())
    else:
        notes.append(f"no divergence: {first.scores.shape[1]} and {second.scores.shape[1]} classes")
    path = aligned = None
    try:
        check_architecture(*models)
        if first.labels is None:
            raise ValueError("the batches hold no labels")
        path = interpolate_linear(*models, batches, **options)
        if align:
            aligned = interpolate_linear(*models, batches, align=True, **options)
    except ValueError as error:
        what = "linear path" if path is None else "aligned path"
        notes.append(f"no {what}: {error}")
    return FunctionalView(
        divergence, agreement, first.accuracy, second.accuracy, path, aligned, "; ".join(notes)
    )
