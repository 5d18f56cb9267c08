"""Capture: what the chosen layers of a model say about data, batch by batch."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Generator, Mapping

import torch
from torch import Tensor, nn

from featgraph.core.package import caller_level
from featgraph.core.resources import own_pages
from featgraph.features.batches import iterate_batches
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.features.feeding import Forward, run_batch
from featgraph.features.hooks import ActivationHooks
from featgraph.features.layers import Calls, Layers
from featgraph.features.masks import MaskOption
from featgraph.features.reduce import Reduce
from featgraph.features.running import evaluating, placed_on, unwrap_model

__all__ = ["GrowingRows", "extract_features", "iterate_features"]


def extract_features(
    model: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    output: int | str | None = None,
    calls: Calls = "each",
    mask: MaskOption = None,
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    device: torch.device | str | None = None,
    source: str | None = None,
    progress: bool | None = None,
) -> dict[str, FeatureMatrix]:
    """Run a model over data and return the features F of each chosen layer.

    Parameters
    ----------
    model : Module
        Any network. It runs in evaluation mode without gradients; the training flag of every
        submodule and the device are put back and all hooks removed, also after an error.
    data : DataLoader, Dataset, Tensor, ndarray, dict, (X, y), list, or iterable of batches
        A Tensor, ndarray, Dataset (of torch, torch_geometric or Hugging Face), a dict of columns
        such as a tokenizer gives, a pair (X, y), or a list of samples is cut into batches of
        ``batch_size``. A batch is a Tensor; a tuple or list whose first member is the input
        (itself a Tensor, a tuple of positional or a dict of keyword arguments), or whose first
        members are the inputs where ``model.forward`` must have several; a graph, whose
        attributes are passed by name; or a dict, of which the members that ``model.forward``
        names are passed as keywords, or the first Tensor if it names none. In (ids, mask,
        labels) the mask is passed on and used, see ``mask``.
    layers : str, module type, or list of these, default="auto"
        As in :func:`select_layers`.
    reduce : str or mapping, default="auto"
        How an activation (B, ...) becomes (B, D), see :func:`reduce_mean`: a name or a function
        of (activation, mask); a mapping gives it by layer name, other layers are "auto".
    output : int, str or None, default=None
        Which member of a tuple or dict output to take; None takes the first Tensor found, "all"
        takes every one, as "layer.0", "layer.1".
    calls : {"each", "last", "first", "mean", "concatenate"}, default="each"
        What to keep of a module that runs several times in one forward pass: "each" makes every
        call a layer of its own, "relu", "relu#1", "relu#2", which ``layers`` may name.
    mask : str, int, callable, mapping, False or None, default=None
        Which tokens are real. None reads it from what the modules around a layer are called with
        and from the batch, under the names of torch and transformers: in an ``attention_mask`` 1
        means a real token, in a ``src_key_padding_mask`` (names with "pad") True means padding.
        Otherwise the key or place of the mask in the batch, or a function of the batch that
        returns it, (B, N) with 1 for real tokens; a mapping gives these by layer name or its
        first parts ("encoder", "decoder"). False averages over all tokens.
    forward : callable or None, default=None
        Called as ``forward(model, batch)`` instead of the rules for batches above.
    batch_size : int, default=128
        Samples per batch when ``data`` is a Tensor, ndarray or Dataset.
    max_batches : int or None, default=None
        Stop after this many batches.
    device : device or None, default=None
        Where to run; None runs where the model is.
    source : str or None, default=None
        Written into the result; None writes the class name of the model.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    dict of str to FeatureMatrix
        Layer name to F of shape (D, B), in main memory, float32 (float64 for a float64 model).

    Raises
    ------
    TypeError
        If ``data`` or a batch is of a kind not listed above.
    ValueError
        If ``layers`` matches nothing, there are no batches, a layer was never called, gave no
        Tensor of real numbers, gave NaN or infinite values, changed its number of nodes between
        batches, does not fit the mask, or has a layout that is ambiguous under "auto"; if batches
        have different keys or start with labels. The message names the layer.

    Warns
    -----
    UserWarning
        Under "auto" and "all": the layers that were never called or have one node are left out;
        under "all" also those without a batch axis or of unclear layout. If there is no mask and
        one token id is repeated at the ends of samples, as padding is.

    Notes
    -----
    Each batch is averaged inside the hook, before a later in-place operation can change the
    activation; what is kept is O(D) per sample and layer. Floating-point inputs are cast to the
    precision of the model.

    Examples
    --------
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    >>> features = extract_features(net, torch.zeros(5, 1, 4, 4), layers=["1", "3"])
    >>> features["1"]
    FeatureMatrix(n_nodes=4, n_samples=5, dtype=float32, layer='1', reduce='channels_first', \
source='Sequential')
    """
    collected: dict[str, GrowingRows] = {}
    layouts: dict[str, str | None] = {}
    n_batches = 0
    batches = iterate_features(
        model,
        data,
        layers=layers,
        reduce=reduce,
        output=output,
        calls=calls,
        mask=mask,
        forward=forward,
        batch_size=batch_size,
        max_batches=max_batches,
        device=device,
        progress=progress,
    )
    with contextlib.closing(batches):
        for batch in batches:
            n_batches += 1
            for name, F in batch.items():
                collected.setdefault(name, GrowingRows()).add(F.values.T.cpu())
                layouts[name] = F.reduce
    for layer, rows in collected.items():
        if rows.n_parts != n_batches:
            raise ValueError(
                f"layer {layer!r} was called in {rows.n_parts} of {n_batches} batches only; "
                "choose layers that every batch passes, or calls='last' for a module that runs a "
                "varying number of times"
            )
    source = type(unwrap_model(model)).__name__ if source is None else source
    return {
        layer: FeatureMatrix(collected.pop(layer).take().T.contiguous(), layer, kept, source)
        for layer, kept in layouts.items()
    }


class GrowingRows:
    """Rows that come in parts, held in one tensor that doubles when it is full.

    Parts that are kept and joined at the end would be there twice and leave holes in memory.

    Examples
    --------
    >>> rows = GrowingRows()
    >>> for part in (torch.zeros(2, 3), torch.ones(1, 3)):
    ...     rows.add(part)
    >>> rows.take()[:, 0].tolist()
    [0.0, 0.0, 1.0]
    """

    def __init__(self) -> None:
        self.n_parts = self.n_rows = 0
        self._held = torch.empty(0, 0)

    def add(self, rows: Tensor) -> None:
        """Append rows of shape (any number, width); the first are kept as they are."""
        start, end = self.n_rows, self.n_rows + rows.shape[0]
        dtype = torch.promote_types(self._held.dtype, rows.dtype)
        if self.n_parts == 0:
            self._held = rows
        else:
            if end > self._held.shape[0] or dtype != self._held.dtype:
                shape = max(end, 2 * start), rows.shape[1]
                if rows.device.type == "cpu":
                    kind = rows.new_empty(0, dtype=dtype).numpy().dtype
                    grown = torch.from_numpy(own_pages(shape, kind))
                else:
                    grown = rows.new_empty(shape, dtype=dtype)
                grown[:start] = self.take()
                self._held = grown
            self._held[start:end] = rows
        self.n_parts, self.n_rows = self.n_parts + 1, end

    def take(self) -> Tensor:
        """Return all rows."""
        return self._held[: self.n_rows]


def iterate_features(
    model: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    output: int | str | None = None,
    calls: Calls = "each",
    mask: MaskOption = None,
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    device: torch.device | str | None = None,
    progress: bool | None = None,
) -> Generator[dict[str, FeatureMatrix], None, None]:
    """Yield the features of each batch in turn, so that F is never held whole.

    Between two batches the model has no hooks and its own training flags, so it may be used or
    changed there. A model moved by ``device`` is moved back when the iteration ends or is closed.

    Parameters
    ----------
    model : Module
        Any network.
    data : DataLoader, Dataset, Tensor, ndarray, dict, (X, y), list, or iterable of batches
        As in :func:`extract_features`, like every option here.
    layers : str, module type, or list of these, default="auto"
        Which layers.
    reduce : str or mapping, default="auto"
        How an activation (B, ...) becomes (B, D), for all layers or by layer name.
    output : int, str or None, default=None
        Member of a tuple or dict output; None takes the first Tensor, "all" every one.
    calls : {"each", "last", "first", "mean", "concatenate"}, default="each"
        What to keep of a module that runs several times in one forward pass.
    mask : str, int, callable, mapping, False or None, default=None
        Which tokens are real; None looks for a mask.
    forward : callable or None, default=None
        Called as ``forward(model, batch)`` instead of the rules for batches.
    batch_size : int, default=128
        Samples per batch when ``data`` is a Tensor, ndarray or Dataset.
    max_batches : int or None, default=None
        Stop after this many batches.
    device : device or None, default=None
        Where to run; None runs where the model is.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Yields
    ------
    dict of str to FeatureMatrix
        Layer name to the features of this batch, shape (D, b), on the device of the run.

    Raises
    ------
    TypeError, ValueError
        As :func:`extract_features`, when the first batch is asked for.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    >>> for batch in iterate_features(net, torch.zeros(5, 3), batch_size=3):
    ...     batch["1"]
    FeatureMatrix(n_nodes=4, n_samples=3, dtype=float32, layer='1', reduce='none')
    FeatureMatrix(n_nodes=4, n_samples=2, dtype=float32, layer='1', reduce='none')
    """
    model = unwrap_model(model)
    hooks = ActivationHooks(model, layers, reduce=reduce, output=output, calls=calls, mask=mask)
    found = _Batches(hooks)
    with placed_on(model, device) as where:
        for batch in iterate_batches(
            data,
            batch_size=batch_size,
            max_batches=max_batches,
            progress=progress,
            label="features",
            model=model,
        ):
            with evaluating(model), hooks.on_batch(batch):
                run_batch(model, batch, forward=forward, device=where)
            hooks.refuse_turned(
                lambda cut, batch=batch: run_batch(  # type: ignore[misc]
                    model, cut(batch), forward=forward, device=where
                )
            )
            yield found.take()


class _Batches:
    """What the hooks caught, batch after batch, checked and as features."""

    def __init__(self, hooks: ActivationHooks) -> None:
        self.hooks = hooks
        self.n_nodes: dict[str, int] = {}
        self.layers: list[str] | None = None

    def take(self) -> dict[str, FeatureMatrix]:
        caught = self.hooks.take(stacklevel=caller_level() + 1)
        silent = self.hooks.silent
        if silent and (not self.hooks.is_rule or not caught):
            narrow = ", or have fewer than two nodes" if self.hooks.is_rule else ""
            raise ValueError(
                f"layers {silent} were never called in the forward pass{narrow}; "
                "leave them out, or hook the module that calls them"
            )
        if not caught:
            why = next(iter(self.hooks.skipped.values()), "none was called")
            raise ValueError(f"layers: none of those chosen has features; the first: {why}")
        if silent and self.layers is None:
            warnings.warn(
                f"layers never called, or of one node, are left out: {silent}",
                stacklevel=caller_level(),
            )
        if self.layers is None or not self.hooks.is_rule:
            self.layers = list(caught)
        return {name: self._matrix(name, v) for name, v in caught.items() if name in self.layers}

    def _matrix(self, name: str, values: list[Tensor]) -> FeatureMatrix:
        mean = self.hooks.calls == "mean"
        if mean and len({value.shape for value in values}) > 1:
            shapes = [tuple(value.shape) for value in values]
            raise ValueError(
                f"layer {name!r} gives different shapes {shapes} in one forward pass, "
                "which have no mean; give calls='last' or 'concatenate'"
            )
        value = values[0]
        if len(values) > 1:
            value = torch.stack(values).mean(0) if mean else torch.cat(values, dim=1)
        if value.shape[1] != self.n_nodes.setdefault(name, value.shape[1]):
            raise ValueError(
                f"layer {name!r} has {self.n_nodes[name]} nodes in the first batch and "
                f"{value.shape[1]} in a later one; feed inputs of one size, or average the axis "
                "that varies with reduce="
            )
        return FeatureMatrix(value.T, layer=name, reduce=self.hooks.reductions[name])
