"""Networks of timm, behind the one guarded import of it."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import warnings
from types import ModuleType
from typing import Any

import torch
from torch import nn

from featgraph.core.checks import integer, nearest
from featgraph.core.lazy import need
from featgraph.models.loading import load_weights

__all__ = ["create_timm_model", "import_timm"]

# Operators that torchvision expects its compiled part to have defined; a newer one that is not
# listed gets a stand-in, which is as good, because it only has to exist.
_SCHEMAS = {"nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"}
_STAND_IN = "{}(Tensor input) -> Tensor"
_MOST_TRIES = 12
_fragments: dict[str, Any] = {}  # a definition lives as long as its library


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
    seed = integer(seed, "seed")
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

    Notes
    -----
    timm imports torchvision for its data pipeline. A torchvision built for another torch cannot
    load its compiled operators and fails with "operator torchvision::nms does not exist". None
    of them is needed here: the schema of the missing operator is defined in a library fragment,
    what was half imported is dropped, and the import is tried again.

    Examples
    --------
    >>> try:
    ...     name = import_timm().__name__
    ... except ImportError as error:
    ...     name = "timm" if "featgraph[models]" in str(error) else str(error)
    >>> name
    'timm'
    """
    while True:
        try:
            with warnings.catch_warnings():
                # torchvision says that its image reader is missing; nothing here reads images.
                warnings.filterwarnings("ignore", message="Failed to load image Python extension")
                return need("timm", extra="models")
        except (RuntimeError, AttributeError) as error:
            missing = re.search(r"torchvision::(\w+)", str(error))
            operator = missing.group(1) if missing else ""
            _forget("timm", "torchvision")
            if not operator or operator in _fragments or len(_fragments) == _MOST_TRIES:
                raise ImportError(
                    f"torchvision does not fit torch {torch.__version__} ({error}); install the "
                    "pair that belongs together: pip install 'featgraph[models]' "
                    "-c constraints.txt"
                ) from error
            _define(operator)


def _define(operator: str) -> None:
    library: Any = torch.library.Library
    _fragments[operator] = library("torchvision", "FRAGMENT")
    with contextlib.suppress(RuntimeError):  # it is there already, and something else is wrong
        _fragments[operator].define(_SCHEMAS.get(operator, _STAND_IN.format(operator)))


def _forget(*packages: str) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in packages:
            del sys.modules[name]
