"""Models by name or by a short text, as on the command line."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import torch
from torch import nn

from featgraph.core.checks import choice, nearest
from featgraph.models.patch_networks import MLPMixer, ResMLP, SmallViT
from featgraph.models.small_networks import MLP, SmallCNN, SmallResNet
from featgraph.models.weights import load_weights

__all__ = ["MODELS", "SmallModel", "build_model", "load_model", "names_folder"]


class SmallModel(NamedTuple):
    """One row of MODELS: the class, and what it is."""

    kind: type[nn.Module]
    summary: str


MODELS: dict[str, SmallModel] = {
    "mlp": SmallModel(MLP, "multilayer perceptron, three hidden layers of 128"),
    "cnn": SmallModel(SmallCNN, "convolutions with batch norm, 32, 64 and 96 channels"),
    "resnet": SmallModel(SmallResNet, "residual blocks of 32, 48 and 64 channels"),
    "resmlp": SmallModel(ResMLP, "residual MLP on patches, 4 blocks of 96"),
    "mixer": SmallModel(MLPMixer, "MLP-Mixer, 4 blocks of 96"),
    "vit": SmallModel(SmallViT, "vision transformer, 4 blocks of 64, 4 heads"),
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
    # Layers draw their weights from the global generator; fork_rng puts its state back.
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        model: nn.Module = row.kind(image_shape, n_classes, **options)
    return model


def load_model(
    spec: str,
    *,
    weights: str | os.PathLike[str] | None = None,
    seed: int = 0,
    **options: Any,
) -> nn.Module:
    """Make a model from a short text, and load weights into it.

    Parameters
    ----------
    spec : str
        "path/to/file.py:factory" or "package.module:factory", where the factory is a function
        or class that gives a Module (or a tuple that starts with one), or a Module; the file is
        run, so it must be one you trust. Or a name in ``MODELS``, or "timm:NAME", or a folder
        with a model of transformers and its weights, also written "hf:FOLDER"; nothing in it
        is run.
    weights : str, path or None, default=None
        A .pt, .pth or .safetensors file with a state dict. Nothing in it is executed.
    seed : int, default=0
        Seed of weights drawn by the factory; the global random state is left as it was.
    **options
        Passed to the factory.

    Returns
    -------
    Module
        The model.

    Raises
    ------
    FileNotFoundError
        If the Python file or the file of weights is missing.
    ValueError
        If the text is of no such form, the file or factory fails, gives no Module, or the
        weights do not fit; the message names what differs.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "nets.py"
    >>> _ = path.write_text("from torch import nn\\ndef tiny(n=3): return nn.Linear(2, n)\\n")
    >>> load_model(f"{path}:tiny", n=4)
    Linear(in_features=2, out_features=4, bias=True)
    >>> load_model("cnn").__class__.__name__
    'SmallCNN'
    """
    if spec in MODELS:
        model = build_model(spec, seed=seed, **options)
    elif spec.startswith("timm:"):
        from featgraph.models.library_models import create_timm_model

        model = create_timm_model(spec.removeprefix("timm:"), seed=seed, **options)
    elif names_folder(spec):
        from featgraph.models.library_models import load_transformers_model

        model = load_transformers_model(spec.removeprefix("hf:"), seed=seed, **options)
    else:
        model = _call_factory(spec, seed, options)
    if weights is not None:
        load_weights(model, weights)
    return model


def names_folder(spec: str) -> bool:
    """Return whether a text names a model of transformers by its folder.

    Examples
    --------
    >>> names_folder("hf:models/bert"), names_folder("timm:resnet34")
    (True, False)
    """
    return spec.startswith("hf:") or (Path(spec) / "config.json").is_file()


def _call_factory(spec: str, seed: int, options: Mapping[str, object]) -> nn.Module:
    where, colon, name = spec.rpartition(":")
    if not colon or not where or not name.isidentifier():
        if Path(spec).suffix in (".npy", ".npz", ".pt", ".pth", ".safetensors"):
            raise ValueError(
                f"spec of a model must be code, got the arrays {spec!r}; features are read by "
                "load_features"
            )
        raise ValueError(
            "spec of a model must be 'file.py:factory', 'package.module:factory', 'timm:NAME' or "
            f"one of {sorted(MODELS)}, got {spec!r}{nearest(spec, MODELS)}"
        )
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        module = _run_file(Path(where)) if where.endswith(".py") else _import(where)
        if not hasattr(module, name):
            names = [n for n in vars(module) if not n.startswith("_")]
            raise ValueError(f"{where} has no {name!r}{nearest(name, names)}")
        made = getattr(module, name)
        if not isinstance(made, nn.Module):
            if not callable(made):
                raise ValueError(f"{spec} must be a function or class, got {type(made).__name__}")
            try:
                made = made(**options)
            except Exception as error:
                raise ValueError(f"{spec} failed with {type(error).__name__}: {error}") from error
    if isinstance(made, tuple) and made:
        made = made[0]
    if not isinstance(made, nn.Module):
        raise ValueError(f"{spec} must give a torch.nn.Module, got {type(made).__name__}")
    return made


def _run_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    path = path.resolve()
    name = f"_featgraph_model_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path.name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickling look a class up by its module; siblings are imported by name.
    sys.modules[name] = module
    sys.path.insert(0, str(path.parent))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        del sys.modules[name]
        raise ValueError(f"{path.name} failed with {type(error).__name__}: {error}") from error
    finally:
        sys.path.remove(str(path.parent))
    return module


def _import(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ValueError(f"model: {name!r} cannot be imported: {error}") from error
