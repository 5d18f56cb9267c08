"""The layers of a model as a table, measured on inputs of the right shape."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import nn

from featgraph.features.capture import extract_features
from featgraph.features.feeding import run_batch
from featgraph.features.layers import select_layers
from featgraph.features.running import evaluating, unwrap_model
from featgraph.features.walk import count_parameters, is_leaf, layer_type, named_layers

__all__ = ["LayerRow", "example_batch", "list_layers", "measure_layers"]


class LayerRow(NamedTuple):
    """One layer of a model.

    Attributes
    ----------
    name, type : str
        Its dotted name, and the name of its class.
    n_parameters : int
        Parameters in it; a container counts those inside it.
    n_nodes : int or None
        Nodes of its features, None where no forward pass was made or it gives none.
    layout : str or None
        How its activations are averaged, a key of ``REDUCTIONS``.
    is_auto : bool or None
        Whether ``layers="auto"`` takes it, None where that was not asked.
    """

    name: str
    type: str
    n_parameters: int
    n_nodes: int | None = None
    layout: str | None = None
    is_auto: bool | None = None


def list_layers(model: nn.Module) -> list[LayerRow]:
    """List every submodule with its dotted name, type and number of parameters.

    Parameters
    ----------
    model : Module
        Any network.

    Returns
    -------
    list of LayerRow
        In the order of registration; a container counts the parameters inside it.

    Examples
    --------
    >>> for row in list_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU())):
    ...     row.name, row.type, row.n_parameters
    ('0', 'Linear', 15)
    ('1', 'ReLU', 0)
    """
    return [
        LayerRow(name, layer_type(module), count_parameters(module))
        for name, module in named_layers(model)
    ]


def measure_layers(model: nn.Module, data: object = None) -> list[LayerRow]:
    """List every submodule with the number of its nodes, and whether "auto" takes it.

    Parameters
    ----------
    model : Module
        Any network.
    data : object, default=None
        As in :func:`extract_features`; one batch is used. None tries random inputs that fit what
        the model says it takes, or its first layer.

    Returns
    -------
    list of LayerRow
        As :func:`list_layers`; layers that gave no features, or all where no input was found,
        have ``n_nodes=None``.

    Raises
    ------
    TypeError, ValueError
        As :func:`extract_features`, if ``data`` is given and does not fit.

    Notes
    -----
    Costs one forward pass, and one for each input that is tried.

    Examples
    --------
    >>> for row in measure_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))):
    ...     row.name, row.n_nodes, row.layout, row.is_auto
    ('0', 3, 'none', False)
    ('1', 3, 'none', True)
    ('2', 2, 'none', False)
    """
    model = unwrap_model(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what is left out shows in the table
        chosen = set(select_layers(model))
        batch = example_batch(model) if data is None else None
        found = {}
        if data is not None or batch is not None:
            found = extract_features(
                model,
                [batch] if data is None else data,
                layers="all",
                max_batches=1,
                progress=False,
            )
    return [
        row._replace(
            n_nodes=found[row.name].n_nodes if row.name in found else None,
            layout=found[row.name].reduce if row.name in found else None,
            is_auto=row.name in chosen,
        )
        for row in list_layers(model)
    ]


# Sides of images that are tried where the model does not say what it takes.
_SIDES = (32, 64, 224, 28, 16, 8)


def example_batch(model: nn.Module) -> Any:
    """Make a batch of two random samples that a model can run on, None if none is found.

    Parameters
    ----------
    model : Module
        Any network. It is tried out in evaluation mode, and left as it was.

    Returns
    -------
    Tensor, dict or None
        What models of timm and transformers say they take; otherwise what fits the first layer
        with parameters: images of some size, vectors, or ids of tokens.

    Notes
    -----
    Costs one forward pass for each input that is tried, at most about a dozen.

    Examples
    --------
    >>> example_batch(nn.Sequential(nn.Flatten(), nn.Linear(12, 3))).shape
    torch.Size([2, 12])
    """
    model = unwrap_model(model)
    for batch in _candidates(model):
        # A wrong guess fails in whatever way the model has of failing.
        with contextlib.suppress(Exception), evaluating(model):
            run_batch(model, batch)
            return batch
    return None


def _candidates(model: nn.Module) -> Iterator[object]:
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(2, *shape, generator=generator)

    declared = getattr(model, "default_cfg", None) or getattr(model, "pretrained_cfg", None)
    if isinstance(declared, dict) and declared.get("input_size"):
        yield draw(*declared["input_size"])
    if hasattr(model, "config") and hasattr(model, "main_input_name"):
        yield from _of_transformers(model.config, draw)
    for _, leaf in named_layers(model) if list(model.children()) else [("", model)]:
        shapes = list(_shapes_into(leaf)) if is_leaf(leaf) else []
        for shape in shapes:
            yield draw(*shape)
        if isinstance(leaf, nn.Embedding | nn.EmbeddingBag):
            yield torch.arange(16).reshape(2, 8) % leaf.num_embeddings
            return
        if shapes:
            return


def _shapes_into(leaf: nn.Module) -> Iterator[Sequence[int]]:
    if isinstance(leaf, nn.modules.conv._ConvNd):
        n_axes = len(leaf.kernel_size)
        yield from ([leaf.in_channels, *[side] * n_axes] for side in _SIDES)
    elif isinstance(leaf, nn.Linear):
        yield [leaf.in_features]
        yield [4, leaf.in_features]
    elif isinstance(leaf, nn.RNNBase):
        yield [4, leaf.input_size]


def _of_transformers(config: Any, draw: Any) -> Iterator[dict[str, torch.Tensor]]:
    """Yield inputs by name: ids of tokens, images, sounds, and what goes with them."""
    ids = torch.arange(16).reshape(2, 8) + 3
    images = draw(_number(config, "num_channels", 3), *[_number(config, "image_size", 224)] * 2)
    text = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    yield text
    yield {**text, "decoder_input_ids": ids}
    yield {"pixel_values": images}
    yield {**text, "pixel_values": images}
    features = draw(_number(config, "num_mel_bins", 80), 2 * _number(config, "max_source", 1500))
    yield {"input_features": features, "decoder_input_ids": ids}
    yield {"input_values": draw(16_000)}


def _number(config: Any, name: str, default: int) -> int:
    """Read a whole number from a configuration, or from one inside it."""
    inner = [getattr(config, part, None) for part in ("vision_config", "text_config")]
    for holder in (config, *inner):
        value = getattr(holder, name, None)
        value = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(value, int):
            return value
    return default
