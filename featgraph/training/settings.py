"""TrainingSettings: everything that decides the weights, beside model, data and regulariser."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from featgraph.core.checks import choice, fraction, integer, positive

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["AUGMENTATIONS", "OPTIMIZERS", "TrainingSettings"]

OptimizerName: TypeAlias = Literal["adamw", "sgd"]
Augmentation: TypeAlias = Literal["none", "flip_crop"]

OPTIMIZERS = {"adamw": "AdamW", "sgd": "stochastic gradient descent with Nesterov momentum"}
AUGMENTATIONS = {
    "none": "images as they are",
    "flip_crop": "mirrored half of the time, and shifted by up to an eighth of the side",
}


@dataclass(frozen=True)
class TrainingSettings:
    """How a classifier is trained; two runs of equal settings and data give equal weights.

    Attributes
    ----------
    epochs : int, default=10
        Passes over the data.
    batch_size : int, default=64
        Samples per step; a last batch of fewer than 2 samples is left out.
    optimizer : {"adamw", "sgd"}, default="adamw"
        Rule of the step.
    lr : float, default=0.003
        Learning rate after the warm-up, above 0.
    weight_decay : float, default=0.01
        Weight decay of matrices and convolutions; biases and norms have none.
    momentum : float, default=0.9
        Momentum of "sgd".
    warmup_epochs : float, default=1.0
        Epochs of linear rise, before the cosine falls to 0.
    label_smoothing : float, default=0.0
        Share of the target spread over all classes, in [0, 1].
    mixup : float, default=0.0
        Parameter α of the Beta distribution of mixing weights; 0 does not mix.
    augment : {"none", "flip_crop"}, default="none"
        Change of the images at each step.
    clip_norm : float or None, default=None
        Largest norm of the gradient.
    autocast : bool, default=False
        Run the model in bfloat16 where that is safe; weights stay as they are.
    seed : int, default=0
        Order of the samples, mixing, augmentation and dropout. Not the weights.

    Raises
    ------
    ValueError
        If a value is out of its range.

    References
    ----------
    Zhang et al. 2018, mixup, arXiv:1710.09412. Loshchilov & Hutter 2019, arXiv:1711.05101
    (AdamW); 2017, arXiv:1608.03983 (cosine).

    Examples
    --------
    >>> TrainingSettings(epochs=0)
    Traceback (most recent call last):
    ValueError: epochs must be a whole number of at least 1, got 0
    """

    epochs: int = 10
    batch_size: int = 64
    optimizer: OptimizerName = "adamw"
    lr: float = 3e-3
    weight_decay: float = 0.01
    momentum: float = 0.9
    warmup_epochs: float = 1.0
    label_smoothing: float = 0.0
    mixup: float = 0.0
    augment: Augmentation = "none"
    clip_norm: float | None = None
    autocast: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        integer(self.epochs, "epochs", least=1)
        integer(self.batch_size, "batch_size", least=2)
        integer(self.seed, "seed")
        choice(self.optimizer, OPTIMIZERS, "optimizer")
        choice(self.augment, AUGMENTATIONS, "augment")
        positive(self.lr, "lr")
        for name in ("weight_decay", "warmup_epochs", "mixup"):
            positive(getattr(self, name), name, zero=True)
        fraction(self.momentum, "momentum")
        fraction(self.label_smoothing, "label_smoothing")
        if self.clip_norm is not None:
            positive(self.clip_norm, "clip_norm")

    def make_optimizer(self, model: nn.Module) -> torch.optim.Optimizer:
        """Return the optimizer over the parameters that are trained."""
        from torch.optim import SGD, AdamW

        trained = [p for p in model.parameters() if p.requires_grad]
        if not trained:
            raise ValueError("model must have a parameter that requires a gradient, got none")
        groups = [
            {"params": [p for p in trained if p.ndim > 1], "weight_decay": self.weight_decay},
            {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
        ]
        # Single-tensor loops: the same operations in the same order on every run.
        options: dict[str, Any] = {"lr": self.lr, "foreach": trained[0].device.type == "cuda"}
        if self.optimizer == "adamw":
            return AdamW(groups, **options)
        nesterov = self.momentum > 0
        return SGD(groups, momentum=self.momentum, nesterov=nesterov, **options)

    def learning_rate(self, step: int, steps_per_epoch: int) -> float:
        """Return the learning rate of a step: a linear rise, then half a cosine down to 0.

        Examples
        --------
        >>> settings = TrainingSettings(epochs=3, lr=1.0, warmup_epochs=1)
        >>> [round(settings.learning_rate(step, 2), 3) for step in range(6)]
        [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]
        """
        warm = min(self.warmup_epochs, self.epochs) * steps_per_epoch
        if step < warm:
            return self.lr * (step + 1) / warm if step + 1 < warm else self.lr
        passed = (step - warm) / max(self.epochs * steps_per_epoch - warm, 1)
        return self.lr * (1 + math.cos(math.pi * min(passed, 1.0))) / 2

    def differences(self, other: dict[str, Any]) -> Iterable[str]:
        """Return the names whose values differ from a dict of settings."""
        return [name for name, value in vars(self).items() if other.get(name) != value]
