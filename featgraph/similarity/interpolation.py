"""Linear mode connectivity: loss and accuracy on the straight line between two networks."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.similarity.predictions import check_architecture, hold_batches, predict

if TYPE_CHECKING:
    from featgraph.features.feeding import Forward

__all__ = ["LinearPath", "interpolate_linear", "mix_networks"]

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


@dataclass(frozen=True, repr=False, eq=False)
class LinearPath(Result):
    """Loss and accuracy of (1 − α)·θ_A + α·θ_B.

    Attributes
    ----------
    alphas : ndarray of float, shape (n_alphas,)
        Rising from 0 (A) to 1 (B).
    losses : ndarray of float, shape (n_alphas,)
        Mean cross-entropy in nats.
    accuracies : ndarray of float, shape (n_alphas,)
        Share of right answers.
    aligned : bool
        Whether the neurons of B were permuted to match those of A first.
    reestimated : bool
        Whether batch-norm statistics were estimated anew at every α.

    Examples
    --------
    >>> ends, middle = np.array([0.0, 0.5, 1.0]), np.array([0.2, 0.9, 0.4])
    >>> path = LinearPath(ends, middle, np.array([1.0, 0.5, 0.8]))
    >>> round(path.barrier, 6), round(path.accuracy_drop, 6)
    (0.6, 0.4)
    """

    _picture: ClassVar = "plot_linear_paths"
    _shown: ClassVar = ("barrier", "accuracy_drop", "n_alphas", "aligned", "reestimated")
    _rules: ClassVar = {
        "alphas": Rule("n_alphas", least=0, most=1, rising=True),
        "losses": Rule("n_alphas"),
        "accuracies": Rule("n_alphas", least=0, most=1),
    }

    alphas: NDArray[np.float64]
    losses: NDArray[np.float64]
    accuracies: NDArray[np.float64]
    aligned: bool = False
    reestimated: bool = False

    @property
    def barrier(self) -> float:
        """Largest loss above the line between the ends: max_α L(α) − ((1 − α) L_A + α L_B)."""
        line = (1 - self.alphas) * self.losses[0] + self.alphas * self.losses[-1]
        return float(np.max(self.losses - line))

    @property
    def accuracy_drop(self) -> float:
        """Largest accuracy below the line between the ends."""
        ends = self.accuracies
        line = (1 - self.alphas) * ends[0] + self.alphas * ends[-1]
        return float(np.max(line - ends))

    def _columns(self) -> Mapping[str, object]:
        return {
            "alpha": self.alphas,
            "loss": self.losses,
            "accuracy": self.accuracies,
            "aligned": self.aligned,
        }


def interpolate_linear(
    model_a: nn.Module,
    model_b: nn.Module,
    data: object,
    *,
    n_alphas: int = 11,
    reestimate_batchnorm: bool = False,
    align: bool = False,
    forward: Forward | None = None,
    batch_size: int = 256,
    max_batches: int | None = None,
    rng: np.random.Generator | int | None = 0,
    progress: bool | None = None,
) -> LinearPath:
    """Walk the straight line between two networks of one architecture.

    Parameters
    ----------
    model_a, model_b : Module
        Networks with the same parameters, giving class scores; neither is changed.
    data : DataLoader, Dataset, or iterable of (inputs, labels)
        Read once and held, so that every α sees the same samples.
    n_alphas : int, default=11
        Points on the line, both ends included, at least 2.
    reestimate_batchnorm : bool, default=False
        Estimate running means and variances of batch norms anew at every α, the ends
        included, from ``data`` (cumulative average over its batches). The interpolated
        statistics are wrong in between: variances of mixed weights shrink.
    align : bool, default=False
        Permute the neurons of B to match A by their weights first (``align_neurons``).
    forward : callable, optional
        Called as ``forward(model, batch)``.
    batch_size, max_batches
        As in ``extract_features``.
    rng : Generator, int or None, default=0
        Order of the sweeps of the alignment.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    LinearPath
        Losses, accuracies and the barrier.

    Raises
    ------
    ValueError
        If the architectures differ (the first differing parameter is named), batches hold no
        labels, scores are not finite, or ``n_alphas`` is below 2.

    Notes
    -----
    ``n_alphas`` forward passes, twice that with ``reestimate_batchnorm``.

    References
    ----------
    .. [1] J. Frankle, G. Dziugaite, D. Roy, M. Carbin, "Linear mode connectivity and the
       lottery ticket hypothesis", ICML 2020, arXiv:1912.05671.
    .. [2] K. Jordan, H. Sedghi, O. Saukh, R. Entezari, B. Neyshabur, "REPAIR: REnormalizing
       permuted activations for interpolation repair", ICLR 2023, arXiv:2211.08403.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> data = TensorDataset(torch.eye(3), torch.arange(3))
    >>> net = nn.Linear(3, 3)
    >>> interpolate_linear(net, net, data, n_alphas=3).barrier
    0.0
    """
    check_architecture(model_a, model_b)
    batches = hold_batches(data, batch_size=batch_size, max_batches=max_batches)
    if align:
        from featgraph.similarity.weight_matching import align_neurons

        model_b = align_neurons(model_a, model_b, rng=rng).model
    alphas = np.linspace(0, 1, n_alphas)
    losses, accuracies = [], []
    for alpha in track_progress(alphas.tolist(), progress=progress, label="interpolation"):
        mixed = mix_networks(model_a, model_b, alpha)
        if reestimate_batchnorm:
            estimate_batchnorm(mixed, batches, forward=forward)
        made = predict(mixed, batches, forward=forward)
        loss, accuracy = made.loss, made.accuracy
        if loss is None or accuracy is None:
            raise ValueError(
                "data must give batches (inputs, labels) with class numbers, got no labels"
            )
        losses.append(loss)
        accuracies.append(accuracy)
    return LinearPath(
        alphas, np.array(losses), np.array(accuracies), bool(align), bool(reestimate_batchnorm)
    )


def mix_networks(model_a: nn.Module, model_b: nn.Module, alpha: float) -> nn.Module:
    """Return a new network with parameters (1 − α)·θ_A + α·θ_B.

    Parameters
    ----------
    model_a, model_b : Module
        Networks of one architecture; neither is changed.
    alpha : float
        In [0, 1]; 0 gives A and 1 gives B, bit by bit.

    Returns
    -------
    Module
        Floating buffers are mixed as well, others are those of A.

    Raises
    ------
    ValueError
        If the architectures differ or ``alpha`` is outside [0, 1].

    Examples
    --------
    >>> a, b = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    >>> _ = a.weight.data.fill_(1.0), b.weight.data.fill_(3.0)
    >>> mix_networks(a, b, 0.25).weight.item()
    1.5
    """
    check_architecture(model_a, model_b)
    second = model_b.state_dict()
    state = {}
    for name, value in model_a.state_dict().items():
        other = second[name].to(value.device)
        mixable = value.is_floating_point() or value.is_complex()
        state[name] = (1 - alpha) * value + alpha * other.to(value.dtype) if mixable else value
    mixed = copy.deepcopy(model_a)
    mixed.load_state_dict(state)
    return mixed


def estimate_batchnorm(
    model: nn.Module, batches: Sequence[object], *, forward: Forward | None = None
) -> None:
    """Replace the statistics of all batch norms by averages over the batches, in place."""
    from featgraph.features.feeding import run_batch

    norms = [m for m in model.modules() if isinstance(m, _NORMS) and m.running_mean is not None]
    if not norms:
        return
    parameter = next(model.parameters())
    flags = [(module, module.training) for module in model.modules()]
    momenta = [norm.momentum for norm in norms]
    try:
        for module, _ in flags:
            module.training = isinstance(module, _NORMS)
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # torch: cumulative average over the batches
        with torch.no_grad():
            for batch in batches:
                run_batch(model, batch, forward=forward, device=parameter.device)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in flags:
            module.training = training
