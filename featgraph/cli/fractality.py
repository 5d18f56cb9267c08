"""``featgraph fractality GRAPH``: is a graph fractal, and what is left when boxes become nodes?"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, get_args

from featgraph.boxes import METHODS
from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import explain, refuse_idle
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from featgraph import FeatureGraph, Fractality, MultifractalSpectrum

    BoxMethod = str
else:
    BoxMethod = Literal[tuple(name for name, row in METHODS.items() if row.box != "none")]

__all__ = ["judge_graphs"]

Part: TypeAlias = Literal["verdict", "multifractal", "flow", "drawing"]

PARTS = get_args(Part)
#: Mean distances of a flow visit this many edges at most, a few minutes, unless asked for.
_MOST_VISITS = 20_000_000_000
_MOST_DRAWN = 50_000  # edges, or nodes; beyond, a drawing is a blot that takes most of the time
_USED_BY: dict[frozenset[str], tuple[str, ...]] = {
    frozenset({"verdict", "multifractal"}): ("--method", "--repeats", "--scale"),
    frozenset({"flow", "drawing"}): ("--radii",),
}
_MOMENTS = (-5.0, -2.0, 0.0, 1.0, 2.0, 5.0)
_FLOW = {
    "size": "r", "step": "step", "n_nodes": "nodes", "n_edges": "edges", "mean_degree": "⟨k⟩",
    "hub_share": "κ", "clustering": "C", "modularity": "Q", "mean_distance": "L",
}  # fmt: skip


def judge_graphs(
    graphs: opt.GraphFiles,
    /,
    *,
    only: Annotated[Sequence[Part], opt.several()] = (),
    method: Annotated[BoxMethod, opt.METHOD] = "auto",
    repeats: opt.Repeats = 3,
    scale: Annotated[int | None, opt.whole(2)] = None,
    radii: Annotated[Sequence[int], opt.parse(opt.read_radii)] = (1, 2, 3),
    jobs: opt.Jobs = None,
    input_format: opt.InputFormat = None,
    as_undirected: opt.AsUndirected = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-fractality"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Is a graph fractal? Verdict, spectra, renormalisation.

    Judges graph files: verdict, multifractal spectra, renormalisation flow and its drawing.
    Writes summary.csv with one row per graph, and per graph and part tables and pictures.

    Parameters
    ----------
    only
        Some parts; none: all that are feasible.
    scale
        Count boxes at 1 + ℓ = U, U², … only: graphs made by a rule, such as (U, V)-flowers.
    radii
        Radii of the boxes that become nodes, such as 1-3; the smallest is drawn.

    Examples
    --------
    featgraph fractality graph.edges -o out/
    featgraph fractality a.edges b.edges --only verdict
    featgraph fractality flower.edges --scale 2 --repeats 15
    """
    for needed, flags in _USED_BY.items():
        if only and not needed & {*only}:
            refuse_idle(f"with --only {' '.join(only)}", *flags)
    nets = inputs.read_graphs(graphs, input_format, weight="ignore", as_undirected=as_undirected)
    folder = claim(out, "fractality", force, pictures)
    how: dict[str, Any] = {"rng": seed, "progress": screen.progress}
    cover = {"method": method, "repeats": repeats, "scale": scale, **how}
    rows = []
    for name, net in nets.items():
        giant, part = _introduce(name, net, screen), folder.part(name)
        wanted = only or _choose_parts(giant, screen)
        row: dict[str, Any] = {"name": name, "n_nodes": net.n_nodes, "n_edges": net.n_edges}
        if "verdict" in wanted:
            row |= _judge(giant, part, {**cover, "jobs": jobs}, screen)
            row["node_share"] = giant.n_nodes / net.n_nodes
        if "multifractal" in wanted:
            row |= _measure_spectra(giant, part, cover, screen)
        if "flow" in wanted:
            row |= _follow_flow(giant, part, list(radii), how, screen)
        if "drawing" in wanted and giant.n_edges:
            _draw_flow(giant, part, min(radii), seed)
        rows.append(row)
        folder.table("summary.csv", rows)  # each time, so that a stopped run has its rows
        screen.say()
    screen.say(f"written to {folder.path}")
    return {"graphs": rows}


def _introduce(name: str, net: FeatureGraph, screen: Screen) -> FeatureGraph:
    """Say what the graph is; return what is analysed, its largest component."""
    parts = f"{net.n_components:,} component{'' if net.n_components == 1 else 's'}"
    screen.say(f"{name}: {net.n_nodes:,} nodes, {net.n_edges:,} edges, {parts}")
    if net.n_components == 1:
        return net
    giant = net.giant_component()
    share = giant.n_nodes / net.n_nodes
    screen.say(f"analysed is the largest component, {share:.1%} of the nodes")
    return giant


def _choose_parts(net: FeatureGraph, screen: Screen) -> Collection[str]:
    chosen = list(PARTS)
    if net.n_nodes * net.n_edges > _MOST_VISITS:
        chosen.remove("flow")
        screen.say("flow left out: its mean distances take long; --only flow computes them")
    if max(net.n_nodes, net.n_edges) > _MOST_DRAWN:
        chosen.remove("drawing")
        screen.say(f"drawing left out above {_MOST_DRAWN:,} edges; --only drawing draws it")
    return chosen


def _judge(
    net: FeatureGraph, folder: Folder, how: dict[str, Any], screen: Screen
) -> dict[str, object]:
    import featgraph as fg

    try:
        found = fg.fractality(net, **how)
    except ValueError as error:
        screen.say(f"\nno verdict: {explain(error)}")
        return {"verdict": "undecided", "explanation": str(error)}
    folder.table("counts.csv", found.counts[0].to_rows())
    folder.result("fit.json", found.fit)
    folder.picture("fractality", fg.plot.plot_fractality, found)
    screen.say(f"\n{_describe(found)}")
    return found.to_rows()[0]


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
    net: FeatureGraph, folder: Folder, how: dict[str, Any], screen: Screen
) -> dict[str, object]:
    import featgraph as fg

    spectra: dict[str, MultifractalSpectrum] = {}
    try:
        spectra["sandbox"] = fg.multifractal_sandbox(net, scale=how["scale"], rng=how["rng"])
        spectra["boxes"] = fg.multifractal_boxes(net, **how)
    except ValueError as error:
        if not spectra:
            screen.say(f"\nno spectrum: {explain(error)}")
            return {}
    rows = [{"masses": name, **row} for name, found in spectra.items() for row in found.to_rows()]
    folder.table("multifractal.csv", rows)
    folder.picture("multifractal", fg.plot.plot_multifractal, spectra)
    heads = {f"{q:g}": f"q = {q:g}" for q in _MOMENTS}
    screen.say("\ngeneralised dimensions D_q, ± one standard error\n")
    screen.table(_tabulate(spectra), {"masses": "masses", **heads, "window": "ℓ"})
    return {
        f"{name}_D{q}": found.dimension(q) for name, found in spectra.items() for q in (0, 1, 2)
    }


def _tabulate(spectra: dict[str, MultifractalSpectrum]) -> list[dict[str, object]]:
    import numpy as np

    rows = []
    for name, found in spectra.items():
        row: dict[str, Any] = {"masses": name}
        for q in _MOMENTS:
            error = float(np.interp(q, found.q, found.dimension_error))
            row[f"{q:g}"] = f"{found.dimension(q):.2f} ± {error:.2f}"
        row["window"] = f"{found.window[0]:g}–{found.window[1]:g}"
        rows.append(row)
    return rows


def _follow_flow(
    net: FeatureGraph, folder: Folder, radii: list[int], how: dict[str, Any], screen: Screen
) -> dict[str, object]:
    import featgraph as fg

    if net.n_edges == 0:
        screen.say("\nno flow: no edge to follow")
        return {}
    found = fg.analyze_flow(net, sizes=radii, **how)
    folder.table("flow.csv", found.to_rows())
    folder.picture("flow", fg.plot.plot_flow, found)
    score = f"score {found.score:.2f}" if math.isfinite(found.score) else "unknown: too few nodes"
    screen.say(f"\nrenormalisation, scale-invariance {score}\n")
    screen.table(found.to_rows(), _FLOW)
    return {"scale_invariance": found.score}


def _draw_flow(net: FeatureGraph, folder: Folder, radius: int, seed: int) -> None:
    import featgraph as fg

    if not folder.pictures:
        return
    flow = fg.renormalization_flow(net, radius, rng=seed)
    folder.picture("renormalization", fg.plot.plot_renormalization, flow, rng=seed)
    folder.picture("box_tree", fg.plot.plot_box_tree, flow)
