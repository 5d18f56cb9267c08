"""The blocks of a network, which layers="auto" takes, and shorthands for parts of transformers."""

from __future__ import annotations

import fnmatch
import itertools
import re
import warnings
from collections.abc import Iterable, Iterator

from torch import nn

from featgraph.core.package import caller_level
from featgraph.features.walk import (
    count_parameters,
    declared_rows,
    has_forward,
    is_activation,
    is_composite,
    is_leaf,
    is_linear,
    layer_children,
    layer_type,
    named_layers,
)

__all__ = ["INPUT", "SHORTHANDS", "find_blocks", "find_shorthand"]

# Blocks of Table 1 of Ding et al. 2025 (arXiv:2507.17785), by the class names of timm.
# VGG takes the last module before each max pooling: features.{1,4,9,14,19} in vgg11.
_TABLE_1 = {
    "VisionTransformer": "blocks.*",
    "MlpMixer": "blocks.*",
    "MetaFormer": "stages.*",
    "PoolFormer": "stages.*",
    "PyramidVisionTransformerV2": "stages.*",
    "ResNet": "layer[1-4]",
}
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_EMBEDDINGS = (nn.Embedding, nn.EmbeddingBag)
_RECURRENT = (nn.RNNBase, nn.RNNCellBase)
_MAPS = (nn.MultiheadAttention, *_RECURRENT)

# What stands before, after or between the blocks, by its name.
_BESIDE = re.compile(r"(^|_)(stem|embed|aux|head|classif|pooler|transition|downsamp)", re.I)
# A middle that runs between an encoder and a decoder, wherever it is registered.
_MIDDLE = re.compile(r"(^|_)(mid|middle|bottleneck|bridge)(_|$)", re.I)
_NUMBER = re.compile(r"(_?\d+[a-z]?)+(_\d+x\d+)?$")

# Shares of the weight of all lists of blocks. A list below the first is a stem or an adapter. One
# below the second is too if its members hold a single map, where others hold more. What a model
# declares is all if it holds the third. A list from the fourth on is not left out without a word.
_LIGHT, _PLAIN, _TRUSTED, _NOTABLE = 0.05, 0.3, 0.25, 0.1


def find_blocks(model: nn.Module) -> list[str]:
    """Find the blocks of a network by the rules of :func:`select_layers` for "auto".

    Examples
    --------
    >>> find_blocks(nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2,
    ...                                   enable_nested_tensor=False))
    ['layers.0', 'layers.1']
    """
    pattern = _TABLE_1.get(layer_type(model))
    if pattern is not None:
        names = [n for n, _ in named_layers(model) if fnmatch.fnmatchcase(n, pattern)]
        names = [name for name in names if name.count(".") == pattern.count(".")]
        if len(names) >= 2:
            return names
    lists = _lists(model, beside=False) or _lists(model, beside=True)
    if lists:
        return _take(model, lists)
    children = [name for name, child in layer_children(model)[:-1] if is_composite(child)]
    return children if len(children) >= 3 else _flat(model)


def _take(model: nn.Module, lists: dict[str, list[str]]) -> list[str]:
    """Take the lists of blocks that the model declares, and of the others those that weigh."""
    weights = {
        path: sum(_weight_of(model.get_submodule(name)) for name in names)
        for path, names in lists.items()
    }
    maps = {path: _count_maps(model, names) for path, names in lists.items()}
    total, richest = sum(weights.values()), max(maps.values())
    likely = {p for p in lists if maps[p] == richest or weights[p] >= _PLAIN * total}
    sure = {p for p in lists if any(_is_declared(model.get_submodule(n)) for n in lists[p])}
    unsaid: set[str] = set()

    def weigh(paths: Iterable[str]) -> int:
        return sum(weights[path] for path in paths)

    for owner, declared in _declarations(model).items():
        own = {path for path in lists if lists[path][0].startswith(owner)}
        said = {path for path in own & likely if _overlap(lists[path], declared)}
        if weigh(said) >= _TRUSTED * weigh(own):
            sure |= said
            unsaid |= own - said
    taken = [
        path
        for path in lists
        if path in sure or (path in likely - unsaid and weights[path] >= _LIGHT * total)
    ]
    left_out = [
        f"{names[0]} … {names[-1]}"
        for path, names in lists.items()
        if path not in taken and weights[path] >= (_PLAIN if path in unsaid else _NOTABLE) * total
    ]
    _warn_of(left_out)
    names = list(itertools.chain.from_iterable(lists[path] for path in taken))
    names += [] if sure else _between(model, names, total)
    order = {name: k for k, (name, _) in enumerate(named_layers(model))}
    return sorted(names, key=order.__getitem__)


def _lists(
    module: nn.Module, *, beside: bool, prefix: str = "", is_model: bool = True
) -> dict[str, list[str]]:
    """Find the outermost lists of repeated blocks, by their path without numbers.

    Children with equal names up to a number are a list if two have submodules; a ``ModuleList``
    is one even with a single block, as in ALBERT, whose block runs many times. With
    ``beside=False``, stems, embeddings, heads and the like are passed over.
    """
    found: dict[str, list[str]] = {}
    children = layer_children(module)
    # The last child of a Sequential model is its head.
    head = children[-1][0] if is_model and isinstance(module, nn.Sequential) and children else ""
    groups: dict[str, list[tuple[str, nn.Module]]] = {}
    for name, child in children:
        passed_over = not beside and _BESIDE.search(name)
        if not passed_over or any(_is_declared(inner) for inner in child.modules()):
            groups.setdefault(_NUMBER.sub("", name), []).append((name, child))
    for key, members in groups.items():
        blocks = [n for n, m in members if n != head and _is_block(m)]
        repeated = len(blocks) >= 2 and blocks != [key] * len(blocks)
        if not repeated and not isinstance(module, nn.ModuleList):
            blocks = [name for name, child in members if _is_declared(child)]
        path = ".".join(_NUMBER.sub("", part) for part in f"{prefix}{key}".split("."))
        if blocks:
            found.setdefault(path, []).extend(prefix + n for n in blocks)
        for name, child in members:
            if name in blocks:
                continue
            inside = _lists(child, beside=beside, prefix=f"{prefix}{name}.", is_model=False)
            for where, names in inside.items():
                found.setdefault(where, []).extend(names)
    return found


def _is_block(module: nn.Module) -> bool:
    return is_composite(module) and has_forward(module)


def _weight_of(module: nn.Module) -> int:
    """Count parameters; a table of embeddings may hold most of them, and says nothing."""
    inside = [module, *(inner for _, inner in named_layers(module))]
    tables = [m for m in inside if isinstance(m, _EMBEDDINGS)]
    return count_parameters(module) - sum(map(count_parameters, tables))


def _count_maps(model: nn.Module, names: Iterable[str]) -> int:
    """Return the most maps that one block holds, where more than two are as good as two."""
    blocks = (model.get_submodule(name) for name in names)
    return max(
        min(2, sum(is_linear(m) or isinstance(m, _MAPS) for _, m in named_layers(block)))
        for block in blocks
    )


def _is_declared(module: nn.Module) -> bool:
    """Whether a module is a block of transformers, which all derive from one class."""
    return any(cls.__name__ == "GradientCheckpointingLayer" for cls in type(module).__mro__)


def _declarations(model: nn.Module) -> dict[str, list[str]]:
    """Return what models of timm declare in ``feature_info``, by where they stand in ``model``."""
    found: dict[str, list[str]] = {}
    for name, module in [("", model), *named_layers(model)]:
        prefix = f"{name}." if name else ""
        for row in declared_rows(module):
            found.setdefault(prefix, []).append(f"{prefix}{row['module']}")
    return found


def _overlap(names: Iterable[str], others: Iterable[str]) -> bool:
    """Whether a name of the one is, holds, or lies in, a name of the other."""
    pairs = itertools.product(names, others)
    return any(f"{a}.".startswith(f"{b}.") or f"{b}.".startswith(f"{a}.") for a, b in pairs)


def _between(model: nn.Module, names: list[str], total: int) -> list[str]:
    """List heavy children that stand between blocks without being one of a list: bottlenecks."""
    children = layer_children(model)
    used = [k for k, (name, _) in enumerate(children) if _overlap(names, [name])]
    return [
        name
        for k, (name, child) in enumerate(children)
        if k not in used
        and (used[0] < k < used[-1] or _MIDDLE.search(name))
        and not _BESIDE.search(name)
        and _is_block(child)
        and _weight_of(child) >= _NOTABLE * total
    ]


def _flat(model: nn.Module) -> list[str]:
    """Choose among the leaves of a network without blocks."""
    leaves = [(name, module) for name, module in named_layers(model) if is_leaf(module)]
    before = [
        name
        for (name, module), (_, pool) in itertools.pairwise(leaves)
        if isinstance(pool, _POOLS) and not isinstance(module, _POOLS)
    ]
    after, fresh = [], False
    for name, module in leaves:
        if is_activation(module):
            after += [name] if fresh else []
            fresh = False
        else:
            fresh = fresh or is_linear(module)
    chosen = before if len(before) >= 2 else after
    # Recurrent modules have their activations inside.
    names = [name for name, module in leaves if name in chosen or isinstance(module, _RECURRENT)]
    if names:
        _tell_of_towers(model, names)
        return names
    heavy = [name for name, module in leaves if is_linear(module) or _weight_of(module) > 0]
    return heavy[:-1] or heavy or [leaves[-1][0] if leaves else ""]


def _tell_of_towers(model: nn.Module, names: list[str]) -> None:
    """Warn of parts of several maps that hold none of the layers, as towers without activations."""
    if not all(_count_maps(model, [name.partition(".")[0]]) for name in names):
        return  # an activation outside may run between any maps
    total = _weight_of(model)
    left_out = [
        name
        for name, child in layer_children(model)
        if not _overlap(names, [name])
        and not _BESIDE.search(name)
        and _weight_of(child) >= _NOTABLE * total
        and _count_maps(model, [name]) >= 2
        and not any(is_activation(inner) for inner in child.modules())
    ]
    _warn_of(left_out)


def _warn_of(left_out: list[str]) -> None:
    if left_out:
        warnings.warn(
            f"layers='auto' leaves out {', '.join(left_out)}; name them in layers= if they matter",
            stacklevel=caller_level(),
        )


INPUT = ":input"

SHORTHANDS = {
    "residual": "the output of each transformer block: the residual stream after it",
    "mlp_hidden": "the hidden neurons of the MLP of each block, after the activation function (and "
    "the gate): the input of its last linear map",
    "attention_out": "what each attention adds to the residual stream: the output of its last "
    "linear map",
}
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)


def find_shorthand(model: nn.Module, shorthand: str) -> list[str]:
    """Find the layers that a key of ``SHORTHANDS`` means in a transformer.

    Parameters
    ----------
    model : Module
        A transformer, of torch, timm, transformers or one's own: its blocks hold modules whose
        class or name speaks of attention, and linear maps beside them.
    shorthand : str
        A key of ``SHORTHANDS``.

    Returns
    -------
    list of str
        Names of layers; one that ends in ":input" means the input of that layer.

    Raises
    ------
    ValueError
        If the model has no such blocks.

    Examples
    --------
    >>> model = nn.TransformerEncoderLayer(8, 2)
    >>> stack = nn.TransformerEncoder(model, 1, enable_nested_tensor=False)
    >>> [find_shorthand(stack, name) for name in SHORTHANDS]
    [['layers.0'], ['layers.0.linear2:input'], ['layers.0.self_attn']]
    """
    names = []
    found = find_blocks(model)
    blocks = (pair for name in found for pair in _inner_blocks(name, model.get_submodule(name)))
    for name, block in blocks:
        prefix = f"{name}." if name else ""
        attentions = dict(_attentions(block))
        if shorthand == "residual":
            names.append(name)
        elif shorthand == "attention_out":
            names += [prefix + _last_map_name(inner, m) for inner, m in attentions.items()]
        else:
            beside = [
                inner
                for inner, module in named_layers(block)
                if is_linear(module) and not _lies_in(inner, attentions)
            ]
            names += [f"{prefix}{beside[-1]}{INPUT}"] if beside else []
    if not names:
        raise ValueError(
            f"layers={shorthand!r} needs blocks with attention and linear maps, and "
            f"{type(model).__name__} has none; name layers, which list_layers(model) lists"
        )
    return names


def _inner_blocks(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield ``module``, or where it is a stage, the blocks in it."""
    if not any(_attentions(module)):
        return
    for inner_name, inner in named_layers(module):
        is_list = isinstance(inner, nn.Sequential | nn.ModuleList)
        if is_list and all(any(_attentions(child)) for child in inner.children()):
            for child, block in list(inner.named_children()):
                yield from _inner_blocks(f"{name}.{inner_name}.{child}", block)
            return
    if has_forward(module):
        yield name, module


def _attentions(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the outermost modules of attention in a block."""
    found: list[str] = []
    for name, module in named_layers(block):
        speaks = _ATTENTION.search(name.rpartition(".")[2]) or _ATTENTION.search(layer_type(module))
        is_whole = isinstance(module, nn.MultiheadAttention) or not is_leaf(module)
        if speaks and is_whole and has_forward(module) and not _lies_in(name, found):
            found.append(name)
            yield name, module


def _lies_in(name: str, outer: dict[str, nn.Module] | list[str]) -> bool:
    return any(name.startswith(f"{other}.") for other in outer)


def _last_map_name(name: str, attention: nn.Module) -> str:
    """Return the linear map that ends an attention, or the attention if it calls none."""
    maps = [inner for inner, module in named_layers(attention) if is_linear(module)]
    return f"{name}.{maps[-1]}" if maps else name
