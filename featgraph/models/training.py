"""A short training loop for small classifiers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from featgraph.core.progress import track_progress
from featgraph.features.running import evaluating

__all__ = ["TrainingRow", "measure_accuracy", "train_classifier"]


class TrainingRow(NamedTuple):
    """What one epoch gave: mean training loss in nats and share of right answers in training."""

    epoch: int
    loss: float
    accuracy: float


def train_classifier(
    model: nn.Module,
    dataset: Dataset[tuple[torch.Tensor, torch.Tensor]],
    *,
    epochs: int = 10,
    lr: float = 3e-3,
    weight_decay: float = 0.01,
    batch_size: int = 64,
    generator: torch.Generator | None = None,
    after_epoch: Callable[[int], object] | None = None,
    progress: bool | None = None,
) -> list[TrainingRow]:
    """Train a classifier in place with AdamW, cosine schedule and cross-entropy.

    Parameters
    ----------
    model : Module
        Maps images to class scores (B, n_classes). Changed in place, left in training mode.
    dataset : Dataset
        Pairs of an image and a class number; ``ImageDataset`` or ``TensorDataset``.
    epochs : int, default=10
        Passes over the data.
    lr : float, default=0.003
        Learning rate at the start; falls to 0 along half a cosine.
    weight_decay : float, default=0.01
        Of AdamW.
    batch_size : int, default=64
        Samples per step; the last batch of an epoch may be smaller.
    generator : torch.Generator or None, default=None
        Order of the samples; None is a generator of seed 0.
    after_epoch : callable or None, default=None
        Called with the number of each epoch, from 0, after its last step, such as the ``step``
        of a ``Tracker``.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    list of TrainingRow
        One row per epoch.

    Raises
    ------
    ValueError
        If an option is out of range, the dataset is empty or the loss is no longer finite.

    Notes
    -----
    The order of the samples comes from ``generator`` alone; dropout, which these networks do
    not have, would draw from the global state. On the device of the model.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> x = torch.eye(2).repeat(32, 1)
    >>> net = nn.Linear(2, 2)
    >>> rows = train_classifier(net, TensorDataset(x, x[:, 1].long()), epochs=20, lr=0.1)
    >>> len(rows), rows[-1].accuracy
    (20, 1.0)
    """
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=lr,
        weight_decay=weight_decay,
    )
    generator = torch.Generator().manual_seed(0) if generator is None else generator
    if not len(dataset):  # type: ignore[arg-type]
        raise ValueError("dataset must hold at least one sample, got none")
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, generator=generator)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * len(loader))
    device = next(model.parameters()).device
    model.train()
    rows = []
    for epoch in track_progress(range(epochs), progress=progress, label="training"):
        total, right, n_seen = 0.0, 0, 0
        for images, labels in loader:
            images, labels = images.to(device), labels.to(device)
            scores = model(images)
            loss = nn.functional.cross_entropy(scores, labels)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(labels)
            right += int((scores.argmax(1) == labels).sum())
            n_seen += len(labels)
        if not total < float("inf"):
            raise ValueError(
                f"the loss is no longer finite in epoch {epoch}; lower lr={lr} or "
                f"weight_decay={weight_decay}"
            )
        rows.append(TrainingRow(epoch, total / n_seen, right / n_seen))
        if after_epoch is not None:
            after_epoch(epoch)
    return rows


def measure_accuracy(
    model: nn.Module,
    dataset: Dataset[tuple[torch.Tensor, torch.Tensor]],
    *,
    batch_size: int = 256,
) -> float:
    """Return the share of right answers, in evaluation mode; flags are put back.

    Parameters
    ----------
    model : Module
        Maps images to class scores (B, n_classes).
    dataset : Dataset
        Pairs of an image and a class number.
    batch_size : int, default=256
        Samples per step.

    Returns
    -------
    float
        In [0, 1]; nan for an empty dataset.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> measure_accuracy(nn.Identity(), TensorDataset(torch.eye(3), torch.tensor([0, 1, 1])))
    0.6666666666666666
    """
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    right, n_seen = 0, 0
    loader = DataLoader(dataset, batch_size=batch_size, generator=torch.Generator())
    with evaluating(model):
        for images, labels in loader:
            right += int((model(images.to(device)).argmax(1).cpu() == labels).sum())
            n_seen += len(labels)
    return right / n_seen if n_seen else float("nan")
