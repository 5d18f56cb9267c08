"""Permute the neurons of one network so that its weights match another's."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.core.result import Result
from featgraph.core.values import RandomState, as_rng
from featgraph.similarity.predictions import check_architecture
from featgraph.weights.network import read_units
from featgraph.weights.units import UnitTrace

__all__ = ["NeuronAlignment", "align_neurons"]

Ids = NDArray[np.int64]


@dataclass(frozen=True, repr=False, eq=False)
class NeuronAlignment(Result):
    """A network with permuted neurons, and how well its weights match now.

    Attributes
    ----------
    model : Module
        Copy of B that computes the same function.
    permutations : tuple of ndarray of int
        For each group of neurons that move together: which neuron of B took each place.
    matching_before, matching_after : float
        Cosine between all weights of A and of B.
    n_sweeps : int
        Passes over the groups until nothing improved.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> align_neurons(net, net)
    NeuronAlignment(n_groups=1, matching_before=1, matching_after=1, n_sweeps=1)
    """

    _shown: ClassVar = ("n_groups", "matching_before", "matching_after", "n_sweeps")

    model: nn.Module
    permutations: tuple[Ids, ...]
    matching_before: float
    matching_after: float
    n_sweeps: int

    @property
    def n_groups(self) -> int:
        """Groups of neurons that move together."""
        return len(self.permutations)


@dataclass(frozen=True)
class _Axis:
    """One axis of one parameter that is indexed by the units of a group."""

    parameter: str
    axis: int
    group: int
    block: int  # entries per unit, after flattening an image
    moves_only: bool = False  # buffers move with the units but do not decide where
    is_inner: bool = False  # the entries of a unit stand apart, the units within each position


def align_neurons(
    model_a: nn.Module, model_b: nn.Module, *, max_sweeps: int = 100, rng: RandomState = 0
) -> NeuronAlignment:
    """Permute the hidden neurons of B so that its weights come closest to those of A.

    Coordinate descent of weight matching: for one layer of hidden units after another, the
    permutation that maximises the inner product of all weights into and out of it is found
    exactly as an assignment problem, until a whole sweep improves nothing.

    Parameters
    ----------
    model_a, model_b : Module
        Networks of one architecture that :func:`featgraph.weight_graph` can read; neither is
        changed.
    max_sweeps : int, default=100
        Bound on the number of sweeps.
    rng : Generator, int or None, default=0
        Order of the layers within each sweep.

    Returns
    -------
    NeuronAlignment
        A copy of B that computes the same function, and the permutations.

    Raises
    ------
    ValueError
        If the architectures differ (the first differing parameter is named), or the units
        cannot be followed through the network.

    Notes
    -----
    Batch-norm parameters and biases take part, running statistics move along. Layers whose
    units are padded, concatenated or shared in other ways stay as they are, and so do attention
    and whatever a layer norm or an embedding names. The result is a
    local optimum. O(Σ width³) per sweep and the products of weights.

    References
    ----------
    .. [1] S. Ainsworth, J. Hayase, S. Srinivasa, "Git Re-Basin: merging models modulo
       permutation symmetries", ICLR 2023, arXiv:2209.04836, Algorithm 1.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 2))
    >>> other = copy.deepcopy(net)
    >>> order = torch.randperm(8)
    >>> other[0].weight.data, other[0].bias.data = net[0].weight[order], net[0].bias[order]
    >>> other[2].weight.data = net[2].weight[:, order]
    >>> round(align_neurons(net, other).matching_after, 6)
    1.0
    """
    check_architecture(model_a, model_b)
    generator = as_rng(rng)
    trace = read_units(model_a)
    sizes, axes = _find_axes(model_a, trace)
    first, second = (
        {name: value.detach().double().cpu() for name, value in model.state_dict().items()}
        for model in (model_a, model_b)
    )
    orders = {group: np.arange(size) for group, size in sizes.items()}
    done = 0
    for _ in range(max_sweeps if orders else 0):
        done += 1
        improved = False
        for group in generator.permutation(list(orders)).tolist():
            improved |= _improve(group, orders, axes, first, second)
        if not improved:
            break
    aligned = copy.deepcopy(model_b)
    moved = dict(model_b.state_dict())
    for axis in axes:
        moved[axis.parameter] = _take(moved[axis.parameter], axis, orders[axis.group])
    aligned.load_state_dict(moved)
    names = sorted({axis.parameter for axis in axes if not axis.moves_only})
    after = {name: value.detach().double().cpu() for name, value in moved.items()}
    return NeuronAlignment(
        aligned,
        tuple(orders.values()),
        _cosine(first, second, names),
        _cosine(first, after, names),
        done,
    )


def _improve(
    group: int,
    orders: dict[int, Ids],
    axes: list[_Axis],
    first: dict[str, torch.Tensor],
    second: dict[str, torch.Tensor],
) -> bool:
    """Best permutation of one group with all others held; True if the match got better."""
    from scipy.optimize import linear_sum_assignment

    gain = np.zeros((len(orders[group]),) * 2)
    others = {k: order for k, order in orders.items() if k != group}
    for axis in axes:
        if axis.group == group and not axis.moves_only:
            siblings = [a for a in axes if a.parameter == axis.parameter and a.axis != axis.axis]
            moved = second[axis.parameter]
            for sibling in siblings:
                if sibling.group in others:
                    moved = _take(moved, sibling, others[sibling.group])
            rows = [_front(side, axis) for side in (first[axis.parameter], moved)]
            gain += (rows[0] @ rows[1].T).numpy()
    chosen = np.asarray(linear_sum_assignment(gain, maximize=True)[1], dtype=np.int64)
    places = np.arange(len(chosen))
    before, after = gain[places, orders[group]].sum(), gain[places, chosen].sum()
    # rounding must not keep two equally good permutations changing places for ever
    better = bool(after > before + 1e-9 * np.abs(gain).max(initial=0.0))
    if better:
        orders[group] = chosen
    return better


def _front(value: torch.Tensor, axis: _Axis) -> torch.Tensor:
    """The parameter with the units of one axis as rows."""
    value = value.movedim(axis.axis, 0)
    n_units = value.shape[0] // axis.block
    if axis.is_inner:
        value = value.reshape(axis.block, n_units, *value.shape[1:]).transpose(0, 1)
    return value.reshape(n_units, -1)


def _take(value: torch.Tensor, axis: _Axis, order: Ids) -> torch.Tensor:
    steps = np.arange(axis.block)
    if axis.is_inner:
        places = (steps[:, None] * len(order) + order).ravel()
    else:
        places = (order[:, None] * axis.block + steps).ravel()
    return value.index_select(axis.axis, torch.as_tensor(places, device=value.device))


def _cosine(
    first: dict[str, torch.Tensor], second: dict[str, torch.Tensor], names: list[str]
) -> float:
    if not names:
        return 1.0
    a, b = (torch.cat([side[name].flatten() for name in names]) for side in (first, second))
    norms = float(a.norm()) * float(b.norm())
    return float(a @ b) / norms if norms > 0 else 0.0


def _find_axes(model: nn.Module, trace: UnitTrace) -> tuple[dict[int, int], list[_Axis]]:
    """Groups of units that may be permuted, with their sizes, and the axes they index."""
    groups = _Groups(trace)
    for skip in trace.skips:
        groups.join(skip.sources, skip.targets)
    known: dict[str, tuple[int, int]] = {}
    for link in trace.links:
        pair = (groups.of(link.sources), groups.of(link.targets))
        if known.setdefault(link.name, pair) != pair:  # one module used in two places
            groups.fixed.update(pair, known[link.name])
        if link.groups > 1 or link.module is None:
            groups.fixed.update(pair)
    groups.fixed.update(groups.of(ids) for ids in trace.held)
    for norm in trace.norms:
        if not isinstance(norm.module, nn.modules.batchnorm._BatchNorm):
            groups.fixed.add(groups.of(norm.units))
    axes = list(_axes(model, trace, groups))
    return {g: groups.sizes[g] for g in sorted({a.group for a in axes})}, axes


def _axes(model: nn.Module, trace: UnitTrace, groups: _Groups) -> Iterator[_Axis]:
    buffers = {name for name, _ in model.named_buffers()}
    seen: set[str] = set()
    for link in trace.links:
        if link.name in seen or link.module is None:
            continue
        seen.add(link.name)
        source, target = groups.of(link.sources), groups.of(link.targets)
        if groups.movable(target):
            yield _Axis(f"{link.name}.weight", 0, target, 1)
            if link.module.bias is not None:
                yield _Axis(f"{link.name}.bias", 0, target, 1)
        if groups.movable(source):
            block = link.module.weight.shape[1] // len(link.sources)
            yield _Axis(f"{link.name}.weight", 1, source, block, is_inner=link.is_inner)
    for norm in trace.norms:
        group = groups.of(norm.units)
        if norm.name not in seen and groups.movable(group):
            seen.add(norm.name)
            for part, value in norm.module.state_dict().items():
                if value.ndim == 1:
                    name = f"{norm.name}.{part}"
                    yield _Axis(name, 0, group, 1, moves_only=name in buffers)


class _Groups:
    """Which units must move together: layers joined by sums are one group."""

    def __init__(self, trace: UnitTrace) -> None:
        self.numbers: dict[tuple[int, ...], int] = {}
        self.parent: list[int] = []
        self.sizes: list[int] = []
        self.owner: dict[int, int] = {}
        self.fixed: set[int] = set()  # their units stay where they are
        for link in trace.links:
            self.of(link.targets)
        self.fixed.update(self.of(ids) for ids in (trace.inputs, trace.outputs))

    def of(self, ids: Ids) -> int:
        """Group of a whole layer; layers that share only some units are fixed."""
        key = tuple(ids.tolist())
        if key not in self.numbers:
            number = len(self.parent)
            self.numbers[key] = number
            self.parent.append(number)
            self.sizes.append(len(key))
            for unit in key:
                if unit in self.owner or unit < 0:
                    self.fixed |= {number, self.owner.get(unit, number)}
                self.owner.setdefault(unit, number)
        return self.find(self.numbers[key])

    def find(self, number: int) -> int:
        """Representative of a group."""
        while self.parent[number] != number:
            number = self.parent[number]
        return number

    def movable(self, number: int) -> bool:
        """Whether no member of the group is fixed."""
        root = self.find(number)
        return all(self.find(other) != root for other in self.fixed)

    def join(self, first: Ids, second: Ids) -> None:
        """Make two layers of one size move together."""
        a, b = self.of(first), self.of(second)
        if self.sizes[a] != self.sizes[b]:
            self.fixed |= {a, b}
        else:
            self.parent[b] = a
