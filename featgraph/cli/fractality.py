"""``featgraph fractality GRAPH``: is a graph fractal, and what is left when boxes become nodes?"""

from __future__ import annotations

import argparse
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.boxes.methods import METHODS
from featgraph.cli.boxcover import read_sizes
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say

if TYPE_CHECKING:
    from featgraph.dimension.evidence import Fractality
    from featgraph.dimension.spectrum import MultifractalSpectrum
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["add_arguments", "judge_graphs"]

PARTS = ("verdict", "multifractal", "flow", "drawing")
_WITH_BOXES = tuple(name for name, row in METHODS.items() if row.box != "none")
#: Mean distances of a flow visit this many edges at most, a few minutes, unless asked for.
_MOST_VISITS = 20_000_000_000
_MOST_DRAWN = 30_000  # nodes; beyond, a drawing is a grey disc
_MOMENTS = (-5.0, -2.0, 0.0, 1.0, 2.0, 5.0)
_FLOW = {
    "size": "r",
    "step": "step",
    "n_nodes": "nodes",
    "n_edges": "edges",
    "mean_degree": "⟨k⟩",
    "hub_share": "κ",
    "clustering": "C",
    "modularity": "Q",
    "mean_distance": "L",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "graphs",
        nargs="+",
        metavar="graph",
        help="edge lists (.edges, .txt, .csv, .tsv), .graphml, .gexf, .gml, .net, .mtx or .npz",
    )
    parser.add_argument(
        "--only",
        nargs="+",
        type=one_of(PARTS, "--only"),
        default=None,
        metavar="PART",
        help=f"some of {', '.join(PARTS)}; none: all that is feasible",
    )
    parser.add_argument(
        "-m",
        "--method",
        type=one_of(_WITH_BOXES, "--method"),
        default="auto",
        metavar="NAME",
        help=f"covering method of verdict and box masses: {', '.join(_WITH_BOXES)}",
    )
    parser.add_argument(
        "-r", "--repeats", type=whole(1), default=3, metavar="N", help="runs per size"
    )
    parser.add_argument(
        "--scale",
        type=whole(2),
        default=None,
        metavar="U",
        help="count boxes at 1 + ℓ = U, U², … only: graphs made by a rule, such as (U, V)-flowers",
    )
    parser.add_argument(
        "--radii",
        type=read_radii,
        default="1-3",
        metavar="LIST",
        help="radii of the boxes that become nodes; the smallest is drawn",
    )
    parser.add_argument(
        "--jobs", type=whole(1), default=None, metavar="N", help="threads; none: all cores"
    )
    parser.add_argument(
        "--as-undirected", action="store_true", help="read a directed graph without directions"
    )
    add_seed(parser)
    add_output(parser, "featgraph-fractality")
    add_quiet(parser)


def read_radii(text: str) -> list[int]:
    """Read a list of radii such as ``1-3,5``.

    Examples
    --------
    >>> read_radii("1-3,5")
    [1, 2, 3, 5]
    """
    radii = [int(size) for size in read_sizes(text) if size >= 1 and float(size).is_integer()]
    if len(radii) < len(read_sizes(text)):
        raise argparse.ArgumentTypeError(f"must be whole numbers of at least 1, got {text!r}")
    return radii


def judge_graphs(
    *,
    graphs: list[str],
    only: list[str] | None = None,
    method: str = "auto",
    repeats: int = 3,
    scale: int | None = None,
    radii: list[int] | None = None,
    jobs: int | None = None,
    as_undirected: bool = False,
    seed: int = 0,
    out: str = "featgraph-fractality",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Judge graph files: verdict, multifractal spectra, renormalisation flow and its drawing.

    Writes summary.csv with one row per graph, and per graph and part tables and pictures.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.io import write_rows
    from featgraph.io.files import read_graph
    from featgraph.report.folder import claim_folder
    from featgraph.report.layer_analysis import file_key

    names = [Path(graph).stem for graph in graphs]
    if len(set(names)) < len(names):
        raise ValueError(f"graphs must have file names of their own, got {', '.join(names)}")
    nets = {
        name: read_graph(path, weight="ignore", as_undirected=as_undirected)
        for name, path in zip(names, graphs, strict=True)
    }
    folder = claim_folder(out, kind="fractality", force=force)
    how: dict[str, Any] = {"rng": seed, "progress": False if quiet else None}
    cover = {"method": method, "repeats": repeats, "scale": scale, **how}
    rows = []
    for name, net in nets.items():
        giant = _introduce(name, net, quiet)
        wanted = _choose_parts(giant, only, quiet)
        row: dict[str, Any] = {"name": name, "n_nodes": net.n_nodes, "n_edges": net.n_edges}
        place = folder, file_key(name)
        if "verdict" in wanted:
            row |= _judge(giant, place, {**cover, "jobs": jobs}, quiet)
            row["node_share"] = giant.n_nodes / net.n_nodes
        if "multifractal" in wanted:
            row |= _measure_spectra(giant, place, cover, quiet)
        if "flow" in wanted:
            row |= _follow_flow(giant, place, radii or [1, 2, 3], how, quiet)
        if "drawing" in wanted and giant.n_edges:
            _draw_flow(giant, place, min(radii or [1]), seed)
        rows.append(row)
        write_rows(rows, folder / "summary.csv")  # each time, so that a stopped run has its rows
        say(quiet=quiet)
    say(f"written to {folder}", quiet=quiet)
    return 0


def _introduce(name: str, net: FeatureGraph, quiet: bool) -> FeatureGraph:
    """Say what the graph is; return what is analysed, its largest component."""
    parts = f"{net.n_components:,} component{'' if net.n_components == 1 else 's'}"
    say(f"{name}: {net.n_nodes:,} nodes, {net.n_edges:,} edges, {parts}", quiet=quiet)
    if net.n_components == 1:
        return net
    giant = net.giant_component()
    share = giant.n_nodes / net.n_nodes
    say(f"analysed is the largest component, {share:.1%} of the nodes", quiet=quiet)
    return giant


def _choose_parts(net: FeatureGraph, only: list[str] | None, quiet: bool) -> Collection[str]:
    if only is not None:
        return only
    chosen = list(PARTS)
    if net.n_nodes * net.n_edges > _MOST_VISITS:
        chosen.remove("flow")
        say("flow left out: its mean distances take long; --only flow computes them", quiet=quiet)
    if net.n_nodes > _MOST_DRAWN:
        chosen.remove("drawing")
        say(f"drawing left out above {_MOST_DRAWN:,} nodes; --only drawing draws it", quiet=quiet)
    return chosen


def _judge(
    net: FeatureGraph, place: tuple[Path, str], how: dict[str, Any], quiet: bool
) -> dict[str, Any]:
    from featgraph.dimension.evidence import fractality
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.fractality import plot_fractality

    folder, key = place
    try:
        found = fractality(net, **how)
    except ValueError as error:
        say(f"\nno verdict: {error}", quiet=quiet)
        return {"verdict": "undecided", "explanation": str(error)}
    counts = found.counts[0]
    write_rows(counts.to_rows(), folder / f"{key}--counts.csv")
    found.fit.save(folder / f"{key}--fit.json")
    save_figure(plot_fractality(found)[0], folder / f"{key}--fractality")
    say(f"\n{_describe(found)}", quiet=quiet)
    return found.to_row()


def _describe(found: Fractality) -> str:
    low, high = found.dimension_interval
    first, last = found.window_range
    window = f"ℓ from {found.fit.window[0]:g} to {found.fit.window[1]:g}"
    least, most = found.ratio_interval
    return (
        f"verdict: {found.verdict}\n"
        f"  {found.explanation}\n"
        f"  d_B = {found.dimension:.3f}  [{low:.3f}, {high:.3f}]  {window}; "
        f"windows about as good: {first:.3f} to {last:.3f}\n"
        f"  R = {found.ratio:.3g}  [{least:.3g}, {most:.3g}]  "
        f"{found.compared.size} of {found.fit.sizes.size} sizes compared"
    )


def _measure_spectra(
    net: FeatureGraph, place: tuple[Path, str], how: dict[str, Any], quiet: bool
) -> dict[str, Any]:
    from featgraph.dimension.multifractal import multifractal_boxes
    from featgraph.dimension.sandbox import multifractal_sandbox
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.multifractal import plot_multifractal

    folder, key = place
    spectra: dict[str, MultifractalSpectrum] = {}
    try:
        spectra["sandbox"] = multifractal_sandbox(net, scale=how["scale"], rng=how["rng"])
        spectra["boxes"] = multifractal_boxes(net, **how)
    except ValueError as error:
        if not spectra:
            say(f"\nno spectrum: {error}", quiet=quiet)
            return {}
    rows = [{"masses": name, **row} for name, found in spectra.items() for row in found.to_rows()]
    write_rows(rows, folder / f"{key}--multifractal.csv")
    save_figure(plot_multifractal(spectra)[0], folder / f"{key}--multifractal")
    say(f"\ngeneralised dimensions D_q, ± one standard error\n\n{_tabulate(spectra)}", quiet=quiet)
    return {
        f"{name}_D{q}": found.dimension(q) for name, found in spectra.items() for q in (0, 1, 2)
    }


def _tabulate(spectra: dict[str, MultifractalSpectrum]) -> str:
    rows = []
    for name, found in spectra.items():
        row: dict[str, Any] = {"masses": name}
        for q in _MOMENTS:
            error = float(np.interp(q, found.q, found.dimension_error))
            row[f"{q:g}"] = f"{found.dimension(q):.2f} ± {error:.2f}"
        row["window"] = f"{found.window[0]:g}–{found.window[1]:g}"
        rows.append(row)
    heads = {f"{q:g}": f"q = {q:g}" for q in _MOMENTS}
    return format_table(rows, {"masses": "masses", **heads, "window": "ℓ"})


def _follow_flow(
    net: FeatureGraph,
    place: tuple[Path, str],
    radii: list[int],
    how: dict[str, Any],
    quiet: bool,
) -> dict[str, Any]:
    from featgraph.dimension.flow import analyze_flow
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.flows import plot_flow

    folder, key = place
    if net.n_edges == 0:
        say("\nno flow: no edge to follow", quiet=quiet)
        return {}
    found = analyze_flow(net, sizes=radii, **how)
    write_rows(found.to_rows(), folder / f"{key}--flow.csv")
    save_figure(plot_flow(found)[0], folder / f"{key}--flow")
    table = format_table(found.to_rows(), _FLOW)
    say(f"\nrenormalisation, scale-invariance score {found.score:.2f}\n\n{table}", quiet=quiet)
    return {"scale_invariance": found.score}


def _draw_flow(net: FeatureGraph, place: tuple[Path, str], radius: int, seed: int) -> None:
    from featgraph.boxes.renormalization import renormalization_flow
    from featgraph.plot.box_tree import plot_box_tree
    from featgraph.plot.files import save_figure
    from featgraph.plot.renormalization import plot_renormalization

    folder, key = place
    flow = renormalization_flow(net, radius, rng=seed)
    save_figure(plot_renormalization(flow, rng=seed)[0], folder / f"{key}--renormalization")
    save_figure(plot_box_tree(flow)[0], folder / f"{key}--box_tree")
