#!/bin/sh
# A comparison that is said to be a metric and breaks the triangle inequality.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q rsatoolbox==0.3.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from rsatoolbox.data import Dataset
from rsatoolbox.rdm import calc_rdm, compare

points = np.array([[0.0], [1.0], [3.0]])
one, two, three = (calc_rdm(Dataset(size * points), method="euclidean") for size in (1, 2, 3))
ways = (one, two), (two, three), (one, three)
seen = [round(float(compare(*way, method="bures_metric")[0, 0]), 3) for way in ways]
expected = [4.667, 4.667, 18.667]
print("rsatoolbox", version("rsatoolbox"))
print("compare(method='bures_metric') of one geometry at sizes 1, 2 and 3: the way from 1 to 3 is twice as long as the way over 2, because the square of the Bures distance comes back; the documentation of compare calls it a metric.")
print("seen:", seen)
sys.exit(seen != expected)
END
