#!/bin/sh
# A measure that makes the caller's weights ones.
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

weights = np.zeros((3, 3, 2))
weights[0, 1, 0] = weights[1, 0, 0] = 0.7
weights[1, 2, 1] = weights[2, 1, 1] = 0.3
teneto.networkmeasures.fluctuability(weights)
seen = np.unique(weights).tolist()
expected = [0.0, 1.0]
print("teneto", version("teneto"))
print("After fluctuability the weights 0.7 and 0.3 of the array that was handed in are 1 (fluctuability.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
