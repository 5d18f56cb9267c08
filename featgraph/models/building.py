"""The table of small networks, built by name from a seed."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import torch
from torch import nn

from featgraph.core.checks import choice

__all__ = ["MODELS", "SmallModel", "build_model"]


class SmallModel(NamedTuple):
    """One row of MODELS: where the class stands, and what it is."""

    file: str
    name: str
    summary: str


MODELS: dict[str, SmallModel] = {
    "mlp": SmallModel("perceptron", "MLP", "multilayer perceptron, three hidden layers of 128"),
    "cnn": SmallModel("cnn", "SmallCNN", "convolutions with batch norm, 32, 64 and 96 channels"),
    "resnet": SmallModel("resnet", "SmallResNet", "residual blocks of 32, 48 and 64 channels"),
    "resmlp": SmallModel("residual_mlp", "ResMLP", "residual MLP on patches, 4 blocks of 96"),
    "mixer": SmallModel("mixer", "MLPMixer", "MLP-Mixer, 4 blocks of 96"),
    "vit": SmallModel("vit", "SmallViT", "vision transformer, 4 blocks of 64, 4 heads"),
}


def build_model(
    name: str,
    *,
    n_classes: int = 10,
    image_shape: tuple[int, int, int] = (1, 8, 8),
    seed: int = 0,
    **options: Any,
) -> nn.Module:
    """Build a small network with seeded weights, in training mode.

    Parameters
    ----------
    name : str
        A name in ``MODELS``: "mlp", "cnn", "resnet", "resmlp", "mixer" or "vit".
    n_classes : int, default=10
        Length of the output.
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    seed : int, default=0
        Seed of the weights; the global random state is left as it was.
    **options
        Further options of the class (width, n_blocks, ...).

    Returns
    -------
    Module
        The network; equal arguments give equal weights.

    Raises
    ------
    ValueError
        If the name is unknown.

    Examples
    --------
    >>> model = build_model("cnn", seed=1)
    >>> type(model).__name__, sum(p.numel() for p in model.parameters())
    ('SmallCNN', 204778)
    """
    row = MODELS[choice(name, MODELS, "name")]
    module = importlib.import_module(f"featgraph.models.{row.file}")
    # Layers draw their weights from the global generator; fork_rng puts its state back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model: nn.Module = getattr(module, row.name)(image_shape, n_classes, **options)
    return model
