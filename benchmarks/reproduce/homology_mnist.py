"""Persistent homology of weights: do width, depth, sample order and labels show in it?"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.experiments import SCALES
from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from benchmarks.reproduce.seeds import SmallNet, split_images, train_nets
from featgraph.core.checks import choice
from featgraph.core.resources import hold_threads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from featgraph.datasets.images import ImageDataset
    from featgraph.similarity.diagrams import DiagramKind

__all__ = ["EXPERIMENTS", "KINDS", "add_arguments", "run"]

KINDS: tuple[DiagramKind, ...] = ("landscape", "silhouette", "heat")
#: What varies in each experiment, and what stays.
EXPERIMENTS: Mapping[str, str] = {
    "width": "width of two hidden layers",
    "depth": "number of hidden layers",
    "order": "order of the samples (control: nothing that should matter)",
    "labels": "number of classes",
}


@dataclass(frozen=True)
class _Size:
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    orders: tuple[int, ...]
    labels: tuple[int, ...]
    width: int
    repeats: int
    epochs: int
    n_train: int

    def settings(self, experiment: str) -> tuple[int, ...]:
        """Values that one experiment goes through."""
        return {
            "width": self.widths, "depth": self.depths, "order": self.orders,
            "labels": self.labels,
        }[experiment]  # fmt: skip


_SIZES = {
    "quick": _Size((16, 32), (1, 2), (0, 1), (2, 10), 16, 2, 2, 400),
    "small": _Size((32, 64, 128, 256), (2, 4, 6), (0, 1, 2), (2, 4, 6, 8, 10), 64, 3, 8, 1200),
    "full": _Size(
        (128, 256, 512, 1024), (2, 4, 6, 8, 10), (0, 1, 2, 3, 4), (2, 4, 6, 8, 10), 512, 5, 10,
        10000,
    ),
}  # fmt: skip


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "--vary", nargs="+", default=None, metavar="NAME",
        help=f"experiments, of {', '.join(EXPERIMENTS)}; none: all",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--data", default="digits", metavar="PATH",
        help="images: 'digits', or an .npz file with labels (MNIST)",
    )  # fmt: skip
    add_jobs(parser, "trainings or comparisons (one for each of --vary)")


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    vary: Sequence[str] | None = None,
    data: str = "digits",
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Train perceptrons that differ in one respect and compare the homology of their weights.

    Parameters
    ----------
    out : str or path-like
        Folder: new, empty, or an earlier run, whose trained networks are taken over.
    scale : {"quick", "small", "full"}, default="small"
        Widths, depths and numbers of repetitions; "full" has the published ones.
    seed : int, default=0
        First seed of the networks, and seed of the choice of images.
    vary, data, jobs
        See ``python -m benchmarks.reproduce homology-mnist --help``.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    size = _SIZES[choice(scale, SCALES, "scale")]
    names = [choice(name, EXPERIMENTS, "vary") for name in (vary or EXPERIMENTS)]
    settings = {"scale": scale, "seed": seed, "vary": names, "data": data}
    folder = RunFolder(out, "homology-mnist", settings, force=force)
    images = split_images(data, n_train=size.n_train, n_test=500, seed=seed)
    groups = {name: _list_nets(folder, name, size, images, seed) for name in names}
    reports = train_nets(folder, groups, jobs=jobs, progress=progress)
    steps = {name: partial(_compare, group, size.repeats) for name, group in groups.items()}
    with hold_threads():
        results = folder.finish_steps(steps, jobs=jobs, progress=progress, label="experiments")
    for name, nets in reports.items():
        results[name]["accuracy"] = [net["accuracy"] for net in nets]
    _draw(folder, size, results)
    return _write_page(folder, size, results, images)


def _list_nets(
    folder: RunFolder,
    experiment: str,
    size: _Size,
    images: tuple[ImageDataset, ImageDataset],
    seed: int,
) -> list[SmallNet]:
    """Return the nets of one experiment, repetitions of a setting side by side."""
    nets = []
    for value in size.settings(experiment):
        width = value if experiment == "width" else size.width
        depth = value if experiment == "depth" else 2
        order = seed + (1000 * (1 + value) if experiment == "order" else 1000)
        parts = images
        if experiment == "labels":
            parts = (_first_classes(images[0], value), _first_classes(images[1], value))
        nets += [
            SmallNet(
                "mlp",
                parts,
                path=folder.path(f"weights/{experiment}-{value}-{repeat}.safetensors"),
                seed=seed + repeat,
                order=order + repeat,
                epochs=size.epochs,
                options={"widths": (width,) * depth},
            )
            for repeat in range(size.repeats)
        ]
    return nets


def _first_classes(images: ImageDataset, count: int) -> ImageDataset:
    from dataclasses import replace

    chosen = images.take((images.labels < count).nonzero().flatten())
    return replace(chosen, classes=chosen.classes[:count])


def _compare(nets: Sequence[SmallNet], n_repeats: int) -> dict[str, Any]:
    """Distances of all networks by each kind, and what they say about the settings."""
    from featgraph.similarity.diagrams import persistence_distances
    from featgraph.similarity.homology import weight_persistence

    diagrams = [weight_persistence(net.load()) for net in nets]
    n_settings = len(nets) // n_repeats
    found: dict[str, Any] = {}
    for kind in KINDS:
        table = persistence_distances(diagrams, kind=kind)
        blocks = table.reshape(n_settings, n_repeats, n_settings, n_repeats)
        found[kind] = describe_distances(blocks)
    return found


def describe_distances(blocks: NDArray[np.float64]) -> dict[str, Any]:
    """Published matrix and the separation of settings.

    ``blocks[i, r, j, s]`` is the distance of setting i in repetition r and setting j in
    repetition s. The published matrix takes r = s, averages over repetitions and divides by
    its maximum; its diagonal is 0 by construction. ``separation`` is the mean distance of
    networks that differ in setting over that of networks that differ in repetition only.
    """
    import numpy as np

    n_settings, n_repeats = blocks.shape[:2]
    repeats = np.arange(n_repeats)
    mean = blocks[:, repeats, :, repeats].mean(axis=0)
    apart = ~np.eye(n_repeats, dtype=bool)
    crossed = blocks.transpose(0, 2, 1, 3)[:, :, apart].mean(axis=2)
    within = float(np.diag(crossed).mean())
    between = float(crossed[~np.eye(n_settings, dtype=bool)].mean())
    largest = float(mean.max())
    return {
        "matrix": (mean / largest if largest > 0 else mean).tolist(),
        "largest": largest,
        "within": within,
        "between": between,
        "separation": between / within if within > 0 else None,
    }


def _draw(folder: RunFolder, size: _Size, results: Mapping[str, Any]) -> None:
    import numpy as np

    from featgraph.plot.layer_maps import plot_similarity
    from featgraph.similarity.layer_matrix import SimilarityMatrix

    for experiment, found in results.items():
        names = tuple(str(value) for value in size.settings(experiment))
        for kind in KINDS:
            values = np.array(found[kind]["matrix"])
            matrix = SimilarityMatrix(values, names, names, f"{kind} distance", False, 0)
            fig, ax = plot_similarity(matrix, limits=(0.0, 1.0), matches=False)
            for write in (ax.set_xlabel, ax.set_ylabel):
                write(EXPERIMENTS[experiment].split(" (")[0])
            folder.write_figure(f"{experiment}-{kind}", fig)


def _write_page(
    folder: RunFolder,
    size: _Size,
    results: Mapping[str, Any],
    images: tuple[ImageDataset, ImageDataset],
) -> Path:
    import numpy as np

    rows, nets = [], []
    for experiment, found in results.items():
        for kind in KINDS:
            rows.append(
                {
                    "varied": experiment,
                    "distance": kind,
                    **{key: found[kind][key] for key in ("within", "between", "separation")},
                }
            )
        means = np.reshape(found["accuracy"], (-1, size.repeats)).mean(axis=1).tolist()
        nets += [
            {"varied": experiment, "setting": value, "accuracy": accuracy}
            for value, accuracy in zip(size.settings(experiment), means, strict=True)
        ]
    folder.write_table("separation", rows)
    folder.write_table("networks", nets)
    table, accuracies = (
        (folder.folder / f"{name}.md").read_text(encoding="utf-8").rstrip()
        for name in ("separation", "networks")
    )
    pictures = "\n\n".join(
        f"### {text}\n\n" + " ".join(f"![{kind}]({name}-{kind}.png)" for kind in KINDS)
        for name, text in EXPERIMENTS.items()
        if name in results
    )
    parts = [
        "# Homology of weights over width, depth, sample order and labels",
        "Perceptrons that differ in one respect, compared by persistent homology of their "
        "weights (Pérez-Fernández et al., arXiv:2101.07752). If the homology characterises "
        "networks, distances between settings exceed distances between repetitions of one "
        "setting, except for the order of the samples.",
        f"{size.repeats} repetitions, {size.epochs} epochs on {len(images[0])} images of "
        f"{images[0].name}; hidden layers of {size.width} unless varied.",
        table,
        "## How to read it",
        "* `within`: mean distance of networks of one setting that differ in their seed; "
        "`between`: of networks that differ in setting and seed; `separation` is their "
        "quotient, 1 if the setting does not show.\n"
        "* The published matrices below compare networks of the same repetition, average over "
        "repetitions and are divided by their maximum: their diagonal is 0 by construction, so "
        "they cannot show how large differences between seeds are. The table can.",
        "## Networks",
        accuracies,
        "## Distances as published",
        pictures,
    ]
    return folder.write_page("\n\n".join(parts) + "\n")
