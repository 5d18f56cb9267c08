"""Masks: which tokens are real, read from what a batch holds or a module is called with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor

__all__ = [
    "MASK_NAMES",
    "Arguments",
    "MaskOption",
    "MaskSearch",
    "given_mask",
    "is_vague_mask",
    "mask_place",
    "read_mask",
    "read_vague_mask",
    "search_mask",
]

#: The name or place of the mask in a batch, a function of the batch, one of these by the first
#: parts of layer names, False for no mask, None to look for one.
MaskOption: TypeAlias = "bool | str | int | Callable[[Any], Tensor] | Mapping[str, Any] | None"

# Names that say what the mask is about. In a mask with "pad" in its name, as torch has it,
# 1 means padding; in all others 1 means a real token.
_OF_INPUT = (
    "attention_mask",
    "input_mask",
    "src_key_padding_mask",
    "key_padding_mask",
    "padding_mask",
    "src_padding_mask",
    "encoder_padding_mask",
    "pad_mask",
    "src_pad_mask",
)
_OF_TARGET = (
    "decoder_attention_mask",
    "tgt_key_padding_mask",
    "tgt_padding_mask",
    "tgt_pad_mask",
    "decoder_padding_mask",
    "self_attn_padding_mask",
)
# Names that leave open what 1 means, or whether padding is meant at all.
_VAGUE = ("mask", "masks", "src_mask", "token_mask", "seq_mask", "valid_mask", "text_mask")
#: Names under which a model may take a mask of its input, those that say what it means first.
MASK_NAMES = (*_OF_INPUT, *_VAGUE)
_LENGTHS = ("lengths", "src_lengths", "seq_lengths", "input_lengths", "text_lengths")
# Arguments that only modules with an input and a target side have.
_TARGETS = ("decoder_input_ids", "decoder_inputs_embeds", "prev_output_tokens", "tgt", "trg")
_IMAGES = ("pixel", "image", "img", "frame", "video")


@dataclass(frozen=True)
class Arguments:
    """What a module was called with, or what a batch holds: values by name.

    ``parameters`` are all the names that the module takes, given or not.
    """

    values: Mapping[str, object]
    parameters: frozenset[str]

    @property
    def tokens(self) -> tuple[str, Tensor] | None:
        """The first Tensor of at least two axes, and its name."""
        return next(
            ((n, v) for n, v in self.values.items() if isinstance(v, Tensor) and v.ndim > 1), None
        )

    @property
    def is_image(self) -> bool:
        """Whether the first Tensor is an image or a video, which no mask of tokens is about."""
        if self.tokens is None or self.tokens[1].ndim < 4 or self.tokens[1].is_nested:
            return False
        name, value = self.tokens
        return value.shape[1] in (1, 3) or name.startswith(_IMAGES)

    @property
    def has_target(self) -> bool:
        """Whether the module has a target side, such as a decoder, beside its input side."""
        return any(name in self.parameters for name in (*_OF_TARGET, *_TARGETS))


@dataclass
class MaskSearch:
    """What :func:`search_mask` found: a mask that fits, others, and integer ids of tokens.

    ``is_of_inputs`` says that the mask that does not fit this layer does fit the inputs.
    """

    mask: Tensor | None = None
    misfit: Tensor | None = None
    is_of_inputs: bool = False
    vague: str | None = None
    ids: Tensor | None = None


def search_mask(
    around: list[tuple[Arguments, bool]], shape: tuple[int, ...], *, given: Tensor | None = None
) -> MaskSearch:
    """Look for the mask of an activation in the arguments of the modules around it.

    Parameters
    ----------
    around : list of (Arguments, bool)
        The nearest first, each with whether the layer lies on the target side within it.
    shape : tuple of int
        Shape of the activation.
    given : Tensor of bool, shape (B, N), or None, default=None
        A mask that the user named; it is preferred where it fits.

    Returns
    -------
    MaskSearch
        The nearest mask whose shape fits the activation.

    Notes
    -----
    What a module takes as an image ends the search: masks further out are about text.
    """
    found = MaskSearch()
    if given is not None and not _take(found, given, shape):
        found.misfit = given
    is_closed = False  # what lies further out is about the input side alone
    for arguments, is_target in around:
        if found.mask is not None or arguments.is_image:
            break
        for mask in [] if is_closed else _masks_of(arguments, is_target, shape, found):
            if _take(found, mask, shape):
                break
            tokens = arguments.tokens
            found.is_of_inputs |= tokens is not None and mask.shape[1] in tokens[1].shape[1:]
        is_closed = is_closed or (is_target and arguments.has_target)
        if found.ids is None:
            found.ids = _ids_of(arguments, is_closed, shape)
    return found


def _masks_of(
    arguments: Arguments, is_target: bool, shape: tuple[int, ...], found: MaskSearch
) -> list[Tensor]:
    of_input = [name for name in _OF_INPUT if name in arguments.parameters]
    of_target = [name for name in _OF_TARGET if name in arguments.parameters]
    names = of_target if is_target and arguments.has_target else of_input or of_target
    values = arguments.values
    if "query" in values and values["query"] is not values.get("key"):
        return []  # attention to another sequence: its masks are about that one
    read = [read_mask(values.get(name), is_padding="pad" in name) for name in names]
    masks = [mask for mask in read if mask is not None]
    if masks or arguments.tokens is None or (is_target and arguments.has_target):
        return masks
    tokens = arguments.tokens[1]
    for name in _VAGUE:
        vague = read_vague_mask(values.get(name), tokens)
        if vague is None and not is_vague_mask(values.get(name), tokens):
            continue
        if (vague is None or not vague[1]) and _fits(tokens.shape[:2], shape):
            found.vague = name
        return [] if vague is None else [vague[0]]
    lengths = next((values[name] for name in _LENGTHS if name in values), None)
    mask = _mask_of_lengths(lengths, tokens)
    return [] if mask is None else [mask]


def _take(found: MaskSearch, mask: Tensor, shape: tuple[int, ...]) -> bool:
    if _fits(mask.shape, shape):
        found.mask = mask
        return True
    found.misfit = mask if found.misfit is None else found.misfit
    return False


def _fits(mask: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    rows, n_tokens = mask
    if len(shape) < 3:
        return False
    return (rows in (1, shape[0]) and n_tokens in shape[1:]) or (n_tokens, rows) == shape[:2]


def _ids_of(arguments: Arguments, is_target: bool, shape: tuple[int, ...]) -> Tensor | None:
    for name, value in arguments.values.items():
        if is_target and name not in _TARGETS:
            continue
        if not isinstance(value, Tensor) or value.dtype not in (torch.int64, torch.int32):
            continue
        if value.ndim == 2 and _fits(value.shape, shape):
            return value
    return None


def read_mask(value: object, *, is_padding: bool = False) -> Tensor | None:
    """Return a mask as booleans of shape (B, N), True for real tokens; None if it is of no use.

    Parameters
    ----------
    value : object
        A mask of shape (B, N), (B, 1, N) or (B, 1, 1, N), or (B, 1, N, N) if all tokens see the
        same: booleans, whole numbers, zeros and ones, or numbers that are added to attention
        scores (0 for real tokens).
    is_padding : bool, default=False
        True (1) means padding and not a real token.

    Examples
    --------
    >>> read_mask(torch.tensor([[1, 1, 0]]))
    tensor([[ True,  True, False]])
    >>> read_mask(torch.tensor([[[[0.0, 0.0, -1e9]]]]))
    tensor([[ True,  True, False]])
    >>> read_mask(torch.tensor([[False, False, True]]), is_padding=True)
    tensor([[ True,  True, False]])
    """
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if not isinstance(value, Tensor) or value.ndim < 2 or value.is_nested:
        return None
    is_extended = value.ndim > 2
    if any(length != 1 for length in value.shape[1:-1]):
        if torch.compiler.is_compiling() or bool((value != value[..., :1, :]).any()):
            return None  # which token sees which: no mask of padding
        value = value[..., :1, :]  # all tokens see the same
    if any(length != 1 for length in value.shape[1:-1]):
        return None
    value = value.reshape(len(value), value.shape[-1])
    if value.dtype == torch.bool:
        return ~value if is_padding else value
    if is_padding:
        return value == 0  # also of numbers that are added: 0 for real, -inf for padding
    if not value.is_floating_point():
        return value > 0
    is_added = (value < 0).any() | (is_extended & (value == 0).all())
    return torch.where(is_added, value > -1, value > 0.5)


def is_vague_mask(value: object, tokens: Tensor) -> bool:
    """Whether a value has the shape of the tokens and holds zeros and ones only.

    Examples
    --------
    >>> is_vague_mask(torch.tensor([[1, 0]]), torch.tensor([[7, 8]]))
    True
    """
    if not isinstance(value, Tensor) or value.ndim < 2 or tokens.is_nested or value.is_complex():
        return False
    if value.numel() != tokens.shape[:2].numel() or value.shape[-1] != tokens.shape[1]:
        return False
    # A compiled model cannot ask for values.
    is_binary = value.dtype == torch.bool or torch.compiler.is_compiling()
    return is_binary or bool(((value == 0) | (value == 1)).all())


def read_vague_mask(value: object, tokens: Tensor) -> tuple[Tensor, bool] | None:
    """Read a mask that may mean either thing: True for real tokens, and whether that is sure.

    Padding stands at one end of a sample and is the same everywhere, real tokens are not. Where
    the tokens do not decide, whole numbers are taken as transformers has them (1 is real), and
    booleans so that padding stands at the end.

    Returns
    -------
    (Tensor of bool, shape (B, N), bool) or None
        None if the value is no mask of padding.

    Examples
    --------
    >>> ids = torch.tensor([[7, 5, 0], [8, 0, 0]])
    >>> read_vague_mask(torch.tensor([[0, 0, 1], [0, 1, 1]]), ids)
    (tensor([[ True,  True, False],
            [ True, False, False]]), True)
    """
    if torch.compiler.is_compiling() or not is_vague_mask(value, tokens):
        return None
    ones = value.reshape(tokens.shape[:2]) == 1  # type: ignore[attr-defined]
    if bool((ones == ones[0, 0]).all()):
        return torch.ones_like(ones), True
    if bool(((ones[:, 1:] != ones[:, :-1]).sum(1) > 1).any()):
        return None
    zeros_pad, ones_pad = (_is_constant(tokens[places]) for places in (~ones, ones))
    if zeros_pad != ones_pad:
        return (ones if zeros_pad else ~ones), True
    starts_real = value.dtype != torch.bool or bool(ones[:, 0].all())  # type: ignore[attr-defined]
    return (ones if starts_real else ~ones), False


def _is_constant(tokens: Tensor) -> bool:
    return len(tokens) == 0 or bool((tokens == tokens[0]).all())


def _mask_of_lengths(lengths: object, tokens: Tensor) -> Tensor | None:
    if not isinstance(lengths, Tensor) or lengths.shape != tokens.shape[:1] or tokens.is_nested:
        return None
    if lengths.is_floating_point() or torch.compiler.is_compiling():
        return None
    lengths, n_tokens = lengths.to(tokens.device), tokens.shape[1]
    if not bool(((lengths > 0) & (lengths <= n_tokens)).all()):
        return None
    right = torch.arange(n_tokens, device=tokens.device) < lengths[:, None]
    left = right.flip(1)
    if not _is_constant(tokens[~right]) and _is_constant(tokens[~left]):
        return left
    return right


def given_mask(option: object, batch: object, values: Mapping[str, object]) -> Tensor:
    """Return the mask that ``mask=`` names, True for real tokens.

    Parameters
    ----------
    option : str, int or callable
        A name in ``values``, a place in ``batch``, or a function of ``batch``.
    batch : object
        The batch, or what the model was called with.
    values : mapping
        The members of the batch by name.

    Raises
    ------
    ValueError
        If there is no such member, or it is no mask of shape (B, N).

    Examples
    --------
    >>> given_mask(lambda ids: ids != 0, torch.tensor([[4, 0]]), {})
    tensor([[ True, False]])
    """
    if callable(option):
        value, what = option(batch), "the value of the function mask="
    elif isinstance(option, int) and isinstance(batch, tuple | list) and option < len(batch):
        value, what = batch[option], f"member {option} of the batch"
    elif isinstance(option, str) and option in values:
        value, what = values[option], f"mask={option!r}"
    else:
        raise ValueError(
            f"mask={option!r} names no member of the batch, which holds {sorted(values)}; give "
            "one of these, or a function of the batch"
        )
    mask = read_mask(value, is_padding=isinstance(option, str) and "pad" in option)
    if mask is None:
        found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"{what} must be a mask of shape (B, N), one row per sample, got {found}")
    return mask


def mask_place(batch: Sequence[object]) -> int | None:
    """Return the place of a mask in (ids, mask, labels), None if nothing is like one.

    Examples
    --------
    >>> mask_place((torch.tensor([[5, 6, 0], [7, 8, 9]]), torch.tensor([[1, 1, 0], [1, 1, 1]])))
    1
    """
    arrays = [m if isinstance(m, Tensor | np.ndarray) and m.ndim > 0 else None for m in batch]
    if arrays[0] is None or arrays[0].ndim not in (2, 3):
        return None
    tokens = torch.as_tensor(arrays[0])
    full = None
    for place, member in enumerate(arrays[1:], 1):
        mask = None if member is None else torch.as_tensor(member)
        if mask is None or read_vague_mask(mask, tokens) is None:
            continue
        if bool((mask == 1).all()):
            full = place if full is None else full
        elif bool((mask == 1).any()):
            return place
    return full
