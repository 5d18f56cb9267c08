"""The ways to train of Table 3: published ones, and by true and robust counts of boxes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["ROBUST", "VARIANTS", "Variant", "describe"]

#: θ that one silent or loud neuron does not set, in a scale without a unit.
ROBUST: dict[str, Any] = {"grid": "quantile", "scale": "log"}


@dataclass(frozen=True)
class Variant:
    """One way to train: estimator of the constraint, its weight α, and what γ is.

    ``share`` times the SS_rate that each layer has after unconstrained training is its γ.
    ``is_robust`` measures SS_rate between quantiles of the distances and over log θ.
    """

    estimator: str | None
    weight: float = 1e-4
    share: float = 1.0
    is_robust: bool = False

    @property
    def options(self) -> dict[str, Any]:
        """Grid and scale of θ, as :func:`ss_rate` takes them."""
        return dict(ROBUST) if self.is_robust else {}

    @property
    def measure(self) -> str:
        """The name of this SS_rate among the measured ones."""
        return f"{self.estimator}_robust" if self.is_robust else str(self.estimator)


VARIANTS = {
    "baseline": Variant(None),
    "released": Variant("released"),
    "packing": Variant("packing"),
    "linkage": Variant("linkage"),
    "linkage_half": Variant("linkage", weight=1.0, share=0.5),
    "midpoint_half": Variant("midpoint", weight=1.0, share=0.5),
    # A rate without a unit has gradients as steep as activations are small: 50 times those above.
    "robust": Variant("midpoint", weight=0.02, is_robust=True),
    "robust_half": Variant("midpoint", weight=0.02, share=0.5, is_robust=True),
    "robust_strong": Variant("midpoint", weight=1.0, share=0.5, is_robust=True),
}


def describe(variant: Variant) -> str:
    """Return a way to train in words."""
    if variant.estimator is None:
        return "task loss alone"
    level = "what it" if variant.share == 1 else f"{variant.share:g} of what it"
    scale = " between quantiles of the distances and over log θ" if variant.is_robust else ""
    return (
        f"task loss + {variant.weight:g} (SS_rate − γ)² of one random layer per step, SS_rate by "
        f"{variant.estimator}{scale}, γ {level} is in that layer after unconstrained training"
    )
