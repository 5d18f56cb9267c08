"""Reading and writing graph files: CPU seconds and memory, against networkx, igraph and pandas.

    python benchmarks/bench_files.py [N_EDGES ...]      (default: 100000 1000000)

One random graph per size, a tenth as many nodes as edges, with a real number, a whole number and
a word on each node and a weight on each edge. Each cell is the CPU time of one call in a process
of its own, imports left out, and for reading the largest memory of the process above that before
the call, over the size of the file. "slow" marks calls that were left out because the same call
at a tenth of the size took more than a minute.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LIMIT = 60.0  # CPU seconds at one size beyond which the next size is left out
FORMATS = ("graphml", "gexf", "gml", "edges")
PREPARE = """
import json, resource, sys, time
import numpy as np
path, n_edges = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(0)
n = n_edges // 10
edges = np.unique(np.sort(rng.integers(n, size=(n_edges, 2)), axis=1), axis=0)
edges = edges[edges[:, 0] != edges[:, 1]]
lengths, real, whole = rng.random(len(edges)), rng.random(n), rng.integers(10**6, size=n)
words = np.array([f"w{k}" for k in rng.integers(50, size=n)])
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
"""
OWN = """
import featgraph as fg
graph = fg.FeatureGraph.from_edges(edges, n_nodes=n, weights=lengths).with_attributes(
    real=real, whole=whole, word=words)
"""
NETWORKX = """
import networkx as nx
graph = nx.Graph()
graph.add_nodes_from((i, {"real": float(real[i]), "whole": int(whole[i]), "word": str(words[i])})
                     for i in range(n))
graph.add_weighted_edges_from(zip(*edges.T.tolist(), lengths.tolist()))
"""
IGRAPH = """
import igraph
graph = igraph.Graph(n, edges.tolist())
graph.vs["real"], graph.vs["whole"] = real.tolist(), whole.tolist()
graph.vs["word"], graph.es["weight"] = words.tolist(), lengths.tolist()
"""
PANDAS = """
import pandas
graph = pandas.DataFrame({"u": edges[:, 0], "v": edges[:, 1], "w": lengths})
"""
WARM = "fg.read_graph(__import__('io').StringIO('0 1'), format='edges')\n"
#: Library -> how the graph is made, and by format how it is written and read.
LIBRARIES = {
    "featgraph": (OWN + WARM, {
        "graphml": ("fg.write_graphml(graph, path, positions=None, color_by='whole')",
                    "fg.read_graphml(path)"),
        "gexf": ("fg.write_gexf(graph, path, positions=None, color_by='whole')",
                 "fg.read_gexf(path)"),
        "gml": (None, "fg.read_graph(path, weight='weight')"),
        "edges": (None, "fg.read_graph(path, weight='weight')"),
    }),
    "networkx": (NETWORKX, {
        "graphml": ("nx.write_graphml_xml(graph, path)", "nx.read_graphml(path)"),
        "gexf": ("nx.write_gexf(graph, path)", "nx.read_gexf(path)"),
        "gml": ("nx.write_gml(graph, path)", "nx.read_gml(path)"),
        "edges": ("nx.write_weighted_edgelist(graph, path)", "nx.read_weighted_edgelist(path)"),
    }),
    "igraph": (IGRAPH, {
        "graphml": ("graph.write_graphml(path)", "igraph.Graph.Read_GraphML(path)"),
        "gml": ("graph.write_gml(path)", "igraph.Graph.Read_GML(path)"),
        "edges": ("graph.write_ncol(path, names=None, weights='weight')",
                  "igraph.Graph.Read_Ncol(path, directed=False)"),
    }),
    "pandas": (PANDAS, {
        "edges": ("graph.to_csv(path, sep=' ', index=False, header=False)",
                  "pandas.read_csv(path, sep=' ', header=None)"),
    }),
}  # fmt: skip


def run(make: str, call: str, path: Path, n_edges: int) -> dict[str, float]:
    """Return CPU seconds and memory of one call in a fresh process."""
    code = (
        f"{PREPARE}{make}\nbefore, start = peak(), time.process_time()\nresult = {call}\n"
        "print(json.dumps({'s': time.process_time() - start, 'b': peak() - before}))"
    )
    command = [sys.executable, "-W", "ignore", "-c", code, str(path), str(n_edges)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main(sizes: list[int]) -> None:
    """Print one row per library, format and size; every reader reads the file of networkx."""
    row = "{:<10}{:<11}{:>9}{:>9}{:>9}{:>13}"
    print(row.format("format", "library", "edges", "write s", "read s", "memory/file"))
    slow: set[tuple[str, str]] = set()
    with tempfile.TemporaryDirectory() as folder:
        for n_edges in sizes:
            for name in FORMATS:
                shared = Path(folder) / f"shared{n_edges}.{name}"
                written = LIBRARIES["networkx"][1][name][0]
                run(LIBRARIES["networkx"][0], str(written), shared, n_edges)
                for library, (make, calls) in LIBRARIES.items():
                    if name not in calls:
                        continue
                    if (library, name) in slow:
                        print(row.format(name, library, n_edges, "slow", "slow", ""), flush=True)
                        continue
                    write, read = calls[name]
                    cells = ["–", "", ""]
                    if write is not None:
                        target = Path(folder) / f"own.{name}"
                        cells[0] = f"{run(make, write, target, n_edges)['s']:.2f}"
                    imports = make.split("\n")[1] + ("\n" + WARM if library == "featgraph" else "")
                    found = run(imports, read, shared, n_edges)
                    cells[1:] = [f"{found['s']:.2f}", f"{found['b'] / shared.stat().st_size:.1f}"]
                    if found["s"] > LIMIT:
                        slow.add((library, name))
                    print(row.format(name, library, n_edges, *cells), flush=True)


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or [100_000, 1_000_000])
