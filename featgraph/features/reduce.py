"""ReduceMean: an activation of shape (B, ...) becomes (B, D), one value per node and sample."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import nn

from featgraph.core.checks import choice
from featgraph.features.layout import choose_layout, name_layer

__all__ = ["REDUCTIONS", "Reduce", "reduce_mean"]

Reduce: TypeAlias = Literal[
    "auto",
    "none",
    "channels_first",
    "channels_last",
    "tokens",
    "patch_tokens",
    "cls",
    "sequence_first",
    "flatten",
]

REDUCTIONS: dict[str, str] = {
    "auto": "chosen by shape and module type; an error where that is not decisive",
    "none": "(B, D) as it is",
    "channels_first": "(B, C, ...): mean over every axis after the channels",
    "channels_last": "(B, ..., C): mean over every axis between batch and channels",
    "tokens": "(B, N, D): mean over all N tokens, the CLS token included",
    "patch_tokens": "(B, N, D): mean over the tokens without the first one (CLS)",
    "cls": "(B, N, D): the first token alone",
    "sequence_first": "(N, B, D): mean over the first axis",
    "flatten": "(B, ...): every unit is a node",
}


def reduce_mean(
    activation: torch.Tensor,
    *,
    reduce: Reduce = "auto",
    module: nn.Module | None = None,
    before: nn.Module | None = None,
    n_samples: int | None = None,
    layer: str | None = None,
) -> torch.Tensor:
    """Average an activation over space or tokens, so that one value per channel is left.

    Parameters
    ----------
    activation : Tensor, shape (B, ...)
        Output of a layer. float16, bfloat16 and whole numbers are averaged in float32.
    reduce : str, default="auto"
        One of ``REDUCTIONS``. "auto" follows :func:`choose_layout`.
    module : Module or None, default=None
        The module that gave the activation; its type decides under "auto".
    before : Module or None, default=None
        A module that stands before it, asked where ``module`` itself says nothing.
    n_samples : int or None, default=None
        Number of samples in the batch, if known: used to tell the batch axis from others.
    layer : str or None, default=None
        Name for messages.

    Returns
    -------
    Tensor of float32 or float64, shape (B, D)
        A view of the activation where nothing had to be computed; differentiable.

    Raises
    ------
    ValueError
        If the shape does not fit ``reduce``, or "auto" finds the layout ambiguous.

    Notes
    -----
    ReduceMean of Ding et al. 2025, Self-similarity Analysis in Deep Neural Networks,
    arXiv:2507.17785; the released code averages over all tokens, CLS included ("tokens").
    Time and new memory are O(size of the activation) and O(B D).

    Examples
    --------
    >>> x = torch.arange(16.0).reshape(1, 2, 2, 4)
    >>> reduce_mean(x, reduce="channels_first")
    tensor([[ 3.5000, 11.5000]])
    >>> reduce_mean(x, module=nn.Conv2d(3, 2, 3))
    tensor([[ 3.5000, 11.5000]])
    >>> reduce_mean(x, reduce="channels_last")
    tensor([[6., 7., 8., 9.]])
    """
    choice(reduce, REDUCTIONS, "reduce")
    if activation.layout != torch.strided or activation.is_complex():
        raise ValueError(
            f"{name_layer(layer)} gives {activation.dtype}, {activation.layout}; only dense "
            "Tensors of real numbers can be averaged: choose another layer or output"
        )
    if reduce == "auto":
        reduce = choose_layout(
            tuple(activation.shape), module=module, before=before, n_samples=n_samples, layer=layer
        )
    _check_shape(tuple(activation.shape), reduce, layer)
    if activation.dtype not in (torch.float32, torch.float64):
        activation = activation.to(torch.float32)
    if reduce == "none":
        return activation
    if reduce == "flatten":
        return activation.flatten(1)
    if reduce == "channels_first":
        return activation.flatten(2).mean(2) if activation.ndim > 2 else activation
    if reduce == "cls":
        return activation[:, 0]
    if reduce == "sequence_first":
        return activation.mean(0)
    if reduce == "patch_tokens":
        return activation[:, 1:].mean(1)
    return activation.flatten(1, -2).mean(1) if activation.ndim > 2 else activation


def _check_shape(shape: tuple[int, ...], reduce: str, layer: str | None) -> None:
    least, most = {
        "none": (2, 2),
        "tokens": (3, 3),
        "patch_tokens": (3, 3),
        "cls": (3, 3),
        "sequence_first": (3, 3),
    }.get(reduce, (2, 99))
    if not least <= len(shape) <= most:
        wanted = f"{least} axes" if least == most else f"at least {least} axes"
        raise ValueError(
            f"reduce={reduce!r} needs an activation of {wanted} ({REDUCTIONS[reduce]}), "
            f"{name_layer(layer)} gives shape {shape}"
        )
    if 0 in shape or (reduce == "patch_tokens" and shape[1] < 2):
        raise ValueError(
            f"{name_layer(layer)} gives shape {shape}: nothing is left to average with "
            f"reduce={reduce!r}"
        )
