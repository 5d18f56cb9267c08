"""Subjects: the networks of an experiment, untrained and trained, and the images they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from benchmarks.reproduce.experiments import SCALES
from benchmarks.reproduce.run_folder import add_jobs
from benchmarks.reproduce.seeds import SmallNet, train_nets
from featgraph.core.checks import choice

if TYPE_CHECKING:
    import argparse

    from torch import nn

    from benchmarks.reproduce.run_folder import RunFolder
    from featgraph.datasets.images import ImageDataset
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["FAMILIES", "State", "Subject", "Subjects", "add_subject_arguments"]

State: TypeAlias = Literal["untrained", "trained"]

#: Family as published: small net of featgraph.models, network of timm.
FAMILIES: dict[str, tuple[str | None, str]] = {
    "Mixer": ("mixer", "mixer_b16_224"),
    "ViT": ("vit", "vit_small_patch16_224"),
    "ResMLP": ("resmlp", "resmlp_12_224"),
    "VGG": ("cnn", "vgg11"),
    "PoolFormer": (None, "poolformer_s12"),
    "ResNet": ("resnet", "resnet34"),
    "PvT": (None, "pvt_v2_b3"),
}
_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


@dataclass(frozen=True)
class _Size:
    """What a scale means for nets trained on the spot."""

    epochs: int
    n_train: int
    n_images: int


_SIZES = {"quick": _Size(2, 400, 160), "small": _Size(15, 4000, 640), "full": _Size(0, 0, 640)}


@dataclass(frozen=True)
class Subject:
    """One network: its name, and the published family it stands for (None: no counterpart)."""

    name: str
    family: str | None


def add_subject_arguments(parser: argparse._ActionsContainer, *, jobs: str) -> None:
    """Declare which networks see which images, and what ``--jobs`` does at once."""
    parser.add_argument(
        "--nets", nargs="+", default=None, metavar="NAME",
        help="quick and small: of mlp, cnn, resnet, resmlp, mixer, vit; full: timm's names",
    )  # fmt: skip
    parser.add_argument(
        "-d", "--data", default="digits", metavar="PATH",
        help="images: 'digits', an .npz file with labels, or at full scale a folder or .zip",
    )  # fmt: skip
    parser.add_argument(
        "--weights", default=None, metavar="FOLDER",
        help="at full scale: folder of NAME.safetensors or NAME.pt, trained weights by timm's name",
    )  # fmt: skip
    parser.add_argument(
        "--max-images", type=int, default=None, metavar="N",
        help="images measured; none: 160 at quick scale, 640 else",
    )  # fmt: skip
    add_jobs(parser, jobs)


class Subjects:
    """The networks of one run, trained once, and the images that all of them see.

    Parameters
    ----------
    run : RunFolder
        Keeps trained weights, so that an interrupted run does not train again.
    scale : {"quick", "small", "full"}
        "quick" and "small" train small nets on the spot; "full" takes networks of timm with
        given weights.
    nets, data, weights, max_images
        As :func:`add_subject_arguments` declares them.
    seed : int
        Seed of weights, order of training and choice of images.
    jobs : int or None
        Trainings and measurements at once.
    progress : bool or None
        Show bars.

    Attributes
    ----------
    bars : bool or None
        Show bars within steps, which workers do not.
    reports : list of dict
        Images, epochs and accuracy of each network that :meth:`train` trained.

    Raises
    ------
    ValueError
        If a name is unknown, or full scale is asked for without images.
    """

    def __init__(
        self,
        run: RunFolder,
        *,
        scale: str,
        nets: Sequence[str] | None,
        data: str,
        weights: str | None,
        max_images: int | None,
        seed: int,
        jobs: int | None,
        progress: bool | None,
    ) -> None:
        choice(scale, SCALES, "scale")
        if scale == "full" and data == "digits":
            raise ValueError(
                "data must name a folder, .zip or .npz of images at full scale, got 'digits'; "
                "networks of timm take photographs of 224 × 224 pixels"
            )
        self.run, self.scale, self.data, self.seed = run, scale, data, seed
        self.weights = None if weights is None else Path(weights)
        self.jobs, self.progress = jobs, progress
        self.bars = progress if jobs is None else False
        self.reports: list[dict[str, Any]] = []
        self._size = _SIZES[scale]
        self._n_images = self._size.n_images if max_images is None else max_images
        self._images: tuple[ImageDataset | None, ImageDataset] | None = None
        self.subjects = self._choose(nets)

    def _choose(self, nets: Sequence[str] | None) -> list[Subject]:
        if self.scale == "full":
            families = {timm: family for family, (_, timm) in FAMILIES.items()}
            names = list(families) if nets is None else list(nets)
        else:
            from featgraph.models.loading import MODELS

            families = {own: family for family, (own, _) in FAMILIES.items() if own is not None}
            names = [*families, "mlp"] if nets is None else list(nets)
            for name in names:
                choice(name, MODELS, "nets")
        if not names or len(set(names)) < len(names):
            raise ValueError(f"nets must name at least one network, each once, got {names}")
        return [Subject(name, families.get(name)) for name in names]

    @property
    def images(self) -> ImageDataset:
        """The images that every network sees."""
        return self._load()[1]

    def states(self, subject: Subject) -> tuple[State, ...]:
        """Return the states there are: at full scale trained needs a file of weights."""
        return ("untrained", "trained") if self._trained_file(subject) else ("untrained",)

    def capture(
        self, subject: Subject, state: State, *, flatten: bool = False
    ) -> dict[str, FeatureMatrix]:
        """Return the features of the network's blocks on the images, once :meth:`train` was called.

        ``flatten=True`` keeps every unit, as the released code does; otherwise one value per
        channel, the mean over space or tokens.
        """
        from featgraph.core.resources import hold_threads
        from featgraph.features.capture import extract_features

        model = self._build(subject, state)
        with hold_threads(self.scale != "full"):
            return extract_features(
                model,
                self.images.images,
                reduce="flatten" if flatten else "auto",
                source=f"{subject.name}, {state}",
                progress=self.bars,
            )

    def train(self) -> None:
        """Train what was not trained before; at full scale nothing is."""
        if self.scale != "full":
            nets = {"all": [self._small(subject) for subject in self.subjects]}
            found = train_nets(self.run, nets, jobs=self.jobs, progress=self.progress)
            self.reports = found["all"]

    def _load(self) -> tuple[ImageDataset | None, ImageDataset]:
        if self._images is None:
            self._images = self._load_photos() if self.scale == "full" else self._load_small()
        return self._images

    def _load_photos(self) -> tuple[None, ImageDataset]:
        from featgraph.datasets.image_files import load_image_folder, load_npz_images

        if self.data.endswith(".npz"):
            images = load_npz_images(self.data, max_images=self._n_images)
        else:
            images = load_image_folder(
                self.data, size=224, max_images=self._n_images, progress=self.bars
            )
        return None, images.standardize(*_IMAGENET)

    def _load_small(self) -> tuple[ImageDataset, ImageDataset]:
        """Split the images: a fifth to measure, the rest to train, as many as the scale says."""
        import numpy as np

        from featgraph.datasets.image_files import load_npz_images
        from featgraph.datasets.images import load_digits

        images = load_digits() if self.data == "digits" else load_npz_images(self.data)
        if images.n_classes < 2:
            raise ValueError(f"data must hold labels of at least 2 classes, got {images!r}")
        order = np.random.default_rng(self.seed).permutation(len(images))
        n_measured = min(self._n_images, len(images) // 2)
        measured, rest = order[:n_measured], order[n_measured:]
        return images.take(rest[: self._size.n_train].tolist()), images.take(measured.tolist())

    def _build(self, subject: Subject, state: State) -> nn.Module:
        if self.scale == "full":
            from featgraph.models.library_models import create_timm_model

            file = self._trained_file(subject) if state == "trained" else None
            return create_timm_model(subject.name, weights=file, seed=self.seed)
        net = self._small(subject)
        return net.build() if state == "untrained" else net.load()

    def _small(self, subject: Subject) -> SmallNet:
        train, measured = self._load()
        if train is None:
            raise RuntimeError(f"no images to train {subject.name} at scale {self.scale!r}")
        path = self.run.path(f"weights/{subject.name}.safetensors")
        return SmallNet(
            subject.name, (train, measured), path, self.seed, self.seed, self._size.epochs
        )

    def _trained_file(self, subject: Subject) -> Path | None:
        if self.scale != "full":
            return Path()  # trained on the spot
        if self.weights is None:
            return None
        for suffix in (".safetensors", ".pt", ".pth"):
            file = self.weights / f"{subject.name}{suffix}"
            if file.is_file():
                return file
        return None
