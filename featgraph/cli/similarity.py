"""``featgraph similarity A B``: two networks, or two files of features, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli import inputs, options as opt
from featgraph.cli.output import LOUD, Folder, Screen, claim
from featgraph.similarity import MEASURES

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets import ImageDataset
    from featgraph.similarity import SimilarityMatrix, Triangle

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
    weights: inputs.Weights = None,
    weights_b: Path | None = None,
    option: inputs.ModelOptions = (),
    data: inputs.Data = None,
    samples: inputs.Samples = inputs.SAMPLES,
    measure: Annotated[Sequence[Measure], opt.several()] = ("cka", "procrustes", "lsim"),
    layers: opt.Layers = ("auto",),
    layers_b: Annotated[Sequence[str], opt.several()] = (),
    reduce: Literal["auto", "flatten", "tokens", "cls", "channels_first", "channels_last"] = "auto",
    triangle: bool = False,
    jobs: opt.Jobs = 1,
    cluster: opt.Cluster = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-similarity"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
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
    from featgraph import similarity as sim
    from featgraph.core.parallel import joined_cluster, own_workers
    from featgraph.features import extract_features

    chosen = [layers, layers_b or layers]
    models: list[nn.Module] = []
    shown: ImageDataset | None = None
    if _are_features(a, b, triangle):
        inputs.refuse_models("--weights-b", "--reduce")
        sides = [inputs.choose_layers(Path(a), layers), inputs.choose_layers(Path(b), chosen[1])]
    else:
        shown = samples.read(data, screen, a)
        # Seeds differ, so that the same factory twice without weights gives two networks.
        models = [
            inputs.build_model(a, weights, option, seed),
            inputs.build_model(b, weights_b, option, seed + 1),
        ]
        how: dict[str, Any] = {"reduce": reduce, "progress": screen.progress}
        pairs = zip(models, map(_layers, chosen), strict=True)
        sides = [extract_features(model, shown, layers=part, **how) for model, part in pairs]
    folder = claim(out, "similarity", force, pictures)
    names = _name_sides((a, b), (weights, weights_b))
    workers = own_workers(1 if cluster else jobs, "featgraph.similarity.layer_matrix")
    with joined_cluster(cluster), workers:
        found = sim.compare_measures(*sides, measures=measure, jobs=jobs, progress=screen.progress)
    tables: dict[str, Any] = {
        name: _write_matrix(folder, name, matrix, names, seed, screen)
        for name, matrix in found.items()
    }
    if triangle:
        first, second = map(_layers, chosen)
        how = {"layers": first, "layers_b": second, "names": names, "progress": screen.progress}
        views = sim.triangle(models[0], models[1], shown, **how)
        tables["triangle"] = _write_triangle(folder, views, screen)
    screen.say(f"\nwritten to {folder.path}")
    return tables


def _are_features(a: str, b: str, triangle: bool) -> bool:
    saved = [Path(text).suffix in inputs.FEATURES for text in (a, b)]
    if saved[0] != saved[1]:
        raise ValueError("A and B must both be networks or both be files of features")
    if saved[0] and triangle:
        raise ValueError("--triangle needs two networks, got files of features")
    return saved[0]


def _layers(names: Sequence[str]) -> Any:
    return "auto" if tuple(names) == ("auto",) else list(names)


def _name_sides(
    specs: tuple[str, str], weights: tuple[Path | None, Path | None]
) -> tuple[str, str]:
    first, second = (
        Path(text.partition(":")[0] if ".py:" in text else text).stem if file is None else file.stem
        for text, file in zip(specs, weights, strict=True)
    )
    return (first, second) if first != second else (f"{first} A", f"{second} B")


def _write_matrix(
    folder: Folder,
    name: str,
    matrix: SimilarityMatrix,
    names: tuple[str, str],
    seed: int,
    screen: Screen,
) -> list[dict[str, Any]]:
    """Write one measure as a table, a result and a picture; return the rows."""
    from featgraph import plot

    rows = matrix.to_rows()
    folder.table(f"{name}.csv", rows)
    folder.result(f"{name}.json", matrix)
    folder.picture(name, plot.plot_similarity, matrix, names=names)
    _show_matrix(matrix, seed, screen)
    return rows


def _show_matrix(matrix: SimilarityMatrix, seed: int, screen: Screen) -> None:
    """Show the most similar layer for each layer of A, and how often depth agrees."""
    from featgraph.similarity import match_layers

    scores = matrix.values if matrix.larger_is_more_similar else -matrix.values
    rows = [
        {"a": layer, "b": matrix.layers_b[j], "score": float(matrix.values[i, j])}
        for i, (layer, j) in enumerate(zip(matrix.layers_a, scores.argmax(axis=1), strict=True))
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


def _write_triangle(folder: Folder, views: Triangle, screen: Screen) -> list[dict[str, Any]]:
    from featgraph import plot

    folder.table("triangle.csv", views.to_rows())
    folder.result("triangle.json", views)
    folder.picture("triangle", plot.plot_triangle, views)
    rows = [{"what": key, "value": value} for key, value in views.summary().items()]
    screen.say()
    screen.table(rows, {"what": "triangle", "value": ""})
    if views.functional.note:
        screen.say(views.functional.note)
    return rows
