"""Small nets of one architecture trained from several seeds, and the images they see."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

    from benchmarks.reproduce.run_folder import RunFolder
    from featgraph.datasets.images import ImageDataset

__all__ = ["split_images", "train_net"]


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


def train_net(
    run: RunFolder,
    name: str,
    model: nn.Module,
    images: tuple[ImageDataset, ImageDataset],
    *,
    epochs: int,
    order: int,
    about: Mapping[str, Any] | None = None,
) -> tuple[nn.Module, float]:
    """Train a net, or take its weights from an earlier run of the same settings.

    Parameters
    ----------
    run : RunFolder
        Keeps the weights under ``weights/NAME.safetensors`` and the accuracy as a step.
    name : str
        Name of the net in the folder.
    model : Module
        Untrained; trained in place.
    images : pair of ImageDataset
        To train on, and to measure accuracy on.
    epochs : int
        Passes over the data.
    order : int
        Seed of the order of samples.
    about : mapping, optional
        Kept with the accuracy.

    Returns
    -------
    tuple of (Module, float)
        The net and its accuracy on the second set.
    """
    import torch
    from safetensors.torch import save_model

    from featgraph.core.files import atomic_path
    from featgraph.core.resources import hold_threads
    from featgraph.models.training import measure_accuracy, train_classifier
    from featgraph.models.weights import load_weights

    path, step = run.path(f"weights/{name}.safetensors"), f"train-{name}"
    # The step says whether the weights belong to these settings; it is written after them.
    if not (path.is_file() and run.has_step(step)):
        with hold_threads():
            generator = torch.Generator().manual_seed(order)
            train_classifier(model, images[0], epochs=epochs, generator=generator, progress=False)
            accuracy = measure_accuracy(model, images[1])
        with atomic_path(path) as temporary:
            save_model(model, str(temporary))
        run.finish_step(step, lambda: {"accuracy": accuracy, **(about or {})})
    else:
        load_weights(model, path)
    return model.eval(), float(run.finish_step(step, dict)["accuracy"])
