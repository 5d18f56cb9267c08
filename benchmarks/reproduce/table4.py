"""Table 4: standard deviation σ of spectral exponents over the layers of a network."""

from __future__ import annotations

import argparse
import importlib.util
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from featgraph.invariance.power_law import TailVariant
    from featgraph.invariance.scale import ScaleInvariance

__all__ = ["PUBLISHED", "add_arguments", "run"]

#: Averages over the data sets of Table 4, Ding et al. 2025, trained networks.
PUBLISHED = {
    "Mixer": 0.1344, "ViT": 0.1674, "PoolFormer": 0.2524, "ResNet": 0.3176, "ResMLP": 0.3420,
    "PvT": 0.5639, "VGG": 0.7149,
}  # fmt: skip
_VARIANTS: tuple[TailVariant, ...] = ("paper", "released", "tail")
#: Activations of every unit of one layer may take this many bytes as float64.
_MEMORY = 2 * 2**30


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    add_subject_arguments(parser, jobs="trainings or measurements")


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    nets: Sequence[str] | None = None,
    data: str = "digits",
    weights: str | None = None,
    max_images: int | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Recompute Table 4 in three variants beside the published values.

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
        ``python -m benchmarks.reproduce table4 --help``.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    from featgraph.invariance.scale import ScaleInvariance

    settings = {
        "scale": scale, "seed": seed, "nets": None if nets is None else list(nets), "data": data,
        "weights": weights, "max_images": max_images, "rivals": _has_powerlaw(),
    }  # fmt: skip
    folder = RunFolder(out, "table4", settings, force=force)
    subjects = Subjects(
        folder, scale=scale, nets=nets, data=data, weights=weights, max_images=max_images,
        seed=seed, jobs=jobs, progress=progress,
    )  # fmt: skip
    results = measure_networks(subjects, _measure, _VARIANTS, ScaleInvariance)
    summaries = {key: _summary(found) for key, found in results.items()}
    rows = compare_values(subjects, PUBLISHED, summaries, symbol="σ")
    return write_comparison(
        folder,
        title="Table 4: σ of spectral exponents over layers",
        intro=[
            "σ is the standard deviation, over the layers of a network, of the exponent γ of the "
            "eigenvalue spectrum of its features. Small means the same law in every layer. "
            "Published: Ding et al. 2025, arXiv:2507.17785, Table 4, trained networks."
        ],
        rows=rows,
        layer_rows=list_layers(results),
        notes=_notes(subjects, rows),
        pictures=_draw(folder, results),
    )


def _has_powerlaw() -> bool:
    return importlib.util.find_spec("powerlaw") is not None


def _measure(
    subjects: Subjects, subject: Subject, state: State, variant: TailVariant
) -> dict[str, Any] | None:
    """Measure one network; None if no layer can be measured in this variant."""
    from featgraph.graph.power_laws import RIVALS
    from featgraph.invariance.scale import measure_scale_invariance

    features = subjects.capture(subject, state, flatten=variant == "released")
    features = {name: F for name, F in features.items() if 8 * F.values.numel() <= _MEMORY}
    rivals = tuple(RIVALS) if variant == "tail" and _has_powerlaw() else ()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*it is left out")  # the table counts layers
        try:
            return measure_scale_invariance(
                features, variant=variant, short="skip", rivals=rivals, rng=subjects.seed,
                progress=subjects.bars,
            ).to_dict()  # fmt: skip
        except ValueError as error:
            if "got none among" in str(error) or "at least one layer" in str(error):
                return None
            raise


def _summary(found: dict[str, ScaleInvariance]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for variant in _VARIANTS:
        result = found.get(variant)
        # One layer has no spread; 0 would look like perfect invariance.
        several = result is not None and len(result.layers) > 1
        row[f"σ {variant}"] = round(result.sigma, 4) if several and result else None
    tail = found.get("tail")
    if tail is not None and tail.interval is not None:
        row["σ tail, low"], row["σ tail, high"] = (round(end, 4) for end in tail.interval)
        row["noise floor"] = round(tail.noise_floor or 0.0, 4)
    if tail is not None:
        row["layers"] = len(tail.layers)
        verdicts = [item.fit.verdict for item in tail.layers]
        row["power laws"] = verdicts.count("power law")
        row["rejected"] = verdicts.count("not a power law")
    return row


def _notes(subjects: Subjects, rows: Sequence[dict[str, Any]]) -> list[str]:
    notes = [
        "`σ paper`: γ = 1 + n / Σ ln(λ/λ_min) over all positive eigenvalues of one value per "
        "channel, as Appendix B prints it. λ_min is then the smallest eigenvalue that the "
        "rounding of the features resolves, and γ hangs on it.",
        "`σ released`: every unit of a layer, leading min(1000, N/2) eigenvalues, x_min by "
        "Kolmogorov–Smirnov: what the released code computes, and so the column to hold "
        "against the published one. Versions of the powerlaw package from 2.0 on keep "
        "exponents below 3 unless told otherwise; here, as with older versions, they are free.",
        "`σ tail`: channels, x_min by Kolmogorov–Smirnov over tails of at least 10 eigenvalues, "
        "with the interval of σ and the σ that noise alone would give. A σ near its noise floor "
        "is no evidence of differences between layers, and none of invariance either.",
        "`power laws` and `rejected` count layers whose tail is or is not a power law by "
        "goodness of fit and likelihood ratio; the others are undecided. Where the law is "
        "rejected, γ is a number without its meaning.",
    ]
    if any(row.get("σ tail") == 0 for row in rows):
        notes.append(
            "σ = 0 means that all layers have the very same spectrum: an untrained ResMLP starts "
            "with residual branches of weight zero, so its blocks hand on what they get."
        )
    if not _has_powerlaw():
        notes.append("Rivals were not compared: the powerlaw package (extra stats) is missing.")
    notes += explain_subjects(subjects, _MEMORY)
    columns = [f"σ {variant}" for variant in _VARIANTS]
    return notes + describe_agreement(rows, "published σ", columns)


def _draw(
    run: RunFolder, results: dict[tuple[str, State], dict[str, ScaleInvariance]]
) -> dict[str, str]:
    from featgraph.plot.invariance import plot_spectra
    from featgraph.plot.layer_values import plot_exponents

    pictures = {}
    for network in dict.fromkeys(name for name, _ in results):
        tails = {
            state: found["tail"]
            for (name, state), found in results.items()
            if name == network and "tail" in found
        }
        if not tails:
            continue
        last, result = list(tails.items())[-1]
        name = f"spectra-{network}"
        run.write_figure(name, plot_spectra(result)[0])
        pictures[name] = f"{network}, {last}: eigenvalues of each layer with the fitted tail"
        name = f"exponents-{network}"
        order = list(reversed(tails))
        labels = [f"{state}: σ = {tails[state].sigma:.3f}" for state in order]
        run.write_figure(name, plot_exponents(*(tails[s] for s in order), labels=labels)[0])
        pictures[name] = f"{network}: exponents over layers; band: mean ± σ, {order[0]}"
    return pictures
