"""TrainingLog: what every epoch of a run gave; and where a loss stopped being finite."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, Dataset

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.features.batches import collate_samples
from featgraph.features.capture import extract_features
from featgraph.features.layers import Layers
from featgraph.features.module_calls import find_tensor
from featgraph.features.running import evaluating
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.rate import ss_rate
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training.samples import (
    Inputs,
    call_model,
    read_scores,
    send_inputs,
    split_labels,
)

__all__ = [
    "EpochRow",
    "TrainingDivergedError",
    "TrainingLog",
    "describe_call",
    "find_first_nonfinite",
    "measure_rates",
    "measure_task",
]


@dataclass(frozen=True, repr=False)
class EpochRow(Result):
    """One epoch.

    Attributes
    ----------
    epoch : int
        From 1; 0 is the untrained network.
    step : int
        Steps taken so far.
    lr : float
        Learning rate of the last step.
    loss, accuracy : float
        Task loss in nats and share of right answers in training, over the epoch; nan at 0.
        With mixup, an answer is right if it is the label of the first image of the pair.
    term : float
        Mean of the SS_rate term that was added; nan without one.
    test_loss, test_accuracy : float
        On the test data in evaluation mode; nan without any.
    rates : mapping of str to mapping of str to float
        Layer, then estimator, to SS_rate on the samples set apart for it. Empty in epochs in
        which it was not measured; layers without one (constant) are left out.
    n_constant : int
        Calls of the regulariser so far that found a constant layer.
    """

    _rules: ClassVar = {
        "epoch": Rule(least=0),
        "step": Rule(least=0),
    }

    epoch: int
    step: int
    lr: float
    loss: float
    accuracy: float
    term: float
    test_loss: float
    test_accuracy: float
    rates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    n_constant: int = 0


@dataclass(frozen=True, repr=False)
class TrainingLog(Result):
    """The epochs of one run.

    Attributes
    ----------
    rows : tuple of EpochRow
        Epoch 0 first.
    folder : Path or None
        Where log, checkpoint and pictures lie.

    Examples
    --------
    >>> log = TrainingLog((EpochRow(0, 0, 0.1, 2.3, 0.1, 0.0, 2.3, 0.1, {"a": {"linkage": 0.4}}),))
    >>> log
    TrainingLog(n_epochs=0, test_accuracy=0.1)
    >>> log.rate_rows()
    [{'epoch': 0, 'layer': 'a', 'linkage': 0.4}]
    >>> log.trajectory("linkage")
    {'a': [0.4]}
    """

    _shown: ClassVar = ("n_epochs", "test_accuracy")
    _picture: ClassVar = "plot_learning_curves"

    rows: tuple[EpochRow, ...]
    folder: Path | None = None

    def rate_rows(self) -> list[dict[str, Any]]:
        """Return one plain row per epoch and layer, with SS_rate by every estimator."""
        return [
            {"epoch": row.epoch, "layer": layer, **rates}
            for row in self.rows
            for layer, rates in row.rates.items()
        ]

    def trajectory(self, estimator: str = "released") -> dict[str, list[float]]:
        """Return SS_rate of each layer over the epochs: what ``TrackingTarget`` takes."""
        found: dict[str, list[float]] = {}
        for row in self.rows:
            for layer, rates in row.rates.items():
                if estimator in rates:
                    found.setdefault(layer, []).append(rates[estimator])
        return found

    def mean_rate(self, estimator: str = "released", *, epoch: int = -1) -> float:
        """Return the mean SS_rate over the layers at an epoch; nan if none was measured."""
        rates = [row[estimator] for row in self.rows[epoch].rates.values() if estimator in row]
        return sum(rates) / len(rates) if rates else float("nan")

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write ``epochs.csv`` and ``ss_rates.csv`` and return the folder."""
        from featgraph.io.tables import write_rows

        folder = Path(folder)
        write_rows(self.to_rows(), folder / "epochs.csv")
        if self.rate_rows():
            write_rows(self.rate_rows(), folder / "ss_rates.csv")
        return folder

    @property
    def n_epochs(self) -> int:
        """Epochs trained."""
        return self.rows[-1].epoch

    @property
    def test_accuracy(self) -> float:
        """Share of right answers on the test data, after the last epoch."""
        return self.rows[-1].test_accuracy

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one plain row per epoch, without the rates of the layers."""
        return [row for epoch in self.rows for row in epoch.to_rows()]


def measure_rates(
    model: nn.Module,
    inputs: object,
    *,
    layers: Layers,
    estimators: Sequence[EstimatorName],
    **options: Any,
) -> dict[str, dict[str, float]]:
    """Return SS_rate of each layer by each estimator; constant layers are left out.

    ``options`` are those of :func:`ss_rate`, such as ``grid`` and ``scale``.
    """
    if not estimators:
        return {}
    features = extract_features(model, inputs, layers=layers, progress=False)
    found: dict[str, dict[str, float]] = {}
    for layer, F in features.items():
        try:
            found[layer] = {
                name: float(ss_rate(F, estimator=name, **options)) for name in estimators
            }
        except EqualDistancesError:
            continue  # a layer that died in training has no SS_rate
    return found


def measure_task(
    model: nn.Module,
    dataset: Dataset[object] | Sequence[object] | None,
    *,
    batch_size: int = 256,
    collate: Callable[[list[object]], object] = collate_samples,
) -> tuple[float, float]:
    """Return cross-entropy in nats and share of right answers; (nan, nan) without data."""
    if dataset is None:
        return float("nan"), float("nan")
    device = next(model.parameters()).device
    loss, right, n_seen = 0.0, 0, 0
    generator = torch.Generator()
    items: Any = dataset  # a list has all that is asked of a Dataset
    loader = DataLoader(items, batch_size, collate_fn=collate, generator=generator)
    with evaluating(model):
        for inputs, labels in map(split_labels, loader):
            scores = read_scores(call_model(model, send_inputs(inputs, device)))
            labels = labels.to(device)
            loss += float(cross_entropy(scores.float(), labels, reduction="sum"))
            right += int((scores.argmax(1) == labels).sum())
            n_seen += len(labels)
    return (loss / n_seen, right / n_seen) if n_seen else (float("nan"), float("nan"))


def describe_call(regularizer: SelfSimilarityRegularizer, term: Tensor) -> dict[str, float]:
    """Return the term, and SS_rate of each layer it was computed of, by name.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 9), torch.nn.ReLU(), torch.nn.Linear(9, 2))
    >>> regularizer = SelfSimilarityRegularizer(net)
    >>> scores = net(torch.eye(2).repeat(8, 1))
    >>> sorted(describe_call(regularizer, regularizer()))
    ['ss_rate/1', 'ss_term']
    """
    seen = {"ss_term": float(term.detach())}
    for record in regularizer.records:
        if record.ss_rate is not None:
            seen[f"ss_rate/{record.layer}"] = record.ss_rate
    return seen


class TrainingDivergedError(ValueError):
    """Training stopped because a loss, gradient or weight was not finite.

    Attributes
    ----------
    step : int
        Number of the step, from 0.
    layer : str or None
        First layer with values that are not finite, if one was found.
    checkpoint : Path or None
        Last good checkpoint.
    """

    def __init__(self, what: str, step: int, layer: str | None, checkpoint: Path | None) -> None:
        self.step, self.layer, self.checkpoint = step, layer, checkpoint
        where = "" if layer is None else f", first in layer {layer!r}"
        kept = "; no checkpoint was kept" if checkpoint is None else f"; last good: {checkpoint}"
        super().__init__(f"{what} at step {step}{where}{kept}. A lower lr or clip_norm may help")


def find_first_nonfinite(model: nn.Module, inputs: Inputs) -> str | None:
    """Return the first layer that gives NaN or infinite values, or whose weights hold them.

    Parameters
    ----------
    model : Module
        The network, in the mode in which it failed.
    inputs : Tensor, tuple or mapping of these
        The batch at which it failed.

    Returns
    -------
    str or None
        Dotted name of the first leaf module, in the order of the calls, with an output that is
        not finite; "input" if the batch itself is not; None if all is finite.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> _ = nn.init.constant_(net[2].bias, float("inf"))
    >>> find_first_nonfinite(net, torch.ones(1, 2))
    '2'
    """
    parts = inputs.values() if isinstance(inputs, Mapping) else inputs
    given = [inputs] if isinstance(inputs, Tensor) else parts
    if not all(bool(torch.isfinite(x).all()) for x in given if isinstance(x, Tensor)):
        return "input"
    found: list[str] = []
    handles = []
    for name, module in model.named_modules():
        if not list(module.children()):

            def hook(_: nn.Module, __: object, output: object, name: str = name) -> None:
                value = find_tensor(output)
                if value is not None and not bool(torch.isfinite(value).all()):
                    found.append(name)

            handles.append(module.register_forward_hook(hook))
    try:
        with torch.no_grad():
            call_model(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None
