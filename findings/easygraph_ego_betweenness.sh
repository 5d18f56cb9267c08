#!/bin/sh
# The middle of a path lies between nobody.
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
import contextlib
import io

import easygraph

printed = io.StringIO()
path = easygraph.Graph()
path.add_edges([(0, 1), (1, 2)])
with contextlib.redirect_stdout(printed):
    value = easygraph.ego_betweenness(path, 1)
seen = [float(value), len(printed.getvalue().splitlines())]
expected = [0.0, 2]
print("Python-EasyGraph", version("Python-EasyGraph"))
print("The middle of a path of three is on the only way between its two neighbours, a betweenness of 1 in its ego network; ego_betweenness gives 0, as it does everywhere, and prints two lines: it multiplies the adjacency matrix entry by entry where its source asks for the matrix product (centrality/ego_betweenness.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
