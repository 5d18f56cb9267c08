#!/bin/sh
# An estimate of intrinsic dimension that is 0 in small units.
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

seen = [round(float(skdim.id.TLE().fit(unit * x, n_neighbors=20).dimension_), 1) for unit in (1.0, 1e-8)]
expected = [2.1, 0.0]
print("scikit-dimension", version("scikit-dimension"))
print('TLE of 400 points in a square: about 2 in units of 1, and 0 once all distances are 1e-8 times as large.')
print("seen:", seen)
sys.exit(seen != expected)
END
