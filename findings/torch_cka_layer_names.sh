#!/bin/sh
# The rows of a matrix of similarities in another order than their names.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.2.6 matplotlib==3.10.7 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps torch_cka==0.21
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from torch.utils.data import DataLoader, TensorDataset
from torch_cka import CKA

torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(6, 20), torch.nn.ReLU(), torch.nn.Linear(20, 3))
points = torch.randn(40, 6)


def unbiased(one, two):
    n = len(one)
    first, second = one @ one.T, two @ two.T
    first.fill_diagonal_(0), second.fill_diagonal_(0)
    middle = first.sum() * second.sum() / ((n - 1) * (n - 2))
    return (first * second).sum() + middle - 2 * (first @ second).sum() / (n - 2)


def similarity(one, two):
    return float(unbiased(one, two) / (unbiased(one, one) * unbiased(two, two)).sqrt())


with torch.no_grad():
    compared = CKA(network, network, "one", "two")
    loader = DataLoader(TensorDataset(points), batch_size=40)
    compared.compare(loader, loader)
    result = compared.export()
    outputs = {"": network(points), "1": network[:2](points), "2": network(points)}
names = result["model1_layers"]
seen = []
for pair in (("", "2"), ("1", "2")):
    found = result["CKA"][names.index(pair[0]), names.index(pair[1])]
    seen.append((round(float(found), 2), round(similarity(*[outputs[name] for name in pair]), 2)))
seen = names, seen
expected = ["", "0", "1", "2"], [(0.52, 1.0), (1.0, 0.53)]
print("torch_cka", version("torch_cka"))
print("The network and its last layer have one output, so that their CKA is 1; the package has 0.52 under their names, and 1 under those of the second layer and the last, which is 0.53: names come in the order of named_modules, the network first, rows in the order in which the layers end, the network last (cka.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
