#!/bin/sh
# One repeated point among 400 makes the likelihood estimate of dimension 0.
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

estimates = [skdim.id.MLE().fit(p, n_neighbors=20, comb="mle").dimension_ for p in (x, np.vstack([x, x[:1]]))]
seen = [round(float(e), 1) for e in estimates]
expected = [1.9, 0.0]
print("scikit-dimension", version("scikit-dimension"))
print('MLE of 400 points in a square is about 1.9; with one of them listed twice it is 0.')
print("seen:", seen)
sys.exit(seen != expected)
END
