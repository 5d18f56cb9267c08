"""Networks of timm."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import torch
from torch import nn

from featgraph.core.checks import nearest
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.models.weights import load_weights

__all__ = ["create_timm_model", "import_timm"]


def create_timm_model(
    name: str,
    *,
    pretrained: bool = False,
    weights: str | os.PathLike[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> nn.Module:
    """Create a network of timm.

    Parameters
    ----------
    name : str
        A name that timm knows, such as "resnet34" or "vit_small_patch16_224".
    pretrained : bool, default=False
        Download published weights; needs the internet.
    weights : str, path or None, default=None
        A .pt or .safetensors file with a state dict to load instead.
    seed : int, default=0
        Seed of the untrained weights; the global random state is left as it was.
    **options
        Further options of ``timm.create_model`` (num_classes, in_chans, img_size, ...).

    Returns
    -------
    Module
        The network, in training mode.

    Raises
    ------
    ImportError
        If timm is not installed; the message holds the pip line.
    ValueError
        If timm does not know the name, both ``pretrained`` and ``weights`` are given, or the
        weights do not fit.

    Examples
    --------
    >>> create_timm_model("resnet18", pretrained=True, weights="resnet18.pt")
    Traceback (most recent call last):
    ValueError: give pretrained=True or weights=..., not both
    """
    if pretrained and weights is not None:
        raise ValueError("give pretrained=True or weights=..., not both")
    timm = import_timm()
    known = timm.list_models()
    if name.split(".")[0] not in known:
        raise ValueError(
            f"name must be a model of timm {timm.__version__}, got {name!r}{nearest(name, known)}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model: nn.Module = timm.create_model(name, pretrained=pretrained, **options)
    if weights is not None:
        load_weights(model, weights)
    return model


def import_timm() -> ModuleType:
    """Import timm, also where the installed torchvision does not fit the installed torch.

    Returns
    -------
    module
        timm.

    Raises
    ------
    ImportError
        If timm or torchvision is missing, or torchvision cannot be imported.

    Examples
    --------
    >>> try:
    ...     name = import_timm().__name__
    ... except ImportError as error:
    ...     name = "timm" if "featgraph[models]" in str(error) else str(error)
    >>> name
    'timm'
    """
    return import_beside_torchvision("timm", extra="models")
