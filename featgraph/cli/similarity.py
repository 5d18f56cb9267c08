"""``featgraph similarity A B``: two networks, or two files of features, layer by layer."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.cli.inputs import add_images, read_images, read_options
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of
from featgraph.cli.printing import format_table, say
from featgraph.similarity.measures import MEASURES

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets.images import ImageDataset
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.similarity.layer_matrix import SimilarityMatrix

__all__ = ["add_arguments", "compare_networks"]

_FEATURES = (".npy", ".npz", ".pt", ".pth", ".safetensors")
_REDUCTIONS = ("auto", "flatten", "tokens", "cls", "channels_first", "channels_last")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    what = "'file.py:factory', 'timm:NAME', mlp, cnn, resmlp, mixer, vit, or a file of features"
    parser.add_argument("a", help=f"first network: {what}")
    parser.add_argument("b", help="second network, of the same kinds")
    parser.add_argument(
        "-w",
        "--weights",
        nargs=2,
        default=None,
        metavar=("FILE_A", "FILE_B"),
        help="state dicts of the two networks, .pt or .safetensors; '-' for none",
    )
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="argument of both factories; may be repeated",
    )
    add_images(parser)
    parser.add_argument(
        "-m",
        "--measure",
        nargs="+",
        type=one_of(MEASURES, "--measure"),
        default=["cka", "procrustes", "lsim"],
        metavar="NAME",
        help=f"measures: {', '.join(MEASURES)}",
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["auto"], metavar="NAME", help="layers; globs work"
    )
    parser.add_argument(
        "--layers-b", nargs="+", default=None, metavar="NAME", help="layers of the second network"
    )
    parser.add_argument(
        "--reduce",
        type=one_of(_REDUCTIONS, "--reduce"),
        default="auto",
        metavar="NAME",
        help=f"how an activation becomes one vector per image: {', '.join(_REDUCTIONS)}",
    )
    parser.add_argument(
        "--triangle",
        action="store_true",
        help="also predictions, the line between the weights, and pruning",
    )
    add_seed(parser)
    add_output(parser, "featgraph-similarity")
    add_quiet(parser)


def compare_networks(
    *,
    a: str,
    b: str,
    weights: Sequence[str] | None = None,
    option: list[str] | None = None,
    data: str | None = None,
    size: int | None = None,
    normalize: str = "none",
    max_images: int = 512,
    measure: list[str] | None = None,
    layers: list[str] | None = None,
    layers_b: list[str] | None = None,
    reduce: str = "auto",
    triangle: bool = False,
    seed: int = 0,
    out: str = "featgraph-similarity",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Compare two networks on images, or two files of features; write tables and pictures.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.report.folder import claim_folder
    from featgraph.similarity.layer_matrix import compare_layers

    files = [Path(text).suffix in _FEATURES for text in (a, b)]
    if files[0] != files[1]:
        raise ValueError("A and B must both be networks or both be files of features")
    chosen = (layers or ["auto"], layers_b or layers or ["auto"])
    models: tuple[nn.Module, nn.Module] | None = None
    images: ImageDataset | None = None
    if files[0]:
        if triangle:
            raise ValueError("--triangle needs two networks, got files of features")
        sides = [_read_features(text, part) for text, part in zip((a, b), chosen, strict=True)]
    else:
        if data is None:
            raise ValueError(
                "--data must name the images for the networks: folder, .zip, .npz, digits"
            )
        images = read_images(data, size, normalize, max_images, quiet)
        models = _load_models((a, b), weights, option or [], seed)
        sides = _extract(models, images, chosen, reduce, quiet)
    folder = claim_folder(out, kind="similarity", force=force)
    names = _name_sides(a, b, weights)
    for name in measure or ["cka", "procrustes", "lsim"]:
        matrix = compare_layers(sides[0], sides[1], measure=name)
        _write_matrix(folder, matrix, names)
        say(_describe(matrix, seed), quiet=quiet)
    if triangle and models is not None:
        _write_triangle(folder, models, images, chosen, names, quiet)
    say(f"\nwritten to {folder}", quiet=quiet)
    return 0


def _read_features(path: str, layers: list[str]) -> dict[str, FeatureMatrix]:
    from featgraph.features.files import load_features
    from featgraph.report.states import choose_names

    found = load_features(path)
    return {name: found[name] for name in choose_names(list(found), layers)}


def _load_models(
    specs: tuple[str, str], weights: Sequence[str] | None, option: list[str], seed: int
) -> tuple[nn.Module, nn.Module]:
    from featgraph.models.loading import load_model

    files = [None if text in (None, "-") else text for text in (weights or (None, None))]
    options = read_options(option)
    # Seeds differ, so that the same factory twice without weights gives two networks.
    first, second = (
        load_model(spec, weights=file, seed=seed + k, **options)
        for k, (spec, file) in enumerate(zip(specs, files, strict=True))
    )
    return first, second


def _extract(
    models: tuple[nn.Module, nn.Module],
    images: ImageDataset,
    layers: tuple[list[str], list[str]],
    reduce: Any,
    quiet: bool,
) -> list[dict[str, FeatureMatrix]]:
    from featgraph.features.capture import extract_features

    return [
        extract_features(
            model,
            images,
            layers="auto" if part == ["auto"] else part,
            reduce=reduce,
            progress=False if quiet else None,
        )
        for model, part in zip(models, layers, strict=True)
    ]


def _name_sides(a: str, b: str, weights: Sequence[str] | None) -> tuple[str, str]:
    names = [Path(text.partition(":")[0] if ".py:" in text else text).stem for text in (a, b)]
    for k, file in enumerate(weights or ()):
        if file != "-":
            names[k] = Path(file).stem
    return (names[0], names[1]) if names[0] != names[1] else (f"{names[0]} A", f"{names[1]} B")


def _write_matrix(folder: Path, matrix: SimilarityMatrix, names: tuple[str, str]) -> None:
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.similarity import plot_similarity

    write_rows(matrix.to_rows(), folder / f"{matrix.measure}.csv")
    matrix.save(folder / f"{matrix.measure}.json")
    save_figure(plot_similarity(matrix, names=names)[0], folder / matrix.measure)


def _describe(matrix: SimilarityMatrix, seed: int) -> str:
    """The most similar layer for each layer of A, and how often depth agrees."""
    from featgraph.similarity.layer_matching import match_layers

    scores = matrix.values if matrix.larger_is_more_similar else -matrix.values
    best = scores.argmax(axis=1)
    rows = [
        {"a": layer, "b": matrix.layers_b[j], "score": float(matrix.values[i, j])}
        for i, (layer, j) in enumerate(zip(matrix.layers_a, best.tolist(), strict=True))
    ]
    direction = "larger" if matrix.larger_is_more_similar else "smaller"
    head = f"{matrix.measure} ({direction} is more similar), {matrix.n_samples} samples"
    columns = {"a": "layer of A", "b": "most similar of B", "score": matrix.measure}
    text = f"\n{head}\n{format_table(rows, columns)}"
    if scores.shape[0] == scores.shape[1] > 1:
        found = match_layers(matrix, rng=seed)
        text += (
            f"\nlayers matched to the one at the same depth: {found.accuracy:.0%} "
            f"(by chance {found.baseline:.0%}, p = {found.p_value:.3g})"
        )
    return text


def _write_triangle(
    folder: Path,
    models: tuple[nn.Module, nn.Module],
    images: ImageDataset | None,
    layers: tuple[list[str], list[str]],
    names: tuple[str, str],
    quiet: bool,
) -> None:
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.triangle import plot_triangle
    from featgraph.similarity.triangle_views import triangle

    first, second = ("auto" if part == ["auto"] else part for part in layers)
    views = triangle(
        *models,
        images,
        layers=first,
        layers_b=second,
        names=names,
        progress=False if quiet else None,
    )
    write_rows(views.to_rows(), folder / "triangle.csv")
    views.save(folder / "triangle.json")
    save_figure(plot_triangle(views)[0], folder / "triangle")
    rows = [{"what": key, "value": value} for key, value in views.summary().items()]
    say(f"\n{format_table(rows, {'what': 'triangle', 'value': ''})}", quiet=quiet)
    if views.functional.note:
        say(views.functional.note, quiet=quiet)
