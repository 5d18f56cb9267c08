#!/bin/sh
# Probabilities of return that are none.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch-geometric==2.8.1 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from torch_geometric.data import Data
from torch_geometric.transforms import AddRandomWalkPE

pairs = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
seen = []
for scale in (1.0, 0.1):
    data = Data(edge_index=pairs, edge_weight=scale * torch.tensor([1.0, 1.0, 3.0, 3.0]), num_nodes=3)
    returns = AddRandomWalkPE(2, attr_name="returns")(data).returns[:, 1]
    seen.append([round(float(value), 3) for value in returns])
expected = [[0.25, 0.333, 0.083], [1.0, 2.0, 1.0]]
print("torch-geometric", version("torch-geometric"))
print('A walk on a path 0-1-2 with weights 1 and 3 is back after two steps with probability 1/4, 1 and 3/4; AddRandomWalkPE has 1/4, 1/3 and 1/12: it divides 1, not the weight, by the sum of the weights. Sums below 1 count as 1: at a tenth of the weights the middle node has a probability of 2.')
print("seen:", seen)
sys.exit(seen != expected)
END
