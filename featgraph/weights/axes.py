"""Where the units lie in a tensor that is not there: axes followed through shape operations."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from torch import fx

from featgraph.weights.units import Ids, Link

__all__ = [
    "SHAPE_OPERATIONS",
    "Units",
    "change_shape",
    "dims_of",
    "flatten_axes",
    "split_units",
    "unknown",
]


@dataclass(frozen=True)
class Units:
    """What one tensor of the trace holds: its units in order, and the maps that made them.

    ``axis`` is the axis of the units, from the front where the number of axes (``rank``) is
    known, else −1, the last. ``places`` are units of the other axis of a tensor of tokens, where
    a map has joined them; ``is_inner`` tells that units of a flattened image vary fastest.
    ``ones`` are axes from the front that hold a single place.
    """

    ids: Ids
    axis: int = -1
    rank: int | None = None
    links: tuple[Link, ...] = ()  # not yet followed by an activation: a batch norm folds in
    places: Ids | None = None
    is_inner: bool = False
    ones: frozenset[int] = frozenset()

    @property
    def is_last(self) -> bool:
        """Whether the units lie along the last axis, as far as is known."""
        return self.axis == -1 if self.rank is None else self.axis == self.rank - 1

    @property
    def has_places_last(self) -> bool:
        """Whether these are tokens whose last axis is that of their places."""
        return self.rank == 3 and self.axis == 1

    def plain(self, **changes: Any) -> Units:
        """Return the same behind an operation that no batch norm is folded through."""
        return replace(self, links=(), **changes)

    def tokens(self) -> Units:
        """Return the same as a tensor of three axes, where nothing else is known."""
        return replace(self, rank=3, axis=2) if self.rank is None else self


def dims_of(node: fx.Node, name: str = "dim", place: int = 1) -> Any:
    """Return the axes that an operation names: a number, a tuple or None."""
    if name in node.kwargs:
        return node.kwargs[name]
    given = node.args[place:]
    if len(given) > 1 and all(isinstance(item, int) for item in given):
        return tuple(given)
    return given[0] if given else None


def change_shape(name: str, node: fx.Node, held: Units) -> Units | None:
    """Return the units behind an operation that moves, joins or takes out axes; None: no units."""
    return SHAPE_OPERATIONS[name](node, held)


def _front(dim: object, held: Units, name: str) -> int:
    if not isinstance(dim, int):
        raise unknown(f"operation {name!r} with axes that are not numbers")
    return dim if dim >= 0 or held.rank is None else dim + held.rank


def _swap(node: fx.Node, held: Units) -> Units:
    name = _name(node)
    one = node.args[1] if len(node.args) > 1 else node.kwargs.get("dim0", node.kwargs.get("axis0"))
    two = node.args[2] if len(node.args) > 2 else node.kwargs.get("dim1", node.kwargs.get("axis1"))
    if held.rank is None and not (isinstance(one, int) and isinstance(two, int)
                                  and {abs(one), abs(two)} == {1, 2}):  # fmt: skip
        raise unknown(f"operation {name!r}")
    held = held.tokens()
    first, second = _front(one, held, name), _front(two, held, name)
    moved = {first: second, second: first}
    ones = frozenset(moved.get(one, one) for one in held.ones)
    return held.plain(axis=moved.get(held.axis, held.axis), ones=ones)


def _permute(node: fx.Node, held: Units) -> Units:
    dims = dims_of(node, "dims")
    if not isinstance(dims, tuple | list):
        raise unknown("operation 'permute'")
    if held.rank is None:
        held = held.tokens() if len(dims) == 3 else held
    if held.rank != len(dims):
        raise unknown(f"operation 'permute' of {len(dims)} axes")
    order = [_front(dim, held, "permute") for dim in dims]
    return held.plain(axis=order.index(held.axis), ones=frozenset(map(order.index, held.ones)))


def _flatten(node: fx.Node, held: Units) -> Units:
    start = node.args[1] if len(node.args) > 1 else node.kwargs.get("start_dim", 0)
    end = node.args[2] if len(node.args) > 2 else node.kwargs.get("end_dim", -1)
    return flatten_axes(held, start, end)


def flatten_axes(held: Units, start: object, end: object) -> Units:
    """Return the units after the axes from start to end have become one."""
    if held.rank is None:
        return held.plain()
    first, last = _front(start, held, "flatten"), _front(end, held, "flatten")
    rank = held.rank - (last - first)
    if held.axis < first:
        return held.plain(rank=rank, ones=frozenset())
    if held.axis > last:
        return held.plain(rank=rank, axis=held.axis - (last - first), ones=frozenset())
    if first == last:
        return held.plain()
    is_first = held.ones.issuperset(range(first, held.axis))
    is_last = held.ones.issuperset(range(held.axis + 1, last + 1))
    if not (is_first or is_last) or held.places is not None:
        raise unknown("operation 'flatten' around the units")
    return held.plain(rank=rank, axis=first, is_inner=not is_first, ones=frozenset())


def _view(node: fx.Node, held: Units) -> Units:
    shape = dims_of(node, "shape")
    sizes = tuple(shape) if isinstance(shape, tuple | list) else node.args[1:]
    width = sizes[1] if len(sizes) == 2 and isinstance(sizes[1], int) else None
    if width == len(held.ids) and sizes[0] == -1 and held.is_last:  # all tokens are samples
        return held.plain(rank=2, axis=1, places=None, ones=frozenset())
    if width == -1 or (width is not None and sizes[0] == -1 and width % len(held.ids) == 0):
        return flatten_axes(held, 1, -1)
    raise unknown(f"operation {_name(node)!r} to other shapes than (n_samples, -1)")


def _reduce(node: fx.Node, held: Units) -> Units | None:
    """Return the units behind a mean over other axes; None where units are what it is taken of."""
    name = _name(node)
    dims = dims_of(node, place=2 if name == "norm" else 1)
    if dims is None and "axis" in node.kwargs:
        dims = node.kwargs["axis"]
    keep = node.kwargs.get("keepdim", node.args[2] if len(node.args) > 2 else False)
    axes = list(dims) if isinstance(dims, tuple | list) else [dims]
    if any(not isinstance(axis, int) for axis in axes):
        raise unknown(f"operation {name!r} over all axes")
    if held.rank is None:  # images have more axes than (samples, units); tokens may have
        return None if held.axis in axes else held.plain()
    gone = {_front(axis, held, name) for axis in axes}
    if held.axis in gone:
        return None
    places = None if held.places is not None and gone else held.places
    return _without(held.plain(places=places), set() if keep is True else gone)


def _without(held: Units, gone: set[int]) -> Units:
    if held.rank is None:
        return held
    axis = held.axis - sum(other < held.axis for other in gone)
    return replace(held, axis=axis, rank=held.rank - len(gone), ones=frozenset())


def _squeeze(node: fx.Node, held: Units) -> Units:
    dim = dims_of(node)
    if held.rank is None:
        return held.plain()
    if dim is None:
        # what is left is (samples, units) behind a pool over all positions
        return held.plain(axis=-1, rank=None) if held.axis == 1 else held.plain()
    dims = [_front(d, held, "squeeze") for d in (dim if isinstance(dim, tuple) else (dim,))]
    return _without(held.plain(), {d for d in dims if d != held.axis})


def _unsqueeze(node: fx.Node, held: Units) -> Units:
    if held.rank is None:
        raise unknown("operation 'unsqueeze'")
    dim = dims_of(node)
    place = dim if dim >= 0 else dim + held.rank + 1
    axis = held.axis + (place <= held.axis)
    return held.plain(rank=held.rank + 1, axis=axis, ones=frozenset())


def _index(node: fx.Node, held: Units) -> Units:
    index = node.args[1]
    parts = list(index) if isinstance(index, tuple) else [index]
    rank = held.rank if held.rank is not None else 3 if len(parts) > 1 else None
    if rank is None:
        raise unknown("indexing")
    held = held.tokens()
    if Ellipsis in parts:
        at = parts.index(Ellipsis)
        n_named = sum(part is not None for part in parts) - 1
        parts[at : at + 1] = [slice(None)] * (rank - n_named)
    ids, axis, places, source, target = held.ids, None, held.places, 0, 0
    for part in parts + [slice(None)] * rank:
        if source == rank:
            break
        if part is None:
            target += 1
            continue
        if source == held.axis:
            if not isinstance(part, slice):
                raise unknown("indexing of one channel")
            ids, axis = ids[part], target
        elif isinstance(part, int):
            target -= 1
            places = None
        elif not isinstance(part, slice):
            raise unknown("indexing")
        source, target = source + 1, target + 1
    if axis is None:
        raise unknown("indexing")
    return held.plain(ids=ids, axis=axis, rank=target, places=places, ones=frozenset())


def unknown(what: str) -> ValueError:
    """Return the error about something that units cannot be followed through."""
    return ValueError(
        f"the units cannot be followed through {what}; give a part of the network that is made of "
        "linear and convolutional layers, attention and sums (for example its head), or its "
        "matrices of weights"
    )


def _name(node: fx.Node) -> str:
    return node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")


SHAPE_OPERATIONS = {
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), _swap),
    **dict.fromkeys(("mean", "sum", "amax", "amin", "norm", "var", "std"), _reduce),
    **dict.fromkeys(("view", "reshape"), _view),
    "permute": _permute,
    "flatten": _flatten,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    operator.getitem.__name__: _index,
}


def split_units(held: Units, sizes: list[int]) -> list[Units]:
    """Return the parts of a tensor that is split along its units."""
    bounds = np.cumsum([0, *sizes])
    return [held.plain(ids=held.ids[a:b]) for a, b in pairwise(bounds)]
