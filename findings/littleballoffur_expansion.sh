#!/bin/sh
# A sampler by expansion that takes any neighbour.
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
from littleballoffur import CommunityStructureExpansionSampler

graph = networkx.star_graph(10)
graph.add_edges_from((10, leaf) for leaf in range(11, 41))
second = []
for seed in range(100):
    sample = CommunityStructureExpansionSampler(number_of_nodes=2, seed=seed).sample(graph, start_node=0)
    second.append(next(node for node in sample if node))
seen = second.count(10)
expected = 9
print("littleballoffur", version("littleballoffur"))
print("Of the ten neighbours of the first node one has 30 nodes behind it and nine have none. The sampler, which adds the node of largest expansion, takes that one for 9 of 100 seeds: the largest expansion so far is never written down (communitystructureexpansionsampler.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
