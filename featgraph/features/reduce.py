"""ReduceMean: an activation of shape (B, ...) becomes (B, D), one value per node and sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from featgraph.core.checks import choice, nearest
from featgraph.features.layout import choose_layout, name_layer
from featgraph.features.module_calls import densify

__all__ = [
    "REDUCTIONS",
    "Reduce",
    "apply_reduction",
    "name_reduction",
    "read_reductions",
    "reduce_mean",
    "resolve_layout",
]

Reduction: TypeAlias = Literal[
    "auto",
    "none",
    "channels_first",
    "channels_last",
    "tokens",
    "masked",
    "patch_tokens",
    "cls",
    "last",
    "sequence_first",
    "flatten",
    "tokens_as_samples",
]

#: A name, or a function of activation and mask (B, N), True where a token is real, or None.
Reduce: TypeAlias = "Reduction | Callable[[Tensor, Tensor | None], Tensor]"

REDUCTIONS: dict[str, str] = {
    "auto": "chosen by shape and module type; an error where that is not decisive",
    "none": "(B, D) as it is",
    "channels_first": "(B, C, ...): mean over every axis after the channels",
    "channels_last": "(B, ..., C): mean over every axis between batch and channels",
    "tokens": "(B, N, D): mean over all N tokens, the CLS token included; with a mask over the "
    "real ones",
    "masked": "(B, N, D) with a mask: mean over the real tokens; an error without a mask",
    "patch_tokens": "(B, N, D): mean over the tokens without the first one (CLS)",
    "cls": "(B, N, D): the first token alone",
    "last": "(B, N, D): the last token alone; with a mask the last real one",
    "sequence_first": "(N, B, D): mean over the first axis",
    "flatten": "(B, ...): every unit is a node",
    "tokens_as_samples": "every real token, or place in an image, is a sample of its own",
}

# What picks or averages tokens without saying where they stand in the activation.
_OF_TOKENS = ("tokens", "masked", "patch_tokens", "cls", "last")


def reduce_mean(
    activation: Tensor,
    *,
    reduce: Reduce = "auto",
    mask: Tensor | None = None,
    module: nn.Module | None = None,
    before: nn.Module | None = None,
    n_samples: int | None = None,
    layer: str | None = None,
) -> Tensor:
    """Average an activation over space or tokens, so that one value per channel is left.

    Parameters
    ----------
    activation : Tensor, shape (B, ...)
        Output of a layer. float16, bfloat16 and whole numbers are averaged in float32. A nested
        or jagged Tensor has as many tokens as each sample has.
    reduce : str or callable, default="auto"
        One of ``REDUCTIONS``, where "auto" follows :func:`choose_layout`; or a function of
        (activation, mask) that returns a Tensor of shape (B, D).
    mask : Tensor of bool, shape (B, N), or None, default=None
        True where a token is real. Means are then over real tokens, "cls" is the first real
        token and "last" the last one; "flatten" and "none" take no notice.
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
        A view of the activation where nothing had to be computed; differentiable. Under
        "tokens_as_samples" there is a row per real token, sample after sample.

    Raises
    ------
    ValueError
        If the shape does not fit ``reduce`` or the mask, a sample has no real token, or "auto"
        finds the layout ambiguous.

    Notes
    -----
    ReduceMean of Ding et al. 2025, Self-similarity Analysis in Deep Neural Networks,
    arXiv:2507.17785; the released code averages over all tokens, CLS included ("tokens").
    Time and new memory are O(size of the activation) and O(B D); a mask takes a copy of the
    activation.

    Examples
    --------
    >>> x = torch.arange(16.0).reshape(1, 2, 2, 4)
    >>> reduce_mean(x, reduce="channels_first")
    tensor([[ 3.5000, 11.5000]])
    >>> reduce_mean(x, module=nn.Conv2d(3, 2, 3))
    tensor([[ 3.5000, 11.5000]])
    >>> reduce_mean(x, reduce="channels_last")
    tensor([[6., 7., 8., 9.]])
    >>> tokens, mask = torch.arange(6.0).reshape(1, 3, 2), torch.tensor([[True, True, False]])
    >>> reduce_mean(tokens, reduce="masked", mask=mask), reduce_mean(tokens, reduce="last")
    (tensor([[1., 2.]]), tensor([[4., 5.]]))
    """
    if not callable(reduce):
        choice(reduce, REDUCTIONS, "reduce")
        activation, own_mask = densify(activation)
        mask = own_mask if mask is None else mask.to(dtype=torch.bool)
        layout = resolve_layout(
            tuple(activation.shape),
            reduce=reduce,
            mask=mask,
            module=module,
            before=before,
            n_samples=n_samples,
            layer=layer,
        )
    else:
        layout = ""
    return apply_reduction(activation, reduce=reduce, layout=layout, mask=mask, layer=layer)


def apply_reduction(
    activation: Tensor,
    *,
    reduce: Reduce,
    layout: str,
    mask: Tensor | None = None,
    layer: str | None = None,
) -> Tensor:
    """Reduce a dense activation whose layout is known; see :func:`reduce_mean`.

    Examples
    --------
    >>> apply_reduction(torch.ones(2, 5, 3), reduce="auto", layout="tokens").shape
    torch.Size([2, 3])
    """
    if callable(reduce):
        return _apply_function(reduce, activation, mask, layer)
    if activation.layout != torch.strided or activation.is_complex() or activation.is_quantized:
        raise ValueError(
            f"{name_layer(layer)} gives {activation.dtype}, {activation.layout}; only dense "
            "Tensors of real numbers can be averaged: choose another layer or output=, or give "
            "reduce= a function of (activation, mask) that makes (B, D) of it"
        )
    shape = tuple(activation.shape)
    _check_shape(shape, reduce, layout, layer)
    if activation.dtype not in (torch.float32, torch.float64):
        activation = activation.to(torch.float32)
    if activation.ndim == 2 or reduce in ("none", "flatten"):
        return activation.flatten(1)
    tokens = _as_tokens(activation, layout)
    if mask is not None:
        mask = _fit_mask(mask.to(activation.device), shape, layout, layer)
    if mask is None:
        return _pick_tokens(tokens, reduce)
    return _pick_real_tokens(tokens, mask, reduce, layer)


def resolve_layout(
    shape: tuple[int, ...],
    *,
    reduce: str,
    mask: Tensor | None = None,
    module: nn.Module | None = None,
    before: nn.Module | None = None,
    declared: tuple[int, bool] | None = None,
    n_samples: int | None = None,
    layer: str | None = None,
) -> str:
    """Say where batch and nodes stand under a reduction by name, a mask being evidence too.

    Returns
    -------
    str
        "none", "flatten", "channels_first", "channels_last", "tokens" or "sequence_first".

    Raises
    ------
    ValueError
        If the layout is ambiguous, or "masked" has no mask.

    Examples
    --------
    >>> resolve_layout((5, 2, 8), reduce="masked", mask=torch.ones(2, 5, dtype=torch.bool))
    'sequence_first'
    """
    if reduce == "masked" and mask is None:
        raise ValueError(
            f"reduce='masked' needs a mask for {name_layer(layer)}: put an attention_mask into "
            "the batch, or give mask=, the name of a member or a function of the batch"
        )
    is_turned = (
        mask is not None
        and len(shape) == 3
        and shape[:2] == tuple(mask.shape)[::-1]
        and shape[0] != shape[1]
    )
    if reduce in _OF_TOKENS:
        return "sequence_first" if is_turned else "tokens"
    if reduce not in ("auto", "tokens_as_samples"):
        return reduce
    if is_turned:
        return "sequence_first"
    return choose_layout(
        shape, module=module, before=before, declared=declared, n_samples=n_samples, layer=layer
    )


def name_reduction(reduce: Reduce, layout: str, *, is_masked: bool) -> str:
    """Return how results name a reduction.

    Examples
    --------
    >>> name_reduction("auto", "tokens", is_masked=True)
    'masked'
    """
    if callable(reduce):
        return str(getattr(reduce, "__name__", type(reduce).__name__))
    if reduce in ("auto", "tokens", "masked"):
        return "masked" if is_masked and layout in ("tokens", "sequence_first") else layout
    return reduce


def _apply_function(
    reduce: Callable[[Tensor, Tensor | None], Tensor],
    activation: Tensor,
    mask: Tensor | None,
    layer: str | None,
) -> Tensor:
    value = reduce(activation, mask)
    if not isinstance(value, Tensor) or value.ndim != 2 or value.is_complex():
        found = (
            f"{value.dtype} of shape {tuple(value.shape)}"
            if isinstance(value, Tensor)
            else type(value).__name__
        )
        raise ValueError(
            "reduce must return a Tensor of real numbers of shape (B, D), got "
            f"{found} for {name_layer(layer)}"
        )
    return value if value.dtype in (torch.float32, torch.float64) else value.to(torch.float32)


def _as_tokens(activation: Tensor, layout: str) -> Tensor:
    """Return a view of shape (B, P, D) with all places on one axis."""
    if layout == "channels_first":
        return activation.flatten(2).transpose(1, 2)
    if layout == "sequence_first":
        return activation.transpose(0, 1)
    return activation.flatten(1, -2)


def _fit_mask(
    mask: Tensor, shape: tuple[int, ...], layout: str, layer: str | None
) -> Tensor | None:
    """Return the mask for the P places of :func:`_as_tokens`; None where it means other axes."""
    if layout == "sequence_first":
        n_samples, places = shape[1], shape[:1]
    else:
        n_samples = shape[0]
        places = shape[2:] if layout == "channels_first" else shape[1:-1]
    if mask.ndim == 2 and len(mask) in (1, n_samples):
        mask = mask.expand(n_samples, -1)
        if mask.shape[1] == torch.Size(places).numel():
            return mask
        for axis, length in enumerate(places):
            if length == mask.shape[1]:
                wanted = [n_samples] + [length if k == axis else 1 for k in range(len(places))]
                return mask.reshape(wanted).expand(n_samples, *places).flatten(1)
        if len(places) > 1:
            return None  # an image, or heads: the mask is about something else
    raise ValueError(
        f"the mask must have shape (B, N) = {(n_samples, *places)} for {name_layer(layer)}, which "
        f"gives shape {shape}, got {tuple(mask.shape)}; give mask= a function of the batch that "
        "makes one of this shape, or mask=False to average over all tokens"
    )


def _pick_tokens(tokens: Tensor, reduce: str) -> Tensor:
    if reduce == "cls":
        return tokens[:, 0]
    if reduce == "last":
        return tokens[:, -1]
    if reduce == "patch_tokens":
        return tokens[:, 1:].mean(1)
    if reduce == "tokens_as_samples":
        return tokens.flatten(0, 1)
    return tokens.mean(1)


def _pick_real_tokens(tokens: Tensor, mask: Tensor, reduce: str, layer: str | None) -> Tensor:
    if reduce == "tokens_as_samples":
        return tokens[mask]
    first = mask.to(torch.uint8).argmax(1)
    if reduce == "patch_tokens":
        mask = mask & (torch.arange(mask.shape[1], device=mask.device) != first[:, None])
    n_real = mask.sum(1, keepdim=True)
    if not torch.compiler.is_compiling() and bool((n_real == 0).any()):
        empty = int((n_real == 0).nonzero()[0, 0])
        raise ValueError(
            f"the mask leaves sample {empty} of the batch no real token for {name_layer(layer)}; "
            "1 or True must mean a real token, except in masks of padding by name"
        )
    rows = torch.arange(len(tokens), device=tokens.device)
    if reduce == "cls":
        return tokens[rows, first]
    if reduce == "last":
        return tokens[rows, mask.shape[1] - 1 - mask.flip(1).to(torch.uint8).argmax(1)]
    # Not a product with the mask: padded tokens may hold NaN, and 0 · NaN is NaN.
    return torch.where(mask[:, :, None], tokens, 0.0).sum(1) / n_real


def _check_shape(shape: tuple[int, ...], reduce: str, layout: str, layer: str | None) -> None:
    exact = {"none": 2, "tokens": 3, "sequence_first": 3}.get(layout)
    if len(shape) < 2 or exact not in (None, len(shape)):
        wanted = "at least 2 axes" if exact is None else f"{exact} axes"
        raise ValueError(
            f"reduce={reduce!r} needs an activation of {wanted} ({REDUCTIONS[reduce]}), "
            f"{name_layer(layer)} gives shape {shape}"
        )
    n_tokens = shape[0 if layout == "sequence_first" else 1]
    if 0 in shape or (reduce == "patch_tokens" and n_tokens < 2):
        raise ValueError(
            f"{name_layer(layer)} gives shape {shape}: nothing is left to average with "
            f"reduce={reduce!r}"
        )


def read_reductions(
    names: Sequence[str], reduce: Reduce | Mapping[str, Reduce]
) -> dict[str, Reduce]:
    """Return the reduction of each chosen layer; a name that is not one of them is refused.

    Examples
    --------
    >>> read_reductions(["a", "b"], {"b": "cls"})
    {'a': 'auto', 'b': 'cls'}
    """
    given = reduce if isinstance(reduce, Mapping) else dict.fromkeys(names, reduce)
    for name, value in given.items():
        if not callable(value):
            choice(value, REDUCTIONS, f"reduce[{name!r}]" if given is reduce else "reduce")
        if name not in names:
            raise ValueError(
                f"reduce: {name!r} is none of the chosen layers {names}{nearest(name, names)}"
            )
    return {name: given.get(name, "auto") for name in names}
