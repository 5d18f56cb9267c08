#!/bin/sh
# A correlation dimension that depends on where the points lie.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q fracodim==1.5 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from fracodim.correlationDimension import CorrelationDimension

points = np.random.default_rng(0).random((3000, 2))
seen = [round(abs(float(CorrelationDimension((points + shift).tolist()))), 1) for shift in (0, -0.5, 10)]
expected = [2.0, 1.2, 0.0]
print("fracodim", version("fracodim"))
print("A square from 0 to 1 has dimension 2.0, the same one around 0 has 1.2, and moved by 10 it has 0.0: the boxes halve the stretch from 0 to the largest coordinate, whatever the smallest one is (correlationDimension.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
