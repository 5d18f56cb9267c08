"""The released gate: no constraint while SS_rate still moves by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from featgraph.core.checks import need_keys

__all__ = ["ReleasedGate"]


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
