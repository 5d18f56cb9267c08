"""What the stored numbers are of: every public function and every command, on fixed input.

Names are those of the day the numbers were written; a name that changed since has one line in
RENAMED (rooms, and functions as room.function), FIELDS (attributes, columns, files) or FLAGS.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

RENAMED: dict[str, str] = {
    "export": "io",
    "invariance.compare_rivals": "graph.compare_rivals",
}
FIELDS: dict[str, str] = {}
FLAGS: dict[str, str] = {}

METHODS = [
    "greedy",
    "cbb",
    "memb",
    "max_cover",
    "cluster_growing",
    "random_sequential",
    "remcc",
    "iterated_greedy",
    "mcwr",
    "merge",
    "annealing",
    "obca",
    "evolution",
    "swarm",
    "sampling",
    "halo",
    "fnb",
    "sketch",
    "auto",
]
MEASURES = [
    "cka",
    "cka_unbiased",
    "cka_rbf",
    "procrustes",
    "procrustes_squared",
    "procrustes_angle",
    "procrustes_distance",
    "cca",
    "svcca",
    "pwcca",
    "rsa",
    "rsa_euclidean",
    "mutual_knn",
    "mutual_knn_euclidean",
    "lsim",
    "lsim_top5",
    "box_count_distance",
    "spectrum_distance",
    "portrait_divergence",
]
ESTIMATORS = ["paper", "released", "caro_wei", "soft_caro_wei", "packing", "linkage", "midpoint"]
QUIET = {"progress": False}


def call(name: str, *args: Any, **options: Any) -> Any:
    """Call the function ``room.function``, by its new name if it has one."""
    room, _, function = RENAMED.get(name, name).partition(".")
    room = RENAMED.get(room, room)
    return getattr(importlib.import_module(f"featgraph.{room}"), function)(*args, **options)


def graphs() -> dict[str, Any]:
    """Return the two graphs: a social network, and a fractal one."""
    return {
        "karate": call("datasets.load_karate"),
        "flower": call("datasets.make_flower", 2, 2, 4),
    }


def features() -> dict[str, Any]:
    """Return the two feature matrices, shape (n_nodes, n_samples): a blob, and a curve."""
    rng = np.random.default_rng(0)
    blob = rng.normal(size=(32, 60)) * rng.uniform(0.2, 2, size=(32, 1))
    angle = np.linspace(0, 3, 40)[:, None]
    curve = np.cos(angle + np.linspace(0, 6, 60)) + 0.1 * rng.normal(size=(40, 60))
    return {"blob": blob, "curve": curve}


def wide_features() -> dict[str, Any]:
    """Return two layers wide enough for exponents of their spectra."""
    scale = np.linspace(0.1, 3, 70)[:, None]
    return {f"layer{k}": np.random.default_rng(k).normal(size=(70, 90)) * scale for k in (4, 5)}


def nets() -> tuple[Any, Any, torch.Tensor]:
    """Return two small networks and their inputs, new ones each time: training changes them."""
    shape = {"image_shape": (1, 4, 4), "n_classes": 3, "widths": (12, 10)}
    first, second = (call("models.build_model", "mlp", seed=seed, **shape) for seed in (0, 1))
    inputs = np.random.default_rng(1).normal(size=(40, 1, 4, 4))
    return first.eval(), second.eval(), torch.from_numpy(inputs).float()


def functions() -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield name and call of every case."""
    for name, graph in graphs().items():
        for case, run in _of_graph(graph):
            yield f"{case} {name}", run
    for name, matrix in features().items():
        for case, run in _of_features(matrix):
            yield f"{case} {name}", run
    yield from _of_samples()
    yield from _of_models()
    yield from _of_datasets()


def _of_graph(g: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    seeded = {"rng": 0}
    for method in METHODS:
        for size in (1, 2, 3):
            yield (
                f"boxes.box_cover {method} {size}",
                lambda m=method, s=size: call("boxes.box_cover", g, s, method=m, **seeded),
            )
    for method in ("greedy", "memb", "fuzzy", "sketch"):
        options = {"method": method, "repeats": 2, "jobs": 1, **seeded, **QUIET}
        yield f"boxes.box_counts {method}", lambda o=options: call("boxes.box_counts", g, **o)
    exact = {"time_limit": None, **seeded, **QUIET}
    # Which of several smallest covers is found may depend on the last bits of a linear program.
    yield (
        "boxes.minimum_box_cover",
        lambda: call("boxes.minimum_box_cover", g, 2, **exact).n_boxes,
    )
    yield "boxes.minimum_box_counts", lambda: call("boxes.minimum_box_counts", g, **exact)
    yield "boxes.box_lower_bound", lambda: call("boxes.box_lower_bound", g, 2, **seeded)
    yield "boxes.box_lower_bounds", lambda: call("boxes.box_lower_bounds", g, [1, 2, 3], **seeded)
    cover = call("boxes.box_cover", g, 2, method="memb", **seeded)
    counts = call("boxes.box_counts", g, method="greedy", repeats=3, jobs=1, **seeded, **QUIET)
    yield "boxes.renormalize", lambda: call("boxes.renormalize", g, cover)
    for name, args in {
        "boxes.analyze_boxes": (g, cover),
        "boxes.box_diameters": (g, cover),
        "dimension.fit_dimension": (counts,),
        "dimension.ball_masses": (g, np.array([1, 2, 3])),
        "graph.as_feature_graph": (g,),
        "graph.average_clustering": (g,),
        "graph.count_hop_distances": (g,),
        "graph.count_motifs": (g,),
        "graph.degree_assortativity": (g,),
        "graph.edge_strengths": (call("graph.feature_graph", features()["blob"]),),
        "graph.find_cores": (g,),
        "graph.fit_tail": (g.degrees,),
        "graph.local_clustering": (g,),
        "graph.local_efficiency": (g,),
        "graph.spectral_gap": (g,),
        "graph.measure_modularity": (g, np.arange(g.n_nodes) % 3),
        "graph.with_edge_weight": (g, "none"),
        "similarity.network_portrait": (g,),
    }.items():
        yield name, lambda n=name, a=args: call(n, *a)
    for name, options in {
        "boxes.renormalization_flow": {"size": 1, **seeded},
        "dimension.analyze_flow": {**seeded, **QUIET},
        "dimension.fractality": {"n_resamples": 20, "jobs": 1, **seeded, **QUIET},
        "dimension.multifractal_boxes": {"q": (-2, 0, 1, 2), **seeded, **QUIET},
        "dimension.multifractal_sandbox": {"q": (-2, 0, 1, 2), **seeded},
        "graph.degree_statistics": {"weight": "none"},
        "graph.find_communities": seeded,
        "graph.rewire_graph": seeded,
        "graph.rich_club": {"n_references": 3, **seeded, **QUIET},
        "graph.small_world": {"n_references": 3, **seeded, **QUIET},
    }.items():
        yield name, lambda n=name, o=options: call(n, g, **o)


def _of_features(F: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    seeded = {"rng": 0}
    C = call("distances.feature_distances", F)
    theta = call("selfsimilarity.theta_grid", C, 16)
    for name, args in {
        "distances.feature_distances": (F,),
        "distances.as_distance_matrix": (F,),
        "features.as_feature_matrix": (F,),
        "features.gaussian_null": (F,),
        "features.shuffled_null": (F,),
        "features.draw_null": (F,),
        "graph.minimum_spanning_tree": (C,),
        "invariance.cluster_nodes": (F,),
        "invariance.compute_spectrum": (F,),
        "invariance.estimate_likelihood_dimension": (F,),
        "invariance.estimate_two_nn": (F,),
        "invariance.measure_linearity": (F,),
        "invariance.measure_sparsity": (F,),
        "selfsimilarity.critical_distances": (F,),
        "selfsimilarity.critical_pairs": (C, "linkage"),
        "selfsimilarity.soft_caro_wei": (C, theta),
        "selfsimilarity.theta_grid": (C, 16),
        "similarity.sample_adjacency": (F.T,),
        "similarity.sample_graph": (F.T,),
        "similarity.class_modularity": (F.T, np.arange(60) % 3),
        "similarity.count_label_motifs": (F.T, np.arange(60) % 3),
    }.items():
        options = seeded if "null" in name else {}
        yield name, lambda n=name, a=args, o=options: call(n, *a, **o)
    for rule in ("percolation", "mst", ("density", 0.2), ("degree", 4), ("quantile", 0.1)):
        yield f"graph.choose_epsilon {rule}", lambda r=rule: call("graph.choose_epsilon", C, r)
        yield (
            f"graph.feature_graph {rule}",
            lambda r=rule: call("graph.feature_graph", F, epsilon=r),
        )
    for estimator in ESTIMATORS:
        how = {"estimator": estimator}
        yield (
            f"selfsimilarity.ss_rate {estimator}",
            lambda o=how: call("selfsimilarity.ss_rate", torch.from_numpy(F), **o),
        )
        yield (
            f"selfsimilarity.ss_rate_of_distances {estimator}",
            lambda o=how: call("selfsimilarity.ss_rate_of_distances", C, **o),
        )
        yield (
            f"selfsimilarity.count_boxes {estimator}",
            lambda o=how: call("selfsimilarity.count_boxes", C, theta, **o),
        )
        yield (
            f"selfsimilarity.box_number {estimator}",
            lambda o=how: call("selfsimilarity.box_number", F, n_theta=16, **o),
        )
    for name, options in {
        "dimension.compare_dimensions": {"n_theta": 16, "time_limit": None, **QUIET},
        "dimension.epsilon_sweep": {"n_steps": 4, "n_references": 2, **QUIET},
        "graph.network_summary": {"n_references": 2, **QUIET},
        "invariance.compute_correlation_sum": {"n_radii": 16},
        "invariance.measure_correlation_dimension": {"n_resamples": 5},
        "invariance.measure_released_dimension": {},
        "selfsimilarity.bootstrap_ss_rate": {"n_resamples": 8},
        "selfsimilarity.compare_with_null": {"n_draws": 5},
        "selfsimilarity.compare_with_nulls": {"n_draws": 5},
    }.items():
        points = F.T if name.startswith("invariance.") else F
        yield name, lambda n=name, p=points, o=options: call(n, p, **seeded, **o)
    diagram = call("similarity.distance_persistence", C, max_dimension=0)
    yield "similarity.distance_persistence", lambda: diagram


def _of_samples() -> Iterator[tuple[str, Callable[[], Any]]]:
    X, Y = (F.T for F in features().values())
    # Of more directions than samples many correlations are 1, and the solver picks the weights.
    few = {"pwcca": (X[:, :8], Y[:, :8])}
    for measure in MEASURES:
        yield (
            f"similarity.measure_pair {measure}",
            lambda m=measure: call("similarity.measure_pair", *few.get(m, (X, Y)), measure=m),
        )
    for name in [
        "box_count_distance",
        "cca",
        "cka",
        "lsim",
        "mutual_knn",
        "portrait_divergence",
        "procrustes",
        "pwcca",
        "rsa",
        "spectrum_distance",
        "svcca",
    ]:
        yield f"similarity.{name}", lambda n=name: call(f"similarity.{n}", *few.get(n, (X, Y)))
    P, Q = (np.exp(S[:, :4]) / np.exp(S[:, :4]).sum(1, keepdims=True) for S in (X, Y))
    yield (
        "similarity.predictive_divergence",
        lambda: call("similarity.predictive_divergence", P, Q),
    )
    layers = {"a": X, "b": Y, "c": X[:, :9] + Y[:, :9]}
    yield "similarity.compare_layers", lambda: call("similarity.compare_layers", layers)
    matrix = np.random.default_rng(2).uniform(size=(5, 5))
    yield (
        "similarity.match_layers",
        lambda: call("similarity.match_layers", matrix, n_permutations=20, rng=0),
    )
    tables = {"one": matrix + matrix.T, "two": matrix**2 + (matrix**2).T}
    yield (
        "similarity.correlate_views",
        lambda: call("similarity.correlate_views", tables, n_resamples=20, rng=0),
    )
    eigen = np.sort(np.random.default_rng(3).pareto(1.5, size=120))[::-1] + 1
    yield (
        "invariance.fit_power_law",
        lambda: call("invariance.fit_power_law", eigen, n_resamples=10, rng=0),
    )
    yield (
        "invariance.compare_rivals",
        lambda: call("invariance.compare_rivals", eigen[:40], 2.5),
    )
    total = call("invariance.compute_correlation_sum", X, rng=0)
    yield (
        "invariance.fit_correlation_dimension",
        lambda: call("invariance.fit_correlation_dimension", total),
    )
    layers_of = wide_features()
    yield (
        "invariance.measure_scale_invariance",
        lambda: call(
            "invariance.measure_scale_invariance", layers_of, n_resamples=5, rng=0, **QUIET
        ),
    )
    yield (
        "invariance.measure_geometric_invariance",
        lambda: call(
            "invariance.measure_geometric_invariance",
            layers_of,
            embedding="none",
            n_resamples=5,
            rng=0,
            **QUIET,
        ),
    )
    yield (
        "invariance.compare_training",
        lambda: call(
            "invariance.compare_training", layers_of, {name: 2 * F for name, F in layers_of.items()}
        ),
    )
    joined = call("graph.feature_graph", {"a": features()["blob"], "b": features()["curve"]})
    yield "graph.connect_layers", lambda: call("graph.connect_layers", joined)
    yield (
        "graph.spread_over_layers",
        lambda: call("graph.spread_over_layers", joined, np.arange(joined.n_nodes) % 4),
    )


def _of_models() -> Iterator[tuple[str, Callable[[], Any]]]:
    first, second, data = nets()
    yield "features.list_layers", lambda: call("features.list_layers", first)
    for name in ("features.extract_features", "distances.stream_distances"):
        yield name, lambda n=name: call(n, first, data, **QUIET)
    two = {"rng": 0, **QUIET}
    labelled = torch.utils.data.TensorDataset(data, torch.arange(40) % 3)
    for name, options in {
        "similarity.similarity_matrix": QUIET,
        "similarity.interpolate_linear": {"n_alphas": 3, **two},
        "similarity.triangle": {"n_alphas": 3, "sparsities": (0.0, 0.5), **QUIET},
        "similarity.sweep_pruning": {"sparsities": (0.0, 0.5), **QUIET},
    }.items():
        yield name, lambda n=name, o=options: call(n, first, second, labelled, **o)
    yield "similarity.align_neurons", lambda: call("similarity.align_neurons", first, second)
    for name, args in {
        "mix_networks": (first, second, 0.5),
        "prune_globally": (first, 0.5),
    }.items():
        yield (
            f"similarity.{name}",
            lambda n=name, a=args: dict(call(f"similarity.{n}", *a).state_dict()),
        )
    yield "weights.weight_graph", lambda: call("weights.weight_graph", second, sample=8, rng=0)
    for variant in ("released", "paths"):
        options = {"variant": variant, "min_edges": 4, "n_samples": 2, "nulls": ("rows",)}
        yield (
            f"weights.multifractal_weights {variant}",
            lambda o=options: call("weights.multifractal_weights", second, n_resamples=5, **o),
        )
    diagrams = [
        call("similarity.weight_persistence", net, max_dimension=0) for net in (first, second)
    ]
    yield "similarity.weight_persistence", lambda: diagrams[0]
    yield (
        "similarity.persistence_distance",
        lambda: call("similarity.persistence_distance", *diagrams),
    )
    yield (
        "similarity.persistence_distances",
        lambda: call("similarity.persistence_distances", diagrams),
    )


def _of_datasets() -> Iterator[tuple[str, Callable[[], Any]]]:
    for name, args in {
        "make_barabasi_albert": (40, 2),
        "make_complete": (6,),
        "make_cycle": (7,),
        "make_lattice": ((3, 4),),
        "make_path": (5,),
        "make_petersen": (),
        "make_song_havlin_makse": (2, 1, 2),
        "make_star": (6,),
        "make_tree": (3,),
        "make_watts_strogatz": (30, 4, 0.2),
    }.items():
        options = {"rng": 0} if name in ("make_barabasi_albert", "make_watts_strogatz") else {}
        yield f"datasets.{name}", lambda n=name, a=args, o=options: call(f"datasets.{n}", *a, **o)
    yield "datasets.load_digits", lambda: call("datasets.load_digits").take(range(20)).images
    colors = {"box_colors": 5, "value_colors": [0.0, 0.5, 2.0]}
    for name, value in colors.items():
        yield f"export.{name}", lambda n=name, v=value: call(f"export.{n}", v)


#: Command lines over the files that ``write_inputs`` makes, and what they write into.
COMMANDS = {
    "boxcover": "boxcover graph.edges --repeats 2 --jobs 1 --bounds --draw 2 --renormalize 1",
    "boxcover optimum": "boxcover graph.edges --method memb --sizes 0-3 --jobs 1",
    "fractality": "fractality graph.edges --repeats 1 --jobs 1 --only verdict multifractal flow",
    "network": "network features.npz --references 2",
    "network together": "network features.npz --together --references 0",
    "network graph": "network graph.edges --references 2",
    "sweep": "sweep features.npz --layers blob --steps 4 --references 2",
    "compare": "compare features.npz --layers blob --n-theta 16 --null-draws 3 --time-limit none",
    "similarity": "similarity features.npz features.npz --measure cka procrustes",
    "invariance": "invariance --features wide.npz --bootstrap 5",
    "analyze": "analyze --features features.npz --layers curve --n-theta 16 --time-limit none",
    "export": "export features.npz --layers blob --to csv json --sizes 1,2",
    "convert": "convert graph.edges OUT/graph.csv",
    "train": "train mlp --epochs 1 --batch-size 256 --constraint released --alpha 0.1",
}
#: Float32 training over some hundred steps spreads differences of the last bit.
TRAINED, TRAINED_RTOL = ("train",), 2e-2


def write_inputs(folder: Path) -> None:
    """Write the files that the commands read."""
    edges = np.asarray(graphs()["flower"].edges)
    np.savetxt(folder / "graph.edges", edges, fmt="%d")
    np.savez(folder / "features.npz", **features())
    np.savez(folder / "wide.npz", **wide_features())


def words(line: str, out: Path) -> list[str]:
    """Return the arguments of a command line, with today's flags, writing into ``out``."""
    found = [FLAGS.get(word, word).replace("OUT", str(out)) for word in line.split()]
    if found[0] != "convert":
        found += [FLAGS.get("--out", "--out"), str(out)]
    return [*found, FLAGS.get("--quiet", "--quiet")]
