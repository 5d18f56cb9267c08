#!/bin/sh
# A sample of a graph with edges that the graph does not have.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q littleballoffur==2.3.1 networkx==3.6.1 networkit==11.3 numpy==1.26.4 pandas==1.5.3 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx
from littleballoffur import DepthFirstSearchSampler

star = networkx.star_graph(9)
sample = DepthFirstSearchSampler(number_of_nodes=5, seed=0).sample(star)
invented = [edge for edge in sample.edges if not star.has_edge(*edge)]
seen = sample.number_of_edges(), len(invented)
expected = (4, 2)
print("littleballoffur", version("littleballoffur"))
print("Two of four edges of a depth-first sample of a star join leaves: every node is joined to the one that was visited before it, also after a step back (depthfirstsearchsampler.py).")
print("seen:", seen, sorted(invented))
sys.exit(seen != expected)
END
