#!/bin/sh
# Sums over batches are divided by the number of layers; mended in its repository in 2024, in no release since.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
# Torchvision, which it asks for, is not used by what is called here.
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.4.6 matplotlib==3.11.2 seaborn==0.13.2 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps simtorch==0.2.1
cd "$dir"
TQDM_DISABLE=1 "$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
from simtorch.model.sim_model import SimilarityModel
from simtorch.similarity import CKA
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
inputs = TensorDataset(torch.randn(64, 8))
seen = []
for layers in (["0"], ["0", "1", "2", "3"]):
    network = torch.nn.Sequential(*[torch.nn.Linear(8, 8) for _ in range(4)])
    hooked = [SimilarityModel(network, layers_to_include=layers) for _ in range(2)]
    for size in (64, 16):
        matrix = CKA(*hooked).compute(DataLoader(inputs, batch_size=size))
        seen.append(round(float(matrix[0, 0]), 2))
expected = [1.0, 4.0, 0.25, 1.0]
print("simtorch", version("simtorch"))
print("The CKA of a layer with itself is 1. For one layer it is 1 in one batch and 4 in four, for four layers 0.25 in one batch and 1 in four: compute (similarity/cka.py) divides the sum over batches by len(batch_cka_matrix), the number of layers; Procrustes ends on the same line.")
print("seen:", seen)
sys.exit(seen != expected)
END
