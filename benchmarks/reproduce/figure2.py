"""Figure 2: the neurons of each layer in the plane, untrained and trained."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.comparison import explain_subjects, write_comparison
from benchmarks.reproduce.run_folder import RunFolder
from benchmarks.reproduce.subjects import Subject, Subjects, add_subject_arguments

if TYPE_CHECKING:
    from featgraph.invariance.neurons import TrainingChange

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    add_subject_arguments(parser, jobs="trainings (none at full scale)")
    parser.add_argument(
        "--mds", choices=("classical", "metric", "nonmetric"), default="classical",
        metavar="NAME", help="multidimensional scaling: classical, metric or nonmetric",
    )  # fmt: skip
    parser.add_argument(
        "--remove-means", action="store_true",
        help="subtract the mean of each neuron first: how it answers to different images",
    )  # fmt: skip


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
    mds: Any = "classical",
    remove_means: bool = False,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Draw Figure 2 for each network, and measure how flat the clouds are.

    Parameters
    ----------
    out : str or path-like
        Folder: new, empty, or an earlier run, whose trained networks are taken over.
    scale : {"quick", "small", "full"}, default="small"
        Small nets trained on the spot, or networks of timm with given weights.
    seed : int, default=0
        Seed of training and images.
    nets, data, weights, max_images, jobs
        Which networks see which images, and how many are trained at once, see
        ``python -m benchmarks.reproduce figure2 --help``.
    mds : {"classical", "metric", "nonmetric"}, default="classical"
        Multidimensional scaling.
    remove_means : bool, default=False
        Subtract the mean of each neuron first.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.

    Raises
    ------
    ValueError
        If no network has a trained state, which at full scale needs weights.
    """
    settings = {
        "scale": scale, "seed": seed, "nets": None if nets is None else list(nets), "data": data,
        "weights": weights, "max_images": max_images, "mds": mds, "remove_means": remove_means,
    }  # fmt: skip
    folder = RunFolder(out, "figure2", settings, force=force)
    subjects = Subjects(
        folder, scale=scale, nets=nets, data=data, weights=weights, max_images=max_images,
        seed=seed, jobs=jobs, progress=progress,
    )  # fmt: skip
    shown = [item for item in subjects.subjects if "trained" in subjects.states(item)]
    if not shown:
        raise ValueError("weights must hold a file for at least one network, got none")
    subjects.train()
    changes = {subject.name: _compare(subjects, subject, remove_means) for subject in shown}
    layer_rows = [
        {"network": name, **row} for name, change in changes.items() for row in change.to_rows()
    ]
    return write_comparison(
        folder,
        title="Figure 2: neurons in the plane, before and after training",
        intro=[
            "Each point is a neuron; the distance of two points stands for C_ij, how differently "
            "the two respond to the same images. Untrained and trained networks are the same "
            "architecture with the same neurons. The published figure is a picture without "
            "numbers (Ding et al. 2025, arXiv:2507.17785, Figure 2); the numbers here say how "
            "flat the clouds in it are. Each is the mean over the layers of a network."
        ],
        rows=[_summary(subject, changes[subject.name]) for subject in shown],
        layer_rows=layer_rows,
        notes=_notes(subjects),
        pictures=_draw(folder, changes, mds, seed),
    )


def _compare(subjects: Subjects, subject: Subject, remove_means: bool) -> TrainingChange:
    from featgraph.invariance.neurons import compare_training

    before = subjects.capture(subject, "untrained")
    after = subjects.capture(subject, "trained")
    return compare_training(before, after, remove_means=remove_means)


def _summary(subject: Subject, change: TrainingChange) -> dict[str, Any]:
    row: dict[str, Any] = {
        "network": subject.name,
        "family": subject.family,
        "published": "picture only",
        "layers": len(change.layers),
    }
    for heading, name in (
        ("first axis", "first"),
        ("axes for 90 %", "n_axes"),
        ("participation ratio", "participation_ratio"),
        ("isotropy", "isotropy"),
        ("share of means", "mean_share"),
    ):
        for state in ("untrained", "trained"):
            measured = [
                item.before_linearity if state == "untrained" else item.after_linearity
                for item in change.layers
            ]
            values = [float(getattr(item, name)) for item in measured]
            row[f"{heading}, {state}"] = round(sum(values) / len(values), 3)
    return row


def _notes(subjects: Subjects) -> list[str]:
    return [
        "`first axis`: share of the variance of the cloud along its longest axis. `axes for "
        "90 %`: how many axes carry nine tenths of it. A *low-dimensional manifold* should need "
        "few axes; that alone does not make one, because a curved line may need many.",
        "`participation ratio` = (Σλ)² / Σλ², 1 for a line. `isotropy` is that ratio over the one "
        "of as many independent Gaussian neurons on as many images: 1 is a ball.",
        "`share of means`: how much of the variance comes from neurons being on average more or "
        "less active, whatever the image. That part is a line by construction; where it is near "
        "1, a flat cloud says nothing about images, and --remove-means shows what does.",
        "Colours follow a neuron from the untrained to the trained picture: they are its place "
        "along the first axis after training. Discs in the cluster pictures are boxes: no two "
        "neurons in one are farther apart than θ.",
        *explain_subjects(subjects, 2 * 2**30),
    ]


def _draw(
    run: RunFolder, changes: dict[str, TrainingChange], mds: Any, seed: int
) -> dict[str, str]:
    from featgraph.invariance.neurons import TrainingChange
    from featgraph.plot.figure2 import plot_figure2, plot_node_clusters

    pictures = {}
    # One shallow layer per network, as in the paper: the second, where there is one.
    shallow = {
        name: TrainingChange((change.layers[min(1, len(change.layers) - 1)],))
        for name, change in changes.items()
    }
    run.write_figure("figure2", plot_figure2(shallow, max_layers=1, method=mds, seed=seed)[0])
    pictures["figure2"] = "A shallow layer of each network, untrained above trained"
    for name, change in changes.items():
        run.write_figure(f"layers-{name}", plot_figure2(change, method=mds, seed=seed)[0])
        pictures[f"layers-{name}"] = f"{name}: its first layers, untrained above trained"
        (layer,) = shallow[name].layers
        run.write_figure(f"clusters-{name}", plot_node_clusters(layer, method=mds, seed=seed)[0])
        pictures[f"clusters-{name}"] = (
            f"{name}, {layer.layer}: clusters of neurons at rising thresholds"
        )
    return pictures
