"""Size of a report over the number of layers.

One layer of 768 neurons is analysed and written again and again under other names, so that the
sizes are those of a network of equal layers at the cost of one:

    python benchmarks/bench_report_size.py --layers 24 50 --states untrained trained
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from featgraph.features import FeatureMatrix
from featgraph.pipeline import AnalysisSettings, analyze_layer
from featgraph.report import LayerAnalysis, Report, ReportWriter, describe_run
from featgraph.report.figures import write_layer_graph


def make_analysis(n_nodes: int, epsilon: str | tuple[str, float]) -> LayerAnalysis:
    """Return the analysis of tanh units over 24 common factors, with noise of their own."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(n_nodes, 24)) * np.linspace(1, 0.1, 24)
    values = np.tanh(weights @ rng.normal(size=(24, 512))) + 0.3 * rng.normal(size=(n_nodes, 512))
    settings = AnalysisSettings(epsilon=epsilon, time_limit=1, n_null=9)
    return analyze_layer(FeatureMatrix.from_array(values, layer="l"), settings=settings, rng=0)


class OnceDrawn(ReportWriter):
    """Draws the pictures of the first layer, and writes the same bytes for the others."""

    def add(self, analysis):
        drawn = [name for name in self._pictures if "--" in name]
        if not drawn:
            super().add(analysis)
            return
        for name in drawn[:4]:
            source = self.folder / self._pictures[name]
            copy = source.with_name(f"{analysis.key}--{name.rpartition('--')[2]}.png")
            copy.write_bytes(source.read_bytes())
            self._pictures[copy.stem] = f"figures/{copy.name}"
        write_layer_graph(analysis, self.folder / "graphs", graphs=self.wanted["graphs"])


def measure(analysis: LayerAnalysis, n_layers: int, states: list[str], folder: Path) -> None:
    """Write a report of as many layers and print how large its parts are."""
    items = [
        replace(analysis, layer=f"blocks.{k}.mlp.fc{k % 2 + 1}", state=state)
        for k in range(n_layers)
        for state in states
    ]
    planned = tuple((item.state, item.layer) for item in items)
    about = describe_run("bench_report_size", {})
    writer = OnceDrawn(folder)
    for item in items:
        writer.save(item)
    page = writer.write(Report("Size", "stand-in", tuple(items), (), planned, about))
    writer.close()
    sizes = {"page": page.stat().st_size / 1e6}
    for path in folder.rglob("*"):
        if path.is_file() and path != page:
            kind = path.parent.name if path.parent != folder else path.suffix
            sizes[kind] = sizes.get(kind, 0.0) + path.stat().st_size / 1e6
    parts = ", ".join(f"{kind} {size:.1f}" for kind, size in sizes.items())
    head = f"{n_layers} layers, {len(states)} states, {analysis.graph.n_edges:,} links each"
    print(f"{head}: folder {sum(sizes.values()):.1f} MB ({parts})")


def main() -> None:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--layers", type=int, nargs="+", default=[24, 50])
    parser.add_argument("--states", nargs="+", default=["trained"])
    parser.add_argument("--n-nodes", type=int, default=768)
    parser.add_argument("--density", type=float, help="share of joined pairs; none: percolation")
    chosen = parser.parse_args()
    epsilon = "percolation" if chosen.density is None else ("density", chosen.density)
    analysis = make_analysis(chosen.n_nodes, epsilon)
    for n_layers in chosen.layers:
        with tempfile.TemporaryDirectory() as place:
            measure(analysis, n_layers, chosen.states, Path(place))


if __name__ == "__main__":
    main()
