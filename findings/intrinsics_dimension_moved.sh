#!/bin/sh
# The dimension of a square depends on where the square lies.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q intrinsics-dimension==0.1.0 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import torch
from intrinsics_dimension import mle_id, twonn_pytorch

points = torch.from_numpy(np.random.default_rng(0).random((400, 2)).astype(np.float32))
seen = [(round(mle_id(points + by, 20), 1), round(twonn_pytorch(points + by))) for by in (0, 10, 100)]
expected = [(1.9, 2), (0.0, 2), (0.0, 12)]
print("intrinsics-dimension", version("intrinsics-dimension"))
print("Likelihood and TwoNN of 400 points in a square, as they are, moved by 10 and moved by 100: distances by x*x - 2*x*y + y*y in single precision lose the neighbours.")
print("seen:", seen)
sys.exit(seen != expected)
END
