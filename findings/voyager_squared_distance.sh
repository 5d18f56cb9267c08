#!/bin/sh
# Euclidean distances without their square root.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q voyager==2.2.3 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from voyager import Index, Space

points = np.random.default_rng(0).random((2000, 2)).astype(np.float32)
index = Index(Space.Euclidean, num_dimensions=2, ef_construction=400, random_seed=1)
index.add_items(points, num_threads=1)
near = index.query(points, k=3, query_ef=200, num_threads=1)[1].astype(float)


def two_nn(near):
    return round(1 / np.log(near[:, 2] / near[:, 1]).mean(), 1)


seen = index.get_distance([0.0, 0.0], [3.0, 4.0]), float(two_nn(near)), float(two_nn(np.sqrt(near)))
expected = 25.0, 1.0, 2.0
print("voyager", version("voyager"))
print('The points (0, 0) and (3, 4) are 5 apart, and the documentation of Space.Euclidean speaks of a square root; Index gives 25. TwoNN of a square from its distances is 1 instead of 2, because squares double the logarithm of every ratio.')
print("seen:", seen)
sys.exit(seen != expected)
END
