#!/bin/sh
# A transform for undirected graphs doubles the lengths of one that is undirected already.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch-geometric==2.8.1 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
import torch
import torch_geometric
from torch_geometric.data import Data
from torch_geometric.transforms import ToUndirected

ends = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
graph = Data(edge_index=ends, edge_attr=torch.tensor([0.5, 0.5, 2.0, 2.0]), num_nodes=3)
seen = graph.is_undirected(), ToUndirected()(graph).edge_attr.tolist()
expected = True, [1.0, 1.0, 4.0, 4.0]
print("torch-geometric", torch_geometric.__version__)
print("is_undirected() is True, and ToUndirected() all the same adds each edge to its twin: lengths 0.5 and 2 become 1 and 4.")
print("seen:", seen)
sys.exit(seen != expected)
END
