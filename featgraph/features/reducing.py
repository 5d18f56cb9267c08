"""From an activation that a hook caught to (B, D): its mask, its layout, its number of rows."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.special import betainc
from torch import Tensor, nn

from featgraph.features.feeding import batch_members, count_samples
from featgraph.features.layers import module_path
from featgraph.features.layout import (
    declared_channels,
    is_batch_second,
    is_turned,
    layout_error,
    module_before,
)
from featgraph.features.masks import Arguments, MaskOption, MaskSearch, given_mask, search_mask
from featgraph.features.module_calls import Activation, CallsAround, is_within
from featgraph.features.reduce import (
    Reduce,
    apply_reduction,
    name_reduction,
    resolve_layout,
)

__all__ = ["ActivationReducer", "HookedLayer", "find_padding", "hooked_layer", "padding_id"]

# Reductions that do not average over tokens; what they give may be a view.
_UNAVERAGED = ("none", "flatten", "cls", "last", "tokens_as_samples")


class HookedLayer(NamedTuple):
    """A chosen layer, and what is known of it before it runs.

    ``module`` is the hooked module at ``path``; ``is_input`` says that its input is meant.
    ``teller`` is the module whose type tells the layout, ``before`` one that stands before it,
    ``declared`` what the model says. ``turn`` and ``wanted`` say which calls count.
    """

    name: str
    path: str
    module: nn.Module
    is_input: bool
    teller: nn.Module | None
    before: nn.Module | None
    declared: tuple[int, bool] | None
    reduce: Reduce
    turn: tuple[int, int]
    wanted: set[int] | None


def hooked_layer(
    model: nn.Module,
    name: str,
    reduce: Reduce,
    turn: tuple[int, int] = (0, 1),
    wanted: set[int] | None = None,
) -> HookedLayer:
    """Gather what is known of a layer.

    Examples
    --------
    >>> hooked_layer(nn.Sequential(nn.Linear(2, 3)), "0:input", "auto").teller.out_features
    2
    """
    path = module_path(name)
    module = model.get_submodule(path)
    is_input = path != name
    return HookedLayer(
        name,
        path,
        module,
        is_input,
        _like_input(module) if is_input else module,
        module_before(model, path),
        None if is_input else declared_channels(model, path),
        reduce,
        turn,
        wanted,
    )


def _like_input(module: nn.Module) -> nn.Module | None:
    """Return a module whose output is like the input of this one, None if that is not known."""
    if isinstance(module, nn.modules.conv._ConvNd):
        kind = {3: nn.Conv1d, 4: nn.Conv2d, 5: nn.Conv3d}[module.weight.ndim]
        return kind(1, module.in_channels, 1, device="meta")
    width = getattr(module, "in_features", None)
    if isinstance(width, int):
        return nn.Linear(1, width, device="meta")
    is_norm = hasattr(module, "normalized_shape") or isinstance(
        module, nn.modules.batchnorm._NormBase | nn.GroupNorm
    )
    return module if is_norm else None


class ActivationReducer:
    """Reduces activations of one model, and remembers layouts and what the user should know.

    Attributes
    ----------
    reductions : dict of str to str
        How each layer was reduced, for results.
    squares : dict of str to (Module, int)
        Layers that gave (B, B, D), so that either axis may be the batch, and B.
    latest : Module or None
        The last module that ran and whose type tells a layout.
    """

    def __init__(
        self, model: nn.Module, calls_around: CallsAround, mask: MaskOption, *, is_rule: bool
    ) -> None:
        is_named = isinstance(mask, str | int | Mapping) and mask is not True
        if mask is not None and not is_named and not callable(mask):
            raise TypeError(
                "mask must be the key or place of the mask in the batch, a function of the batch, "
                f"a mapping of these by layer, False or None, got {type(mask).__name__}"
            )
        self.model, self.calls_around = model, calls_around
        self.mask, self.is_rule = mask, is_rule
        self._unfit: list[str] = []
        self.reductions: dict[str, str] = {}
        self.latest: nn.Module | None = None
        self._layouts: dict[str, str] = {}
        self.squares: dict[str, tuple[nn.Module, int]] = {}
        self._batch: object = None
        self._suspect: tuple[str, Tensor] | None = None
        self._vague: str | None = None
        self._has_warned = mask is False
        self._is_batch_second = any(is_batch_second(m) for m in model.modules())

    def begin(self, batch: object) -> None:
        """Forget the batch before."""
        self._batch, self.latest, self._suspect = batch, None, None

    def reduce(self, layer: HookedLayer, key: str, call: str, activation: Activation) -> Tensor:
        """Reduce an activation to (B, D).

        Parameters
        ----------
        layer : HookedLayer
            The layer that gave it.
        key, call : str
            Name in results and messages, and name of the very call.
        activation : Activation
            What it gave.

        Raises
        ------
        ValueError
            As :func:`extract_features`.
        """
        values, reduce, own_mask = activation.values, layer.reduce, activation.mask
        if values.is_quantized:
            values = values.dequantize()
        shape = tuple(values.shape)
        if not callable(reduce) and not values.dtype.is_floating_point:
            _refuse_numbers(values, key)
        found = MaskSearch(own_mask)
        if own_mask is None and self.mask is not False and len(shape) > 2:
            found = self._search_mask(layer, shape)
        mask = found.mask
        if mask is None and found.misfit is not None and len(shape) == 3:
            if self.is_rule and found.is_of_inputs:
                self._unfit.append(key)  # the layer has other tokens than the inputs
            else:
                mask = found.misfit  # refused, and named, where it is used
        layout = self._layout(layer, key, call, values, mask, is_packed=own_mask is not None)
        value = apply_reduction(values, reduce=reduce, layout=layout, mask=mask, layer=key)
        # A batch without padding may come without a mask.
        is_masked = mask is not None or self.reductions.get(key) == "masked"
        self.reductions[key] = name_reduction(reduce, layout, is_masked=is_masked)
        n_samples = self.count_samples(layer, shape)
        if reduce == "auto" and n_samples is not None and len(value) != n_samples:
            raise ValueError(
                f"layer {key!r} gives {len(value)} rows for a batch of {n_samples} samples "
                f"under {layout!r}; give reduce= if you know the layout"
            )
        if mask is None and len(shape) == 3 and not callable(reduce) and reduce not in _UNAVERAGED:
            self._suspect = self._suspect or (None if found.ids is None else (key, found.ids))
        if len(shape) == 3:
            self._vague = self._vague or found.vague
        # A view would be overwritten by a later in-place operation and keep the whole alive.
        is_view = len(shape) == 2 or callable(reduce) or reduce in _UNAVERAGED or layout == "none"
        return value.clone() if is_view else value

    def _layout(
        self,
        layer: HookedLayer,
        key: str,
        call: str,
        values: Tensor,
        mask: Tensor | None,
        *,
        is_packed: bool,
    ) -> str:
        shape = tuple(values.shape)
        if callable(layer.reduce):
            return ""
        if is_packed and layer.reduce in ("auto", "tokens_as_samples"):
            return "tokens"
        if call in self._layouts:
            return self._layouts[call]
        options: dict[str, Any] = {
            "reduce": layer.reduce,
            "mask": mask,
            "module": layer.teller,
            "declared": layer.declared,
            "n_samples": self.count_samples(layer, shape),
            "layer": key,
        }
        try:
            layout = resolve_layout(shape, before=self.latest or layer.before, **options)
        except ValueError:
            if self.latest is None:
                raise
            layout = resolve_layout(shape, before=layer.before, **options)
        if layer.reduce == "auto" and is_turned(values, layout):
            raise layout_error(
                shape, key, f"axis 1 and the last are {shape[1]} long, and were exchanged in memory"
            )
        is_guess = layout == "tokens" and layer.reduce in ("auto", "tokens_as_samples")
        if is_guess and mask is None and self._is_batch_second:
            # The first axis looks like the batch, but is the sequence if the input starts so.
            raise ValueError(
                f"layer {key!r} gives shape {shape}, whose layout is ambiguous: the model has "
                "modules made with batch_first=False; give reduce='tokens' for (B, N, D) or "
                "'sequence_first' for (N, B, D)"
            )
        if not torch.compiler.is_compiling():
            self._layouts[call] = layout
            is_guess = is_guess and not layer.is_input
            if is_guess and shape[0] == shape[1] == options["n_samples"] and shape[0] > 1:
                self.squares[layer.name] = layer.module, shape[0]
        return layout

    def count_samples(self, layer: HookedLayer, shape: tuple[int, ...] = ()) -> int | None:
        """Return the number of samples in the batch as far as it is known."""
        if shape and shape[0] == getattr(self._batch, "num_graphs", None):
            return shape[0]
        call = self.calls_around.outermost(layer.path)
        return None if call is None else count_samples(call.values)

    def _search_mask(self, layer: HookedLayer, shape: tuple[int, ...]) -> MaskSearch:
        option = self.mask
        if isinstance(option, Mapping):
            fits = [prefix for prefix in option if is_within(layer.path, prefix)]
            option = option[max(fits, key=len)] if fits else None
        if option is False:
            return MaskSearch()
        around = self.calls_around.around(layer.path)
        members = batch_members(self._batch)
        if members:
            is_target = self.calls_around.paths[layer.path][-1][1]
            around.append((Arguments(members, frozenset(members)), is_target))
        given = None if option is None else self._given_mask(option, layer, members)
        return search_mask(around, shape, given=given)

    def _given_mask(
        self, option: object, layer: HookedLayer, members: Mapping[str, object]
    ) -> Tensor:
        batch = self._batch
        if batch is None:
            call = self.calls_around.outermost(layer.path)
            members = {} if call is None else call.values
            batch = next(iter(members.values())) if len(members) == 1 else members
        return given_mask(option, batch, members)

    def warn_of_padding(self, stacklevel: int) -> None:
        """Say once if means took in what looks like padding, or a mask was read by a guess."""
        if self._has_warned:
            return
        if self._unfit:
            said = (
                f"the mask of the inputs does not fit layers {self._unfit}, which have other "
                "tokens, so means are over all of theirs; give mask= a function of the batch by "
                "layer, mask={'layer': ...}"
            )
        elif self._vague is not None:
            said = (
                f"the argument {self._vague!r} may be a mask, but what its ones mean is not clear "
                "from the inputs; give mask="
            )
        elif self._suspect is not None:
            layer, ids = self._suspect
            padding = find_padding(ids, pad_id=padding_id(self.model))
            if padding is None:
                return
            said = (
                f"the inputs look padded: the id {padding[0]} is repeated at the {padding[1]} of "
                f"samples, and means over tokens take the padding in (layer {layer!r}); put an "
                f"attention_mask into the batch, or give mask=, such as "
                f"mask=lambda batch: batch != {padding[0]}"
            )
        else:
            return
        self._has_warned = True
        warnings.warn(f"{said}, or mask=False if all tokens are real", stacklevel=stacklevel)


def _refuse_numbers(values: Tensor, layer: str) -> None:
    """Refuse whole numbers and truth values; what is complex or sparse is refused elsewhere."""
    if values.is_complex() or values.is_quantized or values.layout != torch.strided:
        return
    raise ValueError(
        f"layer {layer!r} gives {values.dtype}, whole numbers and no activations; choose another "
        "layer or output=, or give reduce= a function of (activation, mask) that makes (B, D) of it"
    )


def find_padding(ids: Tensor, *, pad_id: int | None = None) -> tuple[int, str] | None:
    """Say whether token ids look padded: one id repeated at the ends, more than by chance.

    Parameters
    ----------
    ids : Tensor of int, shape (B, N)
        Token ids.
    pad_id : int or None, default=None
        The id that the model names for padding, if it does.

    Returns
    -------
    (int, str) or None
        The repeated id and "end" or "start".

    Notes
    -----
    Let an id have the share p of all tokens outside the runs at the ends. Were tokens drawn at
    random, the total length of the runs would be a negative binomial number; runs that long of a
    probability below 0.01 (0.03 for the id 0, the usual padding), over the ids and ends looked
    at, are taken for padding, and so is an id 0 that stands nowhere else. Runs of one length in
    all samples are a closing token. O(B N).

    Examples
    --------
    >>> import torch
    >>> find_padding(torch.tensor([[5, 6, 7, 8], [4, 3, 0, 0], [9, 0, 0, 0]]))
    (0, 'end')
    """
    array = ids.detach().cpu().numpy()
    if array.size == 0 or array.shape[1] < 2:
        return None
    for end, turned in (("end", array[:, ::-1]), ("start", array)):
        candidates = np.unique(turned[:, 0])
        for candidate in candidates:
            is_it = turned == candidate
            runs = np.where(is_it.all(1), array.shape[1], is_it.argmin(1))
            is_alone = int(is_it.sum()) == int(runs.sum())
            if runs.max() < 2 or (candidate != pad_id and len(runs) > 1 and len(set(runs)) == 1):
                continue
            if candidate == pad_id or (candidate == 0 and is_alone):
                return int(candidate), end
            if len(runs) > 1 and runs.all():
                runs = runs - 1  # a closing token
            total, n_found = int(runs.sum()), int(is_it.sum())
            share = (n_found - total + 1) / (array.size - total + 2)
            share += (share * (1 - share) / (array.size - total + 2)) ** 0.5  # an upper bound
            chance = betainc(total, len(array), min(share, 1.0)) * 2 * len(candidates)
            if chance < (0.01 if candidate else 0.03):
                return int(candidate), end
    return None


def padding_id(model: nn.Module) -> int | None:
    """Return the id that a model names for padding: in its configuration or its embedding.

    Examples
    --------
    >>> padding_id(nn.Sequential(nn.Embedding(9, 4, padding_idx=2)))
    2
    """
    named = getattr(getattr(model, "config", None), "pad_token_id", None)
    if isinstance(named, int):
        return named
    embeddings = (m.padding_idx for m in model.modules() if isinstance(m, nn.Embedding))
    return next((index for index in embeddings if index is not None), None)
