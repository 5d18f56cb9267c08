#!/bin/sh
# A topological overlap over the larger degree, whose second step is its first.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q bctpy==0.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import bct
import numpy as np

path = np.eye(4, k=1) + np.eye(4, k=-1)
within = np.minimum(path + path @ path, 1) - np.eye(4)  # reached in one step or two


def overlap(near):
    degree = near.sum(axis=0)
    return (near @ near + path) / (np.minimum.outer(degree, degree) + 1 - path)


one, two = bct.gtom(path, 1), bct.gtom(path, 2)
found = float(one[0, 1]), float(two[0, 3])
truth = float(overlap(path)[0, 1]), round(float(overlap(within)[0, 3]), 3)
seen = found, truth, bool(np.array_equal(one, two))
expected = (0.5, 0.0), (1.0, 0.667), True
print("bctpy", version("bctpy"))
print('gtom on a path of four: by Ravasz et al. (2002) and Yip and Horvath (2007) the overlap is over the smaller degree, 1 for an end and its neighbour, and 2/3 for the two ends at two steps; the package has 1/2, over the larger one, and 0, because gtom(A, 2) is gtom(A, 1).')
print("seen:", seen)
sys.exit(seen != expected)
END
