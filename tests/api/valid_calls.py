"""One valid call of every public function: those of the stored numbers, and the others here."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from featgraph import (
    boxes,
    datasets,
    dimension,
    distances,
    features,
    graph,
    invariance,
    io,
    models,
    similarity,
    weights,
)  # fmt: skip
from tests.golden import cases

__all__ = ["ROOMS", "public_functions", "valid_calls"]

Call = tuple[tuple[Any, ...], dict[str, Any]]
ROOMS = (
    "boxes", "datasets", "dimension", "distances", "features", "graph", "invariance", "io",
    "models", "plot", "report", "selfsimilarity", "similarity", "training", "weights",
)  # fmt: skip
QUIET = {"progress": False}
#: Functions that need a package or files of other people, or train for minutes.
ELSEWHERE = {
    *("datasets.load_texts", "invariance.embed_points", "models.create_timm_model"),
    *("training.train", "training.track_training", "training.load_checkpoint"),
    *("report.build_page", "plot.plot_cross_views"),
}


class _FoundError(Exception):
    pass


def public_functions() -> list[str]:
    """Return ``room.function`` of all public functions."""
    found = []
    for room in ROOMS:
        module = importlib.import_module(f"featgraph.{room}")
        names = [name for name in module.__all__ if inspect.isfunction(getattr(module, name))]
        found += [f"{room}.{name}" for name in names]
    return found


def valid_calls(folder: Path) -> dict[str, Call]:
    """Return arguments and options by ``room.function``; files lie in ``folder``."""
    return {**dict(_of_stored_numbers()), **_others(folder), **_pictures(folder)}


def _of_stored_numbers() -> Iterator[tuple[str, Call]]:
    """Take the arguments of the cases of the stored numbers, without the calls themselves."""
    call, found, wanted = cases.call, {}, ""

    def stop_at_own(name: str, *args: Any, **options: Any) -> Any:
        found[name] = args, options
        if name == wanted:
            raise _FoundError
        return call(name, *args, **options)

    cases.call = stop_at_own
    try:
        for case, run in cases.functions():
            wanted = case.split()[0]
            if wanted in found:
                continue
            try:
                run()
            except _FoundError:
                room, _, function = cases.RENAMED.get(wanted, wanted).partition(".")
                yield f"{cases.RENAMED.get(room, room)}.{function}", found[wanted]
    finally:
        cases.call = call


def _others(folder: Path) -> dict[str, Call]:
    karate = datasets.load_karate()
    first, second, data = cases.nets()
    labelled = torch.utils.data.TensorDataset(data, torch.arange(40) % 3)
    layers = features.extract_features(first, data, **QUIET)
    matrix = next(iter(layers.values()))
    file, state = folder / "layers.safetensors", folder / "weights.pt"
    features.save_features(layers, file)
    torch.save(first.state_dict(), state)
    for write in (io.write_gexf, io.write_graphml, io.write_graph):
        write(karate, folder / f"karate.{write.__name__.removeprefix('write_')}", **(
            {"format": "gexf"} if write is io.write_graph else {}))  # fmt: skip
    io.write_dynamic_gexf({0.0: karate, 1.0: karate}, folder / "states.gexf")
    io.write_tables(karate, folder / "nodes.csv", folder / "edges.csv")
    images = np.random.default_rng(0).integers(0, 255, (6, 8, 8), dtype=np.uint8)
    np.savez(folder / "images.npz", images=images)
    (folder / "ids.txt").write_text("1 2 3\n4 5\n", encoding="utf-8")
    np.save(folder / "samples.npy", data.numpy())
    _write_pictures(folder / "pictures", images)
    spec = {"image_shape": (1, 4, 4), "n_classes": 3, "widths": (12, 10)}
    return {
        "datasets.load_karate": ((), {}),
        "dimension.measure_growth": ((karate,), {"rng": 0}),
        "datasets.make_flower": ((2, 2, 2), {}),
        "datasets.make_point_cloud": (("ball",), {"rng": 0}),
        "distances.feature_distances": ((matrix,), {}),
        "graph.feature_graph": ((matrix,), {}),
        "models.build_model": (("mlp",), spec),
        "selfsimilarity.theta_grid": ((distances.feature_distances(matrix),), {}),
        "selfsimilarity.self_similarity_test": ((matrix,), {"rng": 0}),
        "similarity.distance_persistence": ((distances.feature_distances(matrix),), {}),
        "similarity.weight_persistence": ((first,), {"max_dimension": 0}),
        "boxes.cover_hubs": ((karate, 3), {"rng": 0}),
        "boxes.describe_method": (("greedy",), {}),
        "datasets.load_arrays": ((folder / "samples.npy",), {}),
        "datasets.load_image_folder": ((folder / "pictures",), QUIET),
        "datasets.load_npz_images": ((folder / "images.npz",), {}),
        "datasets.load_token_ids": ((folder / "ids.txt",), {}),
        "datasets.open_image_folder": ((folder / "pictures",), {}),
        "datasets.open_npz_images": ((folder / "images.npz",), {}),
        "dimension.compare_network": (
            (layers,),
            {"n_theta": 8, "curves": ("released",), "hop_methods": (), "jobs": 1, **QUIET},
        ),
        "dimension.score_invariance": (
            (dimension.analyze_flow(karate, sizes=(3,), rng=0).steps,), {}
        ),
        "features.draw_nulls": ((matrix,), {"rng": 0}),
        "features.iterate_features": ((first, data), QUIET),
        "features.load_features": ((file,), {}),
        "features.measure_layers": ((first, data), {}),
        "features.norms_null": ((matrix,), {"rng": 0}),
        "features.reduce_mean": ((torch.ones(4, 3, 5),), {"reduce": "tokens"}),
        "features.save_features": ((layers, folder / "again.safetensors"), {}),
        "features.select_layers": ((first,), {}),
        "graph.node_strengths": ((karate,), {"weight": "none"}),
        "io.graph_tables": ((karate,), {}),
        "io.read_dynamic_gexf": ((folder / "states.gexf",), {}),
        "io.read_gexf": ((folder / "karate.gexf",), {}),
        "io.read_graph": ((folder / "karate.gexf",), {}),
        "io.read_graphml": ((folder / "karate.graphml",), {}),
        "io.read_tables": ((folder / "edges.csv", folder / "nodes.csv"), {}),
        "io.write_cytoscape": ((karate, folder / "karate.cyjs"), {}),
        "io.write_dot": ((karate, folder / "karate.dot"), {}),
        "io.write_dynamic_gexf": (({0.0: karate}, folder / "one.gexf"), {}),
        "io.write_gexf": ((karate, folder / "two.gexf"), {}),
        "io.write_graph": ((karate, folder / "three.graphml"), {}),
        "io.write_graphml": ((karate, folder / "four.graphml"), {}),
        "io.write_rows": (([{"a": 1}], folder / "rows.csv"), {}),
        "io.write_tables": ((karate, folder / "n.csv", folder / "e.csv"), {}),
        "models.load_model": (("mlp",), spec),
        "models.load_weights": ((second, state), {}),
        "models.measure_accuracy": ((first, labelled), {}),
        "models.train_classifier": (
            (models.build_model("mlp", **spec), labelled),
            {"epochs": 1, "generator": torch.Generator().manual_seed(0), **QUIET},
        ),
        "report.claim_folder": ((folder / "report",), {"force": True}),
        "report.describe_run": (("analyze", {"seed": 0}), {}),
        "selfsimilarity.measure_leverage": ((matrix,), {"n_largest": 2, "rng": 0}),
        "similarity.compare_measures": ((layers,), {"measures": ("cka",), "jobs": 1, **QUIET}),
        "similarity.cross_view_correlations": (
            ({f"net{k}": models.build_model("mlp", seed=k, **spec).eval() for k in range(4)},
             labelled), {"n_resamples": 5, **QUIET},
        ),
        "training.track": ((first, data), {"n_references": 1}),
        "weights.measure_emergence": (
            ({0: first, 1: second},),
            {"min_edges": 4, "n_samples": 2, "sample": 8, "nulls": ("rows",)},
        ),
    }  # fmt: skip


def _write_pictures(folder: Path, images: Any) -> None:
    import PIL.Image

    for kind in ("a", "b"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number, image in enumerate(images[:2]):
            PIL.Image.fromarray(image).save(folder / kind / f"{number}.png")


def _pictures(folder: Path) -> dict[str, Call]:
    karate, blob = datasets.load_karate(), cases.features()["blob"]
    counts = boxes.box_counts(karate, rng=0, jobs=1, **QUIET)
    flow = boxes.renormalization_flow(karate, 3, rng=0)
    wide = cases.wide_features()
    scale = invariance.measure_scale_invariance(wide, n_resamples=3, rng=0, **QUIET)
    geometric = invariance.measure_geometric_invariance(
        wide, embedding="none", n_resamples=3, rng=0, **QUIET
    )
    change = invariance.compare_training(wide, {name: 2 * F for name, F in wide.items()})
    first, second, data = cases.nets()
    labelled = torch.utils.data.TensorDataset(data, torch.arange(40) % 3)
    pruning = similarity.sweep_pruning(first, second, labelled, sparsities=(0.0, 0.5), **QUIET)
    triangle = similarity.triangle(
        first, second, labelled, n_alphas=3, sparsities=(0.0, 0.5), **QUIET
    )
    path = similarity.interpolate_linear(first, second, labelled, n_alphas=3, rng=0, **QUIET)
    diagrams = similarity.weight_persistence(first, max_dimension=0)
    joined = graph.feature_graph({"a": blob, "b": cases.features()["curve"]})
    comparison = dimension.compare_dimensions(
        blob, curves=("released",), hop_methods=(), n_theta=8, **QUIET
    )
    layer = next(iter(change.values())) if hasattr(change, "values") else change.layers[0]
    rows = [
        {"epoch": k, "time": k, "layer": "a", "ss_rate_released": 0.5 - k, "sigma": 1.0}
        for k in range(3)
    ]
    states = [{"layer": layer, "before": 0.2, "after": 0.5} for layer in "ab"]
    square = np.abs(np.subtract.outer(np.arange(5.0), np.arange(5.0)))
    single = {
        "plot_barcode": (diagrams,), "plot_betti_curves": (diagrams,),
        "plot_box_counts": (counts,), "plot_box_tree": (flow,),
        "plot_correlation_sum": (geometric,), "plot_degrees": (np.arange(1.0, 30),),
        "plot_dimensions": (geometric,), "plot_exponents": (scale,), "plot_figure2": (change,),
        "plot_flow": (dimension.analyze_flow(karate, sizes=(3,), rng=0),),
        "plot_fractality": (dimension.fractality(karate, rng=0, **QUIET),),
        "plot_graph": (karate,), "plot_landscape": (diagrams,),
        "plot_layer_matrix": (graph.connect_layers(joined),), "plot_linear_paths": (path,),
        "plot_mds": (blob,), "plot_node_clusters": (layer,), "plot_persistence": (diagrams,),
        "plot_pruning": (pruning,), "plot_renormalization": (flow,),
        "plot_similarity": (similarity.compare_layers(cases.wide_features()),),
        "plot_small_world": (graph.small_world(karate, n_references=2, rng=0, **QUIET),),
        "plot_spectra": (scale,), "plot_theta_curves": (comparison,),
        "plot_triangle": (triangle,), "plot_tracking": (rows,),
        "plot_rate_trajectories": (rows,), "plot_ss_rate": (states,),
        "plot_learning_curves": ({"a": [{"epoch": k, "test_accuracy": 0.5} for k in range(3)]},),
        "plot_epsilon_sweep": (dimension.epsilon_sweep(blob, rng=0, n_references=1, **QUIET),),
        "plot_weight_spectra": (weights.multifractal_weights(second, min_edges=4, n_samples=2),),
        "plot_emergence": (weights.measure_emergence({0: second, 1: second}, min_edges=4),),
        "plot_multifractal": (dimension.multifractal_sandbox(karate, rng=0),),
        "layout_graph": (karate,), "scale_distances": (square,),
        "align_positions": (square[:, :2], square[:, 1:3]),
        "save_figure": (Figure(), folder / "figure"),
    }  # fmt: skip
    options = {"plot_tracking": {"measures": ("sigma",)}, "plot_landscape": {"dimension": 0}}
    return {f"plot.{name}": (args, options.get(name, {})) for name, args in single.items()}
