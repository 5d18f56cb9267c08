"""WeightNetwork: any model read as layers of units and what joins them, whole or sampled."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import product
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.parameter import UninitializedParameter

from featgraph.core.checks import nearest
from featgraph.core.package import caller_level
from featgraph.features.running import unwrap_model
from featgraph.weights.tracing import follow_units
from featgraph.weights.units import Ids, Layer, Link, UnitTrace, link_matrix, read_stacks

__all__ = ["Attending", "Connection", "WeightNetwork", "open_network", "read_units"]

_WHOLE = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64)
Floats: TypeAlias = NDArray[np.float64]
#: Whether all keys and values are joined to all heads, as published, or to their own alone.
Attending = Literal["published", "heads"]


def read_units(model: nn.Module) -> UnitTrace:
    """Return the units of a model and the maps between them.

    Models of transformers are read block by block, others are followed through their operations;
    what depends on its data on the way is read by its blocks if it has some.

    Raises
    ------
    ValueError
        If the units cannot be followed, or the model holds no weights that can be read; the
        message names the place.
    """
    model = unwrap_model(model)
    _check_weights(model)
    is_transformers = hasattr(getattr(model, "config", None), "model_type")
    trace = read_stacks(model) if is_transformers else None
    if trace is not None:
        return trace
    try:
        return follow_units(model)
    except ValueError as error:
        try:
            trace = None if is_transformers else read_stacks(model)
        except ValueError as other:
            raise ValueError(f"{error}; by its blocks neither: {other}") from error.__cause__
        if trace is None:
            raise _name_weights(error, model) from error.__cause__
    _warn_left_out(model, trace)
    return trace


def _name_weights(error: ValueError, model: nn.Module) -> ValueError:
    names = [name for name, value in model.named_parameters() if value.ndim > 1]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ValueError(f"{error}; its weights {', '.join(names[:4])}{more} were not understood")


def _warn_left_out(model: nn.Module, trace: UnitTrace) -> None:
    read = {link.kernel.untyped_storage().data_ptr() for link in trace.links}
    names = [
        name
        for name, value in model.named_parameters()
        if value.ndim > 1 and value.untyped_storage().data_ptr() not in read
    ]
    if names:
        warnings.warn(
            f"{type(model).__name__} was read by its transformer blocks alone: "
            f"{', '.join(names[:4])}{' …' if len(names) > 4 else ''} are left out",
            stacklevel=caller_level(),
        )


def _check_weights(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if _is_quantized(module):
            raise ValueError(
                f"module {name or 'itself'!r} of type {type(module).__name__} is quantised: its "
                "weights are not kept as floating-point numbers; give the model as it was before"
            )
    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise ValueError(
                f"parameter {name!r} has no shape yet (a lazy module); run the model once"
            )
        if parameter.is_meta:
            raise ValueError(
                f"parameter {name!r} is on the meta device, which holds no numbers; load the "
                "weights of the model first"
            )
        if parameter.is_sparse or parameter.is_complex():
            raise ValueError(f"parameter {name!r} must be dense and real, got {parameter.dtype}")


def _is_quantized(module: nn.Module) -> bool:
    """Whether a module keeps its weights in another form than floating-point numbers."""
    weight: Any = getattr(module, "weight", None)
    packed = any(hasattr(module, name) for name in ("qweight", "_packed_params", "quant_state"))
    is_tensor = isinstance(weight, torch.Tensor)
    whole = is_tensor and weight.dtype in _WHOLE
    method = callable(weight) and not isinstance(weight, torch.Tensor | nn.Module)
    wrapped = is_tensor and hasattr(weight, "quant_state")
    return packed or method or whole or wrapped


@dataclass(frozen=True)
class Connection:
    """Edges between nodes: rows are sources, columns targets; 0 is no edge.

    ``is_fixed`` edges, those of attention and of gates, are of length 1 and hold no weight.
    """

    sources: Ids
    targets: Ids
    strengths: Floats
    is_fixed: bool


@dataclass(frozen=True)
class WeightNetwork:
    """Layers by depth with the neurons that take part, and the maps between them.

    ``chosen`` are the neurons of each layer by index; ``nodes`` numbers all units, −1 for those
    that take no part: layer after layer, so that edges run from smaller to larger numbers.
    """

    trace: UnitTrace
    layers: tuple[Layer, ...]
    depths: NDArray[np.int64]
    chosen: tuple[Ids, ...]
    source: str
    fold: bool = True
    attending: Attending = "published"
    sums: bool = False

    @property
    def nodes(self) -> Ids:
        """Number of the node of each unit, −1 for none."""
        numbers = np.full(self.trace.n_units, -1, dtype=np.int64)
        used = np.concatenate([x.ids[k] for x, k in zip(self.layers, self.chosen, strict=True)])
        numbers[used] = np.arange(used.size)
        return numbers

    @property
    def n_nodes(self) -> int:
        """Number of neurons that take part."""
        return sum(len(chosen) for chosen in self.chosen)

    @property
    def sizes(self) -> list[int]:
        """Number of neurons of each layer that take part."""
        return [len(chosen) for chosen in self.chosen]

    @property
    def node_depths(self) -> NDArray[np.int64]:
        """Depth of the layer of each node."""
        return np.repeat(self.depths, self.sizes)

    def sample(self, n_neurons: int, rng: np.random.Generator) -> WeightNetwork:
        """Return the network of ``n_neurons`` per layer, drawn without replacement.

        Hidden layers of a transformer's perceptron keep twice as many; queries, keys, values and
        what they make keep the same ones, and so do a gate and what it gates.
        """
        drawn: dict[str, Ids] = {}
        chosen = []
        for layer, pool in zip(self.layers, self.chosen, strict=True):
            share = layer.share or layer.name
            if share not in drawn:
                count = min(n_neurons * (2 if layer.kind == "hidden" else 1), len(pool))
                drawn[share] = pool[np.sort(rng.choice(len(pool), size=count, replace=False))]
            picked = drawn[share]
            if layer.beside is not None:  # fewer keys than queries
                picked = np.unique(layer.beside[picked])
            chosen.append(picked[np.isin(picked, pool)])
        return replace(self, chosen=tuple(chosen))

    def parts(self) -> Iterator[tuple[Link, Ids, Ids]]:
        """Yield the linear maps between nodes, shared weights once, and their ends as nodes."""
        nodes = self.nodes
        for link in self.links():
            sources, targets = nodes[link.sources], nodes[link.targets]
            sources[link.sources < 0] = -1
            left, right = np.flatnonzero(sources >= 0), np.flatnonzero(targets >= 0)
            if left.size and right.size:
                yield _part(link, left, right), sources[left], targets[right]

    def connections(self) -> Iterator[Connection]:
        """Yield what joins the nodes, one linear map after the other."""
        nodes = self.nodes
        for part, sources, targets in self.parts():
            yield Connection(sources, targets, link_matrix(part, fold=self.fold).T, False)
        for fan in self.trace.fans:
            one, two = nodes[fan.sources] >= 0, nodes[fan.targets] >= 0
            shape = (int(one.sum()), int(two.sum()))
            strengths = np.ones(shape)
            if self.attending == "heads":
                own = fan.source_heads[one][:, None] == fan.target_heads[two][None, :]
                strengths = own.astype(np.float64)
            if all(shape):
                ends = nodes[fan.sources[one]], nodes[fan.targets[two]]
                yield Connection(*ends, strengths, True)

    def ties(self) -> Iterator[tuple[Ids, Ids, Floats, bool]]:
        """Yield single edges with their strengths: queries, gates, sums (1, fixed), and biases."""
        nodes = self.nodes
        for skip in self.trace.skips:
            if skip.is_sum and not self.sums:
                continue
            one = np.where(skip.sources >= 0, nodes[skip.sources], -1)
            two = nodes[skip.targets]
            kept = (one >= 0) & (two >= 0)
            strengths = np.ones(len(one)) if skip.strengths is None else skip.strengths
            yield one[kept], two[kept], strengths[kept], skip.strengths is None

    @property
    def may_join_twice(self) -> bool:
        """Whether several weights may join the same two neurons; a graph keeps the strongest."""
        nodes, layer_of = self.nodes, np.repeat(np.arange(len(self.layers)), self.sizes)
        seen: set[tuple[int, int]] = set()
        for link in self.links():
            sources = nodes[link.sources[link.sources >= 0]]
            sources, targets = sources[sources >= 0], nodes[link.targets]
            targets = targets[targets >= 0]
            if any(np.unique(side).size < side.size for side in (sources, targets)):
                return True
            pairs = set(product(*(np.unique(layer_of[x]).tolist() for x in (sources, targets))))
            if pairs & seen:
                return True
            seen |= pairs
        return False

    def links(self) -> list[Link]:
        """Return the linear maps; of several that share their weights the first."""
        seen: set[tuple[int, tuple[int, ...], tuple[int, ...]]] = set()
        found = []
        for link in self.trace.links:
            kernel = link.kernel
            key = kernel.data_ptr(), tuple(kernel.shape), kernel.stride()
            if key not in seen:
                seen.add(key)
                found.append(link)
        return found


def _part(link: Link, left: Ids, right: Ids) -> Link:
    """Return a link with some of its sources and targets, without a copy where it has all."""
    whole = len(left) == len(link.sources) and len(right) == len(link.targets)
    if whole:
        return link
    kernel = link.kernel
    if len(right) < len(link.targets):
        kernel = kernel[right]
    if link.groups > 1:  # what the group of a target reads, and no edge elsewhere
        n_rows, width = len(link.targets) // link.groups, link.kernel.shape[1]
        apart = right[:, None] // n_rows != left // width
        kernel = kernel[:, left % width].masked_fill(torch.from_numpy(apart)[..., None], 0)
    elif len(left) < len(link.sources):
        kernel = kernel[:, left]
    scale = None if link.scale is None else link.scale[right]
    bias = None if link.bias is None else link.bias[right]
    return replace(
        link, kernel=kernel, sources=link.sources[left], targets=link.targets[right],
        scale=scale, bias=bias, groups=1,
    )  # fmt: skip


def open_network(
    model: nn.Module,
    *,
    layers: str | Sequence[str] = "all",
    fold: bool = True,
    attending: Attending = "published",
    sums: bool = False,
    biases: bool = False,
) -> WeightNetwork:
    """Read a model and put its layers in order of depth."""

    trace = read_units(model)
    if layers != "all":
        _choose_links(trace, [layers] if isinstance(layers, str) else list(layers))
    if biases:
        trace.add_biases(fold=fold)
    used = _used_units(trace)
    found = [layer for layer in trace.layers if used[layer.ids].any()]
    depths = _find_depths(trace, found)
    order = np.lexsort((np.arange(len(found)), depths))
    ordered = tuple(found[k] for k in order)
    everyone = tuple(np.flatnonzero(used[layer.ids]) for layer in ordered)
    return WeightNetwork(
        trace, ordered, depths[order], everyone, type(model).__name__, fold, attending, sums
    )


def _choose_links(trace: UnitTrace, patterns: list[str]) -> None:
    names = [link.name for link in trace.links]
    kept: set[str] = set()
    for pattern in patterns:
        found = {
            name
            for name in names
            if any(
                fnmatchcase(part, pattern) or part == pattern for part in (name, *_parents(name))
            )
        }
        if not found:
            known = ", ".join(names[:8]) + (" …" if len(names) > 8 else "")
            raise ValueError(
                f"layers must name linear maps or modules that hold some, got {pattern!r}"
                f"{nearest(pattern, names)}; there are {known}"
            )
        kept |= found
    trace.links = [link for link in trace.links if link.name in kept]
    ends = np.zeros(trace.n_units + 1, dtype=bool)
    for link in trace.links:
        ends[link.sources] = ends[link.targets] = True
    ends[-1] = False
    trace.fans = [fan for fan in trace.fans if ends[fan.sources].any()]
    trace.skips = [s for s in trace.skips if (ends[s.sources].any() and ends[s.targets].any())
                   or (not s.is_sum and ends[s.sources].any())]  # fmt: skip


def _parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:k]) for k in range(1, len(parts))]


def _used_units(trace: UnitTrace) -> NDArray[np.bool_]:
    """Return which units something joins."""
    used = np.zeros(trace.n_units, dtype=bool)
    for tie in trace.ties:
        used[tie.sources[tie.sources >= 0]] = True
        used[tie.targets] = True
    return used


def _find_depths(trace: UnitTrace, layers: list[Layer]) -> NDArray[np.int64]:
    """Return the longest way from an input to each layer, in maps."""
    owner = np.full(trace.n_units, -1, dtype=np.int64)
    for k, layer in enumerate(layers):
        owner[layer.ids] = k
    pairs: set[tuple[int, int]] = set()
    for tie in trace.ties:
        sources = np.unique(owner[tie.sources[tie.sources >= 0]])
        targets = np.unique(owner[tie.targets])
        pairs |= {(int(a), int(b)) for a in sources for b in targets if a >= 0 and b >= 0}
    depths = np.zeros(len(layers), dtype=np.int64)
    for _ in range(len(layers)):  # a network of maps has no circles
        before = depths.copy()
        for a, b in pairs:
            if a != b:
                depths[b] = max(depths[b], depths[a] + 1)
        if np.array_equal(before, depths):
            break
    return depths
