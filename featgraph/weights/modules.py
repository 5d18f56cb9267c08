"""What single modules do with units, and the operations of a model in order."""

from __future__ import annotations

import inspect
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import fx, nn

from featgraph.features.running import evaluating
from featgraph.weights.axes import Units, flatten_axes, split_units, unknown
from featgraph.weights.layout import is_attention, read_layout
from featgraph.weights.units import Link, Norm, UnitTrace, add_attention, add_block

__all__ = ["LEAVES", "SIZES", "Held", "add_module", "fold_factor", "open_input", "trace_model"]

#: What a value of the trace holds: units, several tensors, or None for the model's input.
Held: TypeAlias = "Units | list[Any] | None"
_CONVOLUTION = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TURNED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCHNORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_OWN_SCALES = (nn.LayerNorm, nn.GroupNorm, nn.RMSNorm)
_BLOCKS = (
    nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.TransformerDecoder,
    nn.TransformerDecoderLayer,
)  # fmt: skip
_EMBEDDING = (nn.Embedding, nn.EmbeddingBag)
#: Nothing at all in evaluation mode.
_IDENTITY = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)
_RESIZE = (
    nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d, nn.Upsample, nn.ZeroPad2d, nn.ReflectionPad2d,
    nn.ReplicationPad2d, nn.ConstantPad2d,
)  # fmt: skip
_KEEP = (
    nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d,
    nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d,
    nn.LocalResponseNorm, *_RESIZE, *_OWN_SCALES,
)  # fmt: skip
#: Modules that are read as a whole, their subclasses too.
LEAVES = (
    nn.Linear, *_CONVOLUTION, *_TURNED, *_BATCHNORM, *_BLOCKS, *_EMBEDDING, *_IDENTITY, *_KEEP,
    nn.RNNBase,
    nn.Flatten, nn.Unflatten, nn.GLU,
)  # fmt: skip
#: Operations that give sizes and no tensors.
SIZES = {"size", "getattr", "dim", "shape", "numel", "_assert"}


def add_module(
    trace: UnitTrace, name: str, module: nn.Module, held: Units | None, others: list[Held]
) -> Held:
    """Return what a module makes of the units that it is given."""
    if isinstance(module, nn.Linear):
        return _add_linear(trace, name, module, held)
    if isinstance(module, (*_CONVOLUTION, *_TURNED)):
        return _add_convolution(trace, name, module, held)
    if isinstance(module, _BATCHNORM):
        return _add_batch_norm(trace, name, module, held)
    if isinstance(module, _EMBEDDING):
        return _add_embedding(trace, name, module)
    if isinstance(module, nn.RNNBase):
        return _add_recurrent(trace, name, module, held)
    if isinstance(module, nn.Flatten):
        return held if held is None else flatten_axes(held, module.start_dim, module.end_dim)
    if isinstance(module, nn.GLU) and held is not None:
        halves = split_units(held, [len(held.ids) // 2] * 2)
        return held.plain(ids=trace.join([half.ids for half in halves], name))
    if isinstance(module, _BLOCKS) or is_attention(module):
        return _add_transformer(trace, name, module, held, others)
    if isinstance(module, _IDENTITY):
        return held
    if isinstance(module, _KEEP) or _is_activation(module):
        if isinstance(module, _OWN_SCALES) and held is not None:
            trace.norms.append(Norm(name, module, held.ids))
        return held if held is None else _pooled(module, held)
    raise unknown(f"module {name!r} of type {type(module).__name__}")


def _given(trace: UnitTrace, held: Units | None, count: int, axis: int, rank: int | None) -> Units:
    """Return the units that arrive; the model's input takes its width from its first use."""
    if held is not None:
        return held
    if not len(trace.inputs):
        trace.inputs = trace.new(count, "inputs")
    ones = trace.ones - {axis, *((rank or 0) - 1 - k for k in trace.padded)}
    return Units(trace.inputs, axis, rank, ones=frozenset(ones))


def open_input(trace: UnitTrace, module: nn.Module) -> Units | None:
    """Return the units of one more input of the model, which a linear map takes."""
    width: Any = getattr(module, "in_features", getattr(module, "in_channels", None))
    if width is None:
        return None
    weight: Any = module.weight
    ids = trace.new(width, "inputs")
    trace.held.append(ids)
    is_image = not isinstance(module, nn.Linear)
    return Units(ids, 1, weight.ndim) if is_image else Units(ids)


def _bias(module: Any) -> NDArray[np.float64] | None:
    bias = getattr(module, "bias", None)
    return None if bias is None else bias.detach().double().cpu().numpy()


def _add_linear(trace: UnitTrace, name: str, module: Any, held: Units | None) -> Units:
    width = module.in_features
    units = _given(trace, held, width, -1, None)
    if units.has_places_last:
        return _add_place_map(trace, name, module, units)
    if not units.is_last or width % len(units.ids):
        raise _does_not_fit(name, width, units)
    weight = module.weight.detach()
    if units.is_inner:
        kernel = weight.reshape(len(weight), -1, len(units.ids)).transpose(1, 2)
    else:
        kernel = weight.reshape(len(weight), len(units.ids), -1)
    targets = trace.new(module.out_features, name)
    link = Link(name, kernel, units.ids, targets, _bias(module), module=module,
                is_inner=units.is_inner)  # fmt: skip
    trace.links.append(link)
    return Units(targets, units.axis, units.rank, (link,), units.places)


def _add_place_map(trace: UnitTrace, name: str, module: Any, units: Units) -> Units:
    """Add a map over the places of tokens, the same for all units: places are units, too."""
    width = module.in_features
    places = trace.open_places(width) if units.places is None else units.places
    if len(places) != width:
        raise _does_not_fit(name, width, units)
    targets = trace.new(module.out_features, name)
    kernel = module.weight.detach()[:, :, None]
    trace.links.append(Link(name, kernel, places, targets, _bias(module), module=module))
    return units.plain(places=targets)


def _does_not_fit(name: str, width: int, units: Units) -> ValueError:
    return unknown(
        f"layer {name!r}, which takes {width} inputs where {len(units.ids)} units arrive"
    )


def _add_convolution(trace: UnitTrace, name: str, module: Any, held: Units | None) -> Units:
    rank = module.weight.ndim
    units = _given(trace, held, module.in_channels, 1, rank)
    if units.rank is None or units.rank == 2:  # a vector unflattened where nothing was seen
        raise unknown(f"layer {name!r}, which takes an image where vectors arrive")
    if units.axis != 1 or len(units.ids) != module.in_channels:
        if units.rank == 3 and units.axis == 2 and rank == 3 and module.kernel_size == (1,):
            return _add_place_map(trace, name, _AsLinear(module), units)
        raise _does_not_fit(name, module.in_channels, units)
    weight = module.weight.detach()
    if isinstance(module, _TURNED):
        if module.groups > 1:
            raise unknown(f"layer {name!r}, a transposed convolution in groups")
        weight = weight.transpose(0, 1)
    targets = trace.new(module.out_channels, name)
    own = None if isinstance(module, _TURNED) else module
    kernel = weight.reshape(*weight.shape[:2], -1)
    link = Link(name, kernel, units.ids, targets, _bias(module), int(module.groups), own)
    trace.links.append(link)
    ones = frozenset(a for a in units.ones if a > 1 and module.kernel_size[a - 2] == 1
                     and not any(_paddings(module)[a - 2 : a - 1]))  # fmt: skip
    return Units(targets, 1, rank, (link,), ones=ones)


def _paddings(module: Any) -> tuple[int, ...]:
    return () if isinstance(module.padding, str) else tuple(module.padding)


class _AsLinear:
    """A convolution of kernel 1 over the places of tokens, as the map that it is."""

    def __init__(self, module: Any) -> None:
        self.weight, self.bias = module.weight[..., 0], module.bias
        self.in_features, self.out_features = module.in_channels, module.out_channels


def _add_batch_norm(trace: UnitTrace, name: str, module: Any, held: Units | None) -> Units | None:
    if held is None:  # normalised input: only its units matter
        return None
    if held.rank is not None and held.axis != 1:
        raise unknown(f"layer {name!r}, a batch norm of another axis than that of the units")
    trace.norms.append(Norm(name, module, held.ids))
    if module.running_var is not None:
        for link in held.links:
            _fold(link, module)
    acts = [part for part in module.children() if not isinstance(part, nn.Identity)]
    return held.plain() if acts else held  # some hold their activation


def _fold(link: Link, norm: Any) -> None:
    """Put a batch norm in evaluation mode into the linear map before it."""
    scale = 1 / np.sqrt(norm.running_var.detach().double().cpu().numpy() + norm.eps)
    shift = -norm.running_mean.detach().double().cpu().numpy() * scale
    if norm.affine:
        gamma = norm.weight.detach().double().cpu().numpy()
        scale, shift = scale * gamma, shift * gamma + norm.bias.detach().double().cpu().numpy()
    fold_factor(link, scale)
    link.bias = shift if link.bias is None else link.bias + shift


def fold_factor(link: Link, factor: NDArray[np.float64]) -> None:
    """Multiply what a linear map makes by a factor per target."""
    link.scale = factor if link.scale is None else link.scale * factor
    link.bias = None if link.bias is None else link.bias * factor


def _add_embedding(trace: UnitTrace, name: str, module: Any) -> Units:
    ids = trace.new(module.embedding_dim, name)
    trace.held.append(ids)
    if not len(trace.inputs):
        trace.inputs = ids
    flat = isinstance(module, nn.EmbeddingBag)
    return Units(ids, 1 if flat else 2, 2 if flat else 3)


def _add_recurrent(trace: UnitTrace, name: str, module: Any, held: Units | None) -> Held:
    """A neuron is a unit of the state: its gates count as the positions of a kernel."""
    ids = _given(trace, held, module.input_size, -1, None).ids
    if len(ids) != module.input_size or getattr(module, "proj_size", 0):
        raise unknown(f"layer {name!r} of type {type(module).__name__}")
    ways = ("", "_reverse") if module.bidirectional else ("",)
    finals = []
    for layer in range(module.num_layers):
        made = []
        for way in ways:
            key = f"l{layer}{way}"
            before = trace.new(module.hidden_size, f"{name}.state_{key}")
            after = trace.new(module.hidden_size, f"{name}.{key}")
            for part, sources in (("ih", ids), ("hh", before)):
                weight = getattr(module, f"weight_{part}_{key}").detach()
                kernel = weight.reshape(-1, module.hidden_size, len(sources)).permute(1, 2, 0)
                trace.links.append(Link(f"{name}.weight_{part}_{key}", kernel, sources, after))
            trace.held += [before, after]
            made.append(after)
        ids = np.concatenate(made)
        finals += made
    state = Units(finals[-1], 2, 3)
    return [Units(ids, 2, 3), [state, state] if isinstance(module, nn.LSTM) else state]


def _add_transformer(
    trace: UnitTrace, name: str, module: nn.Module, held: Units | None, others: list[Held]
) -> Held:
    if isinstance(module, nn.TransformerEncoder | nn.TransformerDecoder):
        for k, layer in enumerate(module.layers):
            held = _add_transformer(trace, f"{name}.layers.{k}", layer, held, others)  # type: ignore[assignment]
        return held
    layout = read_layout(module, name)
    width = layout.attentions[0].maps["query"].weight.shape[1]
    units = _given(trace, held, width, 2, 3).tokens()
    if not units.is_last:
        raise unknown(f"module {name!r} whose tokens do not have their units last")
    memory = next((o.ids for o in others if isinstance(o, Units)), None)
    if isinstance(module, _BLOCKS):
        ids, _ = add_block(trace, layout, units.ids, memory)
        return units.plain(ids=ids, places=None)
    ids, links = add_attention(
        trace, layout.attentions[0], units.ids, units.ids if memory is None else memory
    )
    found = Units(ids, units.axis, units.rank, links)
    return [found, None] if isinstance(module, nn.MultiheadAttention) else found


def _pooled(module: nn.Module, held: Units) -> Units:
    if type(module).__module__ == "torch.nn.modules.pooling" and held.rank and held.axis != 1:
        raise unknown(f"a pool of type {type(module).__name__} over the units")
    return held.plain(ones=frozenset()) if isinstance(module, _RESIZE) else held.plain()


def _is_activation(module: nn.Module) -> bool:
    return any(
        kind.__module__ == "torch.nn.modules.activation" for kind in type(module).__mro__
    ) and not isinstance(module, nn.MultiheadAttention)


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


def _find_options(model: nn.Module) -> dict[str, object]:
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
