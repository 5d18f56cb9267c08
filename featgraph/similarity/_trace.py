"""A network as units joined by linear maps, read off by symbolic tracing.

A *unit* is an output of a linear map: a neuron of a dense layer, a channel of a convolution.
Activations, normalisation, pooling, dropout and flattening keep the units. A sum of a linear
map and something else is still made by the units of the linear map: the other operand is one
more input with weight 1 (the skip of a residual block). Two linear maps summed share their
units (a block with a projection shortcut).
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

__all__ = ["Link", "Norm", "Skip", "Units", "trace_units"]

Ids = NDArray[np.int64]
_LINEAR = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
_BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_KEEP_MODULES = (
    nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout,
    nn.Flatten, nn.LayerNorm, nn.GroupNorm, nn.InstanceNorm1d, nn.InstanceNorm2d,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool2d,
    nn.Upsample, nn.ZeroPad2d,
)  # fmt: skip
_KEEP_NAMES = {
    "relu", "relu_", "relu6", "leaky_relu", "gelu", "silu", "elu", "tanh", "sigmoid", "softmax",
    "log_softmax", "hardswish", "hardsigmoid", "hardtanh", "mish", "softplus", "flatten",
    "dropout", "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d",
    "adaptive_avg_pool1d", "contiguous", "clone", "float", "double", "layer_norm",
    "squeeze", "to", "detach", "boolean_dispatch", "clamp",
}  # fmt: skip
_ADD = (operator.add, operator.iadd, torch.add, "add", "add_")


@dataclass
class Link:
    """One linear map: ``targets`` are made from ``sources`` by the weights of a module."""

    name: str
    module: Any
    sources: Ids
    targets: Ids
    scale: NDArray[np.float64] | None = None  # factor of a batch norm that follows, per target
    bias: NDArray[np.float64] | None = None


@dataclass
class Skip:
    """Edges of weight 1 from ``sources`` to ``targets``, one per unit; −1 is a padded zero."""

    sources: Ids
    targets: Ids


@dataclass
class Norm:
    """A normalisation whose parameters belong to ``units``, one each."""

    name: str
    module: Any
    units: Ids


@dataclass
class Units:
    """What one tensor of the trace holds: its units in order, and the maps that made them."""

    ids: Ids
    links: tuple[Link, ...] = ()  # not yet followed by an activation: a batch norm folds in


@dataclass
class UnitTrace:
    """All linear maps, skips and normalisations of a network between numbered units."""

    links: list[Link] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    norms: list[Norm] = field(default_factory=list)
    inputs: Ids = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    outputs: Ids = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    n_units: int = 0

    def new(self, count: int) -> Ids:
        """Number ``count`` new units."""
        ids = np.arange(self.n_units, self.n_units + count)
        self.n_units += count
        return ids

    def merge(self, keep: Ids, drop: Ids) -> None:
        """Make two sets of units the same wherever they were used."""
        table = np.arange(self.n_units)
        table[drop] = keep
        for link in self.links:
            link.sources, link.targets = _lookup(table, link.sources), table[link.targets]
        for skip in self.skips:
            skip.sources, skip.targets = _lookup(table, skip.sources), table[skip.targets]
        for norm in self.norms:
            norm.units = table[norm.units]


def trace_units(model: nn.Module) -> UnitTrace:
    """Follow the units of a network from input to output.

    Raises
    ------
    ValueError
        If the network does something with its channels that has no reading as units
        (attention, transposed axes, control flow on data); the message names the operation.
    """
    wrapped = nn.Sequential(model) if isinstance(model, _LINEAR) else model
    try:
        graph = fx.Tracer().trace(wrapped)
    except Exception as error:  # fx raises many kinds, all about what it cannot follow
        raise _unknown(f"{type(model).__name__} ({' '.join(str(error).split())[:90]})") from error
    return _Follower(wrapped).run(graph)


class _Follower:
    """Walks the traced operations and keeps what units every value holds."""

    def __init__(self, model: nn.Module) -> None:
        self.modules = dict(model.named_modules())
        self.trace = UnitTrace()
        self.values: dict[fx.Node, Units | None] = {}  # None: the input, its width not yet known

    def run(self, graph: fx.Graph) -> UnitTrace:
        """Follow all operations; return what was found."""
        for node in graph.nodes:
            if node.op == "placeholder":
                if not self.values:
                    self.values[node] = None
            elif node.op == "call_module":
                self.values[node] = self._module(node)
            elif node.op in ("call_function", "call_method"):
                self._call(node)
            elif node.op == "output":
                self._output(node)
        if not self.trace.links:
            raise ValueError(
                "the model must hold a linear or convolutional layer on its way from input to "
                "output, got none"
            )
        return self.trace

    def _output(self, node: fx.Node) -> None:
        last = [self.values[n] for n in node.all_input_nodes if self.values.get(n) is not None]
        if last and last[0] is not None:
            self.trace.outputs = last[0].ids

    def _input_units(self, node: fx.Node, count: int) -> Units:
        """Units of an operand; the network's input takes its width from its first use."""
        held = self.values.get(node)
        if held is None:
            if not len(self.trace.inputs):
                self.trace.inputs = self.trace.new(count)
            held = Units(self.trace.inputs)
        return held

    def _module(self, node: fx.Node) -> Units | None:
        name = str(node.target)
        module = self.modules[name]
        source = node.args[0] if node.args else None
        if not isinstance(source, fx.Node) or source not in self.values:
            raise _unknown(f"module {name!r} of type {type(module).__name__}")
        if isinstance(module, _LINEAR):
            return self._linear(name, module, source)
        if isinstance(module, _BATCHNORM):
            return self._batch_norm(name, module, source)
        if isinstance(module, _KEEP_MODULES) or _is_activation(module):
            held = self.values[source]
            if isinstance(module, nn.LayerNorm | nn.GroupNorm) and held is not None:
                self.trace.norms.append(Norm(name, module, held.ids))
            folds = isinstance(module, nn.Identity)
            return held if held is None or folds else Units(held.ids)
        raise _unknown(f"module {name!r} of type {type(module).__name__}")

    def _linear(self, name: str, module: Any, source: fx.Node) -> Units:
        width = module.in_features if isinstance(module, nn.Linear) else module.in_channels
        units = self._input_units(source, width)
        blocks = isinstance(module, nn.Linear) and width % len(units.ids) == 0
        if not (width == len(units.ids) or blocks):
            raise _unknown(
                f"layer {name!r}, which takes {width} inputs where {len(units.ids)} units arrive"
            )
        count = module.out_features if isinstance(module, nn.Linear) else module.out_channels
        link = Link(name, module, units.ids, self.trace.new(count))
        if module.bias is not None:
            link.bias = module.bias.detach().double().cpu().numpy()
        self.trace.links.append(link)
        return Units(link.targets, (link,))

    def _batch_norm(self, name: str, module: Any, source: fx.Node) -> Units | None:
        held = self.values[source]
        if held is None:  # normalised input: only its units matter
            return None
        self.trace.norms.append(Norm(name, module, held.ids))
        if module.running_var is not None:
            for link in held.links:
                _fold(link, module)
        return Units(held.ids, held.links)

    def _call(self, node: fx.Node) -> None:
        target = node.target
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        operands = [n for n in node.all_input_nodes if n in self.values]
        if not operands:
            return  # sizes and other numbers
        if target in _ADD:
            self.values[node] = self._add(node)
        elif name in ("cat", "concat", "concatenate"):
            self.values[node] = self._concatenate(node)
        elif name == "pad":
            self.values[node] = self._pad(node, operands[0])
        elif target is operator.getitem:
            self.values[node] = self._getitem(node, operands[0])
        elif name in ("size", "getattr", "dim", "shape"):
            return
        elif name in _KEEP_NAMES or _is_flatten(name, node) or _is_spatial_mean(name, node):
            held = self.values[operands[0]]
            self.values[node] = None if held is None else Units(held.ids)
        else:
            raise _unknown(f"operation {name!r}")

    def _add(self, node: fx.Node) -> Units | None:
        operands = [a for a in node.args if isinstance(a, fx.Node) and a in self.values]
        if len(operands) == 1:  # a number or a parameter added
            held = self.values[operands[0]]
            return None if held is None else Units(held.ids, held.links)
        known = [held for n in operands if (held := self.values[n]) is not None]
        if not known:
            raise _unknown("the input added to itself")
        count = len(known[0].ids)
        sides = [self._input_units(n, count) for n in operands]
        if len(sides[0].ids) != len(sides[1].ids):
            raise _unknown(f"a sum of {len(sides[0].ids)} and {len(sides[1].ids)} units")
        fresh = [side for side in sides if side.links]
        if len(fresh) == 2:
            keep, drop = fresh[0].ids, fresh[1].ids
            self.trace.merge(keep, drop)
            table = np.arange(self.trace.n_units)
            table[drop] = keep
            for held in self.values.values():
                if held is not None:
                    held.ids = _lookup(table, held.ids)
            return Units(keep, fresh[0].links + fresh[1].links)
        if len(fresh) == 1:
            target, other = fresh[0], sides[1] if fresh[0] is sides[0] else sides[0]
            self.trace.skips.append(Skip(other.ids, target.ids))
            return Units(target.ids)
        made = self.trace.new(count)
        self.trace.skips += [Skip(side.ids, made) for side in sides]
        return Units(made)

    def _concatenate(self, node: fx.Node) -> Units:
        axis = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else 0)
        parts = node.args[0] if node.args else None
        if axis != 1 or not isinstance(parts, tuple | list):
            raise _unknown(f"'cat' along axis {axis}")
        sides = [self.values.get(n) if isinstance(n, fx.Node) else None for n in parts]
        if any(side is None for side in sides):
            raise _unknown("'cat' with the input")
        return Units(np.concatenate([side.ids for side in sides if side is not None]))

    def _pad(self, node: fx.Node, source: fx.Node) -> Units | None:
        held = self.values[source]
        widths = node.args[1] if len(node.args) > 1 else node.kwargs.get("pad")
        if held is None or not isinstance(widths, tuple | list):
            raise _unknown("padding of the input")
        before, after = (int(w) for w in widths[4:6]) if len(widths) >= 6 else (0, 0)
        zero = np.full(1, -1, dtype=np.int64)
        ids = np.concatenate([np.repeat(zero, before), held.ids, np.repeat(zero, after)])
        return Units(ids)

    def _getitem(self, node: fx.Node, source: fx.Node) -> Units | None:
        held, index = self.values[source], node.args[1]
        if held is None or not isinstance(index, tuple) or len(index) < 2:
            raise _unknown("indexing")
        if not isinstance(index[1], slice):
            raise _unknown("indexing of one channel")
        return Units(held.ids[index[1]])


def _fold(link: Link, norm: Any) -> None:
    """Put a batch norm in evaluation mode into the linear map before it."""
    scale = 1 / np.sqrt(norm.running_var.detach().double().cpu().numpy() + norm.eps)
    shift = -norm.running_mean.detach().double().cpu().numpy() * scale
    if norm.affine:
        gamma = norm.weight.detach().double().cpu().numpy()
        scale, shift = scale * gamma, shift * gamma + norm.bias.detach().double().cpu().numpy()
    link.scale = scale if link.scale is None else link.scale * scale
    link.bias = shift if link.bias is None else link.bias * scale + shift


def _lookup(table: Ids, ids: Ids) -> Ids:
    return np.where(ids >= 0, table[ids], -1)


def _is_activation(module: nn.Module) -> bool:
    return type(module).__module__ == "torch.nn.modules.activation" and not isinstance(
        module, nn.MultiheadAttention
    )


def _is_flatten(name: str, node: fx.Node) -> bool:
    if name not in ("view", "reshape"):
        return False
    shape = node.args[1] if isinstance(node.args[1], tuple | list) else node.args[1:]
    two = isinstance(shape, tuple | list) and len(shape) == 2
    return two and isinstance(shape[-1], int) and shape[-1] == -1


def _is_spatial_mean(name: str, node: fx.Node) -> bool:
    if name != "mean":
        return False
    dims = node.kwargs.get("dim", node.args[1] if len(node.args) > 1 else None)
    axes = set(dims) if isinstance(dims, tuple | list) else {dims}
    # (2, 3) of an image or 2 of a sequence; axis 1 and a lone last axis may be the channels
    return axes in ({2, 3}, {-2, -1}, {2}, {2, 3, 4}, {-3, -2, -1})


def _unknown(what: str) -> ValueError:
    return ValueError(
        f"the units cannot be followed through {what}; give a part of the network that is a "
        "plain stack of linear and convolutional layers with sums (for example its head), or "
        "build the graph with WeightGraph.from_matrices"
    )
