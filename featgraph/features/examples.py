"""Example inputs: something of the right shape for a model, to see what its layers give."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import nn

from featgraph.features.feeding import run_batch
from featgraph.features.running import evaluating, unwrap_model
from featgraph.features.walk import is_leaf, named_layers

__all__ = ["example_batch"]

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


def _candidates(model: nn.Module) -> Iterator[Any]:
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
