"""``featgraph boxcover GRAPH``: cover a graph file and fit its dimension."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import explain
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from featgraph import BoxCounts, DimensionFit, FeatureGraph

__all__ = ["cover_graph"]


def cover_graph(
    graph: opt.GraphFile,
    /,
    *,
    method: opt.MethodChoice = "greedy",
    method_option: opt.MethodOptions = (),
    sizes: opt.Sizes = None,
    repeats: opt.Repeats = 1,
    jobs: opt.Jobs = None,
    bounds: bool = False,
    draw: Annotated[float | None, opt.parse(opt.read_size)] = None,
    renormalize: Annotated[float | None, opt.parse(opt.read_merging_size)] = None,
    weight: opt.Weight = None,
    input_format: opt.InputFormat = None,
    as_undirected: opt.AsUndirected = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-boxcover"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
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
    featgraph boxcover - --input-format gml
    """
    from featgraph import plot
    from featgraph.boxes import box_counts

    graphs = inputs.read_graphs([graph], input_format, weight=weight, as_undirected=as_undirected)
    ((name, net),) = graphs.items()
    folder = claim(out, "boxcover", force, pictures)
    finished = folder.path / "checkpoint.json"
    how: dict[str, Any] = {
        "method": method,
        "weight": None if weight in (None, "ignore") else "weight",
        "rng": seed,
        **opt.read_assignments(method_option, "--method-option"),
    }
    try:
        counts = box_counts(
            net, sizes=sizes, repeats=repeats, jobs=jobs, bounds=bounds,
            progress=screen.progress, checkpoint=finished, **how,
        )  # fmt: skip
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from there ({finished})") from None
    fit, said = _fit(counts)
    folder.table("counts.csv", rows := counts.to_rows())
    if fit is not None:
        folder.result("fit.json", fit)
    folder.picture("counts", plot.plot_box_counts, counts, fit=fit)
    if draw is not None:
        _write_boxes(folder, net, draw, how)
    if renormalize is not None:
        _write_renormalized(folder, net, renormalize, method, seed)
    finished.unlink()
    screen.say(f"{name}: {_describe(net)}\n")
    screen.table(rows, _choose_columns(counts))
    screen.say(f"\n{said}\nwritten to {folder.path}")
    return {"counts": rows, "fit": None if fit is None else fit.to_dict()}


def _describe(net: FeatureGraph) -> str:
    parts = f"{net.n_components} component{'' if net.n_components == 1 else 's'}"
    return f"{net.n_nodes} nodes, {net.n_edges} edges, {parts}"


def _fit(counts: BoxCounts) -> tuple[DimensionFit | None, str]:
    """Return the fit, None if there is none, and what to say about it."""
    from featgraph.dimension import fit_dimension

    try:
        fit = fit_dimension(counts)
    except ValueError as error:
        return None, f"no dimension: {explain(error)}"
    (low, high), (first, last) = fit.interval, fit.window
    return fit, (
        f"d_B = {fit.dimension:.3f}  [{low:.3f}, {high:.3f}]  "
        f"sizes from {first:g} to {last:g}\nverdict: {fit.verdict} ({fit.explanation})"
    )


def _choose_columns(counts: BoxCounts) -> dict[str, str]:
    radius = counts.kind == "radius"
    return {
        "size": "r" if radius else "ℓ",
        **({"diameter_size": "ℓ = 2r"} if radius else {}),
        "n_boxes": "boxes",
        **({"mean": "mean", "std": "sd"} if counts.n_repeats > 1 else {}),
        **({} if counts.lower_bounds is None else {"lower_bound": "at least"}),
    }


def _write_boxes(folder: Folder, net: FeatureGraph, size: float, how: dict[str, Any]) -> None:
    import featgraph as fg

    cover = fg.box_cover(net, size, **how)
    nodes = zip(map(str, net.node_labels), cover.labels.tolist(), strict=True)
    folder.table("boxes.csv", [{"node": name, "box": box} for name, box in nodes])
    points = fg.plot.layout_graph(net, rng=how["rng"])
    fg.write_graphml(net, folder.path / "graph.graphml", cover=cover, positions=500 * points)
    folder.picture("boxes", fg.plot.plot_graph, net, cover=cover, positions=points)


def _write_renormalized(
    folder: Folder, net: FeatureGraph, size: float, method: str, seed: int
) -> None:
    import featgraph as fg

    flow = fg.renormalization_flow(net.without_weights(), size, method=method, rng=seed)
    columns = {f"step_{k}": flow.labels(k).tolist() for k in range(1, flow.n_steps + 1)}
    rows = [
        {"node": str(label), **{name: column[k] for name, column in columns.items()}}
        for k, label in enumerate(net.node_labels)
    ]
    folder.table("box_tree.csv", rows)
    folder.picture("renormalization", fg.plot.plot_renormalization, flow, rng=seed)
    if flow.n_steps:
        folder.picture("box_tree", fg.plot.plot_box_tree, flow)
