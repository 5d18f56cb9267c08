"""``featgraph similarity A B``: two networks, or two files of features, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli.inputs import (
    FEATURES,
    IMAGES,
    Data,
    Images,
    ModelOptions,
    Weights,
    build_model,
    choose_layers,
)
from featgraph.cli.options import Force, Layers, Out, Seed, several
from featgraph.cli.screen import LOUD, Screen
from featgraph.similarity.measures import MEASURES

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets.images import ImageDataset
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.similarity.layer_matrix import SimilarityMatrix

    Measure = str
else:
    Measure = Literal[tuple(MEASURES)]

__all__ = ["compare_networks"]

_KINDS = "'file.py:factory', 'timm:NAME', mlp, cnn, resnet, resmlp, mixer, vit, or features"


def compare_networks(
    a: Annotated[str, Parameter(help=f"First network: {_KINDS}.")],
    b: Annotated[str, Parameter(help="Second network, of the same kinds.")],
    /,
    *,
    weights: Weights = None,
    weights_b: Path | None = None,
    option: ModelOptions = (),
    data: Data = None,
    images: Images = IMAGES,
    measure: Annotated[Sequence[Measure], several()] = ("cka", "procrustes", "lsim"),
    layers: Layers = ("auto",),
    layers_b: Annotated[Sequence[str], several()] = (),
    reduce: Literal["auto", "flatten", "tokens", "cls", "channels_first", "channels_last"] = "auto",
    triangle: bool = False,
    seed: Seed = 0,
    out: Out = Path("featgraph-similarity"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Compare two networks layer by layer.

    Compares two networks on images, or two files of features, and writes tables and pictures.

    Parameters
    ----------
    weights_b
        State dict of the second network.
    measure
        Measures of similarity.
    layers_b
        Layers of the second network; none: those of --layers.
    reduce
        How an activation becomes one vector per image.
    triangle
        Also predictions, the line between the weights, and pruning.

    Examples
    --------
    featgraph similarity a.py:net b.py:net --data digits
    featgraph similarity mlp mlp --weights a.pt --weights-b b.pt --data digits --triangle
    featgraph similarity a.npz b.npz --measure cka procrustes
    """
    from featgraph.report.folder import claim_folder
    from featgraph.similarity.layer_matrix import compare_layers

    files = [Path(text).suffix in FEATURES for text in (a, b)]
    if files[0] != files[1]:
        raise ValueError("A and B must both be networks or both be files of features")
    chosen = (layers, layers_b or layers)
    models: tuple[nn.Module, nn.Module] | None = None
    shown: ImageDataset | None = None
    if files[0]:
        if triangle:
            raise ValueError("--triangle needs two networks, got files of features")
        sides = [choose_layers(Path(text), part) for text, part in zip((a, b), chosen, strict=True)]
    else:
        shown = images.read(data, screen)
        # Seeds differ, so that the same factory twice without weights gives two networks.
        models = (
            build_model(a, weights, option, seed),
            build_model(b, weights_b, option, seed + 1),
        )
        sides = _extract(models, shown, chosen, reduce, screen)
    folder = claim_folder(out, kind="similarity", force=force)
    names = _name_sides((a, b), (weights, weights_b))
    tables: dict[str, Any] = {}
    for name in measure:
        matrix = compare_layers(sides[0], sides[1], measure=name)
        _write_matrix(folder, matrix, names)
        _show_matrix(matrix, seed, screen)
        tables[name] = matrix.to_rows()
    if triangle and models is not None:
        tables["triangle"] = _write_triangle(folder, models, shown, chosen, names, screen)
    screen.say(f"\nwritten to {folder}")
    return tables


def _extract(
    models: tuple[nn.Module, nn.Module],
    images: ImageDataset,
    layers: tuple[Sequence[str], Sequence[str]],
    reduce: Any,
    screen: Screen,
) -> list[dict[str, FeatureMatrix]]:
    from featgraph.features.capture import extract_features

    return [
        extract_features(
            model, images, layers=_layers(part), reduce=reduce, progress=screen.progress
        )
        for model, part in zip(models, layers, strict=True)
    ]


def _layers(names: Sequence[str]) -> Any:
    return "auto" if tuple(names) == ("auto",) else list(names)


def _name_sides(
    specs: tuple[str, str], weights: tuple[Path | None, Path | None]
) -> tuple[str, str]:
    names = [Path(text.partition(":")[0] if ".py:" in text else text).stem for text in specs]
    for k, file in enumerate(weights):
        if file is not None:
            names[k] = Path(file).stem
    return (names[0], names[1]) if names[0] != names[1] else (f"{names[0]} A", f"{names[1]} B")


def _write_matrix(folder: Path, matrix: SimilarityMatrix, names: tuple[str, str]) -> None:
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.similarity import plot_similarity

    write_rows(matrix.to_rows(), folder / f"{matrix.measure}.csv")
    matrix.save(folder / f"{matrix.measure}.json")
    save_figure(plot_similarity(matrix, names=names)[0], folder / matrix.measure)


def _show_matrix(matrix: SimilarityMatrix, seed: int, screen: Screen) -> None:
    """Show the most similar layer for each layer of A, and how often depth agrees."""
    from featgraph.similarity.layer_matching import match_layers

    scores = matrix.values if matrix.larger_is_more_similar else -matrix.values
    best = scores.argmax(axis=1)
    rows = [
        {"a": layer, "b": matrix.layers_b[j], "score": float(matrix.values[i, j])}
        for i, (layer, j) in enumerate(zip(matrix.layers_a, best.tolist(), strict=True))
    ]
    direction = "larger" if matrix.larger_is_more_similar else "smaller"
    screen.say(f"\n{matrix.measure} ({direction} is more similar), {matrix.n_samples} samples")
    screen.table(rows, {"a": "layer of A", "b": "most similar of B", "score": matrix.measure})
    if scores.shape[0] == scores.shape[1] > 1:
        found = match_layers(matrix, rng=seed)
        screen.say(
            f"layers matched to the one at the same depth: {found.accuracy:.0%} "
            f"(by chance {found.baseline:.0%}, p = {found.p_value:.3g})"
        )


def _write_triangle(
    folder: Path,
    models: tuple[nn.Module, nn.Module],
    images: ImageDataset | None,
    layers: tuple[Sequence[str], Sequence[str]],
    names: tuple[str, str],
    screen: Screen,
) -> list[dict[str, Any]]:
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.triangle import plot_triangle
    from featgraph.similarity.triangle_views import triangle

    views = triangle(
        *models,
        images,
        layers=_layers(layers[0]),
        layers_b=_layers(layers[1]),
        names=names,
        progress=screen.progress,
    )
    write_rows(views.to_rows(), folder / "triangle.csv")
    views.save(folder / "triangle.json")
    save_figure(plot_triangle(views)[0], folder / "triangle")
    rows = [{"what": key, "value": value} for key, value in views.summary().items()]
    screen.say()
    screen.table(rows, {"what": "triangle", "value": ""})
    if views.functional.note:
        screen.say(views.functional.note)
    return views.to_rows()
