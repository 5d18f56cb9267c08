"""Networks of timm, and of transformers from a folder."""

from __future__ import annotations

import contextlib
import json
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from featgraph.core.arrays import read_pt, read_safetensors
from featgraph.core.checks import integer, nearest
from featgraph.core.package import caller_level
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.models.weights import load_weights

__all__ = ["create_timm_model", "import_timm", "load_tokenizer", "load_transformers_model"]


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


CONFIG = "config.json"
#: Files of weights, the safest first; an index names the files that hold the parts.
WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def load_transformers_model(
    folder: str | os.PathLike[str], *, pretrained: bool = True, seed: int = 0, **options: Any
) -> nn.Module:
    """Load a model of transformers with its weights from a folder.

    Parameters
    ----------
    folder : str or path
        Holds ``config.json`` and ``model.safetensors`` or ``pytorch_model.bin``, whole or in
        parts. Nothing in it is executed: code that comes with a model is refused, and weights
        are read as tensors only.
    pretrained : bool, default=True
        Load the weights of the folder; False draws them anew: the untrained twin.
    seed : int, default=0
        Seed of the weights that are drawn; the global random state is left as it was.
    **options
        Values of the configuration to change, such as ``num_labels``.

    Returns
    -------
    Module
        Of the class that the configuration names, in float32 and in training mode.

    Raises
    ------
    ImportError
        If transformers is not installed.
    FileNotFoundError
        If the folder holds no configuration or no weights.
    ValueError
        If the configuration is of an unknown kind or needs code of its own, or weights are
        corrupt or of another shape.

    Notes
    -----
    Weights that the folder lacks are drawn, with a warning that names them.

    Examples
    --------
    >>> load_transformers_model("nowhere")
    Traceback (most recent call last):
    FileNotFoundError: no config.json in nowhere; give the folder of a model of transformers
    """
    folder = Path(folder)
    if not (folder / CONFIG).is_file():
        raise FileNotFoundError(
            f"no {CONFIG} in {folder}; give the folder of a model of transformers"
        )
    transformers = import_beside_torchvision("transformers", extra="transformers")
    config = _read_config(transformers, folder, options)
    kind = _find_class(transformers, config)
    seed = integer(seed, "seed")
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if not pretrained:
            make = kind if isinstance(kind, type) and issubclass(kind, nn.Module) else None
            model: nn.Module = make(config) if make else kind.from_config(config)
            return model.float().train()
        return _load(kind, config, _read_weights(folder), folder.name)


def load_tokenizer(folder: str | os.PathLike[str]) -> Any:
    """Load the tokenizer of a folder; nothing in it is executed.

    Raises FileNotFoundError if there is none, and ValueError if it cannot be read.
    """
    folder = Path(folder)
    names = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "spiece.model", "vocab.json")
    if not any((folder / name).is_file() for name in names):
        raise FileNotFoundError(f"no tokenizer in {folder}; it holds none of {', '.join(names)}")
    transformers = import_beside_torchvision("transformers", extra="transformers")
    try:
        return transformers.AutoTokenizer.from_pretrained(
            os.fspath(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise ValueError(f"the tokenizer in {folder} cannot be read: {_first(error)}") from error


def _read_config(transformers: Any, folder: Path, options: dict[str, Any]) -> Any:
    try:
        config = transformers.AutoConfig.from_pretrained(
            os.fspath(folder), local_files_only=True, trust_remote_code=False
        )
    except Exception as error:
        raise ValueError(f"{folder / CONFIG} cannot be used: {_first(error)}") from error
    for name, value in options.items():
        if not hasattr(config, name):
            raise ValueError(f"{name!r} is no value of a {type(config).__name__}")
        setattr(config, name, value)
    return config


def _find_class(transformers: Any, config: Any) -> Any:
    if getattr(config, "auto_map", None):
        raise ValueError(
            "the model needs code that comes with it, which is never run here; build it in a "
            "file of yours and name that: file.py:factory"
        )
    for name in config.architectures or ():
        if hasattr(transformers, name):
            return getattr(transformers, name)
    return transformers.AutoModel


def _load(kind: Any, config: Any, state: dict[str, Tensor], name: str) -> nn.Module:
    try:
        with _without_bars():
            model, about = kind.from_pretrained(
                None, config=config, state_dict=state, output_loading_info=True, dtype=torch.float32
            )
    except Exception as error:
        raise ValueError(
            f"the weights in {name} do not fit its {CONFIG}: {_first(error)}"
        ) from error
    missing = sorted(about["missing_keys"])
    if missing:
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        warnings.warn(
            f"{name} lacks the weights {', '.join(missing[:3])}{more}: they are random",
            stacklevel=caller_level(),
        )
    loaded: nn.Module = model.train()
    return loaded


@contextlib.contextmanager
def _without_bars() -> Iterator[None]:
    logging = import_beside_torchvision("transformers", extra="transformers").utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _read_weights(folder: Path) -> dict[str, Tensor]:
    for name in WEIGHTS:
        index = folder / f"{name}.index.json"
        if (folder / name).is_file():
            return _read_tensors(folder / name)
        if index.is_file():
            state: dict[str, Tensor] = {}
            for part in _read_index(index):
                state |= _read_tensors(folder / part)
            return state
    raise FileNotFoundError(
        f"no weights in {folder}, neither {' nor '.join(WEIGHTS)}; pretrained=False draws them"
    )


def _read_tensors(path: Path) -> dict[str, Tensor]:
    found = read_safetensors(path)[0] if path.suffix == ".safetensors" else read_pt(path)
    if not isinstance(found, dict) or not all(isinstance(v, Tensor) for v in found.values()):
        raise ValueError(f"{path} must hold tensors by name")
    return found


def _read_index(path: Path) -> list[str]:
    try:
        parts = sorted(set(json.loads(path.read_text(encoding="utf-8"))["weight_map"].values()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not an index of weights: {_first(error)}") from error
    for part in parts:
        if not isinstance(part, str) or Path(part).name != part:  # nothing outside the folder
            raise ValueError(f"{path} must name files of its folder, got {part!r}")
    return parts


def _first(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
