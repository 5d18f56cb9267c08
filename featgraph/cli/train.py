"""``featgraph train``: a classifier with or without the SS_rate constraint, resumed exactly."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli import inputs, options as opt
from featgraph.cli.inputs import joined_processes, own_device
from featgraph.cli.messages import refuse_idle
from featgraph.cli.output import LOUD, Folder, Screen, claim
from featgraph.core.checks import positive
from featgraph.selfsimilarity import ESTIMATORS
from featgraph.training.settings import (
    Augmentation,  # noqa: F401 - named in annotations that Recipe inherits
    OptimizerName,  # noqa: F401
    TrainingSettings,
)

if TYPE_CHECKING:
    from torch import nn

    from featgraph import SelfSimilarityRegularizer
    from featgraph.datasets import ImageDataset, NamedSamples
    from featgraph.training import TrainingLog

    Constraint = str
else:
    _NAMES = ("none", *(name for name, row in ESTIMATORS.items() if row.differentiable))
    Constraint = Literal[_NAMES]

__all__ = ["read_target", "train_network"]

_COLUMNS = {
    "epoch": "epoch", "loss": "loss", "accuracy": "accuracy", "term": "term",
    "test_loss": "test loss", "test_accuracy": "test accuracy",
}  # fmt: skip


@Parameter(name="*")
@dataclass(frozen=True)
class Recipe(TrainingSettings):
    """Settings of a training, with the seed that every command has."""

    __doc__ = TrainingSettings.__doc__
    seed: opt.Seed = 0


@Parameter(name="*")
@dataclass(frozen=True)
class Constraining:
    """The constraint on SS_rate.

    Parameters
    ----------
    constraint
        Estimator of SS_rate in the loss.
    target
        γ: a number, START..END (linear), cosine:START..END, track (moving average of this run),
        or track:FOLDER (of an unconstrained run written there).
    alpha
        Weight of the constraint in the loss.
    gate
        The gate of the released code, and its factor 1/2.
    """

    constraint: Annotated[Constraint, Parameter(alias="-c")] = "none"
    target: str = "0.3"
    alpha: float = 1e-4
    gate: bool = False

    def build(
        self, net: nn.Module, layers: Any, seed: int, steps: tuple[int, int]
    ) -> SelfSimilarityRegularizer | None:
        """Return the regulariser of a run of ``steps`` = (epochs, steps per epoch)."""
        if self.constraint == "none":
            return None
        import torch

        from featgraph.selfsimilarity import ReleasedGate, SelfSimilarityRegularizer

        positive(self.alpha, "alpha", zero=True)  # called weight in the library
        n_steps = steps[0] * steps[1]
        estimator: Any = self.constraint
        return SelfSimilarityRegularizer(
            net,
            layers=layers,
            target=read_target(self.target, n_steps, steps_per_epoch=steps[1], estimator=estimator),
            weight=self.alpha,
            estimator=estimator,
            gate=ReleasedGate() if self.gate else None,
            factor=0.5 if self.gate else 1.0,
            generator=torch.Generator().manual_seed(seed),
        )


_RECIPE, _FREE = Recipe(), Constraining()


def train_network(
    model: inputs.ModelSpec,
    /,
    *,
    option: inputs.ModelOptions = (),
    data: inputs.Data = "digits",
    arrays: inputs.Arrays = None,
    test_data: str | None = None,
    image_size: inputs.ImageSize = None,
    image_norm: inputs.ImageNorm = "none",
    constraining: Constraining = _FREE,
    layers: opt.Layers = ("auto",),
    recipe: Recipe = _RECIPE,
    checkpoint_every: Annotated[int | None, opt.whole(1)] = None,
    device: opt.Device = "cpu",
    out: opt.Out = Path("featgraph-training"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Train a classifier with or without the constraint.

    Trains, logs and draws, on images with classes: digits, an .npz file with labels, or a
    folder whose subfolders are classes; or on --inputs, one of whose arrays is called labels. A
    folder of transformers begins with the weights in it. A run that was stopped goes on from
    its last checkpoint. Under torchrun the processes share each batch, and process 0 writes.

    Parameters
    ----------
    test_data
        Test images; none: a fifth of --data.
    checkpoint_every
        Steps between checkpoints, beside every epoch.

    Examples
    --------
    featgraph train mlp -o run/
    featgraph train resmlp --constraint linkage --target 0.3 -o run/
    featgraph train hf:models/bert --inputs tokens.npz --lr 2e-5 -o run/
    featgraph train timm:resnet34 --data images/ --image-size 224 --device cuda --epochs 90
    """
    import featgraph as fg
    from featgraph.core.processes import fail_together
    from featgraph.core.resources import hold_threads
    from featgraph.datasets.train_test import load_train_test, split_samples
    from featgraph.features.running import usable_device
    from featgraph.training.samples import count_steps

    _refuse_idle(constraining.constraint, recipe.optimizer, arrays)
    chosen: Any = layers[0] if tuple(layers) in (("auto",), ("all",)) else list(layers)
    with joined_processes(device) as (rank, n):
        progress = False if rank else screen.progress
        with fail_together():
            if arrays is None:
                pair = load_train_test(str(data), test_data, size=image_size, progress=progress)
                samples, test = (inputs.standardize(part, image_norm) for part in pair)
            else:
                samples, test = split_samples(_read_labelled(arrays))
            net = inputs.build_model(model, None, option, recipe.seed, **_fit_head(model, samples))
            net = net.to(usable_device(own_device(device)))
            steps = recipe.epochs, count_steps(len(samples), recipe.batch_size, n_processes=n)
            regularizer = constraining.build(net, chosen, recipe.seed, steps)
            folder = Folder(Path(out)) if rank else claim(out, "training", force, pictures)
        with hold_threads(device == "cpu" and model in ("mlp", "cnn", "resnet")):
            log = fg.train(
                net,
                samples,
                test=test,
                settings=recipe,
                regularizer=regularizer,
                layers=chosen,
                estimators=_choose_measured(constraining.constraint),
                folder=folder.path,
                checkpoint_every=checkpoint_every,
                progress=progress,
            )
    if rank == 0:
        _write(log, folder, ["released", "linkage", constraining.constraint], screen)
    return {"epochs": log.to_rows(), "ss_rates": log.rate_rows()}


def _refuse_idle(constraint: str, optimizer: str, arrays: Path | None) -> None:
    if constraint == "none":
        refuse_idle("without --constraint", "--target", "--alpha", "--gate")
    if optimizer != "sgd":
        refuse_idle("without --optimizer sgd", "--momentum")
    if arrays is not None:
        refuse_idle("with --inputs", "--data", "--test-data", "--image-size", "--image-norm")


def _read_labelled(path: Path) -> NamedSamples:
    """Return the samples of a file of arrays, one of which is called labels."""
    from featgraph.datasets import NamedSamples, load_arrays

    found = load_arrays(path)
    if not isinstance(found, NamedSamples) or "labels" not in found.columns:
        raise ValueError(f"--inputs must hold an array 'labels' to train on, got {found!r}")
    return found


def _fit_head(spec: str, samples: ImageDataset | NamedSamples) -> dict[str, Any]:
    """Return the arguments that make a network of a known kind fit the samples."""
    from featgraph.datasets import ImageDataset
    from featgraph.models import MODELS
    from featgraph.models.loading import names_folder

    if not isinstance(samples, ImageDataset):
        n_classes = int(samples.columns["labels"].max()) + 1
        return {"num_labels": n_classes} if names_folder(spec) else {}
    if spec in MODELS:
        return {"n_classes": samples.n_classes, "image_shape": samples.image_shape}
    if spec.startswith("timm:"):
        return {"num_classes": samples.n_classes}
    return {"num_labels": samples.n_classes} if names_folder(spec) else {}


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
    from featgraph.selfsimilarity import CosineTarget, LinearTarget, TrackingTarget

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
            rates = found.setdefault(row["layer"], [])
            if int(row["epoch"]) != len(rates):
                raise ValueError(
                    f"{path} must hold every epoch, got epoch {row['epoch']} of layer "
                    f"{row['layer']!r} at place {len(rates)}; measure that run after each epoch"
                )
            rates.append(float(row[estimator]))
    return found


def _write(log: TrainingLog, folder: Folder, drawn: list[str], screen: Screen) -> None:
    from featgraph import plot
    from featgraph.report.folder import write_manifest

    for quantity in ("test_accuracy", "loss"):
        rows = {"run": log.to_rows()}
        folder.picture(quantity, plot.plot_learning_curves, rows, quantity=quantity)
    columns = ("epoch", "layer", *drawn)
    shown = [{k: v for k, v in row.items() if k in columns} for row in log.rate_rows()]
    if shown:
        folder.picture("ss_rates", plot.plot_rate_trajectories, shown)
    kept = (".pdf", ".png", ".svg", ".csv", ".pt")
    files = [path.name for path in folder.path.iterdir() if path.suffix in kept]
    write_manifest(folder.path, kind="training", files=files)
    screen.table(log.to_rows(), _COLUMNS)
    screen.say(f"\nwritten to {folder.path}")
