"""Models, samples, files of features and graphs, and processes, as several commands take them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli.messages import refuse_idle
from featgraph.cli.options import read_assignments, whole

if TYPE_CHECKING:
    from torch import nn

    from featgraph import FeatureGraph, FeatureMatrix
    from featgraph.cli.output import Screen

__all__ = [
    "FEATURES",
    "SAMPLES",
    "TWO_SAMPLES",
    "Arrays",
    "Data",
    "FeaturesFile",
    "ImageNorm",
    "ImageSize",
    "ModelOptions",
    "ModelSpec",
    "Samples",
    "SavedFeatures",
    "SourceFile",
    "TwoSamples",
    "Weights",
    "build_model",
    "check_subject",
    "choose_layers",
    "count_processes",
    "holds_features",
    "joined_processes",
    "own_device",
    "read_graphs",
    "refuse_models",
    "refuse_samples",
    "standardize",
]


#: Mean and standard deviation of channels that published weights expect.
NORMS = {
    "half": ((0.5,), (0.5,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "mnist": ((0.1307,), (0.3081,)),
}
_OF_IMAGES, _OF_TEXTS = ("--image-size", "--image-norm"), ("--tokenizer", "--max-length")
_OF_SAMPLES = ("--data", "--inputs", "--max-samples", *_OF_IMAGES, *_OF_TEXTS)
#: What says how a network is made and what it sees.
_OF_MODELS = ("--weights", "--option", "--device", *_OF_SAMPLES)
_HYPHEN = Path("-")
FEATURES = (".npy", ".npz", ".pt", ".pth", ".safetensors")

ModelSpec = Annotated[
    str,
    Parameter(
        help="'file.py:factory' (the file is run), 'timm:NAME', a folder of transformers, or mlp, "
        "cnn, resnet, resmlp, mixer, vit."
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
    str | None,
    Parameter(
        alias="-d",
        help="Images: a folder, .zip, .npz, or the word digits; or, but for train, a .txt file "
        "with a text or token ids in each line.",
    ),
]
Arrays = Annotated[
    Path | None,
    Parameter(
        name="--inputs",
        help="Arrays instead of --data, samples first: .npz, .npy, .pt or .safetensors; each is "
        "an input by its name.",
    ),
]
FeaturesFile = Annotated[
    Path, Parameter(help="Features: .npy, .npz, .pt or .safetensors, arrays (nodes, samples).")
]
SavedFeatures = Annotated[
    Path | None, Parameter(alias="-f", help="Saved features instead of a model and its data.")
]
SourceFile = Annotated[
    Path,
    Parameter(
        help="Features (.npy, .npz, .pt, .safetensors) or a graph file of any kind; - is a graph "
        "on the standard input."
    ),
]
ImageSize = Annotated[int | None, whole(1, help="Scale and crop images to N × N.")]
ImageNorm = Annotated[
    Literal["none", "half", "imagenet", "cifar10", "mnist"],
    Parameter(help="Channel statistics to subtract from images."),
]


@Parameter(name="*")
@dataclass(frozen=True)
class Samples:
    """How the samples are read that a network looks at."""

    image_size: ImageSize = None
    image_norm: ImageNorm = "none"
    max_samples: Annotated[
        int, whole(2, name=("--max-samples", "--max-images"), help="Use at most N samples.")
    ] = 512
    arrays: Arrays = None
    tokenizer: Annotated[
        Path | None, Parameter(help="Folder of the tokenizer for texts; none: the model's.")
    ] = None
    max_length: Annotated[int, whole(1, help="Cut texts to N tokens.")] = 128

    def read(
        self, data: str | None, screen: Screen, model: str | None = None, *, stored: bool = False
    ) -> Any:
        """Load the samples that ``--data`` or ``--inputs`` names.

        ``stored`` images are read when they are needed; texts go by the tokenizer of ``model``
        unless another is named.
        """
        from featgraph import datasets

        if data is None and self.arrays is not None:
            refuse_idle("with --inputs", *_OF_IMAGES, *_OF_TEXTS)
            return datasets.load_arrays(self.arrays, max_samples=self.max_samples)
        if data is None or self.arrays is not None:
            raise ValueError(
                "give one of --data, with images (a folder, .zip, .npz or digits) or texts (.txt), "
                "and --inputs, with arrays"
            )
        place, size, most = Path(data), self.image_size, self.max_samples
        if place.suffix in FEATURES and place.suffix != ".npz":
            raise ValueError(f"--data takes images or texts, got {data!r}; arrays go to --inputs")
        if place.suffix == ".txt":
            refuse_idle("with texts", *_OF_IMAGES)
            return self._read_lines(place, screen, model)
        refuse_idle("with images", *_OF_TEXTS)
        images: Any
        if data == "digits" and not place.exists():
            images = datasets.load_digits("test").take(most).resize(size)
        elif place.suffix == ".npz":
            images = datasets.open_npz_images(place, size=size, max_images=most)
        else:
            images = datasets.open_image_folder(place, size=size, max_images=most)
        if not stored and isinstance(images, datasets.StoredImages):
            images = images.load(progress=screen.progress)
        return standardize(images, self.image_norm)

    def _read_lines(self, path: Path, screen: Screen, model: str | None) -> object:
        from featgraph.datasets.named_samples import holds_token_ids, load_texts, load_token_ids
        from featgraph.models.library_models import load_tokenizer

        if holds_token_ids(path):
            refuse_idle("with token ids", *_OF_TEXTS)
            screen.say(f"{path.name} is read as token ids: whole numbers alone stand in it")
            return load_token_ids(path, max_samples=self.max_samples)
        folder = self.tokenizer or Path((model or "").removeprefix("hf:"))
        if self.tokenizer is None and not (folder / "config.json").is_file():
            raise ValueError(f"--tokenizer must name a folder for the texts of {path.name}")
        return load_texts(
            path,
            load_tokenizer(folder),
            max_length=self.max_length,
            max_samples=self.max_samples,
        )


@Parameter(name="*")
@dataclass(frozen=True)
class TwoSamples(Samples):
    """How the two samples are read that show what the layers give."""

    max_samples: Annotated[int, Parameter(parse=False)] = 2


#: Defaults of the commands that take samples.
SAMPLES, TWO_SAMPLES = Samples(), TwoSamples()


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
    from featgraph.models import load_model

    keywords = defaults | read_assignments(options, "--option")
    return load_model(spec, weights=weights, seed=seed, **keywords)


def check_subject(model: str | None, features: Path | None, *idle: str) -> None:
    """Refuse a command line that names both a model and features, or neither.

    With features the flags of models and samples do nothing, and those that ``idle`` names.
    """
    if (model is None) == (features is None):
        raise ValueError("give either a model (and --data) or --features FILE")
    if features is None:
        refuse_idle("without --features", "--baseline-features")
    else:
        refuse_models(*idle)
        if not features.exists():  # before workers start
            raise FileNotFoundError(f"no file {features}")


def refuse_samples(when: str) -> None:
    """Refuse the flags of samples where none are read."""
    refuse_idle(when, *_OF_SAMPLES)


def refuse_models(*idle: str) -> None:
    """Refuse the flags of models and samples, and some others, where features are given."""
    refuse_idle("with saved features", *_OF_MODELS, *idle)


def choose_layers(path: Path, layers: Sequence[str]) -> dict[str, FeatureMatrix]:
    """Return the features of the layers that ``--layers`` names, from a file."""
    from featgraph.features import load_features
    from featgraph.report.settings import choose_names

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


class _StandardInput(io.BytesIO):
    name = "standard input"


def read_graphs(
    files: Sequence[str | Path],
    input_format: str | None = None,
    *,
    weight: str | None = None,
    as_undirected: bool = False,
) -> dict[str, FeatureGraph]:
    """Return the graphs of files by the files' names; - is the standard input."""
    from featgraph.io import read_graph

    paths = [Path(file) for file in files]
    if paths.count(_HYPHEN) > 1:
        raise ValueError("the standard input (-) can be read once")
    names = [_StandardInput.name if path == _HYPHEN else path.stem for path in paths]
    if len(set(names)) < len(names):
        raise ValueError(f"files must have names of their own, got {', '.join(names)}")
    how: dict[str, Any] = {"weight": weight, "as_undirected": as_undirected, "format": input_format}
    return {
        name: read_graph(_read_standard_input(input_format) if path == _HYPHEN else path, **how)
        for name, path in zip(names, paths, strict=True)
    }


def _read_standard_input(input_format: str | None) -> _StandardInput:
    if input_format is None:
        raise ValueError("standard input has no name that says its format; give --input-format")
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError("- reads the standard input, but nothing is piped into it")
    held = sys.stdin.buffer.read()
    if not held:
        raise ValueError("standard input is empty")
    return _StandardInput(held)


def count_processes() -> int:
    """Return how many processes ``torchrun`` started, 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextlib.contextmanager
def joined_processes(device: str = "cpu") -> Iterator[tuple[int, int]]:
    """Join the processes for the length of the block; yield the number of this one, and how many.

    Tensors on the given kind of device can be shared, and those in main memory. One process
    alone, or processes that are joined already, are left as they are.

    Examples
    --------
    >>> with joined_processes() as place:
    ...     place
    (0, 1)
    """
    from torch import distributed

    from featgraph.core.processes import leave_processes, process_rank

    if count_processes() == 1 or distributed.is_initialized():
        yield process_rank()
        return
    distributed.init_process_group("cpu:gloo,cuda:nccl" if device.startswith("cuda") else "gloo")
    try:
        yield process_rank()
    finally:
        leave_processes()


def own_device(device: str) -> str:
    """Return the device of this process: of several on one machine, each takes a GPU of its own."""
    if device == "cuda" and count_processes() > 1:
        return f"cuda:{os.environ.get('LOCAL_RANK', '0')}"
    return device
