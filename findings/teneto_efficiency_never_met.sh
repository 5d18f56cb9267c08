#!/bin/sh
# Nodes that never meet take nothing from a temporal efficiency.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q teneto==0.5.3 nilearn==0.10.4 numpy==1.26.4 scipy==1.11.4 pandas==2.2.3 scikit-learn==1.5.2 matplotlib==3.9.4
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import teneto

seen = []
for size in 2, 4, 40:
    contacts = np.zeros((size, size, 2))
    contacts[0, 1, 0] = contacts[1, 0, 0] = 1
    seen.append(float(teneto.networkmeasures.temporal_efficiency(contacts)))
expected = [1.0, 1.0, 1.0]
print("teneto", version("teneto"))
print("A network of 40 nodes with one contact of two of them has efficiency 1.0, the largest there is, like the two alone: pairs that never reach each other are left out of the mean, while the efficiency of Tang and others (2009) has 0 for them (temporal_efficiency.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
