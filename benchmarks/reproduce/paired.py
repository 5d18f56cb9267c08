"""Trainings in several ways from the same seeds: means, spread, and paired tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["conclude", "mean_rate", "summarize_variants", "compare_pairs"]


def summarize_variants(
    results: Sequence[Mapping[str, Any]], names: Sequence[str], variants: Sequence[str]
) -> list[dict[str, Any]]:
    """Return one row per network and variant, and one over all networks."""
    rows = []
    for name in [*names, "all"]:
        found = [row for row in results if name in ("all", row["net"])]
        base = {_pair(row): row for row in found if row["variant"] == "baseline"}
        for variant in variants:
            mine = [row for row in found if row["variant"] == variant]
            rows.append(_compare(name, variant, mine, base))
    return rows


def _pair(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["net"], row["seed"]


def _compare(
    name: str,
    variant: str,
    rows: Sequence[Mapping[str, Any]],
    base: Mapping[tuple[str, int], Mapping[str, Any]],
) -> dict[str, Any]:
    import numpy as np

    done = [row for row in rows if row["accuracy"] is not None]
    accuracy = np.array([row["accuracy"] for row in done])
    rates = {
        kind: np.array([mean_rate(row, estimator) for row in done])
        for kind, estimator in (
            ("released", "released"),
            ("true", "linkage"),
            ("robust", "midpoint_robust"),
        )
    }
    table = {
        "net": name,
        "variant": variant,
        "n_runs": len(done),
        "accuracy": _mean(accuracy),
        "accuracy_sd": _sd(accuracy),
        "ss_rate_released": _mean(rates["released"]),
        "ss_rate_released_sd": _sd(rates["released"]),
        "ss_rate_true": _mean(rates["true"]),
        "ss_rate_true_sd": _sd(rates["true"]),
        "ss_rate_robust": _mean(rates["robust"]),
        "gain": None,
        "gain_low": None,
        "gain_high": None,
        "p_value": None,
    }
    both = [row for row in done if base[_pair(row)]["accuracy"] is not None]
    if variant != "baseline" and len(both) > 1:
        gains = np.array([row["accuracy"] - base[_pair(row)]["accuracy"] for row in both])
        gains = gains.round(9)  # percentages are quotients: equal counts must differ by 0
        table.update(compare_pairs(gains))
    return table


def compare_pairs(gains: Any) -> dict[str, Any]:
    """Return mean gain, 95 % interval and p-value of the paired t-test."""
    import numpy as np
    from scipy.stats import t

    mean = round(float(gains.mean()), 9) + 0.0  # gains that cancel have a mean of 0, not 1e-17
    error = float(gains.std(ddof=1) / math.sqrt(len(gains)))
    half = float(t.ppf(0.975, len(gains) - 1)) * error
    # All pairs equal: no difference, and no spread to test it against.
    p_value = 2 * float(t.sf(abs(mean) / error, len(gains) - 1)) if error > 0 else None
    if error == 0 and np.all(gains == 0):
        p_value = 1.0
    return {"gain": mean, "gain_low": mean - half, "gain_high": mean + half, "p_value": p_value}


def mean_rate(row: Mapping[str, Any], estimator: str) -> float:
    """Return the mean SS_rate over the layers of one training; nan if none was measured."""
    rates = [layer[estimator] for layer in row["rates"].values() if estimator in layer]
    return sum(rates) / len(rates) if rates else math.nan


def _mean(values: Any) -> float | None:
    values = [value for value in values if math.isfinite(value)]
    return sum(values) / len(values) if values else None


def _sd(values: Any) -> float | None:
    import numpy as np

    values = values[np.isfinite(values)]
    return float(values.std(ddof=1)) if len(values) > 1 else None


def conclude(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Say in words what the row over all networks holds."""
    lines = []
    for row in rows:
        if row["net"] != "all" or row["gain"] is None:
            continue
        verdict = "no difference that the seeds could tell from chance"
        if row["p_value"] is not None and row["p_value"] < 0.05:
            verdict = "a gain" if row["gain"] > 0 else "a loss"
        p_value = "–" if row["p_value"] is None else f"{row['p_value']:.2g}"
        lines.append(
            f"* {row['variant']}: {verdict} ({row['gain']:+.2f} points, 95 % interval "
            f"{row['gain_low']:+.2f} to {row['gain_high']:+.2f}, p = {p_value}, "
            f"{row['n_runs']} pairs over all networks)."
        )
    return ["\n".join(lines)] if lines else []
