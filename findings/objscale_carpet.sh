#!/bin/sh
# A set in the plane of dimension above 2.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q objscale==2.2.0 scikit-image numba numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import objscale

hole, carpet = np.ones((3, 3), dtype=bool), np.ones((1, 1), dtype=bool)
hole[1, 1] = False
for _ in range(4):
    carpet = np.kron(hole, carpet).astype(bool)
seen = round(float(objscale.ensemble_box_dimension([carpet.astype(float)])), 2)
expected = 2.23
print("objscale", version("objscale"))
print('ensemble_box_dimension gives 2.23 for the Sierpinski carpet (dimension 1.893), a set of pixels in a plane.')
print("seen:", seen)
sys.exit(seen != expected)
END
