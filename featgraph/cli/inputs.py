"""Models, images and files of features, as several commands take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli.options import read_assignments, whole

if TYPE_CHECKING:
    from torch import nn

    from featgraph import FeatureMatrix
    from featgraph.cli.screen import Screen

__all__ = [
    "FEATURES", "IMAGES", "Data", "FeaturesFile", "ImageNorm", "ImageSize", "Images",
    "ModelOptions", "ModelSpec", "SavedFeatures", "SourceFile", "Weights", "build_model",
    "check_subject", "choose_layers", "holds_features", "standardize",
]  # fmt: skip

#: Mean and standard deviation of channels that published weights expect.
NORMS = {
    "half": ((0.5,), (0.5,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
}
FEATURES = (".npy", ".npz", ".pt", ".pth", ".safetensors")

ModelSpec = Annotated[
    str,
    Parameter(
        help="'file.py:factory' (the file is run), 'timm:NAME', or mlp, cnn, resnet, resmlp, "
        "mixer, vit."
    ),
]
Weights = Annotated[
    Path | None, Parameter(alias="-w", help="State dict of the network, .pt or .safetensors.")
]
ModelOptions = Annotated[
    Sequence[str],
    Parameter(name="--option", help="NAME=VALUE, an argument of the factory; may be repeated."),
]
Data = Annotated[
    str | None, Parameter(alias="-d", help="Images: a folder, .zip, .npz, or the word digits.")
]
FeaturesFile = Annotated[
    Path, Parameter(help="Features: .npy, .npz, .pt or .safetensors, arrays (nodes, samples).")
]
SavedFeatures = Annotated[
    Path | None, Parameter(alias="-f", help="Saved features instead of a model and its data.")
]
SourceFile = Annotated[
    Path, Parameter(help="Features (.npy, .npz, .pt, .safetensors) or a graph file of any kind.")
]
ImageSize = Annotated[int | None, whole(1, help="Scale and crop images to N × N.")]
ImageNorm = Annotated[
    Literal["none", "half", "imagenet", "cifar10", "mnist"],
    Parameter(help="Channel statistics to subtract from images."),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Images:
    """How the images are read that a network looks at."""

    image_size: ImageSize = None
    image_norm: ImageNorm = "none"
    max_images: Annotated[int, whole(2, help="Use at most N images.")] = 512

    def read(self, data: str | None, screen: Screen, *, stored: bool = False) -> Any:
        """Load the images that ``--data`` names; ``stored`` ones are read when they are needed."""
        from featgraph import datasets

        if data is None:
            raise ValueError(
                "--data must name the images for the model: folder, .zip, .npz, digits"
            )
        place, most = Path(data), self.max_images
        images: Any
        if data == "digits" and not place.exists():
            images = datasets.load_digits("test").take(most)
        elif place.suffix == ".npz":
            load = datasets.open_npz_images if stored else datasets.load_npz_images
            images = load(place, max_images=most)
        elif stored:
            images = datasets.open_image_folder(place, size=self.image_size, max_images=most)
        else:
            images = datasets.load_image_folder(
                place, size=self.image_size, max_images=most, progress=screen.progress
            )
        return standardize(images, self.image_norm)


#: The default of every command that takes images.
IMAGES = Images()


def standardize(images: Any, norm: str) -> Any:
    """Subtract the channel statistics that ``--image-norm`` names."""
    if norm == "none":
        return images
    statistics = NORMS[norm]
    n_channels = images.image_shape[0]
    mean, std = (values * n_channels if len(values) == 1 else values for values in statistics)
    return images.standardize(mean, std)


def build_model(
    spec: str, weights: Path | None, options: Sequence[str], seed: int, **defaults: Any
) -> nn.Module:
    """Build the network that a command names; ``--option`` goes before ``defaults``."""
    from featgraph.models.loading import load_model

    keywords = defaults | read_assignments(options, "--option")
    return load_model(spec, weights=weights, seed=seed, **keywords)


def check_subject(model: str | None, features: Path | None) -> None:
    """Refuse a command line that names both a model and features, or neither."""
    if (model is None) == (features is None):
        raise ValueError("give either a model (and --data) or --features FILE")


def choose_layers(path: Path, layers: Sequence[str]) -> dict[str, FeatureMatrix]:
    """Return the features of the layers that ``--layers`` names, from a file."""
    from featgraph.features.files import load_features
    from featgraph.report.states import choose_names

    found = load_features(path)
    return {name: found[name] for name in choose_names(list(found), list(layers))}


def holds_features(path: Path) -> bool:
    """Return whether a file holds features, rather than a graph."""
    if path.suffix != ".npz":
        return path.suffix in FEATURES
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(name).stem for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path.name} is not a valid .npz file: {error}") from None
    return "indptr" not in names  # the arrays of a graph in rows, ours or SciPy's
