"""Table 5: relative range Δ of correlation dimensions over the layers of a network."""

from __future__ import annotations

import argparse
import importlib.util
import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from benchmarks.reproduce.comparison import (
    compare_values,
    describe_agreement,
    explain_subjects,
    list_layers,
    measure_networks,
    write_comparison,
)
from benchmarks.reproduce.run_folder import RunFolder
from benchmarks.reproduce.subjects import State, Subject, Subjects, add_subject_arguments

if TYPE_CHECKING:
    from featgraph.invariance.geometric import GeometricInvariance, GeometricVariant

__all__ = ["PUBLISHED", "add_arguments", "run"]

#: Averages over the data sets of Table 5, Ding et al. 2025, trained networks.
PUBLISHED = {
    "Mixer": 0.2031, "ResMLP": 0.2721, "PoolFormer": 0.2735, "ViT": 0.2772, "VGG": 0.3170,
    "ResNet": 0.4540, "PvT": 0.5210,
}  # fmt: skip
#: Activations of every unit of one layer may take this many bytes as float64.
_MEMORY = 2 * 2**30


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    add_subject_arguments(parser, jobs="trainings or measurements")
    parser.add_argument(
        "--no-umap", action="store_true", help="leave the variants with UMAP out, which are slow"
    )


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    nets: Sequence[str] | None = None,
    data: str = "digits",
    weights: str | None = None,
    max_images: int | None = None,
    no_umap: bool = False,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Recompute Table 5 in up to three variants beside the published values.

    Parameters
    ----------
    out : str or path-like
        Folder: new, empty, or an earlier run, whose finished networks are taken over.
    scale : {"quick", "small", "full"}, default="small"
        Small nets trained on the spot, or networks of timm with given weights.
    seed : int, default=0
        Seed of training, images and bootstrap.
    nets, data, weights, max_images, jobs
        Which networks see which images, and how many steps run at once, see
        ``python -m benchmarks.reproduce table5 --help``.
    no_umap : bool, default=False
        Leave out what needs UMAP, even if umap-learn (extra ``umap``) is installed.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    from featgraph.invariance.geometric import GeometricInvariance

    umap = not no_umap and importlib.util.find_spec("umap") is not None
    settings = {
        "scale": scale, "seed": seed, "nets": None if nets is None else list(nets), "data": data,
        "weights": weights, "max_images": max_images, "umap": umap,
    }  # fmt: skip
    folder = RunFolder(out, "table5", settings, force=force)
    subjects = Subjects(
        folder, scale=scale, nets=nets, data=data, weights=weights, max_images=max_images,
        seed=seed, jobs=jobs, progress=progress,
    )  # fmt: skip
    variants = [name for name, kind in _KINDS.items() if umap or kind.embedding != "umap"]
    results = measure_networks(subjects, _measure, variants, GeometricInvariance)
    summaries = {key: _summary(found) for key, found in results.items()}
    rows = compare_values(subjects, PUBLISHED, summaries, symbol="Δ")
    return write_comparison(
        folder,
        title="Table 5: Δ of correlation dimensions over layers",
        intro=[
            "Δ = (max − min) / mean, over the layers of a network, of the correlation dimension "
            "D₂ of its cloud of samples. Small means the same dimension in every layer. "
            "Published: Ding et al. 2025, arXiv:2507.17785, Table 5, trained networks."
        ],
        rows=rows,
        layer_rows=list_layers(results),
        notes=_notes(subjects, rows, umap),
        pictures=_draw(folder, results),
    )


class _Kind(NamedTuple):
    """How a column is measured; ``flatten`` takes every unit, otherwise channels."""

    variant: GeometricVariant
    embedding: Literal["umap", "none"]
    flatten: bool


_KINDS = {
    "full": _Kind("full", "none", False),
    "paper": _Kind("paper", "umap", False),
    "released": _Kind("released", "umap", True),
    "released without UMAP": _Kind("released", "none", True),
}


def _measure(
    subjects: Subjects, subject: Subject, state: State, name: str
) -> dict[str, Any] | None:
    """Measure one network in one way; None if no layer is small enough for it."""
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.invariance.geometric import measure_geometric_invariance

    variant, embedding, flatten = _KINDS[name]
    features = subjects.capture(subject, state, flatten=flatten)
    features = {key: F for key, F in features.items() if 8 * F.values.numel() <= _MEMORY}
    if not features:
        return None
    if embedding == "none" and variant == "released":
        # Samples of unit norm, as the released code makes them before UMAP.
        features = {
            key: FeatureMatrix(F.values / F.values.norm(dim=0).clamp_min(1e-12), layer=key)
            for key, F in features.items()
        }
    return measure_geometric_invariance(
        features, variant=variant, embedding=embedding, duplicates="drop",
        rng=subjects.seed, progress=subjects.bars,
    ).to_dict()  # fmt: skip


def _summary(found: dict[str, GeometricInvariance]) -> dict[str, Any]:
    import numpy as np

    from featgraph.invariance.layer_spread import relative_range

    # One layer has no spread; 0 would look like perfect invariance.
    row: dict[str, Any] = {
        f"Δ {name}": round(item.delta, 4) if len(item.layers) > 1 else None
        for name, item in found.items()
    }
    full = found["full"]
    if full.interval is not None:
        row["Δ full, low"], row["Δ full, high"] = (round(end, 4) for end in full.interval)
        row["noise floor"] = round(full.noise_floor or 0.0, 4)
    for column, name in (("Δ TwoNN", "two_nn"), ("Δ likelihood", "likelihood")):
        values = np.array([getattr(item, name).dimension for item in full.layers])
        row[column] = round(float(relative_range(values)), 4)
    row["mean D₂"] = round(float(full.dimensions.mean()), 2)
    plateaus = [
        item.correlation is not None and item.correlation.has_plateau for item in full.layers
    ]
    row["layers"], row["plateaus"] = len(full.layers), sum(plateaus)
    return row


def _notes(subjects: Subjects, rows: Sequence[dict[str, Any]], umap: bool) -> list[str]:
    notes = [
        "`Δ full`: full correlation sum of the samples in the space of channels, window by rule "
        "(`featgraph.invariance.fit_correlation_dimension`), with its interval and the Δ that "
        "noise alone would give. The same for features in any unit.",
        "`Δ released`: every unit, samples of unit norm, UMAP to 30 dimensions, 29 neighbours, "
        "absolute radii, middle half: what the released code computes, and so the column to hold "
        "against the published one. Its D₂ depends on the unit of UMAP's coordinates.",
        "`Δ released without UMAP`: the same on the unit samples themselves. The difference of "
        "the two columns is the work of UMAP, not of the network.",
        "`Δ paper`: UMAP, then the full correlation sum. UMAP makes distances to neighbours "
        "alike on purpose, so this is a dimension of the embedding.",
        "`Δ TwoNN` and `Δ likelihood` rest on nearest neighbours alone and need no window. No D₂ "
        f"above {2 * math.log10(len(subjects.images)):.1f} can be seen with "
        f"{len(subjects.images)} samples.",
    ]
    if not umap:
        notes.append(
            "UMAP was left out (umap-learn, extra umap, is missing or --no-umap was given), and "
            "with it the columns `Δ released` and `Δ paper`."
        )
    columns = [column for column in rows[0] if column.startswith("Δ ") and "," not in column]
    notes += explain_subjects(subjects, _MEMORY)
    return notes + describe_agreement(rows, "published Δ", columns)


def _draw(
    run: RunFolder, results: dict[tuple[str, State], dict[str, GeometricInvariance]]
) -> dict[str, str]:
    from featgraph.plot.invariance import plot_correlation_sum
    from featgraph.plot.layer_values import plot_dimensions

    pictures = {}
    for network in dict.fromkeys(name for name, _ in results):
        full = {state: found["full"] for (name, state), found in results.items() if name == network}
        last, result = list(full.items())[-1]
        name = f"correlation-{network}"
        run.write_figure(name, plot_correlation_sum(result)[0])
        pictures[name] = f"{network}, {last}: correlation sums, local slopes, fit window (shaded)"
        name = f"dimensions-{network}"
        order = list(reversed(full))
        labels = [f"D₂ {state}: Δ = {full[state].delta:.2f}" for state in order]
        figure, _ = plot_dimensions(*(full[state] for state in order), labels=labels)
        run.write_figure(name, figure)
        pictures[name] = f"{network}: dimensions over layers; neighbour estimates: {order[0]}"
    return pictures
