"""Which axis of an activation holds the nodes: the layout that ``reduce="auto"`` chooses."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import torch
from torch import nn

from featgraph.features.walk import declared_rows, is_leaf, layer_type, named_layers

__all__ = [
    "Layout",
    "layout_error",
    "batch_axis_error",
    "choose_layout",
    "declared_channels",
    "decisive_leaves",
    "is_batch_second",
    "is_turned",
    "module_before",
    "name_layer",
]

Layout: TypeAlias = Literal["none", "channels_first", "channels_last", "tokens", "sequence_first"]

# Modules that say where the channels stand, with the attribute that says how many there are.
_pooling = nn.modules.pooling
_CHANNELS_FIRST: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.modules.conv._ConvNd, "out_channels"),
    (nn.modules.batchnorm._NormBase, "num_features"),
    (nn.GroupNorm, "num_channels"),
    (_pooling._MaxPoolNd, ""),
    (_pooling._AvgPoolNd, ""),
    (_pooling._AdaptiveMaxPoolNd, ""),
    (_pooling._AdaptiveAvgPoolNd, ""),
)
_CHANNELS_LAST: tuple[tuple[type[nn.Module], str], ...] = (
    (nn.Linear, "out_features"),
    (nn.LayerNorm, "normalized_shape"),
    (nn.MultiheadAttention, "embed_dim"),
    (nn.Embedding, "embedding_dim"),
    (nn.RNNBase, "hidden_size"),
)


def choose_layout(
    shape: tuple[int, ...],
    *,
    module: nn.Module | None = None,
    before: nn.Module | None = None,
    declared: tuple[int, bool] | None = None,
    n_samples: int | None = None,
    layer: str | None = None,
) -> Layout:
    """Say how an activation of this shape is averaged under ``reduce="auto"``.

    Parameters
    ----------
    shape : tuple of int
        Shape of the activation, batch axis first.
    module : Module or None, default=None
        The module that gave it.
    before : Module or None, default=None
        A module that stands before it, asked where ``module`` itself says nothing.
    declared : (int, bool) or None, default=None
        What the model says of it, see :func:`declared_channels`.
    n_samples : int or None, default=None
        Number of samples in the batch, if known.
    layer : str or None, default=None
        Name for messages.

    Returns
    -------
    str
        A member of ``REDUCTIONS`` other than "auto".

    Raises
    ------
    ValueError
        If the layout is ambiguous, or the batch axis is not where it should be.

    Notes
    -----
    The rule, in order:

    1. (B, D) is taken as it is.
    2. Only modules that keep channels first inside (convolutions, batch, instance and group
       norms) and an output of their dimension: channels first. Only modules that work on the
       last axis (Linear, LayerNorm, RMSNorm, attention, embeddings, recurrent nets): tokens for
       (B, N, D), channels last beyond. If only the other axis, last or second, has as many
       channels as the last such module registered, something turned the output: modules of the
       last axis then give channels first, the others an error. An error too if a vector was
       reshaped: no axis of the output has the channels of a module of the last axis.
    3. Both kinds, or a 3-d output of 2-d convolutions: the axis, second or last, whose length
       is the number of channels that the model declares, or else that of the last such module
       registered, or else that of any; if both or neither, the last if the model declares so,
       otherwise an error.
    4. None (an activation function, a dropout, a module of one's own): the kind of ``before``
       if the axis it names has as many channels as ``before`` has (and no other, for tokens
       after a 2-d convolution), otherwise an error.
    5. Attention and recurrent modules made with ``batch_first=False``, and modules that hold
       them, give (N, B, D), "sequence_first", if the second axis alone has the length of the
       batch; otherwise an error.

    Examples
    --------
    >>> choose_layout((8, 197, 64), module=nn.Linear(64, 64))
    'tokens'
    >>> choose_layout((8, 16, 7, 7), module=nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU()))
    'channels_first'
    >>> choose_layout((8, 16, 7, 7), layer="mix")
    Traceback (most recent call last):
    ValueError: layer 'mix' gives shape (8, 16, 7, 7), whose layout is ambiguous: no module in it \
says where the channels stand; give reduce='channels_first', 'channels_last' or 'flatten'
    """
    batch_second = _gives_sequence_first(shape, module, n_samples, layer)
    if n_samples is not None and not batch_second and (not shape or shape[0] != n_samples):
        raise batch_axis_error(shape, n_samples, layer)
    if len(shape) < 2:
        raise ValueError(
            f"{name_layer(layer)} gives shape {shape}, one value per sample; "
            "a feature network needs at least 2 nodes: choose another layer"
        )
    if len(shape) == 2:
        return "none"
    if batch_second:
        return "sequence_first"
    last: Layout = "tokens" if len(shape) == 3 else "channels_last"
    leaves = decisive_leaves(module) if module is not None else []
    if not leaves:
        return _like_before(shape, last, before, layer)
    kinds = {kind for kind, _, _ in leaves}
    width = next((width for _, width, _ in reversed(leaves) if width is not None), None)
    on_second, on_last = shape[1] == width, shape[-1] == width
    if kinds == {"last"}:
        return _unless_turned(shape, last, leaves, layer)
    if kinds == {"first"} and all(n in (0, len(shape)) for _, _, n in leaves):
        if on_second or not on_last:
            return "channels_first"
        raise layout_error(shape, layer, f"its modules have {width} channels, and put them second")
    known = {width for _, width, _ in leaves}
    for channels in ({declared[0]} if declared else set(), {width}, known):
        on_second, on_last = shape[1] in channels, shape[-1] in channels
        if on_second != on_last:
            return "channels_first" if on_second else last
    if declared and declared[1] and len(shape) == 4 and shape[-1] == declared[0]:
        return "channels_last"
    raise layout_error(
        shape,
        layer,
        f"its modules may mean either axis, and {width} channels do not tell them apart",
    )


def _unless_turned(
    shape: tuple[int, ...],
    last: Layout,
    leaves: list[tuple[str, int | None, int]],
    layer: str | None,
) -> Layout:
    """Choose the last axis for modules that work on it, unless something turned the output."""
    widths = [width for _, width, _ in leaves if width is not None]
    if not widths or shape[-1] == widths[-1]:
        return last
    if shape[1] == widths[-1]:
        if shape[-1] not in widths:
            return "channels_first"
        raise layout_error(shape, layer, f"{shape[1]} and {shape[-1]} are widths of its modules")
    is_reshaped = math.prod(shape[1:]) == widths[-1]
    is_joined = shape[-1] in widths or shape[-1] % widths[-1] == 0
    if is_reshaped or not (is_joined or len(shape) == 3):
        raise layout_error(shape, layer, f"no axis has the {widths[-1]} channels of its modules")
    return last


def _like_before(
    shape: tuple[int, ...], last: Layout, before: nn.Module | None, layer: str | None
) -> Layout:
    """Choose as the module before did, if the activation still looks like what it gave."""
    for kind, width, n_axes in decisive_leaves(before)[-1:] if before is not None else []:
        fits = [axis for axis in (1, -1) if shape[axis] == width]
        if n_axes not in (0, len(shape)) and len(fits) != 1:
            break
        if (1 if kind == "first" else -1) in fits:
            return "channels_first" if kind == "first" else last
    raise layout_error(shape, layer, "no module in it says where the channels stand")


def declared_channels(model: nn.Module, name: str) -> tuple[int, bool] | None:
    """Return what a model of timm says of a layer: its channels, and if 4-d outputs end in them.

    Parameters
    ----------
    model : Module
        Any network.
    name : str
        A layer in it.

    Returns
    -------
    (int, bool) or None
        None where the model, or the part of it that holds the layer, declares nothing.

    Examples
    --------
    >>> model = nn.Sequential(nn.Linear(2, 3))
    >>> model.feature_info = [{"module": "0", "num_chs": 3}]
    >>> declared_channels(model, "0")
    (3, False)
    """
    parts = name.split(".")
    for k in range(len(parts)):
        owner = model.get_submodule(".".join(parts[:k]))
        for row in declared_rows(owner):
            if row["module"] == ".".join(parts[k:]):
                return row["num_chs"], str(getattr(owner, "output_fmt", "")).endswith("NHWC")
    return None


def decisive_leaves(module: nn.Module) -> list[tuple[str, int | None, int]]:
    """List the modules inside ``module`` that say where channels stand, as registered.

    Returns
    -------
    list of (str, int or None, int)
        "first" or "last", the number of channels if known, and the dimensions of the output
        that the type is made for (4 for Conv2d; 0 where any will do).

    Examples
    --------
    >>> decisive_leaves(nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.LayerNorm(5)))
    [('first', 8, 4), ('last', 5, 0)]
    """
    rows: list[tuple[str, int | None, int]] = []
    for leaf in [module, *(inner for _, inner in named_layers(module))]:
        first = next((a for cls, a in _CHANNELS_FIRST if isinstance(leaf, cls)), None)
        last = next((a for cls, a in _CHANNELS_LAST if isinstance(leaf, cls)), None)
        if first is last is None:
            last = _attribute_of_width(leaf)
        n_axes = _dimensions(leaf)
        if last is not None and (n_axes or getattr(leaf, "data_format", "") == "channels_first"):
            first = last  # norms of (B, C, H, W) in timm, torchvision and transformers
        if first is not None:
            rows.append(("first", _width(leaf, first), n_axes))
        elif last is not None:
            rows.append(("last", _width(leaf, last), 0))
        elif rows and isinstance(leaf, nn.GLU | nn.PixelShuffle):
            kind, width, n_axes = rows[-1]
            share = 2 if isinstance(leaf, nn.GLU) else leaf.upscale_factor**2
            rows[-1] = (kind, None if width is None else width // share, n_axes)
    return rows


def _attribute_of_width(leaf: nn.Module) -> str | None:
    """Return where modules of other libraries keep the width of what they give."""
    if not is_leaf(leaf):
        return None
    if layer_type(leaf).rstrip("12d").endswith(("LayerNorm", "RMSNorm", "RmsNorm")):
        return "normalized_shape" if hasattr(leaf, "normalized_shape") else "weight"
    # Quantised maps; the Conv1D of GPT-2, a linear map with its weights transposed; convolutions
    # of one's own, which have 2d in their name.
    convolution = ("out_channels",) if _dimensions(leaf) else ()
    names = ("out_features", "nf", *convolution) if hasattr(leaf, "weight") else ()
    return next((name for name in names if hasattr(leaf, name)), None)


def module_before(model: nn.Module, name: str) -> nn.Module | None:
    """Return the nearest leaf registered before ``name`` that says where channels stand."""
    module = model.get_submodule(name)
    found = None
    for _, other in named_layers(model):
        if other is module:
            return found
        if is_leaf(other) and decisive_leaves(other):
            found = other
    return found


def _dimensions(leaf: nn.Module) -> int:
    name = type(leaf).__name__
    return next((n + 2 for n in (1, 2, 3) if f"{n}d" in name), 0)


def _width(leaf: nn.Module, attribute: str) -> int | None:
    """Return the number of channels of what a leaf gives, where it is known."""
    if isinstance(leaf, nn.RNNBase):
        return (leaf.proj_size or leaf.hidden_size) * (2 if leaf.bidirectional else 1)
    value = getattr(leaf, attribute, None)
    value = value.shape if isinstance(value, torch.Tensor) else value
    if isinstance(value, tuple | list):
        value = value[-1] if value else None
    return value if isinstance(value, int) else None


def is_batch_second(module: nn.Module) -> bool:
    """Whether a module itself puts the batch second: attention and recurrent nets may.

    Examples
    --------
    >>> is_batch_second(nn.LSTM(2, 3)), is_batch_second(nn.LSTM(2, 3, batch_first=True))
    (True, False)
    """
    return isinstance(module, nn.MultiheadAttention | nn.RNNBase) and not module.batch_first


def _gives_sequence_first(
    shape: tuple[int, ...], module: nn.Module | None, n_samples: int | None, layer: str | None
) -> bool:
    """Whether a 3-d output has its batch second: by type, and by the batch size if known."""
    if len(shape) != 3 or module is None or not any(map(is_batch_second, module.modules())):
        return False
    if n_samples is None:
        fits_second, fits_first = True, not is_batch_second(module)
    else:
        fits_second = shape[1] == n_samples
        # A module that puts the batch second cannot have it first; one around it may turn it.
        fits_first = shape[0] == n_samples and not (fits_second and is_batch_second(module))
    if fits_first:
        raise layout_error(shape, layer, "it has modules made with batch_first=False")
    return fits_second


def batch_axis_error(shape: tuple[int, ...], n_samples: int, layer: str | None) -> ValueError:
    """Return the error for an activation whose first axis is not the batch.

    Examples
    --------
    >>> str(batch_axis_error((7, 5, 8), 5, "1"))[:66]
    "layer '1' gives shape (7, 5, 8) for a batch of 5 samples: its firs"
    """
    return ValueError(
        f"{name_layer(layer)} gives shape {shape} for a batch of {n_samples} samples: its first "
        "axis is not the batch; choose another layer, or give reduce= if you know the layout"
    )


def name_layer(layer: str | None) -> str:
    """Return how messages speak of a layer.

    Examples
    --------
    >>> name_layer("1"), name_layer(None)
    ("layer '1'", 'the activation')
    """
    return f"layer {layer!r}" if layer is not None else "the activation"


def is_turned(values: torch.Tensor, layout: str) -> bool:
    """Whether an output lies in memory as if its channels stood on the other axis of equal length.

    A permuted view keeps the order in memory of what was permuted; copies no longer tell.

    Examples
    --------
    >>> is_turned(torch.zeros(2, 8, 8, 8), "channels_first")
    False
    >>> is_turned(torch.zeros(2, 8, 8, 8).permute(0, 2, 3, 1), "channels_first")
    True
    """
    if values.ndim < 3 or values.layout != torch.strided or values.shape[1] != values.shape[-1]:
        return False
    if values.shape[1] == 1:
        return False
    steps = values.stride()[1:]
    if layout == "channels_first":
        return steps[-1] > max(steps[:-1])  # in memory format channels_last, height steps farthest
    return layout in ("tokens", "channels_last") and steps[0] < steps[-1]


def layout_error(shape: tuple[int, ...], layer: str | None, why: str) -> ValueError:
    """Return the error for an activation whose axis of channels cannot be told.

    Examples
    --------
    >>> str(layout_error((2, 3, 3), "1", "they are equal"))[:59]
    "layer '1' gives shape (2, 3, 3), whose layout is ambiguous:"
    """
    choices = (
        "'tokens' for (B, N, D), 'channels_first' for (B, C, L), 'sequence_first' for (N, B, D)"
        if len(shape) == 3
        else "'channels_first', 'channels_last'"
    )
    return ValueError(
        f"{name_layer(layer)} gives shape {shape}, whose layout is ambiguous: {why}; "
        f"give reduce={choices} or 'flatten'"
    )
