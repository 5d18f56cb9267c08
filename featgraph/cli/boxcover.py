"""``featgraph boxcover GRAPH``: cover a graph file and fit its dimension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from featgraph.cli.options import (
    AsUndirected,
    Force,
    GraphFile,
    Jobs,
    MethodChoice,
    MethodOptions,
    Out,
    Repeats,
    Seed,
    Sizes,
    Weight,
    parse,
    read_assignments,
    read_size,
    read_sizes,
)
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.boxes.counts import BoxCounts
    from featgraph.dimension.fit import DimensionFit

__all__ = ["cover_graph", "read_sizes"]


def _read_step(text: str) -> float:
    if not read_size(text) >= 1:
        raise ValueError(f"must be at least 1, or no nodes merge, got {text!r}")
    return read_size(text)


def cover_graph(
    graph: GraphFile,
    /,
    *,
    method: MethodChoice = "greedy",
    method_options: MethodOptions = (),
    sizes: Sizes = None,
    repeats: Repeats = 1,
    jobs: Jobs = None,
    bounds: bool = False,
    draw: Annotated[float | None, parse(read_size)] = None,
    renormalize: Annotated[float | None, parse(_read_step)] = None,
    weight: Weight = None,
    as_undirected: AsUndirected = False,
    seed: Seed = 0,
    out: Out = Path("featgraph-boxcover"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Cover a graph file with boxes and fit its dimension.

    Counts the boxes over all sizes up to the diameter, or over --sizes, fits d_B, and writes
    table and picture. A run that was stopped goes on where it was when the same command is
    given again.

    Parameters
    ----------
    bounds
        Certify lower bounds as well; the method optimum always does.
    draw
        Also write and draw the boxes of this size: boxes.csv, graph.graphml, boxes.png.
    renormalize
        Also make boxes of this size nodes, again and again, and draw every graph:
        renormalization.png, box_tree.png, box_tree.csv. --method memb is the usual choice.

    Examples
    --------
    featgraph boxcover graph.edges
    featgraph boxcover graph.graphml --method memb --repeats 15 --bounds -o out/
    featgraph boxcover graph.edges --sizes 0-10 --json
    """
    from featgraph.boxes.api import box_counts
    from featgraph.io.files import read_graph
    from featgraph.report.folder import claim_folder

    net = read_graph(graph, weight=weight, as_undirected=as_undirected)
    folder = claim_folder(out, kind="boxcover", force=force)
    how: dict[str, Any] = {
        "method": method,
        "weight": None if weight in (None, "ignore") else "weight",
        "rng": seed,
        **read_assignments(method_options, "--method-option"),
    }
    finished = folder / "checkpoint.json"
    try:
        counts = box_counts(
            net,
            sizes=sizes,
            repeats=repeats,
            jobs=jobs,
            bounds=bounds or method == "optimum",  # it has them anyway
            progress=screen.progress,
            checkpoint=finished,
            **how,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from there ({finished})") from None
    fit, reason = _try_fit(counts)
    _write(folder, counts, fit)
    if draw is not None:
        _write_boxes(folder, net, draw, how)
    if renormalize is not None:
        _write_renormalized(folder, net, renormalize, method, seed)
    finished.unlink()
    parts = f"{net.n_components} component{'' if net.n_components == 1 else 's'}"
    screen.say(f"{Path(graph).name}: {net.n_nodes} nodes, {net.n_edges} edges, {parts}\n")
    screen.table(counts.to_rows(), _choose_columns(counts))
    screen.say(f"\n{_describe(fit) if fit is not None else f'no dimension: {reason}'}")
    screen.say(f"written to {folder}")
    return {"counts": counts.to_rows(), "fit": None if fit is None else fit.to_dict()}


def _try_fit(counts: BoxCounts) -> tuple[DimensionFit | None, str]:
    from featgraph.dimension.fit import fit_dimension

    try:
        return fit_dimension(counts), ""
    except ValueError as error:
        return None, str(error)


def _describe(fit: DimensionFit) -> str:
    (low, high), (first, last) = fit.interval, fit.window
    return (
        f"d_B = {fit.dimension:.3f}  [{low:.3f}, {high:.3f}]  "
        f"sizes from {first:g} to {last:g}\nverdict: {fit.verdict} ({fit.explanation})"
    )


def _choose_columns(counts: BoxCounts) -> dict[str, str]:
    columns = {"size": "r" if counts.kind == "radius" else "ℓ"}
    if counts.kind == "radius":
        columns["diameter_size"] = "ℓ = 2r"
    columns["n_boxes"] = "boxes"
    if counts.n_repeats > 1:
        columns |= {"mean": "mean", "std": "sd"}
    if counts.lower_bounds is not None:
        columns["lower_bound"] = "at least"
    return columns


def _write(folder: Path, counts: BoxCounts, fit: DimensionFit | None) -> None:
    from featgraph.io import write_rows
    from featgraph.plot.count_curves import plot_box_counts
    from featgraph.plot.files import save_figure

    write_rows(counts.to_rows(), folder / "counts.csv")
    if fit is not None:
        fit.save(folder / "fit.json")
    figure, _ = plot_box_counts(counts, fit=fit)
    save_figure(figure, folder / "counts")


def _write_boxes(folder: Path, net: Any, size: float, how: dict[str, Any]) -> None:
    from featgraph.boxes.api import box_cover
    from featgraph.io import write_graphml, write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.graph_drawing import layout_graph, plot_graph

    cover = box_cover(net, size, **how)
    names = [str(label) for label in net.node_labels]
    rows = [
        {"node": name, "box": box} for name, box in zip(names, cover.labels.tolist(), strict=True)
    ]
    write_rows(rows, folder / "boxes.csv")
    positions = layout_graph(net, rng=how["rng"])
    write_graphml(net, folder / "graph.graphml", cover=cover, positions=500 * positions)
    save_figure(plot_graph(net, cover=cover, positions=positions)[0], folder / "boxes")


def _write_renormalized(folder: Path, net: Any, size: float, method: str, seed: int) -> None:
    from featgraph.boxes.renormalization import renormalization_flow
    from featgraph.io import write_rows
    from featgraph.plot.box_tree import plot_box_tree
    from featgraph.plot.files import save_figure
    from featgraph.plot.renormalization import plot_renormalization

    flow = renormalization_flow(net.without_weights(), size, method=method, rng=seed)
    steps = range(1, flow.n_steps + 1)
    columns = {f"step_{step}": flow.labels(step).tolist() for step in steps}
    rows = [
        {"node": str(label), **{name: column[k] for name, column in columns.items()}}
        for k, label in enumerate(net.node_labels)
    ]
    write_rows(rows, folder / "box_tree.csv")
    save_figure(plot_renormalization(flow, rng=seed)[0], folder / "renormalization")
    if flow.n_steps:
        save_figure(plot_box_tree(flow)[0], folder / "box_tree")
