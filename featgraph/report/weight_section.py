"""The network of a model's own weights, as a section of the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from featgraph.weights.spectrum import WeightSpectrum

__all__ = ["measure_model_weights", "view_weights", "weight_rows"]

#: Samples of 32 neurons per layer, and null models that cost little beside the layers.
N_SAMPLES, NULLS = 5, ("rows", "untrained")
_NAMES = {"rows": "weights permuted within rows", "untrained": "untrained twin"}
_MEASURES = {"released": "its neurons' own edges, as released", "paths": "shortest paths"}


def measure_model_weights(model: Any, seed: int) -> tuple[WeightSpectrum, ...]:
    """Return both spectra of the weights of a model, beside null models."""
    from torch import nn

    from featgraph.weights.multifractal import multifractal_weights

    if not isinstance(model, nn.Module):
        raise ValueError("weight_network=True needs a model, got features")
    how: dict[str, Any] = {"n_samples": N_SAMPLES, "nulls": NULLS, "rng": seed}
    return (
        multifractal_weights(model, variant="released", **how),
        multifractal_weights(model, variant="paths", **how),
    )


def weight_rows(spectra: Sequence[WeightSpectrum]) -> list[dict[str, Any]]:
    """Return one flat row per variant and network, as in ``weights.csv``."""
    return [{"variant": one.variant, **row} for one in spectra for row in one.null_rows()]


def view_weights(spectra: Sequence[WeightSpectrum]) -> list[list[str]]:
    """Return the rows of the section's table as text."""
    rows = []
    for one in spectra:
        for row in one.null_rows():
            name = _NAMES.get(row["network"], row["network"])
            cells = [
                f"{row[key]:.3f} [{row[f'{key}_low']:.3f}, {row[f'{key}_high']:.3f}]"
                for key in ("alpha0", "width", "node_dimension", "d_2")
            ]
            rows.append([_MEASURES[one.variant], name, *cells])
    return rows
