#!/bin/sh
# A kernel of two graphs that changes with a third: wwl() puts the rows of its matrix of distances into a kernel of points.
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
import numpy as np
from wwl import pairwise_wasserstein_distance, wwl


def graphs():
    made = [igraph.Graph.Ring(6), igraph.Graph.Star(6), igraph.Graph.Full(6)]
    for graph in made:
        graph.vs["label"] = ["0"] * 6
    return made


with contextlib.redirect_stdout(io.StringIO()):
    distance = pairwise_wasserstein_distance(graphs()[:2])[0, 1]
    two, three = wwl(graphs()[:2], gamma=1.0)[0, 1], wwl(graphs(), gamma=1.0)[0, 1]
seen = [round(float(v), 3) for v in (np.exp(-distance), two, three)]
expected = [0.472, 0.223, 0.214]
print("wwl", version("wwl"))
print("The kernel of a ring and a star of six equal nodes is exp(-D), 0.472, as its paper defines it; wwl() has exp(-2 D), 0.223, and 0.214 once a third graph is in the list: laplacian_kernel (wwl.py) takes each row of the matrix D for a point.")
print("seen:", seen)
sys.exit(seen != expected)
END
