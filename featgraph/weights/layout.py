"""Attention and perceptrons of transformer blocks, told by the names and shapes of their maps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

__all__ = [
    "Attention",
    "BlockLayout",
    "Map",
    "is_attention",
    "list_maps",
    "names_cross",
    "read_layout",
]

_ROLES = {
    "query": {"q", "query", "q_proj", "q_lin", "wq", "to_q", "query_proj", "q_linear", "linear_q",
              "queries", "q_attn"},
    "key": {"k", "key", "k_proj", "k_lin", "wk", "to_k", "key_proj", "k_linear", "linear_k",
            "keys"},
    "value": {"v", "value", "v_proj", "v_lin", "wv", "to_v", "value_proj", "v_linear", "linear_v",
              "values"},
    "packed": {"qkv", "in_proj", "c_attn", "query_key_value", "wqkv", "to_qkv", "qkv_proj",
               "attn_qkv", "in_proj_weight"},
    "pair": {"kv", "kv_proj", "to_kv", "key_value", "wkv"},
}  # fmt: skip
_OUTPUT = {"out", "proj", "o_proj", "out_proj", "out_lin", "dense", "c_proj", "wo", "o", "to_out",
           "linear_o", "output", "projection", "linear_out"}  # fmt: skip
_GATE = {"gate_proj", "wi_0", "gate", "w1", "fc1_g", "gate_linear"}
_HEADS = ("num_heads", "num_attention_heads", "n_heads", "n_head", "heads", "h", "nhead")
_WIDTHS = (
    "head_dim",
    "attention_head_size",
    "dim_head",
    "dim_per_head",
    "d_kv",
    "key_value_proj_dim",
)
_TABLE = re.compile(r"pos|bias|table|token|scale", re.I)
_CROSS = re.compile(r"cross|encdec|encoder_attn|multihead_attn", re.I)


@dataclass(frozen=True)
class Map:
    """One linear map as a module holds it: name, weight of shape (n_out, n_in, …), bias."""

    name: str
    weight: torch.Tensor
    bias: torch.Tensor | None = None
    module: Any = None

    def rows(self, places: Any, role: str) -> Map:
        """Return some of the outputs as a map of its own."""
        bias = None if self.bias is None else self.bias[places]
        return Map(f"{self.name}.{role}", self.weight[places], bias)


@dataclass
class Attention:
    """Maps of one attention; heads of queries, and how many heads keys and values have."""

    name: str
    maps: dict[str, Map] = field(default_factory=dict)
    output: Map | None = None
    n_heads: int = 1
    n_groups: int = 1
    reduction: Map | None = None  # of the tokens that keys and values look at

    @property
    def width(self) -> int:
        """Number of queries."""
        return len(self.maps["query"].weight)

    def heads(self, role: str) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the head of each unit of a role; of keys and values, that of their group."""
        width, n_heads = len(self.maps[role].weight), self.n_heads
        if role != "query":
            n_heads = self.n_groups
        return np.arange(width, dtype=np.int64) * n_heads // width


@dataclass
class BlockLayout:
    """Attentions of a block in order, and the maps of its perceptron."""

    attentions: list[Attention]
    ups: list[Map]
    down: Map | None
    is_packed: bool = False  # the first map gives gate and value together
    mixing: Map | None = None  # of each hidden unit with itself at the places around


def list_maps(module: nn.Module, prefix: str = "") -> Iterator[Map]:
    """Yield the linear maps below a module in the order in which it holds them."""
    for name, part in module.named_modules():
        full = ".".join(filter(None, (prefix, name)))
        if isinstance(part, nn.MultiheadAttention):
            packed: Any = part.in_proj_weight
            bias: Any = part.in_proj_bias
            if packed is not None:
                yield Map(f"{full}.in_proj_weight", packed.detach(), bias)
            else:
                width = part.embed_dim
                for k, role in enumerate(("q", "k", "v")):
                    weight = getattr(part, f"{role}_proj_weight").detach()
                    own = None if bias is None else bias[k * width : (k + 1) * width]
                    yield Map(f"{full}.{role}_proj", weight, own)
        elif isinstance(part, nn.Linear):
            yield Map(full, part.weight.detach(), part.bias, part)
        elif type(part).__name__ == "Conv1D" and hasattr(part, "nf"):  # of transformers: (in, out)
            yield Map(full, part.weight.detach().T, part.bias)


def _role(name: str) -> str | None:
    last = _last(name)
    return next((role for role, names in _ROLES.items() if last in names), None)


def _last(name: str) -> str:
    parts = [part for part in name.split(".") if not part.isdigit()]
    return parts[-1].lower() if parts else ""


def _parent(name: str) -> str:
    return name.rpartition(".")[0]


def is_attention(module: nn.Module) -> bool:
    """Whether a module is one attention: it holds the maps of queries, keys and values itself."""
    if isinstance(module, nn.MultiheadAttention):
        return True
    roles = {
        _role(name)
        for name, part in module.named_children()
        if isinstance(part, nn.Linear) or type(part).__name__ == "Conv1D"
    }
    return "packed" in roles or {"query", "key", "value"} <= roles or {"query", "pair"} <= roles


def names_cross(name: str) -> bool:
    """Whether an attention of this name looks at another stream."""
    return _CROSS.search(name) is not None


def read_layout(module: nn.Module, prefix: str = "", config: object = None) -> BlockLayout:
    """Tell what each linear map of a block is for.

    Raises
    ------
    ValueError
        If some cannot be told; the message lists them.
    """
    maps = list(list_maps(module, prefix))
    owners: dict[str, dict[str, Map]] = {}
    for item in maps:
        role = _role(item.name)
        if role is not None:
            owners.setdefault(_parent(item.name), {})[role] = item
    used: set[str] = {item.name for roles in owners.values() for item in roles.values()}
    images = _list_images(module, prefix)
    attentions = []
    for owner, roles in owners.items():
        output = _find_output(owner, roles, maps, used)
        found = _open_attention(module, prefix, owner, roles, output, config)
        found.reduction = next((x for x in images if _reduces(x, found)), None)
        attentions.append(found)
        if output is not None:
            used.add(output.name)
    rest = [item for item in maps if item.name not in used]
    width = attentions[0].maps["query"].weight.shape[1] if attentions else None
    ups, down, is_packed = _read_perceptron(rest, width)
    mixing = next((x for x in images if len(ups) == 1 and _mixes(x, ups[0])), None)
    reductions = [one.reduction for one in attentions]
    _refuse_others(module, prefix, [*maps, *(x for x in (*reductions, mixing) if x is not None)])
    return BlockLayout(attentions, ups, down, is_packed, mixing)


def _list_images(module: nn.Module, prefix: str) -> list[Map]:
    """Return the convolutions below a module that keep the number of channels."""
    found = []
    for name, part in module.named_modules():
        if isinstance(part, nn.Conv2d) and part.in_channels == part.out_channels:
            full = ".".join(filter(None, (prefix, name)))
            found.append(Map(full, part.weight.detach(), part.bias, part))
    return found


def _reduces(image: Map, attention: Attention) -> bool:
    """Whether a convolution stands before keys and values and gives them fewer tokens."""
    width = attention.maps["key"].weight.shape[1]
    is_inside = _parent(image.name) == attention.name and image.module.groups == 1
    return is_inside and len(image.weight) == width and max(image.module.stride) > 1


def _mixes(image: Map, up: Map) -> bool:
    """Whether a convolution stands behind the map up and keeps its units apart."""
    inside = _parent(image.name).startswith(_parent(up.name)) and _parent(up.name) != ""
    return inside and image.module.groups == len(image.weight) == len(up.weight)


def _refuse_others(module: nn.Module, prefix: str, maps: list[Map]) -> None:
    """Refuse a block that holds matrices which are no map known here, such as those of experts."""
    known = {item.weight.data_ptr() for item in maps}
    others = []
    for name, parameter in module.named_parameters():
        full = ".".join(filter(None, (prefix, name)))
        owner = module.get_submodule(_parent(name))
        is_table = isinstance(owner, nn.Embedding) or _TABLE.search(name) is not None
        if parameter.squeeze().ndim >= 2 and parameter.data_ptr() not in known and not is_table:
            others.append(full)
    if others:
        raise _not_understood(others, "they are no linear maps of attention or of a perceptron")


def _find_output(owner: str, roles: dict[str, Map], maps: list[Map], used: set[str]) -> Map | None:
    near = {f"{_parent(owner)}.output", _parent(owner)}  # as in BERT: beside queries and keys
    for item in maps:
        if item.name in used or _last(item.name) not in _OUTPUT:
            continue
        home = _parent(item.name)
        while home != owner and (home.rpartition(".")[2].isdigit() or home.endswith(".to_out")):
            home = _parent(home)
        inside = home == owner or home.startswith(f"{owner}.")
        if inside or (home in near and "attention" in home.lower()):
            return item
    return None


def _open_attention(
    module: nn.Module,
    prefix: str,
    owner: str,
    roles: dict[str, Map],
    output: Map | None,
    config: object,
) -> Attention:
    inner = owner.removeprefix(prefix).lstrip(".")
    core = module.get_submodule(inner) if inner else module
    above = module.get_submodule(_parent(inner)) if _parent(inner) else module
    homes = [core, above, config, getattr(core, "config", None)]
    n_heads = _find_number(homes, _HEADS)
    maps = dict(roles)
    attention = Attention(owner, maps, output)
    if "packed" in maps and "query" in maps:  # queries come from elsewhere
        maps["pair"] = maps.pop("packed")
    if "packed" in maps:
        _unpack(attention, maps.pop("packed"), n_heads)
    elif "pair" in maps:
        pair = maps.pop("pair")
        half = len(pair.weight) // 2
        maps["key"] = pair.rows(slice(0, half), "key")
        maps["value"] = pair.rows(slice(half, None), "value")
    missing = [role for role in ("query", "key", "value") if role not in maps]
    if missing:
        raise _not_understood([item.name for item in roles.values()], f"no {missing[0]} is there")
    n_queries, n_keys = len(maps["query"].weight), len(maps["key"].weight)
    width = _find_number(homes, _WIDTHS)
    heads = n_heads or (n_queries // width if width else None)
    if n_queries % n_keys or (heads is None and n_keys != n_queries):
        raise _not_understood(
            [maps["query"].name, maps["key"].name], "heads do not divide queries and keys alike"
        )
    attention.n_heads = heads or 1
    attention.n_groups = max(1, attention.n_heads * n_keys // n_queries)
    return attention


def _unpack(attention: Attention, packed: Map, n_heads: int | None) -> None:
    rows = len(packed.weight)
    inner = attention.output.weight.shape[1] if attention.output is not None else rows // 3
    n_keys = (rows - inner) // 2
    if n_keys < 1 or inner + 2 * n_keys != rows or inner % n_keys:
        raise _not_understood(
            [packed.name], f"{rows} rows do not part into {inner} queries and keys and values"
        )
    places = np.arange(rows)
    parts: dict[str, Any] = {
        "query": slice(0, inner),
        "key": slice(inner, inner + n_keys),
        "value": slice(inner + n_keys, None),
    }
    if _last(packed.name) == "query_key_value":  # head by head: its queries, its key, its value
        if n_heads is None or inner % n_heads:
            raise _not_understood([packed.name], "its number of heads is not known")
        size = inner // n_heads
        n_groups = n_keys // size
        table = places.reshape(n_groups, -1, size)
        parts = {
            "query": table[:, :-2].ravel(),
            "key": table[:, -2].ravel(),
            "value": table[:, -1].ravel(),
        }
    for role, chosen in parts.items():
        attention.maps[role] = packed.rows(chosen, role)


def _find_number(homes: list[object], names: tuple[str, ...]) -> int | None:
    for home in homes:
        for name in names:
            value = getattr(home, name, None) if home is not None else None
            if isinstance(value, int) and not isinstance(value, bool) and value > 0:
                return value
    return None


def _read_perceptron(rest: list[Map], width: int | None) -> tuple[list[Map], Map | None, bool]:
    """Return the maps up, the map down, and whether the one map up gives a gate as well."""
    if not rest:
        return [], None, False
    *ups, down = rest
    if down.weight.shape[1] != len(ups[0].weight) if ups else True:  # down need not come last
        order = [item for item in rest if item.weight.shape[0] == width]
        down = order[-1] if order else down
        ups = [item for item in rest if item is not down]
    into = down.weight.shape[1]
    reads = width if width is not None else ups[0].weight.shape[1] if ups else None
    sizes = [len(item.weight) for item in ups]
    fits = all(item.weight.shape[1] == reads for item in ups) and len(down.weight) == reads
    if len(ups) == 1 and fits and sizes[0] in (into, 2 * into):
        return ups, down, sizes[0] == 2 * into and sizes[0] != into
    if len(ups) == 2 and fits and sizes == [into, into]:
        return sorted(ups, key=lambda item: _last(item.name) not in _GATE), down, False
    raise _not_understood(
        [item.name for item in rest], "they are not the maps up and down of a perceptron"
    )


def _not_understood(names: list[str], why: str) -> ValueError:
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return ValueError(
        f"the layout of a transformer block is not understood: {shown} ({why}); name the parts "
        "that are to be read by layers=, or give a part of the model"
    )
