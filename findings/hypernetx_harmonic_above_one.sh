#!/bin/sh
# A normalised harmonic centrality of 2.
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

seen = []
for size in 3, 4, 11:
    star = hypernetx.Hypergraph({f"e{i}": ["hub", f"leaf{i}"] for i in range(size)})
    seen.append(round(float(hypernetx.s_harmonic_centrality(star, normalized=True)["e0"]), 3))
expected = [2.0, 1.0, 0.222]
print("hypernetx", version("hypernetx"))
print("Of 3, 4 or 11 edges that all meet, each has a normalised harmonic centrality of 2, 1 or 0.222: the docstring says that a value is between 0 and 1, and 1 if an edge meets every other one. The sum of n - 1 distances is divided by the (n - 1)(n - 2) / 2 of betweenness (s_centrality_measures.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
