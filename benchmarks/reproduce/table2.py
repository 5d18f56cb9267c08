"""Table 2: mean SS_rate over the layers of published networks, untrained and trained."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from featgraph.core.checks import choice, integer
from featgraph.selfsimilarity.estimators import EstimatorName

if TYPE_CHECKING:
    from featgraph.datasets.images import ImageDataset

__all__ = ["PUBLISHED", "RECOMPUTED", "SCALES", "add_arguments", "run"]

#: Mean over the layers of Table 1, untrained and trained (Ding et al. 2025, Table 2).
PUBLISHED = {
    "ViT-S": (0.13, 0.66), "ViT-B": (0.13, 0.46), "PoolFormer": (0.34, 0.43), "PvT": (0.17, 0.48),
    "ResNet34": (0.22, 0.17), "ResNet50": (0.22, 0.33), "VGG": (0.19, 0.18),
    "ResMLP": (0.09, 0.40), "Mixer": (0.13, 0.66),
}  # fmt: skip
#: Networks of timm and the row of the table each stands for.
NETS = {
    "resnet34": "ResNet34", "resnet50": "ResNet50", "vgg11": "VGG", "poolformer_s12": "PoolFormer",
    "pvt_v2_b1": "PvT", "resmlp_12_224": "ResMLP", "mixer_b16_224": "Mixer",
    "vit_small_patch16_224": "ViT-S", "vit_base_patch16_224": "ViT-B",
}  # fmt: skip
#: Untrained, by the released estimator on 512 photographs of ImageNet, computed independently.
RECOMPUTED = {
    "resnet34": 0.219, "resnet50": 0.203, "vgg11": 0.177, "poolformer_s12": 0.348,
    "mixer_b16_224": 0.112, "pvt_v2_b1": 0.147, "resmlp_12_224": 0.154,
    "vit_small_patch16_224": 0.208,
}  # fmt: skip
FORMULAS: tuple[EstimatorName, ...] = ("released", "paper")
#: Certified lower bound, true covering, and what lies between.
COUNTS: tuple[EstimatorName, ...] = ("packing", "linkage", "midpoint")

SCALES = {
    "quick": "resnet34 and one seed on 32 images",
    "small": "nine networks, three seeds, 512 images: an hour on two cores",
    "full": "nine networks, ten seeds, 512 images",
}
_SEEDS = {"quick": 1, "small": 3, "full": 10}
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "--images", required=True, metavar="PATH", help="photographs: a folder or .zip"
    )
    parser.add_argument(
        "--weights", default=None, metavar="FOLDER",
        help="NAME.safetensors or NAME.pt by timm's name: adds the trained column",
    )  # fmt: skip
    parser.add_argument(
        "--nets", nargs="+", default=None, metavar="NAME", help=f"of timm, as {', '.join(NETS)}"
    )
    parser.add_argument("--seeds", type=int, default=None, metavar="N", help="number of seeds")
    parser.add_argument(
        "--max-images", type=int, default=None, metavar="N", help="images used; none: 512"
    )
    add_jobs(parser)


def run(
    out: str | os.PathLike[str],
    *,
    images: str,
    scale: str = "small",
    seed: int = 0,
    weights: str | None = None,
    nets: Sequence[str] | None = None,
    seeds: int | None = None,
    max_images: int | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Recompute Table 2 by the released and printed formulas and by true box counts.

    Parameters
    ----------
    out : str or path-like
        Folder; every finished network is kept.
    images : str
        Folder or .zip of photographs.
    scale : {"quick", "small", "full"}, default="small"
        See ``SCALES``.
    seed : int, default=0
        First seed of the untrained weights.
    weights, nets, seeds, max_images, jobs
        See ``python -m benchmarks.reproduce table2 --help``.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    choice(scale, SCALES, "scale")
    n_images = (32 if scale == "quick" else 512) if max_images is None else max_images
    default = ["resnet34"] if scale == "quick" else list(NETS)
    names = list(default if nets is None else nets)
    n_seeds = integer(_SEEDS[scale] if seeds is None else seeds, "seeds", least=1)
    settings = {"images": images, "n_images": n_images, "weights": weights}
    folder = RunFolder(out, "table2", settings, force=force)
    photos = _Photos(images, n_images, progress if jobs is None else False)
    tasks: list[tuple[str, str, int, Path | None]] = []
    for name in names:
        tasks += [(name, "untrained", number, None) for number in range(seed, seed + n_seeds)]
        file = _find_weights(weights, name)
        if file is not None:
            tasks.append((name, "trained", seed, file))
    steps = {
        f"{name}-{state}-{number}": partial(_measure_network, photos, name, number, file)
        for name, state, number, file in tasks
    }
    found = folder.finish_steps(steps, jobs=jobs, progress=progress, label="networks")
    rows = [
        {"net": name, "state": state, "seed": number, **row}
        for name, state, number, _ in tasks
        for row in found[f"{name}-{state}-{number}"]
    ]
    return _write(folder, rows)


class _Photos:
    """The images, read once they are needed."""

    def __init__(self, path: str, n_images: int, progress: bool | None) -> None:
        self.path, self.n_images, self.progress = path, n_images, progress
        self._images: ImageDataset | None = None

    def load(self) -> ImageDataset:
        from featgraph.datasets.image_files import load_image_folder

        if self._images is None:
            images = load_image_folder(
                self.path, size=224, max_images=self.n_images, progress=self.progress
            )
            self._images = images.standardize(*_IMAGENET)
        return self._images


def _find_weights(folder: str | None, name: str) -> Path | None:
    if folder is None:
        return None
    if not Path(folder).is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    files = (Path(folder) / f"{name}{suffix}" for suffix in (".safetensors", ".pt", ".pth"))
    return next((file for file in files if file.is_file()), None)


def _measure_network(
    photos: _Photos, name: str, seed: int, weights: Path | None
) -> list[dict[str, Any]]:
    """Return SS_rate of each layer of one network by all estimators."""
    from featgraph.features.capture import extract_features
    from featgraph.models.library_models import create_timm_model
    from featgraph.selfsimilarity.grid import EqualDistancesError
    from featgraph.selfsimilarity.rate import ss_rate

    model = create_timm_model(name, weights=weights, seed=seed)
    features = extract_features(
        model, photos.load().images, batch_size=32, progress=photos.progress
    )
    rows = []
    for layer, F in features.items():
        try:
            rates: dict[str, float] = {
                **{e: float(ss_rate(F, estimator=e, numerics="released")) for e in FORMULAS},
                **{e: float(ss_rate(F, estimator=e)) for e in COUNTS},
            }
        except EqualDistancesError:
            continue
        rows.append({"layer": layer, "n_nodes": F.n_nodes, **rates})
    return rows


def summarize_rates(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per network and state: published, recomputed with spread over seeds."""
    table = []
    for name in dict.fromkeys(row["net"] for row in rows):
        for state in ("untrained", "trained"):
            mine = [row for row in rows if row["net"] == name and row["state"] == state]
            if not mine:
                continue
            place = ("untrained", "trained").index(state)
            published = PUBLISHED.get(NETS.get(name, ""))
            entry: dict[str, Any] = {
                "net": name,
                "state": state,
                "published": None if published is None else published[place],
                "expected": RECOMPUTED.get(name) if state == "untrained" else None,
            }
            seeds = sorted({row["seed"] for row in mine})
            for estimator in (*FORMULAS, *COUNTS):
                means = [_layer_mean(mine, seed, estimator) for seed in seeds]
                entry[estimator] = sum(means) / len(means)
                if estimator in ("released", "midpoint"):
                    entry[f"{estimator} sd"] = _spread(means)
            entry["n_seeds"] = len(seeds)
            table.append(entry)
    return table


def _layer_mean(rows: Sequence[Mapping[str, Any]], seed: int, estimator: str) -> float:
    values = [row[estimator] for row in rows if row["seed"] == seed]
    return float(sum(values) / len(values))


def _spread(values: Sequence[float]) -> float | None:
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _write(folder: RunFolder, rows: Sequence[Mapping[str, Any]]) -> Path:
    table = summarize_rates(rows)
    folder.write_table("table2", table)
    folder.write_table("layers", rows)
    shown = (folder.folder / "table2.md").read_text(encoding="utf-8").rstrip()
    far = [
        f"{row['net']} ({row['released']:.3f} against {row['expected']:.3f})"
        for row in table
        if row["expected"] is not None and abs(row["released"] - row["expected"]) > 0.03
    ]
    parts = [
        "# Table 2: SS_rate of published networks",
        "Mean SS_rate over the layers of Table 1. `published`: Ding et al. 2025, "
        "arXiv:2507.17785. `expected`: untrained networks of timm on 512 photographs of "
        "ImageNet, computed independently of this program. `released` and `paper`: recomputed "
        "here by the two formulas; `packing` and `linkage`: by a certified lower bound of the "
        "true number of boxes and by boxes that exist; `midpoint`: by the geometric mean of these "
        "two, the nearest to the truth. sd: over seeds of the weights.",
        shown,
        "Every recomputed value lies within 0.03 of the expected one."
        if not far
        else f"More than 0.03 from the expected value: {', '.join(far)}.",
        f"Settings: {', '.join(f'{k} {v}' for k, v in folder.settings.items())}. Every layer: "
        "[layers.csv](layers.csv). Versions and machine: [provenance.json](provenance.json).",
    ]
    return folder.write_page("\n\n".join(parts) + "\n")
