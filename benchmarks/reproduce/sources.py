"""Sources of features for the validation study: clouds of known shape, and real networks."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["CLOUDS", "CIFAR_NETS", "list_sources"]

Source = Callable[[], "dict[str, dict[str, FeatureMatrix]]"]

_N_NODES, _N_SAMPLES = 128, 64


def _draw_gaussian(rng: np.random.Generator) -> NDArray[np.float64]:
    return rng.normal(size=(_N_NODES, _N_SAMPLES))


def _draw_manifold(dimension: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Uniform points in a cube of side 10 (in the unit of C), turned at random."""
    points = rng.uniform(size=(_N_NODES, dimension)) * 10 * np.sqrt(_N_SAMPLES)
    axes = np.linalg.qr(rng.normal(size=(_N_SAMPLES, dimension)))[0]
    turned: NDArray[np.float64] = points @ axes.T
    return turned


def _draw_clusters(rng: np.random.Generator) -> NDArray[np.float64]:
    centers = rng.normal(size=(8, _N_SAMPLES))
    return centers[rng.integers(8, size=_N_NODES)] + 0.1 * rng.normal(size=(_N_NODES, _N_SAMPLES))


#: Synthetic features, each with 128 nodes and 64 samples.
CLOUDS: dict[str, Callable[[np.random.Generator], NDArray[np.float64]]] = {
    "Gaussian": _draw_gaussian,
    "line": partial(_draw_manifold, 1),
    "square": partial(_draw_manifold, 2),
    "cube": partial(_draw_manifold, 3),
    "clusters": _draw_clusters,
}
#: Networks of a data folder, ``weights/nets.py`` with ``build(name, trained=, seed=)``.
CIFAR_NETS = ("resnet20_cifar10", "resnet56_cifar10", "vitln_2_6_16_cifar10", "cct4_cifar10")


def list_sources(
    nets: tuple[str, ...], *, data: str | None, seed: int, epochs: int, n_seeds: int
) -> Mapping[str, Source]:
    """Return what to compute for each source: its features by state and layer.

    Parameters
    ----------
    nets : tuple of str
        Names in ``MODELS``, trained on digits for ``epochs``.
    data : str or None
        Folder with ``weights/nets.py``, which is run, and ``images/cifar10_test2000.npz``.
    seed : int
        First seed.
    epochs : int
        Epochs of training.
    n_seeds : int
        Draws of each cloud.

    Raises
    ------
    FileNotFoundError
        If the folder lacks one of the files.
    """
    sources: dict[str, Source] = {
        name: partial(_draw_cloud, name, seed, n_seeds) for name in CLOUDS
    }
    for name in nets:
        sources[f"{name} on digits"] = partial(_train_on_digits, name, seed, epochs)
    if data is not None:
        folder = Path(data)
        for file in (folder / "weights" / "nets.py", folder / "images" / "cifar10_test2000.npz"):
            if not file.is_file():
                raise FileNotFoundError(f"data must be a folder with {file.relative_to(folder)}")
        for name in CIFAR_NETS:
            sources[name] = partial(_open_cifar_net, name, folder, seed)
    return sources


def _draw_cloud(name: str, seed: int, n_seeds: int) -> dict[str, dict[str, FeatureMatrix]]:
    from featgraph.features.feature_matrix import FeatureMatrix

    draws = {}
    for number in range(n_seeds):
        F = CLOUDS[name](np.random.default_rng([seed, number]))
        draws[f"draw {number}"] = FeatureMatrix.from_array(F, layer=f"draw {number}")
    return {"synthetic": draws}


def _train_on_digits(name: str, seed: int, epochs: int) -> dict[str, dict[str, FeatureMatrix]]:
    from featgraph.datasets.images import load_digits
    from featgraph.features.capture import extract_features
    from featgraph.models.loading import build_model
    from featgraph.training.settings import TrainingSettings
    from featgraph.training.trainer import train

    model = build_model(name, seed=seed)
    shown = load_digits("test").take(256).images
    found = {"untrained": extract_features(model, shown, progress=False)}
    settings = TrainingSettings(epochs=epochs, seed=seed)
    train(model, load_digits("train"), settings=settings, estimators=(), progress=False)
    found["trained"] = extract_features(model, shown, progress=False)
    return found


def _open_cifar_net(name: str, folder: Path, seed: int) -> dict[str, dict[str, FeatureMatrix]]:
    import torch

    from featgraph.core.arrays import read_npz
    from featgraph.features.capture import extract_features

    images = read_npz(folder / "images" / "cifar10_test2000.npz")["images"][:256]
    spec = importlib.util.spec_from_file_location("_featgraph_nets", folder / "weights" / "nets.py")
    if spec is None or spec.loader is None:
        raise ValueError("weights/nets.py is not a Python file")
    nets: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nets)
    found = {}
    # The file seeds the global generator; its old state is put back.
    with torch.random.fork_rng(devices=[]):
        for state in ("untrained", "trained"):
            model, preprocess = nets.build(name, trained=state == "trained", seed=seed)
            found[state] = extract_features(model, preprocess(images), progress=False)
    return found
