"""A model read by following its units through its operations, one by one."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import fx, nn

from featgraph.features.running import unwrap_model
from featgraph.weights.axes import (
    SHAPE_OPERATIONS,
    Units,
    change_shape,
    dims_of,
    split_units,
    unknown,
)
from featgraph.weights.layout import is_attention
from featgraph.weights.modules import (
    LEAVES,
    SIZES,
    Held,
    add_module,
    fold_factor,
    open_input,
    trace_model,
)
from featgraph.weights.units import Ids, Skip, UnitTrace, lookup

__all__ = ["follow_units"]

_KEEP = {
    "relu", "relu_", "relu6", "leaky_relu", "gelu", "silu", "elu", "tanh", "sigmoid", "softmax",
    "log_softmax", "hardswish", "hardsigmoid", "hardtanh", "mish", "softplus",
    "max_pool1d", "max_pool2d", "avg_pool1d", "avg_pool2d", "adaptive_avg_pool2d",
    "adaptive_avg_pool1d", "layer_norm",
    "boolean_dispatch", "clamp", "normalize", "interpolate", "addcmul", "neg", "pow", "sqrt",
    "abs", "exp", "expand", "div", "truediv", "celu", "selu", "softsign", "logsigmoid",
    "square", "rsqrt",
}  # fmt: skip
#: Those that may leave an axis with more places than it had.
_RESIZE = {"adaptive_avg_pool2d", "adaptive_avg_pool1d", "interpolate", "expand"}
_NOTHING = {"dropout", "contiguous", "clone", "float", "double", "half", "to", "type", "type_as",
            "detach", "alpha_dropout", "feature_dropout"}  # fmt: skip
_ADD = {"add", "add_", "iadd", "sub", "sub_", "isub", "subtract"}
_MULTIPLY = {"mul", "mul_", "imul", "multiply"}


def follow_units(model: nn.Module) -> UnitTrace:
    """Follow the units of a model from input to output.

    Raises
    ------
    ValueError
        If it does something with its units that has no reading, or depends on its data; the
        message names the operation.
    """
    model = unwrap_model(model)
    wrapped = nn.Sequential(model) if isinstance(model, LEAVES) or is_attention(model) else model
    try:
        graphs = trace_model(wrapped)
    except Exception as error:  # of many kinds
        said = " ".join(str(error).split())[:90]
        raise unknown(f"{type(model).__name__} ({said})") from error
    first, *others = [_Follower(wrapped).run(graph) for graph in graphs]
    if any(not _are_same(first, other) for other in others):
        raise unknown(f"{type(model).__name__}, whose layers depend on the size of its input")
    return first


def _are_same(one: UnitTrace, two: UnitTrace) -> bool:
    """Whether two readings hold the same layers, joined alike."""
    names = [[layer.name for layer in trace.layers] for trace in (one, two)]
    ends = [[x for tie in trace.ties for x in (tie.sources, tie.targets)] for trace in (one, two)]
    return names[0] == names[1] and all(map(np.array_equal, *ends)) and len(ends[0]) == len(ends[1])


class _Follower:
    """Walks the traced operations and keeps what units every value holds."""

    def __init__(self, model: nn.Module) -> None:
        self.modules = dict(model.named_modules())
        self.trace = UnitTrace()
        self.values: dict[fx.Node, Held] = {}  # None: the input, its width not yet known
        self.parameters: set[fx.Node] = set()
        self.numbers: set[fx.Node] = set()  # one per sample or token, made of units

    def run(self, graph: fx.Graph) -> UnitTrace:
        """Follow all operations; return what was found."""
        for node in graph.nodes:
            if node.op == "placeholder":
                if not self.values:
                    self.values[node] = None
            elif node.op == "get_attr":
                self.parameters.add(node)
            elif node.op == "call_module":
                self.values[node] = self._module(node)
            elif node.op in ("call_function", "call_method"):
                self._call(node)
            elif node.op == "output":
                self._output(node)
        if not self.trace.links:
            raise ValueError(
                "the model must hold a linear or convolutional layer on its way from input to "
                "output, got none: there are no weights to read"
            )
        return self.trace

    def _output(self, node: fx.Node) -> None:
        last = [held for n in node.all_input_nodes if isinstance(held := self.values.get(n), Units)]
        if last:
            self.trace.outputs = last[0].ids

    def _module(self, node: fx.Node) -> Held:
        name = str(node.target)
        module = self.modules[name]
        known = [n for n in node.all_input_nodes if n in self.values]
        source = next((a for a in node.args if isinstance(a, fx.Node)), known[0] if known else None)
        held = None if source is None else self.values.get(source)
        if source is not None and source.op == "placeholder" and source not in self.values:
            held = self.values[source] = open_input(self.trace, module)  # one input more
        if source is None or source not in self.values or isinstance(held, list):
            raise unknown(f"module {name!r} of type {type(module).__name__}")
        others = [self.values[n] for n in known if n is not source]
        return add_module(self.trace, name, module, held, others)

    def _call(self, node: fx.Node) -> None:
        target = node.target
        name = target if isinstance(target, str) else getattr(target, "__name__", str(target))
        operands = [n for n in node.all_input_nodes if n in self.values]
        if not operands or name in SIZES:
            for kind in (self.parameters, self.numbers):  # reshaped or expanded
                if any(n in kind for n in node.all_input_nodes) and not operands:
                    kind.add(node)
            return  # sizes and other numbers
        if any(n in self.parameters for n in node.all_input_nodes):
            self._hold(operands)
        held = self.values[operands[0]]
        if isinstance(held, list):
            self._pick(node, held)
        elif name in _NOTHING:
            self.values[node] = held
        elif name in _ADD:
            self.values[node] = self._add(node, operands)
        elif name in _MULTIPLY:
            self.values[node] = self._multiply(node, operands)
        elif name in ("cat", "concat", "concatenate"):
            self.values[node] = self._concatenate(node)
        elif name == "pad":
            self.values[node] = self._pad(node, held)
        elif name in ("chunk", "split"):
            self.values[node] = self._split(name, node, held)
        elif name == "glu":
            self.values[node] = self._gate(node, held)
        elif name in ("matmul", "bmm"):
            self.values[node] = self._weigh(node, operands)
        elif name in SHAPE_OPERATIONS:
            self._reshape(name, node, held)
        elif name in _KEEP and len(operands) == 1:
            if held is not None and name in _RESIZE:
                held = replace(held, ones=frozenset())
            self.values[node] = None if held is None else held.plain()
        else:
            raise unknown(f"operation {name!r}")

    def _reshape(self, name: str, node: fx.Node, held: Units | None) -> None:
        if held is None:
            index = node.args[1] if node.target is operator.getitem else None
            if isinstance(index, tuple) and None in index and Ellipsis not in index:
                self.trace.ones = {k for k, part in enumerate(index) if part is None}
            self.values[node] = None
            return
        found = change_shape(name, node, held)
        if found is None:
            self.numbers.add(node)
        else:
            self.values[node] = found

    def _hold(self, operands: list[fx.Node]) -> None:
        for n in operands:
            held = self.values[n]
            if isinstance(held, Units):
                self.trace.held.append(held.ids)

    def _pick(self, node: fx.Node, held: list[Any]) -> None:
        index = node.args[1] if node.target is operator.getitem else None
        if not isinstance(index, int):
            raise unknown(f"operation {node.name!r} on several tensors")
        self.values[node] = held[index]

    def _known(self, operands: list[fx.Node], what: str) -> list[Units]:
        """Return the units of all operands; the network's input takes its width from others."""
        held = [self.values[n] for n in operands]
        known = [h for h in held if isinstance(h, Units)]
        if not known or any(isinstance(h, list) for h in held):
            raise unknown(f"{what} of the input with itself")
        count = len(known[0].ids)
        sides = []
        for h in held:
            if h is None:
                if not len(self.trace.inputs):
                    self.trace.inputs = self.trace.new(count, "inputs")
                h = Units(self.trace.inputs, known[0].axis, known[0].rank)
            sides.append(h)
        return sides  # type: ignore[return-value]

    def _add(self, node: fx.Node, operands: list[fx.Node]) -> Held:
        if len(operands) == 1:
            # a number or a parameter added; or one tensor twice, which is a factor of 2
            return self.values[operands[0]]
        first, second = self._known(operands, "a sum")
        if len(first.ids) != len(second.ids):
            raise unknown(f"a sum of {len(first.ids)} and {len(second.ids)} units")
        if first.places is not None or second.places is not None:
            first, second = self._add_places(first, second)
        if np.array_equal(first.ids, second.ids):
            return first.plain()
        # what a map was made from before is a stream that goes on, and no map of its own here
        fresh = [side for side in (first, second) if side.links and not self._is_used(side.ids)]
        if len(fresh) == 2:
            table = self.trace.merge(first.ids, second.ids)
            self._rename(table)
            return Units(first.ids, first.axis, first.rank, first.links + second.links)
        if len(fresh) == 1:
            target, other = fresh[0], second if fresh[0] is first else first
            self.trace.skips.append(Skip(other.ids, target.ids))
            return target.plain()
        made = self.trace.new(len(first.ids), node.name)
        self.trace.skips += [Skip(side.ids, made) for side in (first, second)]
        return first.plain(ids=made)

    def _is_used(self, ids: Ids) -> bool:
        return any(np.isin(ids, tie.sources).any() for tie in self.trace.ties)

    def _add_places(self, first: Units, second: Units) -> tuple[Units, Units]:
        """Join the places of two tensors of tokens as a sum joins their units."""
        one, two = first.places, second.places
        if one is None or two is None:
            places: Any = one if two is None else two
            self.trace.skips.append(Skip(self.trace.open_places(len(places)), places))
            return first.plain(places=places), second.plain(places=places)
        if not np.array_equal(one, two):
            old, new = (one, two) if one.max() < two.max() else (two, one)
            self.trace.skips.append(Skip(old, new))
            return first.plain(places=new), second.plain(places=new)
        return first, second

    def _rename(self, table: Ids) -> None:
        for n, held in self.values.items():
            if isinstance(held, Units):
                self.values[n] = Units(
                    lookup(table, held.ids), held.axis, held.rank, held.links, held.places,
                    held.is_inner,
                )  # fmt: skip

    def _multiply(self, node: fx.Node, operands: list[fx.Node]) -> Held:
        if len(operands) == 1:
            held = self.values[operands[0]]
            return self._scale(node, held) if isinstance(held, Units) else held
        first, second = self._known(operands, "a product")
        if 1 in (len(first.ids), len(second.ids)):  # one unit scales all of the others
            return (second if len(first.ids) == 1 else first).plain()
        if len(first.ids) != len(second.ids):
            raise unknown(f"a product of {len(first.ids)} and {len(second.ids)} units")
        if np.array_equal(first.ids, second.ids):
            return first.plain()
        wide = first if first.rank is None or (second.rank or 0) <= first.rank else second
        return wide.plain(ids=self.trace.join([first.ids, second.ids], node.name))

    def _scale(self, node: fx.Node, held: Units) -> Units:
        """Fold a factor per unit into the maps before it, as a batch norm is folded."""
        for n in node.all_input_nodes:
            factor = self._parameter(n)
            if factor is not None and factor.numel() == len(held.ids):
                for link in held.links:
                    fold_factor(link, factor.detach().double().cpu().numpy().ravel())
        return held

    def _parameter(self, node: fx.Node) -> torch.Tensor | None:
        if node.op != "get_attr":
            return None
        owner, _, name = str(node.target).rpartition(".")
        value = getattr(self.modules[owner], name, None)
        return value if isinstance(value, torch.Tensor) else None

    def _weigh(self, node: fx.Node, operands: list[fx.Node]) -> Held:
        """Means of tokens with weights: one unit per weight, transposed, before the tokens."""
        sides = self._known(operands, "a product")
        if len(sides) == 2 and len(sides[0].ids) == 1 and sides[0].has_places_last:
            return sides[1].tokens().plain(places=None)
        raise unknown(f"operation {node.name!r}")

    def _split(self, name: str, node: fx.Node, held: Units | None) -> Held:
        count: Any = node.args[1]
        dim = dims_of(node, place=2)
        if held is None:
            raise unknown(f"{name!r} of the input")
        dim = 0 if dim is None else dim
        along = dim in (held.axis, -1) if held.is_last else dim == held.axis
        width = len(held.ids)
        if not along and held.rank is not None and isinstance(count, int) and name == "chunk":
            return [held.plain() for _ in range(count)]
        if not along or not isinstance(count, int | list | tuple):
            raise unknown(f"operation {name!r}")
        if isinstance(count, int):
            step = -(-width // count) if name == "chunk" else count
            sizes = [min(step, width - start) for start in range(0, width, step)]
        else:
            sizes = list(count)
        return list(split_units(held, sizes))

    def _gate(self, node: fx.Node, held: Units | None) -> Held:
        if held is None or len(held.ids) % 2:
            raise unknown("operation 'glu'")
        first, second = split_units(held, [len(held.ids) // 2] * 2)
        return first.plain(ids=self.trace.join([first.ids, second.ids], node.name))

    def _concatenate(self, node: fx.Node) -> Held:
        axis: Any = dims_of(node, "dim") if "axis" not in node.kwargs else node.kwargs["axis"]
        axis = 0 if axis is None else axis
        parts = node.args[0] if node.args else None
        if not isinstance(parts, tuple | list):
            raise unknown(f"'cat' along axis {axis}")
        nodes = [n for n in parts if isinstance(n, fx.Node)]
        sides = [self.values[n] for n in nodes if n in self.values]
        known = [side for side in sides if isinstance(side, Units)]
        if len(known) < len(sides):
            raise unknown("'cat' with the input")
        first = known[0]
        rank = first.rank
        front = axis if axis >= 0 or rank is None else axis + rank
        if front == first.axis or (rank is None and axis in (-1, 1)):
            if len(sides) < len(nodes):
                raise unknown("'cat' of units with parameters")
            return first.plain(ids=np.concatenate([side.ids for side in known]))
        if (
            any(not np.array_equal(side.ids, first.ids) for side in known[1:])
            or first.places is not None
        ):
            raise unknown(f"'cat' along axis {axis}")
        return first.plain()

    def _pad(self, node: fx.Node, held: Units | None) -> Held:
        widths = node.args[1] if len(node.args) > 1 else node.kwargs.get("pad")
        if not isinstance(widths, tuple | list):
            raise unknown("padding of sizes that are not numbers")
        grown = {k // 2 for k, width in enumerate(widths) if width}
        if held is None:
            if len(widths) > 4:
                raise unknown("padding of the channels of the input")
            self.trace.padded |= grown
            return None
        rank = held.rank or 0
        held = replace(held, ones=held.ones - {rank - 1 - k for k in grown})
        place = 2 * (rank - 1 - held.axis) if rank else 0
        if len(widths) <= place:
            return held.plain()
        before, after = (int(w) for w in widths[place : place + 2])
        zero = np.full(1, -1, dtype=np.int64)
        ids = np.concatenate([np.repeat(zero, before), held.ids, np.repeat(zero, after)])
        return held.plain(ids=ids)
