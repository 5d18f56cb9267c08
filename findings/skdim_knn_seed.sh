#!/bin/sh
# An estimate of intrinsic dimension that is that of its seed.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q scikit-dimension==0.5.0 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np

x = np.random.default_rng(0).random((400, 2))
import skdim

seen = sorted({float(skdim.id.KNN(random_state=k).fit(x).dimension_) for k in range(10)})
expected = [1.0, 2.0]
print("scikit-dimension", version("scikit-dimension"))
print('KNN of 400 points in a square (dimension 2) changes with random_state alone.')
print("seen:", seen)
sys.exit(seen != expected)
END
