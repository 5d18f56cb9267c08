"""Sanity check of graph-based similarity: do layers find their counterparts across seeds?"""

from __future__ import annotations

import argparse
import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.experiments import SCALES
from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from benchmarks.reproduce.seeds import SmallNet, split_images, train_nets
from featgraph.core.checks import choice, integer
from featgraph.core.resources import hold_threads

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from featgraph.datasets.images import ImageDataset
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.features.reduce import Reduction

__all__ = ["ARCHITECTURES", "add_arguments", "run"]


@dataclass(frozen=True)
class _Architecture:
    """A small net of ``featgraph.models`` and the layers whose counterparts are looked for."""

    options: Mapping[str, Any]
    layers: tuple[str, ...]


@dataclass(frozen=True)
class _Size:
    architectures: tuple[str, ...]
    seeds: int
    epochs: int
    n_train: int
    n_images: int


def _blocks(count: int) -> tuple[str, ...]:
    return tuple(f"blocks.{k}" for k in range(count))


ARCHITECTURES: Mapping[str, _Architecture] = {
    "mlp": _Architecture({"widths": (64,) * 6}, _blocks(6)),
    "cnn": _Architecture({}, tuple(f"stages.{k}.{r}" for k in range(3) for r in (2, 5))),
    "resmlp": _Architecture({"n_blocks": 6, "width": 64}, _blocks(6)),
    "mixer": _Architecture({"n_blocks": 6, "width": 64}, _blocks(6)),
    "vit": _Architecture({"n_blocks": 6}, _blocks(6)),
}
_SIZES = {
    "quick": _Size(("mlp",), 2, 2, 400, 60),
    "small": _Size(("mlp", "cnn", "resmlp", "vit"), 4, 10, 4000, 300),
    "full": _Size(tuple(ARCHITECTURES), 10, 30, 10000, 1000),
}
#: Heading, measure and options; GBS is what is checked, CKA what it is held against.
MEASURES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GBS, full graph", "lsim", {}),
    ("GBS, top 5", "lsim_top5", {}),
    ("CKA", "cka", {}),
    ("CKA, unbiased", "cka_unbiased", {}),
    ("Procrustes", "procrustes", {}),
    ("mutual 10-NN", "mutual_knn", {}),
)
_REPRESENTATIONS: Mapping[Reduction, str] = {
    "flatten": "every unit, as published",
    "auto": "mean over positions",
}


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "--nets", nargs="+", default=None, metavar="NAME",
        help=f"architectures, of {', '.join(ARCHITECTURES)}",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--data", default="digits", metavar="PATH",
        help="images: 'digits', or an .npz file with labels (CIFAR-10)",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=None, metavar="N",
        help="trained networks per architecture; none: 2 at quick scale, 4 at small, 10 at full",
    )  # fmt: skip
    add_jobs(parser, "trainings or matchings (two for each architecture)")


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    nets: Sequence[str] | None = None,
    data: str = "digits",
    seeds: int | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Train each architecture from several seeds and match layers across all pairs of nets.

    Parameters
    ----------
    out : str or path-like
        Folder: new, empty, or an earlier run, whose trained networks are taken over.
    scale : {"quick", "small", "full"}, default="small"
        How many architectures, seeds, images and epochs.
    seed : int, default=0
        First seed of the networks, and seed of the choice of images.
    nets, data, seeds, jobs
        See ``python -m benchmarks.reproduce gbs-sanity --help``.
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
    names = [choice(name, ARCHITECTURES, "nets") for name in (nets or size.architectures)]
    count = size.seeds if seeds is None else integer(seeds, "seeds", least=2)
    settings = {"scale": scale, "seed": seed, "nets": names, "data": data, "seeds": count}
    folder = RunFolder(out, "gbs-sanity", settings, force=force)
    images = split_images(data, n_train=size.n_train, n_test=size.n_images, seed=seed)
    groups = {name: _list_nets(folder, name, images, size.epochs, seed, count) for name in names}
    reports = train_nets(folder, groups, jobs=jobs, progress=progress)
    steps = {
        f"match-{name}-{reduce}": partial(_match_all, group, reduce, seed)
        for name, group in groups.items()
        for reduce in _REPRESENTATIONS
    }
    with hold_threads():
        found = folder.finish_steps(steps, jobs=jobs, progress=progress, label="matchings")
    rows: list[dict[str, Any]] = []
    for name, reduce in itertools.product(names, _REPRESENTATIONS):
        accuracy = sum(report["accuracy"] for report in reports[name]) / count
        mine = found[f"match-{name}-{reduce}"]["rows"]
        rows += [{"architecture": name, **row, "net accuracy": accuracy} for row in mine]
    every_unit = {name: found[f"match-{name}-flatten"] for name in names}
    layer_rows = [
        {"architecture": name, **row} for name in names for row in every_unit[name]["layers"]
    ]
    _draw(folder, rows, {name: every_unit[name]["tables"] for name in names})
    return _write_page(folder, rows, layer_rows, images, size, count)


def _list_nets(
    folder: RunFolder,
    name: str,
    images: tuple[ImageDataset, ImageDataset],
    epochs: int,
    seed: int,
    count: int,
) -> list[SmallNet]:
    return [
        SmallNet(
            name,
            images,
            path=folder.path(f"weights/{name}-{k}.safetensors"),
            seed=k,
            order=1000 + k,
            epochs=epochs,
            options=ARCHITECTURES[name].options,
        )
        for k in range(seed, seed + count)
    ]


def _match_all(nets: Sequence[SmallNet], reduce: Reduction, seed: int) -> dict[str, Any]:
    """Match the layers of all pairs of nets by each measure; describe those of every unit."""
    from featgraph.features.capture import extract_features

    images, layers = nets[0].images[1], list(ARCHITECTURES[nets[0].name].layers)
    features = [
        extract_features(net.load(), images, layers=layers, reduce=reduce, progress=False)
        for net in nets
    ]
    rows: list[dict[str, Any]] = []
    tables: dict[str, Any] = {}
    for heading, measure, options in MEASURES:
        row, mean = _match_pairs(features, measure, options, seed)
        rows.append({"features": reduce, "measure": heading, **row})
        tables[heading] = mean.tolist()
    described = _describe_layers(features, images) if reduce == "flatten" else []
    return {"rows": rows, "layers": described, "tables": tables}


def _match_pairs(
    nets: Sequence[Mapping[str, FeatureMatrix]], measure: str, options: Mapping[str, Any], seed: int
) -> tuple[dict[str, Any], NDArray[np.float64]]:
    """Matching over all ordered pairs of nets, with a jackknife over nets."""
    import numpy as np

    from featgraph.similarity.layer_matching import match_layers
    from featgraph.similarity.layer_matrix import compare_layers

    pairs = list(itertools.permutations(range(len(nets)), 2))
    known: dict[tuple[int, int], NDArray[np.float64]] = {}
    for i, j in itertools.combinations(range(len(nets)), 2):
        values = compare_layers(nets[i], nets[j], measure=measure, **options).values
        known[i, j], known[j, i] = values, values.T
    found = {pair: match_layers(known[pair], rng=seed) for pair in pairs}
    scores = {pair: match.accuracy for pair, match in found.items()}
    mean = float(np.mean(list(scores.values())))
    without = [
        np.mean([value for pair, value in scores.items() if k not in pair])
        for k in range(len(nets))
        if len(nets) > 2
    ]
    # Pairs share networks, so networks are left out, not pairs.
    n = len(without)
    error = float(np.sqrt((n - 1) / n * np.sum((without - np.mean(without)) ** 2))) if n else None
    row = {
        "accuracy": mean,
        "standard error": error,
        "by chance": float(np.mean([match.baseline for match in found.values()])),
        "pairs with p < 0.05": float(np.mean([match.p_value < 0.05 for match in found.values()])),
        "mean offset": float(np.mean([match.mean_offset for match in found.values()])),
        "pairs": len(pairs),
    }
    return row, np.mean([known[pair] for pair in pairs], axis=0)


def _describe_layers(
    nets: Sequence[Mapping[str, FeatureMatrix]], images: ImageDataset
) -> list[dict[str, Any]]:
    """Label motifs and class modularity of each layer, means over the nets."""
    import numpy as np

    from featgraph.similarity.sample_graphs import class_modularity, count_label_motifs

    rows = []
    for layer in nets[0]:
        motifs = [count_label_motifs(net[layer], images.labels).shares for net in nets]
        modularity = [class_modularity(net[layer], images.labels) for net in nets]
        same, pair, distinct = np.mean(motifs, axis=0).tolist()
        rows.append(
            {
                "layer": layer,
                "class modularity": float(np.mean(modularity)),
                "triangles of one class": same,
                "of two classes": pair,
                "of three classes": distinct,
            }
        )
    return rows


def _draw(
    folder: RunFolder, rows: Sequence[Mapping[str, Any]], tables: Mapping[str, Mapping[str, Any]]
) -> None:
    import numpy as np

    from featgraph.plot.layer_maps import plot_similarity
    from featgraph.similarity.layer_matrix import SimilarityMatrix

    _draw_accuracy(folder, rows)
    for name, found in tables.items():
        for heading, measure in (("GBS, full graph", "lsim"), ("CKA", "cka")):
            values = np.array(found[heading])
            layers = ARCHITECTURES[name].layers
            matrix = SimilarityMatrix(values, layers, layers, measure, True, 0)
            fig, _ = plot_similarity(
                matrix,
                names=(f"{name}, one seed", f"{name}, another"),
                limits=(float(values.min()), 1.0),  # GBS of unsigned features is never far from 1
            )
            folder.write_figure(f"{name}-{measure}", fig)


def _draw_accuracy(folder: RunFolder, rows: Sequence[Mapping[str, Any]]) -> None:
    """One group of points per architecture, one point per measure."""
    import numpy as np

    from featgraph.plot.style import FAINT, SMALL, TEXT, new_axes, series_style

    mine = [row for row in rows if row["features"] == "flatten"]
    names = list(dict.fromkeys(row["architecture"] for row in mine))
    fig, ax = new_axes(height=3.8)
    spread = np.linspace(-0.3, 0.3, len(MEASURES))
    for k, (heading, _, _) in enumerate(MEASURES):
        chosen = [row for row in mine if row["measure"] == heading]
        style = series_style(heading, index=k)
        ax.errorbar(
            np.arange(len(names)) + spread[k],
            [row["accuracy"] for row in chosen],
            yerr=[row["standard error"] or 0.0 for row in chosen],
            fmt=style.marker, color=style.color, markersize=6, elinewidth=1.4, capsize=2,
            linestyle="none", label=heading,
        )  # fmt: skip
    chance = float(np.mean([row["by chance"] for row in mine]))
    ax.axhline(chance, color=FAINT, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
    ax.annotate("chance", (1, chance), xycoords=("axes fraction", "data"), xytext=(-2, -9),
                textcoords="offset points", ha="right", size=SMALL)  # fmt: skip
    ax.set_xticks(np.arange(len(names)), names, size=TEXT)
    ax.set_xlim(-0.5, len(names) - 0.5)
    ax.grid(False, axis="x")
    for edge in range(1, len(names)):
        ax.axvline(edge - 0.5, color=FAINT, linewidth=0.6, alpha=0.5)
    ax.set_ylim(0, 1.05)
    ax.set_ylabel("layers that find their counterpart", size=TEXT)
    ax.legend(frameon=False, fontsize=SMALL, ncols=3, loc="lower left", bbox_to_anchor=(0, 1.0))
    folder.write_figure("accuracy", fig)


def _write_page(
    folder: RunFolder,
    rows: Sequence[Mapping[str, Any]],
    layer_rows: Sequence[Mapping[str, Any]],
    images: tuple[ImageDataset, ImageDataset],
    size: _Size,
    count: int,
) -> Path:
    folder.write_table("accuracy", rows)
    folder.write_table("layers", layer_rows)
    table = (folder.folder / "accuracy.md").read_text(encoding="utf-8").rstrip()
    layers = (folder.folder / "layers.md").read_text(encoding="utf-8").rstrip()
    names = list(dict.fromkeys(row["architecture"] for row in rows))
    pictures = "\n\n".join(
        f"![{name}, GBS]({name}-lsim.png) ![{name}, CKA]({name}-cka.png)" for name in names
    )
    parts = [
        "# Sanity check of graph-based similarity",
        "For a layer of one network the most similar layer of another network, of the same "
        "architecture but trained from another seed, should be the layer at the same depth. "
        "Accuracy is the share of layers for which it is, over all ordered pairs of networks "
        "(Kornblith et al. 2019; Chen et al., arXiv:2111.11165, who hold GBS against CKA).",
        f"{count} networks per architecture, {size.epochs} epochs on {len(images[0])} images of "
        f"{images[0].name}; compared on {len(images[1])} others.",
        table,
        "![accuracy](accuracy.png)",
        "*Share of layers that find their counterpart, all units of each layer; bars are one "
        "standard error of a jackknife over networks, the dashed line is chance.*",
        "## How to read it",
        "* `features`: " + "; ".join(f"`{k}`, {text}" for k, text in _REPRESENTATIONS.items())
        + ".\n* `by chance`: mean accuracy when the layers of one network are relabelled at "
        "random; `pairs with p < 0.05` do better than all but 5 % of relabellings.\n"
        "* Published values are of large networks on CIFAR-10; only the comparison of measures "
        "can be set beside these.",
        "## Layers as graphs of samples",
        "Classes on the graph of 5 nearest samples, means over networks: modularity of the "
        "classes, and shares of triangles by the classes at their corners.",
        layers,
        "## Mean similarity over pairs",
        pictures,
    ]  # fmt: skip
    return folder.write_page("\n\n".join(parts) + "\n")
