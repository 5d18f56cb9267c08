#!/bin/sh
# ripser drops bars of length 0, so that fewer classes are born than there are points.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q ripser==0.6.15 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import ripser

x = np.array([[0.0], [0.0], [1.0], [3.0]])
seen = ripser.ripser(x, maxdim=0)["dgms"][0].tolist()
expected = [[0.0, 1.0], [0.0, 2.0], [0.0, float("inf")]]
print("ripser", version("ripser"))
print('Four points, two of them at one place: H0 holds three bars where four classes are born at 0.')
print("seen:", seen)
sys.exit(seen != expected)
END
