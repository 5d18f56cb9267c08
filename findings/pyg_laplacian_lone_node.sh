#!/bin/sh
# A Laplacian that does not count a lone node as a component.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch-geometric==2.8.1 torch==2.13.0 networkx==3.6.1 numpy==2.4.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx
import numpy as np
import torch
from torch_geometric.utils import get_laplacian, to_dense_adj

graph = nx.Graph([(0, 1)])
graph.add_node(2)
pairs, values = get_laplacian(torch.tensor([[0, 1], [1, 0]]), normalization="sym", num_nodes=3)
matrices = to_dense_adj(pairs, edge_attr=values, max_num_nodes=3)[0].numpy(), nx.normalized_laplacian_matrix(graph).toarray()
seen = [int((np.abs(np.linalg.eigvalsh(matrix)) < 1e-6).sum()) for matrix in matrices]
expected = [1, 2]
print("torch-geometric", version("torch-geometric"))
print("An edge and a lone node are two components, two eigenvalues 0 of the normalised Laplacian by Chung's definition (1997), where the lone node has the entry 0; get_laplacian gives it 1 and one eigenvalue 0. networkx follows the definition.")
print("seen:", seen)
sys.exit(seen != expected)
END
