#!/bin/sh
# A disparity filter whose result is that of the order of the nodes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q backbone-network==1.1.3 networkx==3.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
from backbone_network.backbone import compute_disparity_filter, get_graph_backbone


def kept(order):
    graph = nx.Graph()
    graph.add_nodes_from(order)
    for k in range(10):
        graph.add_edge("hub", f"leaf{k}", weight=9.0)
        graph.add_edge(f"leaf{k}", f"end{k}", weight=1.0)
    alpha = compute_disparity_filter(graph)["hub"]["leaf0"]["alpha"]
    return round(float(alpha), 3), get_graph_backbone(graph, 0.2).number_of_edges()


leaves = [f"leaf{k}" for k in range(10)]
seen = kept(["hub", *leaves]), kept([*leaves, "hub"])
expected = (0.1, 10), (0.387, 0)
print("backbone-network", version("backbone-network"))
print('Ten heavy edges, significant for their leaf (0.1) and not for the hub (0.387), are kept by the filter of Serrano et al. (2009), where one end is enough; the package keeps the value of the end that it visits last, and so all ten or none.')
print("seen:", seen)
sys.exit(seen != expected)
END
