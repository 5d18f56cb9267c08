"""Table 3: accuracy and SS_rate of classifiers trained with and without the constraint."""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.paired import summarize_variants
from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from benchmarks.reproduce.seeds import build_net
from benchmarks.reproduce.table3_page import write_page
from benchmarks.reproduce.table3_variants import ROBUST, VARIANTS
from featgraph.core.checks import choice, integer

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets.images import ImageDataset
    from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
    from featgraph.training.settings import TrainingSettings

__all__ = ["SCALES", "add_arguments", "run"]

#: What the published comparison is held against; the other ways are by robust SS_rate.
USUAL = ("baseline", "released", "packing", "linkage", "linkage_half")

SCALES = {
    "quick": "seconds: two nets, two seeds, one epoch of 256 digits",
    "small": "15 to 30 minutes: six small nets, five seeds, ten epochs of digits",
    "paper": "days on a GPU: networks of timm on folders of CIFAR or Imagenette",
}


@dataclass(frozen=True)
class _Size:
    models: tuple[str, ...]
    epochs: int
    batch_size: int
    n_train: int | None
    n_seeds: int
    lr: float


_SIZES = {
    "quick": _Size(("mlp", "cnn"), 1, 64, 256, 2, 3e-3),
    "small": _Size(("mlp", "resmlp", "mixer", "vit", "cnn", "resnet"), 10, 64, 10000, 5, 3e-3),
    "paper": _Size(
        (
            "resmlp_12_224", "mixer_b16_224", "vgg11", "resnet34", "resnet50",
            "vit_small_patch16_224", "vit_base_patch16_224", "poolformer_s12", "pvt_v2_b1",
        ),
        100, 128, None, 3, 5e-4,
    ),
}  # fmt: skip


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "--nets", nargs="+", default=None, metavar="NAME",
        help="networks: of featgraph.models, at paper scale of timm",
    )  # fmt: skip
    parser.add_argument(
        "--variants", nargs="+", default=list(USUAL), metavar="NAME",
        help=f"ways to train, of {', '.join(VARIANTS)}; baseline is always run",
    )  # fmt: skip
    parser.add_argument(
        "--seeds", type=int, default=None, metavar="N", help="number of seeds; none: 5, paper 3"
    )
    parser.add_argument(
        "--epochs", type=int, default=None, metavar="N", help="epochs; none: 10, paper 100"
    )
    parser.add_argument(
        "-d", "--data", default="digits", metavar="PATH",
        help="training images: 'digits', an .npz file, or a folder whose subfolders are classes",
    )  # fmt: skip
    parser.add_argument(
        "--test-data", default=None, metavar="PATH", help="test images; none: a fifth of --data"
    )
    parser.add_argument(
        "--size", type=int, default=None, metavar="N",
        help="scale and crop the images of folders to N × N; needed where sizes differ",
    )  # fmt: skip
    parser.add_argument("--device", default="cpu", metavar="NAME", help="where to train, as cuda")
    add_jobs(parser)


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    nets: Sequence[str] | None = None,
    variants: Sequence[str] = USUAL,
    seeds: int | None = None,
    epochs: int | None = None,
    data: str = "digits",
    test_data: str | None = None,
    size: int | None = None,
    device: str = "cpu",
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Train every network in every way with several seeds and test the differences.

    Parameters
    ----------
    out : str or path-like
        Folder; every finished training is kept, and at paper scale every epoch.
    scale : {"quick", "small", "paper"}, default="small"
        See ``SCALES``.
    seed : int, default=0
        First seed; a seed decides weights and order, the same for all ways to train.
    nets, variants, seeds, epochs, data, test_data, size, device, jobs
        See ``python -m benchmarks.reproduce table3 --help``.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show a bar.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    from featgraph.features.running import usable_device

    plan = _SIZES[choice(scale, SCALES, "scale")]
    names = tuple(plan.models if nets is None else nets)
    chosen = ["baseline", *(name for name in variants if name != "baseline")]
    for name in chosen:
        choice(name, VARIANTS, "variants")
    if scale == "paper":
        _check_paper(data, device)
    usable_device(device)
    n_seeds = plan.n_seeds if seeds is None else integer(seeds, "seeds", least=2)
    settings = {
        "scale": scale, "seed": seed, "data": data, "test_data": test_data,
        "size": None if size is None else integer(size, "size", least=1),
        "epochs": plan.epochs if epochs is None else integer(epochs, "epochs", least=1),
    }  # fmt: skip
    folder = RunFolder(out, "table3", settings, force=force)
    bench = _Bench(folder, scale, plan, settings, device)
    tasks = [(n, s, v) for s in range(seed, seed + n_seeds) for n in names for v in chosen]
    results = _train_all(bench, tasks, jobs, progress)
    rows = summarize_variants(results, names, chosen)
    return write_page(folder, rows, results, chosen)


def _check_paper(data: str, device: str) -> None:
    """Refuse digits at paper scale, and say what a processor costs there."""
    if data == "digits":
        raise ValueError(
            "--scale paper trains on real images: --data and --test-data must name folders whose "
            "subfolders are classes, or .npz files, of CIFAR-10, CIFAR-100 or Imagenette; got none"
        )
    if device == "cpu":
        warnings.warn(
            "--scale paper trains networks of timm on images of 224 pixels, 100 epochs each: on "
            "a processor that takes months; give --device cuda, or fewer --nets, --seeds and "
            "--epochs",
            stacklevel=3,
        )


class _Bench:
    """Trains one network in one way; what is finished is kept in the folder."""

    def __init__(
        self,
        folder: RunFolder,
        scale: str,
        plan: _Size,
        settings: Mapping[str, Any],
        device: str,
    ) -> None:
        self.folder, self.scale, self.plan = folder, scale, plan
        self.settings, self.device = settings, device
        self._images: tuple[ImageDataset, ImageDataset] | None = None

    @property
    def images(self) -> tuple[ImageDataset, ImageDataset]:
        """Training and test images."""
        import numpy as np

        from featgraph.datasets.train_test import load_train_test

        if self._images is None:
            given = self.settings
            train, test = load_train_test(given["data"], given["test_data"], size=given["size"])
            if self.plan.n_train is not None and len(train) > self.plan.n_train:
                # Drawn: folders and many files are sorted by class.
                order = np.random.default_rng(0).permutation(len(train))
                train = train.take(order[: self.plan.n_train].tolist())
            self._images = train, test
        return self._images

    def finish(self, name: str, seed: int, variant: str) -> dict[str, Any]:
        """Return accuracy and SS_rate of one training, from an earlier run if it is there."""
        compute = partial(self.train, name, seed, variant)
        found: dict[str, Any] = self.folder.finish_step(f"{name}-{seed}-{variant}", compute)
        return found

    def train(self, name: str, seed: int, variant: str) -> dict[str, Any]:
        """Train, and return accuracy and SS_rate."""
        from featgraph.training.log import TrainingDivergedError
        from featgraph.training.trainer import train

        head = {"net": name, "seed": seed, "variant": variant}
        if VARIANTS[variant].estimator and not self.finish(name, seed, "baseline")["rates"]:
            return {**head, "accuracy": None, "rates": {}, "note": "no γ: the baseline has no rate"}
        images, test = self.images
        model, layers = _build(name, self.scale, images, seed)
        model.to(self.device)
        regularizer = self._constrain(model, layers, name, seed, variant)
        kept = None
        if self.scale == "paper":
            kept = self.folder.path(f"runs/{name}-{seed}-{variant}/checkpoint.pt").parent
        try:
            log = train(
                model,
                images,
                test=test,
                settings=self._recipe(seed),
                regularizer=regularizer,
                layers=layers,
                estimators=("released", "packing", "linkage", "midpoint"),
                measure_every=self.settings["epochs"],
                folder=kept,
                progress=False,
            )
        except TrainingDivergedError as error:
            return {**head, "accuracy": None, "rates": {}, "note": str(error)}
        last = log.rows[-1]
        rates = _add_robust(last.rates, model, test)
        # The mean over the last fifth of the epochs would be smoother; the last one is published.
        return {**head, "accuracy": 100 * last.test_accuracy, "rates": rates, "note": None}

    def _constrain(
        self, model: nn.Module, layers: list[str], name: str, seed: int, variant: str
    ) -> SelfSimilarityRegularizer | None:
        import torch

        from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer

        row = VARIANTS[variant]
        if row.estimator is None:
            return None
        rates = self.finish(name, seed, "baseline")["rates"]
        target = {
            layer: row.share * measured[row.measure]
            for layer, measured in rates.items()
            if row.measure in measured
        }
        return SelfSimilarityRegularizer(
            model,
            layers=list(target),
            target=target,
            weight=row.weight,
            estimator=row.estimator,  # type: ignore[arg-type]
            # Batches of fewer samples than nodes are the published way; no word about each.
            n_resamples=0,
            **row.options,
            generator=torch.Generator().manual_seed(seed),
        )

    def _recipe(self, seed: int) -> TrainingSettings:
        from featgraph.training.settings import TrainingSettings

        is_paper = self.scale == "paper"
        return TrainingSettings(
            epochs=self.settings["epochs"],
            batch_size=self.plan.batch_size,
            lr=self.plan.lr,
            weight_decay=0.05 if is_paper else 0.01,
            warmup_epochs=5 if is_paper else 1,
            label_smoothing=0.1 if is_paper else 0.0,
            augment="flip_crop" if is_paper else "none",
            autocast=is_paper and self.device != "cpu",
            seed=seed,
        )


def _add_robust(
    rates: Mapping[str, Mapping[str, float]], model: nn.Module, images: ImageDataset
) -> dict[str, dict[str, float]]:
    """Return the rates of each layer, and the robust one beside them."""
    from featgraph.training.log import measure_rates
    from featgraph.training.samples import spread_inputs

    if not rates:
        return {}
    shown = spread_inputs(images, 256)
    robust = measure_rates(model, shown, layers=list(rates), estimators=("midpoint",), **ROBUST)
    found = {layer: dict(row) for layer, row in rates.items()}
    for layer, row in robust.items():
        found[layer]["midpoint_robust"] = row["midpoint"]
    return found


def _build(name: str, scale: str, images: ImageDataset, seed: int) -> tuple[nn.Module, list[str]]:
    """Return a network and the names of its layers."""
    from featgraph.features.layers import select_layers

    if scale == "paper":
        from benchmarks.reproduce.resized_input import ResizedInput
        from featgraph.models.library_models import create_timm_model

        net = create_timm_model(name, seed=seed, num_classes=images.n_classes)
        return ResizedInput(net, 224), [f"net.{layer}" for layer in select_layers(net)]
    net = build_net(name, images, seed)
    return net, select_layers(net)


def _train_all(
    bench: _Bench, tasks: Sequence[tuple[str, int, str]], jobs: int | None, progress: bool | None
) -> list[dict[str, Any]]:
    import torch  # noqa: F401  hold_threads reaches the threads of what is loaded

    from featgraph.core.resources import hold_threads

    found: dict[str, dict[str, Any]] = {}
    with warnings.catch_warnings(), hold_threads(bench.scale != "paper"):
        warnings.filterwarnings("ignore", message="layer .* is constant")
        for first in (True, False):  # constraints take their targets from the baselines
            steps = {
                "-".join(map(str, task)): partial(bench.train, *task)
                for task in tasks
                if (task[2] == "baseline") is first
            }
            found |= bench.folder.finish_steps(
                steps, jobs=jobs, progress=progress, label="trainings"
            )
    return [found["-".join(map(str, task))] for task in tasks]
