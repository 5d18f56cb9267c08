#!/bin/sh
# An unbiased CKA with a biased normalisation.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q repsim==0.1.5 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import repsim

rng = np.random.default_rng(0)
x = rng.normal(size=(20, 6))
y = np.hstack([x[:, :3] + 0.5 * rng.normal(size=(20, 3)), rng.normal(size=(20, 6))])


def hsic(k, m):
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    total = np.trace(k @ m) + k.sum() * m.sum() / ((n - 1) * (n - 2)) - 2 * (k @ m).sum() / (n - 2)
    return total / (n * (n - 3))


k, m = x @ x.T, y @ y.T
truth = hsic(k, m) / np.sqrt(hsic(k, k) * hsic(m, m))
seen = [round(float(v), 3) for v in (repsim.cka([x, y], kernel_type="linear", estimator="song")[0, 1], truth)]
expected = [0.350, 0.479]
print("repsim", version("repsim"))
print("CKA with estimator='song' divides an unbiased cross term by biased self terms: a matrix and itself give 1, others are too small.")
print("seen:", seen)
sys.exit(seen != expected)
END
