"""Models named on the command line: a factory in a Python file, and a file of weights."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from featgraph.core.arrays import read_pt, read_safetensors
from featgraph.core.checks import integer, nearest
from featgraph.models.building import MODELS, build_model

__all__ = ["load_model", "load_weights", "names_folder"]

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # where trainers put the state dict


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
    seed = integer(seed, "seed")
    if spec in MODELS:
        model = build_model(spec, seed=seed, **options)
    elif spec.startswith("timm:"):
        from featgraph.models.timm_models import create_timm_model

        model = create_timm_model(spec.removeprefix("timm:"), seed=seed, **options)
    elif names_folder(spec):
        from featgraph.models.transformers_models import load_transformers_model

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


def load_weights(model: nn.Module, path: str | os.PathLike[str]) -> nn.Module:
    """Load a state dict from a .pt, .pth or .safetensors file into ``model``, in place.

    Parameters
    ----------
    model : Module
        The network that the weights were saved from.
    path : str or path
        The file. A checkpoint that holds the state dict under "state_dict", "model_state_dict",
        "model" or "net", and names that begin with "module." (DataParallel), are understood.

    Returns
    -------
    Module
        ``model``.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is unsafe or broken, or names or shapes do not fit the model.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "weights.pt"
    >>> torch.save(nn.Linear(2, 2).state_dict(), path)
    >>> load_weights(nn.Linear(2, 3), path)
    Traceback (most recent call last):
    ValueError: weights.pt does not fit Linear: weight has shape (2, 2) in the file and (3, 2) \
in the model, and 1 more
    """
    path = Path(path)
    if path.suffix == ".safetensors":
        loaded: Any = read_safetensors(path)[0]
    elif path.suffix in (".pt", ".pth"):
        loaded = read_pt(path)
    else:
        raise ValueError(f"weights must end in .pt, .pth or .safetensors, got {path.name!r}")
    state = _find_state(loaded, path.name)
    problems = _differences(model.state_dict(), state)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise ValueError(f"{path.name} does not fit {type(model).__name__}: {problems[0]}{more}")
    model.load_state_dict(state)
    return model


def _find_state(loaded: object, name: str) -> dict[str, Any]:
    """Return the state dict in a checkpoint, with the prefix of DataParallel taken off."""
    for key in _WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
            break
    if not isinstance(loaded, Mapping) or not any(
        isinstance(value, torch.Tensor) for value in loaded.values()
    ):
        kind = f"a dict of {sorted(map(str, loaded))[:4]}" if isinstance(loaded, Mapping) else None
        raise ValueError(f"{name} must hold a state dict, got {kind or type(loaded).__name__}")
    state = {str(key): value for key, value in loaded.items()}
    if all(key.startswith("module.") for key in state):
        state = {key.removeprefix("module."): value for key, value in state.items()}
    return state


def _differences(wanted: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    rows = [
        f"{name} has shape {tuple(given[name].shape)} in the file and {tuple(value.shape)} "
        "in the model"
        for name, value in wanted.items()
        if name in given
        and isinstance(value, torch.Tensor)
        and getattr(given[name], "shape", None) != value.shape
    ]
    missing = [name for name in wanted if name not in given]
    extra = [name for name in given if name not in wanted]
    if missing:
        hint = nearest(missing[0], extra)
        rows.append(f"the file lacks {missing[0]!r} and {len(missing) - 1} more names{hint}")
    if extra:
        rows.append(f"the model has no {extra[0]!r} and {len(extra) - 1} more names of the file")
    return rows


def _call_factory(spec: str, seed: int, options: Mapping[str, Any]) -> nn.Module:
    where, colon, name = spec.rpartition(":")
    if not colon or not where or not name.isidentifier():
        raise ValueError(
            "model must be 'file.py:factory', 'package.module:factory', 'timm:NAME' or one of "
            f"{sorted(MODELS)}, got {spec!r}{nearest(spec, MODELS)}"
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
