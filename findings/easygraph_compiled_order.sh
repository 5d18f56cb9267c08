#!/bin/sh
# A compiled graph whose measures come in two orders, and in neither with names.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
# Torch and gensim, which it asks for, are for embeddings: without them it says that everything else remains.
"$dir/venv/bin/python" -m pip install -q numpy==1.26.4 scipy==1.15.3 matplotlib==3.10.9 requests==2.34.2 fastjsonschema==2.22.3 joblib==1.6.0 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps Python-EasyGraph==1.6.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import easygraph

edges = [("a", "b"), ("a", "c"), ("a", "d"), ("b", "c")]
plain, compiled = easygraph.Graph(), easygraph.GraphC()
for graph in (plain, compiled):
    for ends in edges:
        graph.add_edge(*ends)
by_name = [round(v, 3) for v in easygraph.constraint(plain).values()]
seen = ["".join(compiled.nodes), by_name]
seen += [[round(float(v), 3) for v in measure(compiled)] for measure in (easygraph.constraint, easygraph.closeness_centrality, easygraph.k_core)]
expected = ["dcba", [0.611, 1.007, 1.007, 1.0], [1.0, 1.007, 1.007, 0.611], [1.0, 0.75, 0.75, 0.6], [0.0, 2.0, 2.0, 2.0, 1.0]]
print("Python-EasyGraph", version("Python-EasyGraph"))
print("Of a, b, c, d the hub a is the least constrained and the closest. A GraphC lists its nodes as d, c, b, a and answers with arrays without names: constraint in this order, closeness_centrality from a to d, and k_core from a to d behind a 0, five entries for four nodes; the closest of the list would be d, the leaf.")
print("seen:", seen)
sys.exit(seen != expected)
END
