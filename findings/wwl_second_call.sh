#!/bin/sh
# A distance of graphs that is another one the second time: their degrees stay on them as labels.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q wwl==0.1.2 POT==0.9.7.post1 python-igraph==1.0.0 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import contextlib
import io

import igraph
from wwl import pairwise_wasserstein_distance

graphs = [igraph.Graph.Ring(6), igraph.Graph.Star(6)]
with contextlib.redirect_stdout(io.StringIO()):
    seen = [round(float(pairwise_wasserstein_distance(graphs)[0, 1]), 3) for _ in range(2)]
seen.append(graphs[0].vs.attribute_names())
expected = [2.103, 1.0, ["label"]]
print("wwl", version("wwl"))
print("The distance of a ring and a star of six nodes is 2.103, and 1.0 when the same call is made again: the first one writes degrees as labels on the caller's graphs (propagation_scheme.py), and the second one takes them for classes instead of numbers.")
print("seen:", seen)
sys.exit(seen != expected)
END
