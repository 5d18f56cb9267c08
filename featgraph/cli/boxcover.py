"""``featgraph boxcover GRAPH``: cover a graph file and fit its dimension."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say

if TYPE_CHECKING:
    from featgraph.boxes.counts import BoxCounts
    from featgraph.dimension.fit import DimensionFit

__all__ = ["add_arguments", "cover_graph"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "graph",
        help="edge list (.edges, .txt, .csv, .tsv), .graphml, .gml, .net (Pajek), .mtx or .npz",
    )
    parser.add_argument(
        "-m",
        "--method",
        type=one_of(METHODS, "--method"),
        default="greedy",
        metavar="NAME",
        help=f"covering method: {', '.join(METHODS)}",
    )
    parser.add_argument(
        "-s",
        "--sizes",
        type=read_sizes,
        default=None,
        metavar="LIST",
        help="box sizes, inclusive: 0-10, 1,2,4,8 or a mixture; none: all up to the diameter",
    )
    parser.add_argument(
        "-r", "--repeats", type=whole(1), default=1, metavar="N", help="runs per size; best counts"
    )
    parser.add_argument(
        "--jobs", type=whole(1), default=None, metavar="N", help="threads; none: all cores"
    )
    parser.add_argument(
        "--bounds", action="store_true", help="certify lower bounds as well; optimum always does"
    )
    parser.add_argument(
        "--draw",
        type=read_size,
        default=None,
        metavar="SIZE",
        help="also write and draw the boxes of this size (boxes.csv, graph.graphml, boxes.png)",
    )
    parser.add_argument(
        "--renormalize",
        type=read_step,
        default=None,
        metavar="SIZE",
        help="also make boxes of this size nodes, again and again, and draw every graph "
        "(renormalization.png, box_tree.png, box_tree.csv); --method memb is the usual choice",
    )
    parser.add_argument(
        "--weight",
        default=None,
        metavar="NAME",
        help="edge attribute that is a length; 'ignore': hops",
    )
    parser.add_argument(
        "--as-undirected", action="store_true", help="read a directed graph without directions"
    )
    add_seed(parser)
    add_output(parser, "featgraph-boxcover")
    add_quiet(parser)


def read_size(text: str) -> float:
    """Read one size, a whole number as an int.

    Examples
    --------
    >>> read_size("3"), read_size("0.5")
    (3, 0.5)
    """
    try:
        number = float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"must be a number, got {text!r}") from None
    return int(number) if number.is_integer() else number


def read_step(text: str) -> float:
    """Read a size that merges nodes.

    Examples
    --------
    >>> read_step("1")
    1
    """
    if not read_size(text) >= 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, or no nodes merge, got {text!r}")
    return read_size(text)


def read_sizes(text: str) -> list[float]:
    """Read a list of sizes such as ``0-4,8,16``.

    Examples
    --------
    >>> read_sizes("0-3,8")
    [0, 1, 2, 3, 8]
    """
    sizes: list[float] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if dash and first.isdigit() and last.isdigit() and int(first) <= int(last):
            sizes.extend(range(int(first), int(last) + 1))
        else:
            sizes.append(read_size(part.strip()))
    return sizes


def cover_graph(
    *,
    graph: str,
    method: str = "greedy",
    sizes: list[float] | None = None,
    repeats: int = 1,
    jobs: int | None = None,
    bounds: bool = False,
    draw: float | None = None,
    renormalize: float | None = None,
    weight: str | None = None,
    as_undirected: bool = False,
    seed: int = 0,
    out: str = "featgraph-boxcover",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Count the boxes of a graph file over sizes, fit d_B, write table and picture.

    What is finished is kept in ``out`` until all is, so that the same command continues a run
    that was stopped.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.boxes.api import box_counts
    from featgraph.io.files import read_graph
    from featgraph.report.folder import claim_folder

    net = read_graph(graph, weight=weight, as_undirected=as_undirected)
    folder = claim_folder(out, kind="boxcover", force=force)
    how: dict[str, Any] = {
        "method": method,
        "weight": None if weight in (None, "ignore") else "weight",
    }
    finished = folder / "checkpoint.json"
    try:
        counts = box_counts(
            net,
            sizes=sizes,
            repeats=repeats,
            jobs=jobs,
            bounds=bounds or method == "optimum",  # it has them anyway
            rng=seed,
            progress=False if quiet else None,
            checkpoint=finished,
            **how,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"the same command goes on from there ({finished})") from None
    fit, reason = _try_fit(counts)
    say(f"{Path(graph).name}: {_describe(net, counts, fit, reason)}", quiet=quiet)
    _write(folder, counts, fit)
    if draw is not None:
        _write_boxes(folder, net, draw, {**how, "rng": seed})
    if renormalize is not None:
        _write_renormalized(folder, net, renormalize, method, seed)
    finished.unlink()
    say(f"written to {folder}", quiet=quiet)
    return 0


def _describe(net: Any, counts: BoxCounts, fit: DimensionFit | None, reason: str) -> str:
    parts = f"{net.n_components} component{'' if net.n_components == 1 else 's'}"
    text = f"{net.n_nodes} nodes, {net.n_edges} edges, {parts}\n\n{_table(counts)}\n\n"
    if fit is None:
        return f"{text}no dimension: {reason}"
    (low, high), (first, last) = fit.interval, fit.window
    return (
        f"{text}d_B = {fit.dimension:.3f}  [{low:.3f}, {high:.3f}]  "
        f"sizes from {first:g} to {last:g}\nverdict: {fit.verdict} ({fit.explanation})"
    )


def _try_fit(counts: BoxCounts) -> tuple[DimensionFit | None, str]:
    from featgraph.dimension.fit import fit_dimension

    try:
        return fit_dimension(counts), ""
    except ValueError as error:
        return None, str(error)


def _table(counts: BoxCounts) -> str:
    columns = {"size": "r" if counts.kind == "radius" else "ℓ"}
    if counts.kind == "radius":
        columns["diameter_size"] = "ℓ = 2r"
    columns["n_boxes"] = "boxes"
    if counts.n_repeats > 1:
        columns |= {"mean": "mean", "std": "sd"}
    if counts.lower_bounds is not None:
        columns["lower_bound"] = "at least"
    return format_table(counts.to_rows(), columns)


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
