"""A network as numbered units in layers, joined by linear maps, and how blocks become such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.weights.layout import (
    Attention,
    BlockLayout,
    Map,
    is_attention,
    names_cross,
    read_layout,
)

__all__ = [
    "Fan",
    "Ids",
    "Layer",
    "Link",
    "Norm",
    "Skip",
    "UnitTrace",
    "add_attention",
    "add_block",
    "add_map",
    "find_stacks",
    "link_matrix",
    "not_finite",
    "read_link",
    "read_stacks",
]

Floats: TypeAlias = NDArray[np.float64]
Ids: TypeAlias = NDArray[np.int64]


@dataclass
class Layer:
    """Units that were made together. Layers of one ``share`` are sampled by the same indices."""

    name: str
    ids: Ids
    kind: str = "units"  # "hidden": between the two maps of a transformer's perceptron
    share: str | None = None
    beside: Ids | None = None  # of fewer keys than queries: the key of each query


@dataclass
class Link:
    """One linear map: ``targets`` are made from ``sources``.

    ``kernel`` has shape (n_targets, n_sources / groups, n_positions) and looks at the model's own
    numbers. ``module`` is there where its ``weight`` and ``bias`` are those of the link alone.
    """

    name: str
    kernel: torch.Tensor
    sources: Ids
    targets: Ids
    bias: Floats | None = None
    groups: int = 1
    module: Any = None
    is_inner: bool = False  # the units of a flattened image vary fastest
    scale: Floats | None = None  # factor of a batch norm that follows, per target


@dataclass
class Skip:
    """Edges from ``sources`` to ``targets``, one per unit; −1 is a padded zero.

    ``is_sum`` tells the second operand of a sum, which a network of neurons can do without, from
    a part of what makes the targets. ``strengths`` are those of biases; None is 1.
    """

    sources: Ids
    targets: Ids
    is_sum: bool = True
    strengths: Floats | None = None


@dataclass
class Fan:
    """Edges of weight 1 from all ``sources`` to all ``targets``; heads tell who is apart."""

    sources: Ids
    targets: Ids
    source_heads: Ids
    target_heads: Ids


@dataclass
class Norm:
    """A normalisation whose parameters belong to ``units``, one each."""

    name: str
    module: Any
    units: Ids


@dataclass
class UnitTrace:
    """All linear maps, skips, fans and normalisations of a network between numbered units."""

    layers: list[Layer] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    skips: list[Skip] = field(default_factory=list)
    fans: list[Fan] = field(default_factory=list)
    norms: list[Norm] = field(default_factory=list)
    held: list[Ids] = field(default_factory=list)  # units that other numbers than these name
    inputs: Ids = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    outputs: Ids = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    places: dict[int, Ids] = field(default_factory=dict)  # of tokens before any map, by number
    n_units: int = 0
    ones: set[int] = field(default_factory=set)  # axes of the input that hold a single place,
    padded: set[int] = field(default_factory=set)  # but these, counted from the last

    @property
    def ties(self) -> list[Link | Skip | Fan]:
        """All that joins sources to targets."""
        return [*self.links, *self.skips, *self.fans]

    def new(self, count: int, name: str, **about: Any) -> Ids:
        """Number ``count`` new units, a layer of their own."""
        ids = np.arange(self.n_units, self.n_units + count)
        self.n_units += count
        taken = {layer.name for layer in self.layers}
        first, turn = name, 1
        while name in taken:  # a module that is used again
            turn += 1
            name = f"{first} ({turn})"
        self.layers.append(Layer(name, ids, **about))
        return ids

    def open_places(self, count: int) -> Ids:
        """Return the units of the places of tokens before any map over places."""
        if count not in self.places:
            self.places[count] = self.new(count, f"{count} places")
            self.held.append(self.places[count])
        return self.places[count]

    def add_biases(self, *, fold: bool) -> None:
        """Make the bias of each neuron a unit of its own that is joined to it."""
        for link in self.links:
            is_own = not fold and link.module is not None
            bias: Any = link.module.bias if is_own else link.bias
            if bias is None:
                continue
            values = bias.detach().double().cpu().numpy() if is_own else bias
            if not np.isfinite(values).all():
                raise not_finite(link.name, "biases")
            home = next(x for x in self.layers if np.isin(link.targets[0], x.ids))
            share = home.share or home.name  # of the neurons of a sample, and of no others
            made = self.new(len(values), f"{link.name}.bias", kind=home.kind, share=share)
            self.skips.append(Skip(made, link.targets, False, np.abs(values)))

    def merge(self, keep: Ids, drop: Ids) -> Ids:
        """Make two sets of units the same wherever they were used; return who stands for whom."""
        table = np.arange(self.n_units)
        table[drop] = keep
        for link in self.links:
            link.sources, link.targets = lookup(table, link.sources), table[link.targets]
        ties: list[Skip | Fan] = [*self.skips, *self.fans]
        for tie in ties:
            tie.sources, tie.targets = lookup(table, tie.sources), table[tie.targets]
        for norm in self.norms:
            norm.units = table[norm.units]
        self.held = [lookup(table, ids) for ids in self.held]
        self.layers = [layer for layer in self.layers if not np.isin(layer.ids, drop).all()]
        return table

    def join(self, sides: Sequence[Ids], name: str, **about: Any) -> Ids:
        """Make new units of several sets, each unit of one from each: a product, a gate."""
        made = self.new(len(sides[0]), name, **about)
        self.skips += [Skip(ids, made, is_sum=False) for ids in sides]
        return made


def lookup(table: Ids, ids: Ids) -> Ids:
    """Return the units that stand for ``ids``; padded zeros stay."""
    return np.where(ids >= 0, table[ids], -1)


def read_link(link: Link, *, fold: bool = True) -> tuple[NDArray[Any], Floats]:
    """Return what gives the strengths of a linear map without a copy where it can be had.

    Weights of shape (n_targets, n_sources), signed and not looked at, and a factor per target; 0
    between the groups of a convolution.
    """
    n_targets, _, n_positions = link.kernel.shape
    if n_positions > 1 or link.groups > 1:
        return link_matrix(link, fold=fold), np.ones(n_targets)
    scale = link.scale if fold else None
    factors = np.ones(n_targets) if scale is None else np.abs(scale)
    return np.ascontiguousarray(_as_numpy(link.kernel)[..., 0]), factors


def _as_numpy(kernel: torch.Tensor) -> NDArray[Any]:
    """Return weights as NumPy sees them, without a copy where it can."""
    kernel = kernel.detach().cpu()
    is_known = kernel.dtype in (torch.float32, torch.float64)
    return (kernel if is_known else kernel.float()).numpy()


def not_finite(name: str, what: str = "weights") -> ValueError:
    """Return the error about a layer with numbers that are none."""
    return ValueError(f"layer {name!r} must have finite {what}, got NaN or infinity")


def link_matrix(link: Link, *, fold: bool = True) -> Floats:
    """Strength of every connection of one linear map, shape (n_targets, n_sources).

    |w|, or the norm over positions; 0 between the groups of a convolution.
    """
    weights = _as_numpy(link.kernel)
    if weights.shape[2] == 1:
        matrix = np.abs(weights[..., 0], dtype=np.float64)
    else:
        matrix = np.sqrt(np.einsum("ijk,ijk->ij", weights, weights, dtype=np.float64))
    if not np.isfinite(matrix).all():
        raise not_finite(link.name)
    if link.groups > 1:
        matrix = _spread_groups(matrix, len(link.sources), link.groups)
    if fold and link.scale is not None:
        matrix = matrix * np.abs(link.scale)[:, None]
    return np.asarray(matrix, dtype=np.float64)


def _spread_groups(matrix: NDArray[Any], n_sources: int, groups: int) -> Floats:
    spread = np.zeros((len(matrix), n_sources))
    rows, columns = len(matrix) // groups, n_sources // groups
    for g in range(groups):
        part = slice(g * rows, (g + 1) * rows)
        spread[part, g * columns : (g + 1) * columns] = matrix[part]
    return spread


def add_map(trace: UnitTrace, item: Map, sources: Ids, **about: Any) -> tuple[Ids, Link]:
    """Add one linear map; return the units that it makes and the link."""
    groups = getattr(item.module, "groups", 1)
    width = item.weight.shape[1] * groups
    if width != len(sources):
        raise ValueError(
            f"layer {item.name!r} takes {width} inputs where {len(sources)} units arrive; the "
            "blocks of the model do not follow each other"
        )
    targets = trace.new(len(item.weight), item.name, **about)
    bias = None if item.bias is None else item.bias.detach().double().cpu().numpy()
    kernel = item.weight.reshape(*item.weight.shape[:2], -1)
    link = Link(item.name, kernel, sources, targets, bias, groups, item.module)
    trace.links.append(link)
    return targets, link


def add_attention(
    trace: UnitTrace, attention: Attention, stream: Ids, memory: Ids
) -> tuple[Ids, tuple[Link, ...]]:
    """Add queries, keys, values and what they make; return the units of the output."""
    name = attention.name or "attention"
    share = f"{name} neurons"
    made: dict[str, Ids] = {}
    if attention.reduction is not None:
        memory, _ = add_map(trace, attention.reduction, memory)
    heads = {role: attention.heads(role) for role in ("query", "key", "value")}
    for role in ("query", "key", "value"):
        item = attention.maps[role]
        sources = stream if role == "query" else memory
        beside = None if role == "query" else _beside(attention, role)
        made[role], _ = add_map(trace, item, sources, share=share, beside=beside)
    result = trace.new(attention.width, f"{name}.heads", share=share)
    trace.skips.append(Skip(made["query"], result, is_sum=False))
    # several heads of queries look at one head of keys: theirs is its number
    groups = heads["query"] * attention.n_groups // attention.n_heads
    for role in ("key", "value"):
        trace.fans.append(Fan(made[role], result, heads[role], groups))
    trace.held += [*made.values(), result]
    if attention.output is None:
        return result, ()
    targets, link = add_map(trace, attention.output, result)
    return targets, (link,)


def _beside(attention: Attention, role: str) -> Ids | None:
    """Return the key that each query looks for, where there are fewer keys."""
    n_keys, n_queries = len(attention.maps[role].weight), attention.width
    if n_keys == n_queries:
        return None
    size = n_keys // attention.n_groups
    query = np.arange(n_queries)
    return query // size * attention.n_groups // attention.n_heads * size + query % size


def add_block(
    trace: UnitTrace, layout: BlockLayout, stream: Ids, memory: Ids | None, *, sums: bool = True
) -> tuple[Ids, tuple[Link, ...]]:
    """Add one block: its attentions, its perceptron and the sums around them."""
    links: tuple[Link, ...] = ()
    for attention in layout.attentions:
        crosses = names_cross(attention.name) and memory is not None
        before = stream
        stream, links = add_attention(
            trace, attention, stream, memory if crosses and memory is not None else stream
        )
        _add_sum(trace, before, stream, sums)
    if layout.down is None:
        return stream, links
    before = stream
    hidden = _add_hidden(trace, layout, stream)
    stream, link = add_map(trace, layout.down, hidden)
    _add_sum(trace, before, stream, sums)
    return stream, (link,)


def _add_hidden(trace: UnitTrace, layout: BlockLayout, stream: Ids) -> Ids:
    first = layout.ups[0]
    share = f"{first.name} neurons"
    if layout.is_packed:
        half = len(first.weight) // 2
        parts = [first.rows(slice(0, half), "gate"), first.rows(slice(half, None), "up")]
    else:
        parts = layout.ups
    made = [add_map(trace, part, stream, kind="hidden", share=share)[0] for part in parts]
    if layout.mixing is not None:
        return add_map(trace, layout.mixing, made[0], kind="hidden", share=share)[0]
    if len(made) == 1:
        return made[0]
    if layout.is_packed:
        trace.held += made
    return trace.join(made, f"{first.name}.product", kind="hidden", share=share)


def _add_sum(trace: UnitTrace, before: Ids, after: Ids, sums: bool) -> None:
    if sums and len(before) == len(after):
        trace.skips.append(Skip(before, after))


def find_stacks(model: nn.Module) -> list[tuple[str, list[nn.Module]]]:
    """Return the lists of blocks of a model by name; a block holds one attention to itself."""
    stacks: list[tuple[str, list[nn.Module]]] = []
    for name, module in model.named_modules():
        if not isinstance(module, nn.ModuleList | nn.Sequential) or not len(module):
            continue
        if any(name.startswith(f"{known}.") for known, _ in stacks):
            continue
        blocks = list(module)
        if all(_count_attentions(block) == 1 for block in blocks):
            stacks.append((name, blocks))
    if not stacks and _count_attentions(model) == 1:
        stacks.append(("", [model]))
    return stacks


def _count_attentions(module: nn.Module) -> int:
    """Count attentions of a stream to itself; those to another stream do not make a block."""
    names = [name for name, part in module.named_modules() if is_attention(part)]
    outer = [n for n in names if not any(n.startswith(f"{o}.") for o in names if o != n)]
    return sum(1 for name in outer if not names_cross(name))


def read_stacks(model: nn.Module) -> UnitTrace | None:
    """Read a model block by block; None where it holds no list of transformer blocks.

    Embeddings, normalisations, poolers and heads are left out, as in the published networks.
    """
    stacks = find_stacks(model)
    if not stacks:
        return None
    trace, config = UnitTrace(), getattr(model, "config", None)
    memory: Ids | None = None
    stream: Ids | None = None
    for name, blocks in stacks:
        first = True
        for k, block in enumerate(blocks):
            prefix = f"{name}.{k}" if name else ""
            layout = read_layout(block, prefix, config)
            width = layout.attentions[0].maps["query"].weight.shape[1]
            if first or stream is None:
                memory, first = stream, False
                stream = trace.new(width, f"{name or 'model'} inputs")
                trace.inputs = np.concatenate([trace.inputs, stream])
            stream, _ = add_block(trace, layout, stream, memory)
    if stream is not None:
        trace.outputs = stream
    trace.held += [layer.ids for layer in trace.layers if layer.kind != "hidden"]
    return trace
