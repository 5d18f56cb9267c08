"""Small nets that are trained on the spot and kept, and the images they see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from benchmarks.reproduce.run_folder import RunFolder
    from featgraph.datasets.images import ImageDataset

__all__ = ["SmallNet", "build_net", "split_images", "train_nets"]


def split_images(
    data: str, *, n_train: int, n_test: int, seed: int
) -> tuple[ImageDataset, ImageDataset]:
    """Load digits or an .npz file and draw images to train on and others to measure on.

    Raises
    ------
    ValueError
        If there are fewer than two classes.
    """
    import numpy as np

    from featgraph.datasets.image_files import load_npz_images
    from featgraph.datasets.images import load_digits

    images = load_digits() if data == "digits" else load_npz_images(data)
    if images.n_classes < 2:
        raise ValueError(f"data must hold labels of at least 2 classes, got {images!r}")
    order = np.random.default_rng(seed).permutation(len(images))
    n_measured = min(n_test, len(images) // 3)
    measured, rest = order[:n_measured], order[n_measured:]
    return images.take(rest[:n_train].tolist()), images.take(measured.tolist())


def build_net(name: str, images: ImageDataset, seed: int, **options: Any) -> nn.Module:
    """Return an untrained net of ``featgraph.models`` for such images."""
    from featgraph.models.loading import build_model

    if name in ("resmlp", "mixer", "vit"):
        # 16 patches whatever the size of the images, as the default is for digits.
        options = {"patch_size": max(1, images.image_shape[1] // 4), **options}
    return build_model(
        name, n_classes=images.n_classes, image_shape=images.image_shape, seed=seed, **options
    )


@dataclass(frozen=True)
class SmallNet:
    """A net and how it is trained.

    Attributes
    ----------
    name : str
        Architecture, of ``featgraph.models``.
    images : pair of ImageDataset
        To train on, and to measure accuracy on.
    path : Path
        File of the trained weights.
    seed, order : int
        Seeds of the weights and of the order of samples.
    epochs : int
        Passes over the data.
    options : mapping
        Of the architecture.
    """

    name: str
    images: tuple[ImageDataset, ImageDataset]
    path: Path
    seed: int
    order: int
    epochs: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def build(self) -> nn.Module:
        """Return the untrained net."""
        return build_net(self.name, self.images[1], self.seed, **self.options)

    def load(self) -> nn.Module:
        """Return the trained net, which :func:`train_nets` has kept."""
        from featgraph.models.weights import load_weights

        return load_weights(self.build(), self.path).eval()

    def fit(self) -> dict[str, Any]:
        """Train, write the weights, and return how it went."""
        import torch
        from safetensors.torch import save_model

        from featgraph.core.files import atomic_path
        from featgraph.models.training import measure_accuracy, train_classifier

        model, (train, measured) = self.build(), self.images
        order = torch.Generator().manual_seed(self.order)
        train_classifier(model, train, epochs=self.epochs, generator=order, progress=False)
        accuracy = float(measure_accuracy(model, measured))
        with atomic_path(self.path) as temporary:
            save_model(model, str(temporary))
        return {
            "images": train.name,
            "n_train": len(train),
            "epochs": self.epochs,
            "accuracy": accuracy,
        }


def train_nets(
    run: RunFolder,
    groups: Mapping[str, Sequence[SmallNet]],
    *,
    jobs: int | None,
    progress: bool | None,
) -> dict[str, list[dict[str, Any]]]:
    """Train nets, ``jobs`` at once, but for those of earlier runs with the same settings.

    Returns
    -------
    dict of list of dict
        What :meth:`SmallNet.fit` said of each net, in the order of ``groups``.
    """
    import torch  # noqa: F401  hold_threads reaches the threads of what is loaded

    from featgraph.core.resources import hold_threads

    steps = {f"train-{net.path.stem}": net for nets in groups.values() for net in nets}
    for name, net in steps.items():
        # The step says whether the weights belong to these settings; it is kept after them.
        if not (net.path.is_file() and run.has_step(name)):
            run.forget_step(name)
    fits = {name: net.fit for name, net in steps.items()}
    with hold_threads():
        found = run.finish_steps(fits, jobs=jobs, progress=progress, label="trainings")
    return {
        group: [found[f"train-{net.path.stem}"] for net in nets] for group, nets in groups.items()
    }
