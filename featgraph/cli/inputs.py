"""A model and its images, as several commands take them."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from featgraph.cli.options import one_of, whole

if TYPE_CHECKING:
    from featgraph.datasets.images import ImageDataset
    from featgraph.datasets.stored_images import StoredImages

    Images = TypeVar("Images", ImageDataset, StoredImages)

__all__ = [
    "NORMS",
    "add_images",
    "add_model",
    "open_images",
    "read_images",
    "read_options",
    "standardize",
]

#: Mean and standard deviation of channels that published weights expect.
NORMS = {
    "none": None,
    "half": ((0.5,), (0.5,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
}


def add_model(parser: argparse.ArgumentParser) -> None:
    """Add the model, its weights and options, and the images."""
    parser.add_argument(
        "model",
        nargs="?",
        help="'file.py:factory' (the file is run), 'timm:NAME', or mlp, cnn, resmlp, mixer, vit",
    )
    parser.add_argument("-w", "--weights", metavar="FILE", help="state dict, .pt or .safetensors")
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="argument of the factory; may be repeated",
    )
    add_images(parser)


def add_images(parser: argparse.ArgumentParser) -> None:
    """Add the images that a model looks at."""
    parser.add_argument(
        "-d", "--data", metavar="PATH", help="images: a folder, .zip, .npz, or the word 'digits'"
    )
    parser.add_argument(
        "--size", type=whole(1), default=None, metavar="N", help="scale and crop images to N × N"
    )
    parser.add_argument(
        "--normalize",
        type=one_of(NORMS, "--normalize"),
        default="none",
        metavar="NAME",
        help=f"channel statistics to subtract: {', '.join(NORMS)}",
    )
    parser.add_argument(
        "--max-images", type=whole(2), default=512, metavar="N", help="use at most N images"
    )


def read_options(texts: list[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` texts as keywords of a factory; values are Python literals or text.

    Examples
    --------
    >>> read_options(["width=64", "norm=batch"])
    {'width': 64, 'norm': 'batch'}
    """
    return dict(_read_option(text) for text in texts)


def _read_option(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError(f"--option must be NAME=VALUE, got {text!r}")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def read_images(
    path: str, size: int | None, normalize: str, max_images: int, quiet: bool
) -> ImageDataset:
    """Load the images that ``--data`` names, with the channel statistics of ``--normalize``."""
    from featgraph.datasets import load_digits, load_image_folder, load_npz_images

    place = Path(path)
    if path == "digits" and not place.exists():
        images = load_digits("test").take(max_images)
    elif place.suffix == ".npz":
        images = load_npz_images(place, max_images=max_images)
    else:
        images = load_image_folder(
            place, size=size, max_images=max_images, progress=False if quiet else None
        )
    return standardize(images, normalize)


def open_images(
    path: str, size: int | None, normalize: str, max_images: int
) -> ImageDataset | StoredImages:
    """Open the images that :func:`read_images` loads, to be read when they are needed."""
    from featgraph.datasets import load_digits, open_image_folder, open_npz_images

    place = Path(path)
    if path == "digits" and not place.exists():
        return standardize(load_digits("test").take(max_images), normalize)
    if place.suffix == ".npz":
        return standardize(open_npz_images(place, max_images=max_images), normalize)
    return standardize(open_image_folder(place, size=size, max_images=max_images), normalize)


def standardize(images: Images, normalize: str) -> Images:
    """Subtract the channel statistics that ``--normalize`` names."""
    norm = NORMS[normalize]
    if norm is None:
        return images
    n_channels = images.image_shape[0]
    mean, std = (values * n_channels if len(values) == 1 else values for values in norm)
    return images.standardize(mean, std)
