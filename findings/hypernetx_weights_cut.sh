#!/bin/sh
# A modularity that cuts weights of edges to whole numbers.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q hypernetx==2.4.3 networkx==3.6.1 numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 scikit-learn==1.7.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import hypernetx
from hypernetx.algorithms.clustering.hypergraph_modularity import modularity

edges = {"a": ["x", "y", "z"], "b": ["x", "y"], "c": ["u", "v", "w"], "d": ["z", "u"]}
weights = {"a": 1.5, "b": 1.9, "c": 1.6, "d": 1.8}
parts = [{"x", "y", "z"}, {"u", "v", "w"}]
seen = []
for unit in 1, 10, 20:
    graph = hypernetx.Hypergraph(edges, edge_properties={e: {"weight": w * unit} for e, w in weights.items()})
    seen.append(round(float(modularity(graph, parts)), 3))
expected = [0.359, 0.104, 0.104]
print("hypernetx", version("hypernetx"))
print("Modularity has no unit. That of weights from 1.5 to 1.9 is 0.359, that of the same weights times 10 or 20 is 0.104: sums of weights are added up in arrays of whole numbers, where each weight loses its fraction (hypergraph_modularity.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
