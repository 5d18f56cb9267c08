#!/bin/sh
# A layer compared by what the next one made of its output.
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
linear, points = torch.nn.Linear(6, 20), torch.randn(40, 6)
loader = DataLoader(TensorDataset(points), batch_size=40)
seen = []
with torch.no_grad():
    for inplace in (False, True):
        network = torch.nn.Sequential(linear, torch.nn.ReLU(inplace=inplace))
        compared = CKA(network, network, "one", "two", ["0", "1"], ["0", "1"])
        compared.compare(loader, loader)
        seen.append(round(float(compared.export()["CKA"][0, 1]), 2))
    same = bool(torch.equal(network[0](points), linear(points)))
expected, seen = ([0.9, 1.0], True), (seen, same)
print("torch_cka", version("torch_cka"))
print("A linear layer and the ReLU after it have a CKA of 0.9; with ReLU(inplace=True), which gives the same numbers, it is 1.0, because the output of a layer is kept without a copy and the ReLU has written over it by the time it is compared.")
print("seen:", seen)
sys.exit(seen != expected)
END
