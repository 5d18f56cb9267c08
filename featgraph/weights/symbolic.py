"""The operations of a model in order, traced with stand-ins for its tensors."""

from __future__ import annotations

import inspect
from typing import Any

from torch import fx, nn

from featgraph.features.running import evaluating
from featgraph.weights.layout import is_attention
from featgraph.weights.modules import LEAVES

__all__ = ["SIZES", "trace_model"]

#: Operations that give sizes and no tensors.
SIZES = {"size", "getattr", "dim", "shape", "numel", "_assert"}


def trace_model(model: nn.Module) -> list[fx.Graph]:
    """Return the operations of a model with its options at their defaults.

    Two lists where the model asks for sizes of its input: if every answer is no, and if it is yes.
    An answer that the model itself refuses is left out.
    """
    found, errors = [], []
    with evaluating(model):
        for options in filter(None, (_find_options(model), True)):
            for answer in (False, True):
                tracer = _Tracer(answer)
                given = options if isinstance(options, dict) else None
                try:
                    found.append(tracer.trace(model, concrete_args=given))
                except Exception as error:  # fx raises many kinds, all about what it cannot follow
                    errors.append(error)
                if not tracer.asked:
                    break
            if found:
                return found
    raise errors[-1]


def _find_options(model: nn.Module) -> dict[str, Any]:
    """Return the arguments of a model behind the first that have numbers or None as defaults."""
    others = list(inspect.signature(model.forward).parameters.values())[1:]
    plain = (type(None), bool, int, float, str)
    return {p.name: p.default for p in others if isinstance(p.default, plain)}


class _Proxy(fx.Proxy):
    def __len__(self) -> int:
        return 2  # of samples: how many there are says nothing about units


class _Tracer(fx.Tracer):
    def __init__(self, answer: bool) -> None:
        super().__init__()
        self.answer, self.asked = answer, False

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        known = isinstance(m, LEAVES) or is_attention(m)
        return known or super().is_leaf_module(m, module_qualified_name)

    def proxy(self, node: fx.Node) -> fx.Proxy:
        return _Proxy(node, self)

    def to_bool(self, obj: fx.Proxy) -> bool:
        if not _is_of_sizes(obj.node):
            return super().to_bool(obj)
        self.asked = True
        return self.answer


def _is_of_sizes(node: fx.Node) -> bool:
    """Whether a value follows from sizes of tensors alone."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    if node.op == "call_method" or name == "getattr":
        return name in ("size", "dim", "numel") or node.args[1:2] == ("shape",)
    inputs = node.all_input_nodes
    return node.op == "call_function" and bool(inputs) and all(map(_is_of_sizes, inputs))
