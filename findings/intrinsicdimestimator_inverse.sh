#!/bin/sh
# An estimate of dimension falls as the dimension rises.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q IntrinsicDimEstimator==0.3.2 numpy==2.2.6 scipy==1.15.3 scikit-learn==1.7.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version

import numpy as np
from IntrinsicDimEstimator import intrinsic_dim

rng = np.random.default_rng(0)
found = [float(intrinsic_dim(rng.random((600, d)), "NearNbDim")) for d in (1, 2, 3, 5)]
seen = [round(value, 1) for value in found]
expected = [0.8, 0.4, 0.3, 0.2]
print("IntrinsicDimEstimator", version("IntrinsicDimEstimator"))
print("NearNbDim of points in 1, 2, 3 and 5 dimensions is about 0.8, 0.4, 0.3 and 0.2: the slope is that of distance on rank, one over the dimension.")
print("seen:", seen)
sys.exit(seen != expected)
END
