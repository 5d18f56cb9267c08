#!/bin/sh
# A correlation dimension counts every point as a neighbour of itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q nolds==0.6.1 setuptools==75.8.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import nolds
import numpy as np

series = np.random.default_rng(0).random(600)
radii = np.geomspace(0.01, 0.1, 9)
pairs = np.abs(series[:, None] - series)[np.triu_indices(600, 1)]
shares = [np.mean(pairs <= radius) for radius in radii]
slope = np.polyfit(np.log(radii), np.log(shares), 1)[0]
alone = nolds.corr_dim([0.0, 10.0, 20.0, 30.0], 1, rvals=[1.0, 2.0], fit="poly", debug_data=True)
seen = round(float(nolds.corr_dim(series, 1, rvals=radii, fit="poly")), 3), round(float(slope), 3), [round(float(share), 3) for share in np.exp(alone[1][1])]
expected = 0.948, 0.978, [0.333, 0.333]
print("nolds", version("nolds"))
print("The dimension of 600 points on a line is 0.948, over pairs of two different points 0.978: the source says that a point is not held against itself, and the diagonal of its matrix does so. Of four points 10 apart a third of the pairs are closer than 1.")
print("seen:", seen)
sys.exit(seen != expected)
END
