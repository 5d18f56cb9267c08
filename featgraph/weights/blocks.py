"""Transformer blocks as layers of units, and models that are read block by block."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import nn

from featgraph.weights.layout import (
    Attention,
    BlockLayout,
    Map,
    is_attention,
    names_cross,
    read_layout,
)
from featgraph.weights.units import Fan, Ids, Link, Skip, UnitTrace

__all__ = ["add_attention", "add_block", "add_map", "find_stacks", "read_stacks"]


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
