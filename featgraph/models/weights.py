"""Weights from a file into a model."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from featgraph.core.arrays import read_pt, read_safetensors
from featgraph.core.checks import nearest

__all__ = ["load_weights"]

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net")  # where trainers put the state dict


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
        raise ValueError(
            f"path of weights must end in .pt, .pth or .safetensors, got {path.name!r}"
        )
    state = _find_state(loaded, path.name)
    problems = _differences(model.state_dict(), state)
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise ValueError(f"{path.name} does not fit {type(model).__name__}: {problems[0]}{more}")
    model.load_state_dict(state)
    return model


def _find_state(loaded: object, name: str) -> dict[str, object]:
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
