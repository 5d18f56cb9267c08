#!/bin/sh
# A sample entropy that takes another inequality from 5,000 points on.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q antropy==0.2.3 numpy==2.2.6 scipy==1.15.3 scikit-learn==1.7.2 numba==0.68.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import antropy
import numpy as np

series = np.random.default_rng(0).integers(0, 4, 5000).astype(float)
lengths = 4999, 5000
seen = [round(float(antropy.sample_entropy(series[:n], tolerance=1.0)), 3) for n in lengths]
expected = [1.386, 0.475]
print("antropy", version("antropy"))
print("One more point takes the sample entropy of whole numbers from 1.386 to 0.475: below 5,000 points a match is closer than the tolerance, from there on at most as far, as Richman and Moorman have it (entropy.py, sample_entropy).")
print("seen:", seen)
sys.exit(seen != expected)
END
