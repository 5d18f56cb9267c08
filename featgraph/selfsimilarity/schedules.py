"""Targets γ of the regulariser over steps and layers, and the released gate before it acts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, runtime_checkable

from featgraph.core.checks import fraction, nearest, need_keys

__all__ = [
    "ConstantTarget",
    "CosineTarget",
    "LinearTarget",
    "ReleasedGate",
    "Target",
    "TargetSchedule",
    "TrackingTarget",
    "as_targets",
    "describe_target",
]

Target: TypeAlias = "float | TargetSchedule | Callable[[int, str], float]"


class ReleasedGate:
    """Factor z in [0, 1] before the term of a layer.

    In the first epoch z = 0. From then on ``z = 1 − min(|S − S_old| / S_old, L) / L``, where S
    is the SS_rate just measured and S_old the mean of the layer over an earlier epoch: the term
    counts in full while SS_rate stands still, and not at all once it has moved by the share L.

    Parameters
    ----------
    limit : float, default=0.05
        L, above 0.
    refresh : int, default=3
        S_old is taken anew after every so many epochs; the released code uses 3 to 5.

    Notes
    -----
    A layer without a measurement in the epoch of the refresh keeps its older S_old.

    References
    ----------
    Code released with Ding et al. 2025, arXiv:2507.17785.

    Examples
    --------
    >>> gate = ReleasedGate()
    >>> gate.factor("a", 0.50)
    0.0
    >>> gate.end_epoch()
    >>> round(gate.factor("a", 0.50), 6), round(gate.factor("a", 0.51), 6), gate.factor("a", 0.6)
    (1.0, 0.6, 0.0)
    """

    def __init__(self, *, limit: float = 0.05, refresh: int = 3) -> None:
        self.limit = limit
        self.refresh = refresh
        self.epoch = 0
        self.old: dict[str, float] = {}
        self.sums: dict[str, list[float]] = {}

    def factor(self, layer: str, rate: float) -> float:
        """Return z for the SS_rate just measured, and take it into the mean of the epoch."""
        total = self.sums.setdefault(layer, [0.0, 0.0])
        total[0] += rate
        total[1] += 1
        old = self.old.get(layer, 0.0)
        if self.epoch == 0 or old <= 0:
            return 0.0
        return 1 - min(abs(rate - old) / old, self.limit) / self.limit

    def end_epoch(self) -> None:
        """Close an epoch; must be called after each."""
        if self.epoch % self.refresh == 0:
            for layer, (total, count) in self.sums.items():
                self.old[layer] = total / count
        self.sums = {}
        self.epoch += 1

    def state_dict(self) -> dict[str, Any]:
        """Return the state as plain numbers."""
        sums = {layer: list(pair) for layer, pair in self.sums.items()}
        return {"epoch": self.epoch, "old": dict(self.old), "sums": sums}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state."""
        need_keys(state, ("epoch", "old", "sums"), "state")
        self.epoch = int(state["epoch"])
        self.old = {str(k): float(v) for k, v in state["old"].items()}
        self.sums = {str(k): [float(x) for x in v] for k, v in state["sums"].items()}


@runtime_checkable
class TargetSchedule(Protocol):
    """What a target must be able to do; any object with these three methods will do."""

    def value(self, step: int, layer: str, rate: float) -> float:
        """Return γ at a step, given the SS_rate just measured in that layer."""

    def state_dict(self) -> dict[str, Any]:
        """Return what changes in training, as plain numbers."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from there."""


class ConstantTarget:
    """The same γ at every step, as published.

    Parameters
    ----------
    target : float
        γ in [0, 1].

    Examples
    --------
    >>> ConstantTarget(0.3).value(step=7, layer="blocks.0", rate=0.5)
    0.3
    """

    def __init__(self, target: float) -> None:
        self.target = fraction(target, "target")

    def value(self, step: int, layer: str, rate: float) -> float:
        """Return γ."""
        return self.target

    def state_dict(self) -> dict[str, Any]:
        """Return nothing: a constant has no state."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do nothing."""


class LinearTarget(ConstantTarget):
    """γ moves from start to end in equal steps, and stays there.

    Parameters
    ----------
    start, end : float
        γ at step 0 and from step n_steps on, in [0, 1].
    n_steps : int
        Number of calls of the regulariser in training, at least 1.

    Examples
    --------
    >>> [LinearTarget(0.2, 0.4, n_steps=4).value(step, "", 0.0) for step in (0, 1, 4, 9)]
    [0.2, 0.25, 0.4, 0.4]
    """

    def __init__(self, start: float, end: float, *, n_steps: int) -> None:
        super().__init__(fraction(start, "start"))
        self.end = fraction(end, "end")
        self.n_steps = n_steps

    def value(self, step: int, layer: str, rate: float) -> float:
        """Return γ at a step."""
        share = self._share(min(step / self.n_steps, 1.0))
        return (1 - share) * self.target + share * self.end

    def _share(self, passed: float) -> float:
        return passed


class CosineTarget(LinearTarget):
    """γ moves from start to end along half a cosine, slowly at both ends.

    Parameters
    ----------
    start, end : float
        γ at step 0 and from step n_steps on, in [0, 1].
    n_steps : int
        Number of calls of the regulariser in training, at least 1.

    Examples
    --------
    >>> [round(CosineTarget(0.0, 1.0, n_steps=4).value(step, "", 0.0), 3) for step in (0, 1, 2, 4)]
    [0.0, 0.146, 0.5, 1.0]
    """

    def _share(self, passed: float) -> float:
        return (1 - math.cos(math.pi * passed)) / 2


class TrackingTarget:
    """γ of a layer follows a moving average of SS_rate, of this run or of an unconstrained one.

    Parameters
    ----------
    momentum : float, default=0.99
        Share of the old average kept at each step, in [0, 1].
    trajectory : mapping of str to sequence of float, or None, default=None
        SS_rate of each layer over the epochs of an unconstrained run, that before training first,
        as ``TrainingLog.trajectory`` returns it: a step follows the rate with which its epoch
        began. None averages what this run measures itself: the term then holds SS_rate
        against sudden change, whatever its level.
    steps_per_epoch : int, default=1
        Number of steps that one entry of ``trajectory`` stands for.

    Raises
    ------
    ValueError
        If momentum or a rate lies outside [0, 1], or a trajectory is empty.

    Examples
    --------
    >>> target = TrackingTarget(momentum=0.5)
    >>> [target.value(step, "a", rate) for step, rate in enumerate([0.4, 0.2, 0.2])]
    [0.4, 0.30000000000000004, 0.25]
    """

    def __init__(
        self,
        momentum: float = 0.99,
        *,
        trajectory: Mapping[str, Sequence[float]] | None = None,
        steps_per_epoch: int = 1,
    ) -> None:
        self.momentum = momentum
        self.steps_per_epoch = steps_per_epoch
        self.trajectory = trajectory and {
            layer: [fraction(rate, f"trajectory[{layer!r}]") for rate in rates]
            for layer, rates in trajectory.items()
        }
        for layer, rates in (self.trajectory or {}).items():
            if not rates:
                raise ValueError(f"trajectory[{layer!r}] must hold at least one rate, got none")
        self.averages: dict[str, float] = {}

    def value(self, step: int, layer: str, rate: float) -> float:
        """Return the average of a layer, after taking in what was seen at this step."""
        if self.trajectory is not None:
            if layer not in self.trajectory:
                raise ValueError(
                    f"trajectory must hold every layer, got none for {layer!r}"
                    f"{nearest(layer, self.trajectory)}"
                )
            rates = self.trajectory[layer]
            rate = rates[min(step // self.steps_per_epoch, len(rates) - 1)]
        old = self.averages.get(layer, rate)
        self.averages[layer] = self.momentum * old + (1 - self.momentum) * rate
        return self.averages[layer]

    def state_dict(self) -> dict[str, Any]:
        """Return the averages."""
        return {"averages": dict(self.averages)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from saved averages."""
        need_keys(state, ("averages",), "state")
        self.averages = {str(k): float(v) for k, v in state["averages"].items()}


class _CallableTarget(ConstantTarget):
    def __init__(self, function: Callable[[int, str], float]) -> None:
        super().__init__(0.0)
        self.function = function

    def value(self, step: int, layer: str, rate: float) -> float:
        return fraction(self.function(step, layer), f"target at step {step}")


def as_targets(
    target: Target | Mapping[str, Target], layers: Sequence[str]
) -> list[TargetSchedule]:
    """Return one schedule per layer: a number, schedule or callable for all, or a dict by layer.

    Examples
    --------
    >>> [t.value(0, "", 0.0) for t in as_targets({"a": 0.2, "b": 0.4}, ["a", "b"])]
    [0.2, 0.4]
    """
    if not isinstance(target, Mapping):
        # One object for all layers: what a schedule keeps, it keeps by layer.
        return [_as_schedule(target)] * len(layers)
    unknown = [name for name in target if name not in layers]
    missing = [name for name in layers if name not in target]
    if unknown or missing:
        name = (unknown or missing)[0]
        raise ValueError(
            f"target must hold one entry for each of the layers {list(layers)}, "
            f"got {sorted(target)}{nearest(name, layers if unknown else list(target))}"
        )
    return [_as_schedule(target[name]) for name in layers]


def _as_schedule(target: Target) -> TargetSchedule:
    if isinstance(target, TargetSchedule):
        return target
    return _CallableTarget(target) if callable(target) else ConstantTarget(target)


def describe_target(target: TargetSchedule) -> list[Any]:
    """Return kind and fixed numbers of a schedule, which a run that goes on must share.

    Functions and foreign schedules say their kind only.

    Examples
    --------
    >>> describe_target(LinearTarget(0.4, 0.2, n_steps=9))
    ['LinearTarget', {'target': 0.4, 'end': 0.2, 'n_steps': 9}]
    """
    kind = type(target).__name__
    if not isinstance(target, (ConstantTarget, TrackingTarget)):
        return [kind]
    moving = target.state_dict()
    fixed = vars(target).items()
    return [kind, {k: v for k, v in fixed if k not in moving and not callable(v)}]
