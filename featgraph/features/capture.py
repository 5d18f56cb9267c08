"""Capture: what the chosen layers of a model say about data, batch by batch."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Literal, TypeAlias

import torch
from torch import nn

from featgraph.core.checks import choice, nearest
from featgraph.features.batches import (
    Forward,
    count_samples,
    find_tensor,
    iterate_batches,
    run_batch,
)
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.features.layers import Layers, select_layers
from featgraph.features.layout import (
    choose_layout,
    declared_channels,
    is_batch_second,
    module_before,
)
from featgraph.features.reduce import REDUCTIONS, Reduce, reduce_mean
from featgraph.features.running import evaluating, placed_on, unwrap_model

__all__ = ["CALLS", "Calls", "extract_features", "iterate_features"]

Calls: TypeAlias = Literal["last", "first", "mean", "concatenate"]

CALLS = {
    "last": "the last call of a forward pass",
    "first": "the first call",
    "mean": "the mean over the calls",
    "concatenate": "the nodes of every call, one call after another",
}


def extract_features(
    model: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    output: int | str | None = None,
    calls: Calls = "last",
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
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        A Tensor, ndarray or Dataset is cut into batches of ``batch_size``. A batch is a Tensor;
        a tuple or list whose first member is the input (itself a Tensor, a tuple of positional
        or a dict of keyword arguments); or a dict, of which the members that ``model.forward``
        names are passed as keywords, or the first Tensor if it names none.
    layers : str, module type, or list of these, default="auto"
        As in :func:`select_layers`.
    reduce : str or mapping, default="auto"
        How an activation (B, ...) becomes (B, D), see :func:`reduce_mean`; a mapping gives it
        by layer name, other layers are "auto".
    output : int, str or None, default=None
        Which member of a tuple or dict output to take; None takes the first Tensor found.
    calls : {"last", "first", "mean", "concatenate"}, default="last"
        What to keep of a module that runs several times in one forward pass.
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
        Tensor, gave NaN or infinite values, changed its number of nodes between batches, or has
        a layout that is ambiguous under "auto". The message names the layer.

    Warns
    -----
    UserWarning
        Under "auto" and "all": the layers that were never called or have one node are left out.

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
    collected: dict[str, list[torch.Tensor]] = {}
    layouts: dict[str, str | None] = {}
    n_batches = 0
    batches = iterate_features(
        model,
        data,
        layers=layers,
        reduce=reduce,
        output=output,
        calls=calls,
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
                collected.setdefault(name, []).append(F.values.cpu())
                layouts[name] = F.reduce
    for layer, parts in collected.items():
        if len(parts) != n_batches:
            raise ValueError(
                f"layer {layer!r} was called in {len(parts)} of {n_batches} batches only; "
                "choose layers that every batch passes"
            )
    source = type(unwrap_model(model)).__name__ if source is None else source
    return {
        layer: FeatureMatrix(torch.cat(parts, dim=1), layer, layouts[layer], source)
        for layer, parts in collected.items()
    }


def iterate_features(
    model: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    output: int | str | None = None,
    calls: Calls = "last",
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
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        As in :func:`extract_features`, like every option here.
    layers : str, module type, or list of these, default="auto"
        Which layers.
    reduce : str or mapping, default="auto"
        How an activation (B, ...) becomes (B, D), for all layers or by layer name.
    output : int, str or None, default=None
        Member of a tuple or dict output; None takes the first Tensor.
    calls : {"last", "first", "mean", "concatenate"}, default="last"
        What to keep of a module that runs several times in one forward pass.
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
    capture = _Capture(model, layers, reduce, output, calls)
    with placed_on(model, device) as where:
        for batch in iterate_batches(
            data,
            batch_size=batch_size,
            max_batches=max_batches,
            progress=progress,
            label="features",
        ):
            with evaluating(model), capture.listening(count_samples(batch)):
                run_batch(model, batch, forward=forward, device=where)
            yield capture.take()


class _Capture:
    """Hooks on the chosen layers, and what they caught during one forward pass."""

    def __init__(
        self,
        model: nn.Module,
        layers: Layers,
        reduce: Reduce | Mapping[str, Reduce],
        output: int | str | None,
        calls: Calls,
    ) -> None:
        # A rule may pick what this forward pass does not use; a name that the user gave may not.
        self.lenient = layers in ("auto", "all")
        self.calls = choice(calls, CALLS, "calls")
        self.output = output
        names = select_layers(model, layers)
        self.modules = {name: model.get_submodule(name) for name in names}
        self.before = {name: module_before(model, name) for name in names}
        self.declared = {name: declared_channels(model, name) for name in names}
        self.layouts = read_layouts(names, reduce)
        self.automatic: set[str] = set()
        self.is_batch_second = any(is_batch_second(m) for m in model.modules())
        self.n_nodes: dict[str, int] = {}
        self.caught: dict[str, list[torch.Tensor]] = {}
        self.n_samples: int | None = None

    @contextlib.contextmanager
    def listening(self, n_samples: int | None) -> Iterator[None]:
        """Keep hooks on the layers for the length of the block, whatever happens in it."""
        self.caught = {name: [] for name in self.modules}
        self.n_samples = n_samples
        handles = []
        try:
            for name, module in self.modules.items():
                handles.append(module.register_forward_hook(self._hook(name)))
            yield
        finally:
            for handle in handles:
                handle.remove()

    def _hook(self, name: str) -> Callable[[nn.Module, object, object], None]:
        def hook(module: nn.Module, _: object, output: object) -> None:
            caught = self.caught[name]
            if self.calls == "first" and caught:
                return
            value = self._reduce(name, module, output)
            if value is not None:
                if self.calls == "last":
                    caught.clear()
                caught.append(value)

        return hook

    def _reduce(self, name: str, module: nn.Module, output: object) -> torch.Tensor | None:
        activation = self._pick(name, output)
        if activation is None or (self.lenient and activation.shape[1:].numel() < 2):
            return None
        activation = activation.detach()
        if self.layouts[name] == "auto":
            self.automatic.add(name)
            self.layouts[name] = self._choose_layout(name, module, tuple(activation.shape))
        value = reduce_mean(activation, reduce=self.layouts[name], layer=name)
        if self.lenient and value.shape[1] < 2:
            return None
        if name in self.automatic and self.n_samples not in (None, len(value)):
            raise ValueError(
                f"layer {name!r} gives {len(value)} rows for a batch of {self.n_samples} samples "
                f"under {self.layouts[name]!r}; give reduce= if you know the layout"
            )
        # A view would be overwritten by a later in-place operation and keep the whole alive.
        shared = value.untyped_storage().data_ptr() == activation.untyped_storage().data_ptr()
        return value.clone() if shared else value

    def _choose_layout(self, name: str, module: nn.Module, shape: tuple[int, ...]) -> Reduce:
        layout = choose_layout(
            shape,
            module=module,
            before=self.before[name],
            declared=self.declared[name],
            n_samples=self.n_samples,
            layer=name,
        )
        if layout == "tokens" and self.is_batch_second:
            # The first axis looks like the batch, but is the sequence if the input starts so.
            raise ValueError(
                f"layer {name!r} gives shape {shape}, whose layout is ambiguous: the model has "
                "modules made with batch_first=False; give reduce='tokens' for (B, N, D) or "
                "'sequence_first' for (N, B, D)"
            )
        return layout

    def _pick(self, name: str, output: object) -> torch.Tensor | None:
        if self.output is not None and not isinstance(output, torch.Tensor):
            try:
                output = output[self.output]  # type: ignore[index]
            except (KeyError, IndexError, TypeError) as error:
                raise ValueError(
                    f"output={self.output!r} names no member of what layer {name!r} gives, "
                    f"a {type(output).__name__}"
                ) from error
        tensor = find_tensor(output)
        if tensor is None and not self.lenient:
            raise ValueError(f"layer {name!r} gives no Tensor but {type(output).__name__}")
        return tensor

    def take(self) -> dict[str, FeatureMatrix]:
        """Return what one forward pass gave, checked, and forget it."""
        caught, self.caught = self.caught, {}
        silent = [name for name, values in caught.items() if not values]
        if silent and (not self.lenient or len(silent) == len(caught)):
            raise ValueError(
                f"layers {silent} were never called in the forward pass; "
                "leave them out, or hook the module that calls them"
            )
        if silent:
            for name in silent:
                del caught[name], self.modules[name]
            warnings.warn(
                f"layers never called, or of one node, are left out: {silent}",
                stacklevel=4,
            )
        return {name: self._matrix(name, values) for name, values in caught.items()}

    def _matrix(self, name: str, values: list[torch.Tensor]) -> FeatureMatrix:
        if self.calls == "mean" and len({value.shape for value in values}) > 1:
            shapes = [tuple(value.shape) for value in values]
            raise ValueError(
                f"layer {name!r} gives different shapes {shapes} in one forward pass, "
                "which have no mean; give calls='last' or 'concatenate'"
            )
        value = values[0]
        if len(values) > 1:
            mean = self.calls == "mean"
            value = torch.stack(values).mean(0) if mean else torch.cat(values, dim=1)
        if value.shape[1] != self.n_nodes.setdefault(name, value.shape[1]):
            raise ValueError(
                f"layer {name!r} has {self.n_nodes[name]} nodes in the first batch and "
                f"{value.shape[1]} in a later one; feed inputs of one size, or average the axis "
                "that varies with reduce="
            )
        return FeatureMatrix(value.T, layer=name, reduce=self.layouts[name])


def read_layouts(names: list[str], reduce: Reduce | Mapping[str, Reduce]) -> dict[str, Reduce]:
    """Return the reduction of each chosen layer; a name that is not one of them is refused."""
    if isinstance(reduce, str):
        choice(reduce, REDUCTIONS, "reduce")
        return dict.fromkeys(names, reduce)
    for name, value in reduce.items():
        choice(value, REDUCTIONS, f"reduce[{name!r}]")
        if name not in names:
            raise ValueError(
                f"reduce: {name!r} is none of the chosen layers {names}{nearest(name, names)}"
            )
    return {name: reduce.get(name, "auto") for name in names}
