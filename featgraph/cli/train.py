"""``featgraph train``: a classifier with or without the SS_rate constraint, resumed exactly."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.cli.inputs import NORMS, read_options, standardize
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say
from featgraph.cli.processes import joined_processes, own_device
from featgraph.selfsimilarity.estimators import ESTIMATORS

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets.images import ImageDataset
    from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
    from featgraph.training.log import TrainingLog

__all__ = ["add_arguments", "read_target", "train_network"]

_COLUMNS = {
    "epoch": "epoch",
    "loss": "loss",
    "accuracy": "accuracy",
    "term": "term",
    "test_loss": "test loss",
    "test_accuracy": "test accuracy",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "model",
        help="'file.py:factory', 'timm:NAME', or mlp, cnn, resnet, resmlp, mixer, vit",
    )
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE",
        help="argument of the factory; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--data", default="digits", metavar="PATH",
        help="training images: 'digits', .npz, or a folder whose subfolders are classes",
    )  # fmt: skip
    parser.add_argument(
        "--test-data", default=None, metavar="PATH", help="test images; none: a fifth of --data"
    )
    parser.add_argument(
        "--size", type=whole(1), default=None, metavar="N", help="scale and crop images to N × N"
    )
    parser.add_argument(
        "--normalize", type=one_of(NORMS, "--normalize"), default="none", metavar="NAME",
        help=f"channel statistics to subtract: {', '.join(NORMS)}",
    )  # fmt: skip
    _add_constraint(parser)
    _add_recipe(parser)
    add_seed(parser)
    add_output(parser, "featgraph-training")
    add_quiet(parser)


def _add_constraint(parser: argparse.ArgumentParser) -> None:
    names = ["none", *(name for name, row in ESTIMATORS.items() if row.differentiable)]
    parser.add_argument(
        "-c", "--constraint", type=one_of(names, "--constraint"), default="none", metavar="NAME",
        help=f"estimator of SS_rate in the loss: {', '.join(names)}",
    )  # fmt: skip
    parser.add_argument(
        "--target", default="0.3", metavar="TEXT",
        help="γ: a number, START..END (linear), cosine:START..END, track (moving average of this "
        "run), or track:FOLDER (of an unconstrained run written there)",
    )  # fmt: skip
    parser.add_argument("--alpha", type=float, default=1e-4, metavar="X", help="weight of the term")
    parser.add_argument(
        "--gate", action="store_true", help="the gate of the released code, and its factor 1/2"
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["auto"], metavar="NAME", help="layers; globs work"
    )


def _add_recipe(parser: argparse.ArgumentParser) -> None:
    numbers: tuple[tuple[str, Any, Any, str], ...] = (
        ("--epochs", whole(1), 10, "passes over the data"),
        ("--batch-size", whole(2), 64, "samples per step"),
        ("--lr", float, 3e-3, "learning rate after the warm-up"),
        ("--weight-decay", float, 0.01, "of matrices and convolutions"),
        ("--warmup-epochs", float, 1.0, "epochs of linear rise"),
        ("--label-smoothing", float, 0.0, "share of the target spread over all classes"),
        ("--mixup", float, 0.0, "α of the Beta distribution; 0: none"),
        ("--clip-norm", float, None, "largest norm of the gradient"),
        ("--checkpoint-every", whole(1), None, "steps between checkpoints, beside every epoch"),
    )
    for name, kind, default, text in numbers:
        parser.add_argument(name, type=kind, default=default, metavar="N", help=text)
    parser.add_argument("--optimizer", default="adamw", metavar="NAME", help="adamw or sgd")
    parser.add_argument("--augment", default="none", metavar="NAME", help="none or flip_crop")
    parser.add_argument("--autocast", action="store_true", help="run the model in bfloat16")
    parser.add_argument("--device", default="cpu", metavar="NAME", help="where to train, as cuda")


def train_network(
    *,
    model: str,
    option: list[str] | None = None,
    data: str = "digits",
    test_data: str | None = None,
    size: int | None = None,
    normalize: str = "none",
    constraint: str = "none",
    target: str = "0.3",
    alpha: float = 1e-4,
    gate: bool = False,
    layers: list[str] | None = None,
    checkpoint_every: int | None = None,
    device: str = "cpu",
    seed: int = 0,
    out: str = "featgraph-training",
    force: bool = False,
    quiet: bool = False,
    **recipe: Any,
) -> int:
    """Train, log and draw; a run that was stopped goes on from its last checkpoint.

    Under ``torchrun`` the processes share each batch, and process 0 writes.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.core.processes import fail_together
    from featgraph.core.threads import hold_threads
    from featgraph.datasets.train_test import load_train_test
    from featgraph.features.running import usable_device
    from featgraph.report.folder import claim_folder
    from featgraph.training.samples import count_steps
    from featgraph.training.settings import TrainingSettings
    from featgraph.training.trainer import train

    settings = TrainingSettings(seed=seed, **recipe)
    chosen: Any = layers[0] if layers in (["auto"], ["all"]) else layers or "auto"
    with joined_processes(device) as (rank, n):
        progress = False if quiet or rank else None
        with fail_together():
            pair = load_train_test(data, test_data, size=size, progress=progress)
            images, test = (standardize(part, normalize) for part in pair)
            net = _build(model, option or [], images, seed).to(usable_device(own_device(device)))
            steps = settings.epochs, count_steps(len(images), settings.batch_size, n_processes=n)
            regularizer = _constrain(net, chosen, constraint, target, alpha, gate, seed, steps)
            folder = Path(out) if rank else claim_folder(out, kind="training", force=force)
        with hold_threads(device == "cpu" and model in ("mlp", "cnn", "resnet")):
            log = train(
                net,
                images,
                test=test,
                settings=settings,
                regularizer=regularizer,
                layers=chosen,
                estimators=_choose_measured(constraint),
                folder=folder,
                checkpoint_every=checkpoint_every,
                progress=progress,
            )
    if rank == 0:
        _write(log, folder, ["released", "linkage", constraint])
        say(format_table(log.to_rows(), _COLUMNS), quiet=quiet)
        say(f"\nwritten to {folder}", quiet=quiet)
    return 0


def _choose_measured(constraint: str) -> Any:
    """Return the published formula, bound and true counts; and the estimator in the loss."""
    names = dict.fromkeys(("released", "packing", "linkage", constraint))
    names.pop("none", None)
    return tuple(names)


def read_target(
    text: str, n_steps: int, *, steps_per_epoch: int = 1, estimator: str = "linkage"
) -> Any:
    """Read γ: a number, ``START..END``, ``cosine:START..END``, ``track`` or ``track:FOLDER``.

    Examples
    --------
    >>> read_target("0.3", 100)
    0.3
    >>> read_target("0.5..0.3", 100).value(50, "", 0.0)
    0.4
    """
    from featgraph.selfsimilarity.schedules import CosineTarget, LinearTarget, TrackingTarget

    if text == "track":
        return TrackingTarget()
    if text.startswith("track:"):
        trajectory = _read_trajectory(Path(text.partition(":")[2]), estimator)
        return TrackingTarget(trajectory=trajectory, steps_per_epoch=steps_per_epoch)
    kind, colon, rest = text.rpartition(":")
    start, dots, end = rest.partition("..")
    try:
        if not dots and not colon:
            return float(text)
        if dots and kind in ("", "cosine", "linear"):
            schedule = CosineTarget if kind == "cosine" else LinearTarget
            ends = float(start), float(end)
            return schedule(*ends, n_steps=n_steps)
    except ValueError as error:
        if "must" in str(error):
            raise
    raise ValueError(
        "--target must be a number, START..END, cosine:START..END, track or track:FOLDER, "
        f"got {text!r}"
    )


def _read_trajectory(folder: Path, estimator: str) -> dict[str, list[float]]:
    """Return SS_rate of every layer after every epoch of a run that was written."""
    import csv

    path = folder / "ss_rates.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"no {path}; --target track:FOLDER takes the folder of an earlier featgraph train"
        )
    found: dict[str, list[float]] = {}
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row.get(estimator):
                raise ValueError(f"{path} must hold a column {estimator!r}, got {', '.join(row)}")
            found.setdefault(row["layer"], []).append(float(row[estimator]))
    return found


def _build(spec: str, option: list[str], images: ImageDataset, seed: int) -> nn.Module:
    from featgraph.models.building import MODELS
    from featgraph.models.loading import load_model

    options = read_options(option)
    if spec in MODELS:
        options = {"n_classes": images.n_classes, "image_shape": images.image_shape} | options
    elif spec.startswith("timm:"):
        options = {"num_classes": images.n_classes} | options
    return load_model(spec, seed=seed, **options)


def _constrain(
    net: nn.Module,
    layers: Any,
    constraint: str,
    target: str,
    alpha: float,
    gate: bool,
    seed: int,
    steps: tuple[int, int],
) -> SelfSimilarityRegularizer | None:
    """Return the regulariser of a run of ``steps`` = (epochs, steps per epoch)."""
    import torch

    from featgraph.selfsimilarity.gate import ReleasedGate
    from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer

    if constraint == "none":
        return None
    epochs, per_epoch = steps
    return SelfSimilarityRegularizer(
        net,
        layers=layers,
        target=read_target(
            target, epochs * per_epoch, steps_per_epoch=per_epoch, estimator=constraint
        ),
        weight=alpha,
        estimator=constraint,  # type: ignore[arg-type]
        gate=ReleasedGate() if gate else None,
        factor=0.5 if gate else 1.0,
        generator=torch.Generator().manual_seed(seed),
    )


def _write(log: TrainingLog, folder: Path, drawn: list[str]) -> None:
    from featgraph.plot.files import save_figure
    from featgraph.plot.training import plot_learning_curves, plot_rate_trajectories
    from featgraph.report.folder import write_manifest

    rows = log.to_rows()
    for quantity in ("test_accuracy", "loss"):
        save_figure(plot_learning_curves({"run": rows}, quantity=quantity)[0], folder / quantity)
    shown = [
        {k: v for k, v in row.items() if k in ("epoch", "layer", *drawn)} for row in log.rate_rows()
    ]
    if shown:
        save_figure(plot_rate_trajectories(shown)[0], folder / "ss_rates")
    files = [p.name for p in folder.iterdir() if p.suffix in (".png", ".svg", ".csv", ".pt")]
    write_manifest(folder, kind="training", files=files)
