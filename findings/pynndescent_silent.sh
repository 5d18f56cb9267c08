#!/bin/sh
# Two silent neurons are maximally far by cosine in the index and equal in the function.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pynndescent==0.7.0 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from pynndescent import NNDescent
from pynndescent.distances import cosine

x = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
x[4:] = 0
near, far = NNDescent(x, metric="cosine", n_neighbors=6, random_state=0).neighbor_graph
seen = float(far[4][list(near[4]).index(5)]), float(cosine(x[4], x[5]))
expected = 1.0, 0.0
print("pynndescent", version("pynndescent"))
print('Cosine distance of two rows of zeros: 1.0 in the index of NNDescent, 0.0 by pynndescent.distances.cosine.')
print("seen:", seen)
sys.exit(seen != expected)
END
