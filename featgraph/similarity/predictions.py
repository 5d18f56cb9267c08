"""What networks predict on data, and how far apart the predicted distributions are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

import torch
from torch import nn

from featgraph.features.batches import iterate_batches
from featgraph.features.capture import extract_features
from featgraph.features.feeding import run_batch
from featgraph.features.module_calls import find_tensor
from featgraph.features.running import evaluating
from featgraph.similarity._recipe import ArrayLike, Samples, as_given, as_pair, exact_self

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.features.feeding import Forward
    from featgraph.features.layers import Layers
    from featgraph.features.reduce import Reduce

__all__ = [
    "Predictions",
    "check_architecture",
    "hold_batches",
    "observe",
    "predict",
    "predictive_divergence",
]

_LABEL_KEYS = ("labels", "label", "target", "targets", "y")


@overload
def predictive_divergence(
    P: torch.Tensor, Q: torch.Tensor, *, from_logits: bool = ...
) -> torch.Tensor: ...


@overload
def predictive_divergence(P: ArrayLike, Q: ArrayLike, *, from_logits: bool = ...) -> float: ...


def predictive_divergence(
    P: Samples, Q: Samples, *, from_logits: bool = False
) -> torch.Tensor | float:
    """Mean Jensen–Shannon divergence of the predictions of two networks, in bits.

    JS(p, q) = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q)/2 and logarithms to base 2, averaged
    over samples.

    Parameters
    ----------
    P, Q : Tensor or ndarray, shape (n_samples, n_classes)
        Probabilities of each class; rows add up to 1.
    from_logits : bool, default=False
        Whether P and Q are class scores, of which the softmax is taken.

    Returns
    -------
    0-d Tensor if P or Q is a Tensor (differentiable), else float
        In [0, 1]: 0 for equal predictions, 1 for certain predictions of different classes.

    Raises
    ------
    ValueError
        Different shapes, negative values, or rows that do not add up to 1.

    References
    ----------
    .. [1] J. Lin, "Divergence measures based on the Shannon entropy", IEEE Trans. Inf. Theory
       37 (1991), doi:10.1109/18.61115.
    .. [2] Sirikova and Chan, "Triangle of similarity", arXiv:2601.17093.

    Examples
    --------
    >>> import numpy as np
    >>> P, Q = np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]])
    >>> predictive_divergence(P, Q)
    0.5
    """
    first, second = as_pair(P, Q, least=1, names=("P", "Q"))
    if first.shape[1] != second.shape[1]:
        raise ValueError(
            f"P and Q must have the same classes, got {first.shape[1]} and {second.shape[1]}"
        )
    if from_logits:
        sides = [torch.log_softmax(side, dim=1) for side in (first, second)]
        value = _divergence(sides[0].exp(), sides[1].exp())
    else:
        for side, name in ((first, "P"), (second, "Q")):
            _check_rows(side, name)
        value = _divergence(first, second)
    return as_given(exact_self(value, first, second, 0.0), (P, Q))


def _check_rows(side: torch.Tensor, name: str) -> None:
    totals = side.detach().sum(dim=1)
    worst = float((totals - 1).abs().max())
    if bool((side < 0).any()) or worst > 1e-3:  # half precision keeps three digits
        raise ValueError(
            f"{name} must hold probabilities, rows of values ≥ 0 that add up to 1, got a row off "
            f"by {worst:.3g} and a smallest value of {float(side.min()):.3g}; use "
            "from_logits=True for class scores"
        )


def _divergence(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    middle = (first + second) / 2
    # xlogy takes 0·log 0 as 0; where m is 0 so are p and q
    safe = torch.where(middle > 0, middle, 1.0)
    terms = [torch.xlogy(p, torch.where(p > 0, p, 1.0)) - p * safe.log() for p in (first, second)]
    total: torch.Tensor = (terms[0] + terms[1]).sum(dim=1).mean() / (2 * math.log(2))
    return total.clamp(0.0, 1.0)


class Predictions(NamedTuple):
    """Class scores of a network, with the labels if the batches hold any.

    Examples
    --------
    >>> made = Predictions(torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([0, 0]))
    >>> made.accuracy
    0.5
    """

    scores: torch.Tensor  # (n_samples, n_classes)
    labels: torch.Tensor | None  # (n_samples,)

    @property
    def accuracy(self) -> float | None:
        """Share of right answers, None without labels."""
        if self.labels is None:
            return None
        return float((self.scores.argmax(dim=1) == self.labels).double().mean())

    @property
    def loss(self) -> float | None:
        """Mean cross-entropy in nats, None without labels."""
        if self.labels is None:
            return None
        return float(nn.functional.cross_entropy(self.scores.double(), self.labels))


def hold_batches(data: object, *, batch_size: int, max_batches: int | None = None) -> list[object]:
    """Read all batches once, so that several passes see the same samples in the same order."""
    return list(
        iterate_batches(data, batch_size=batch_size, max_batches=max_batches, progress=False)
    )


def predict(
    model: nn.Module, batches: Sequence[object], *, forward: Forward | None = None
) -> Predictions:
    """Class scores of a network on held batches, in evaluation mode, where the model is.

    Raises
    ------
    ValueError
        If the output is not (n_samples, n_classes), or holds NaN or infinity.
    """
    parameter = next(model.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    with evaluating(model):
        outputs = [run_batch(model, batch, forward=forward, device=device) for batch in batches]
    return _as_predictions(model, outputs, batches)


def observe(
    model: nn.Module,
    batches: Sequence[object],
    *,
    layers: Layers,
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    forward: Forward | None = None,
) -> tuple[dict[str, FeatureMatrix], Predictions]:
    """Features of the chosen layers and class scores, from one pass over held batches."""
    outputs: list[object] = []

    def record(net: nn.Module, batch: object) -> object:
        outputs.append(run_batch(net, batch, forward=forward))
        return outputs[-1]

    features = extract_features(
        model, iter(batches), layers=layers, reduce=reduce, forward=record, progress=False
    )
    return features, _as_predictions(model, outputs, batches)


def _as_predictions(
    model: nn.Module, outputs: Sequence[object], batches: Sequence[object]
) -> Predictions:
    parts = []
    for given in outputs:
        output = find_tensor(given)
        if output is None or output.ndim != 2 or output.shape[1] < 2:
            shape = None if output is None else tuple(output.shape)
            raise ValueError(
                f"{type(model).__name__} must give class scores of shape (n_samples, "
                f"n_classes), got {shape}; give forward= to make them"
            )
        parts.append(output.detach().float().cpu())
    scores = torch.cat(parts)
    labels = [find_labels(batch) for batch in batches]
    bad = int((~scores.isfinite().all(dim=1)).sum())
    if bad:
        raise ValueError(
            f"{type(model).__name__} must give finite scores, got NaN or infinity for {bad} of "
            f"{len(scores)} samples"
        )
    known = [item for item in labels if item is not None]
    if len(known) != len(labels) or sum(map(len, known)) != len(scores):
        return Predictions(scores, None)
    return Predictions(scores, torch.cat(known))


def find_labels(batch: object) -> torch.Tensor | None:
    """Class numbers of a batch: its second member, or the one with a label's name in a dict."""
    found: object = None
    if isinstance(batch, Mapping):
        found = next((batch[key] for key in _LABEL_KEYS if key in batch), None)
    elif isinstance(batch, tuple | list) and len(batch) > 1:
        found = batch[1]
    tensor = find_tensor(found)
    if tensor is None or tensor.ndim != 1 or tensor.is_floating_point() or tensor.is_complex():
        return None
    return tensor.detach().cpu().long()


def check_architecture(model_a: nn.Module, model_b: nn.Module) -> None:
    """Raise a ValueError that names the first parameter in which two networks differ."""
    first, second = (dict(model.state_dict()) for model in (model_a, model_b))
    for name in (*first, *second):
        where = type(model_a if name in first else model_b).__name__
        if name not in first or name not in second:
            rule = f"parameter {name!r} of {where} has no counterpart"
        elif first[name].shape != second[name].shape:
            shapes = f"{tuple(first[name].shape)} and {tuple(second[name].shape)}"
            rule = f"the first parameter that differs is {name!r}, of shape {shapes}"
        else:
            continue
        raise ValueError(f"the networks must have one architecture: {rule}")
