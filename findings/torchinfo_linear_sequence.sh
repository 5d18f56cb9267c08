#!/bin/sh
# A linear layer whose cost does not grow with the sequence.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.2.6
"$dir/venv/bin/python" -m pip install -q --no-deps torchinfo==1.8.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
import torchinfo
from torch.utils.flop_counter import FlopCounterMode

layer, seen = torch.nn.Linear(8, 5, bias=False), []
for n_tokens in (1, 7, 1000):
    tokens = torch.randn(2, n_tokens, 8)
    found = torchinfo.summary(layer, input_data=tokens, verbose=0).total_mult_adds
    with FlopCounterMode(display=False) as counter:
        layer(tokens)
    seen.append((found, counter.get_total_flops() // 2, 2 * n_tokens * 8 * 5))
expected = [(80, 80, 80), (80, 560, 560), (80, 80000, 80000)]
print("torchinfo", version("torchinfo"))
print("A linear layer of 8 x 5 weights on two sequences of 1, 7 and 1000 tokens takes 80, 560 and 80,000 products; torchinfo has 80 each time, the weights times the first axis of the output (layer_info.py), so that a transformer costs the same at any length.")
print("seen:", seen)
sys.exit(seen != expected)
END
