#!/bin/sh
# Fractions above one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q cdlib==0.4.1 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
from cdlib import NodeClustering, evaluation

graph = nx.complete_graph(6)
halves = NodeClustering([[0, 1, 2], [3, 4, 5]], graph, "halves")
measures = evaluation.avg_odf, evaluation.max_odf
seen = [float(measure(graph, halves).score) for measure in measures]
expected = [3.0, 3.0]
print("cdlib", version("cdlib"))
print("A complete graph of six in two halves: three of the five edges of each node leave its half, so that the average and the maximum out-degree fraction are 0.6, by the formula in the package's own documentation as well; it gives the number of edges, 3.")
print("seen:", seen)
sys.exit(seen != expected)
END
