#!/bin/sh
# A matching index of two nodes that is not the same both ways.
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
import contextlib
import io

import bct
import numpy as np

path = np.eye(4, k=1) + np.eye(4, k=-1)
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
    index = bct.matching_ind_und(path)
seen = round(float(index[0, 2]), 3), round(float(index[2, 0]), 3), len(printed.getvalue().splitlines())
expected = 0.667, 1.0, 4
print("bctpy", version("bctpy"))
print('matching_ind_und on a path of four: nodes 0 and 2 share one of their three connections, twice one over three is 0.667; the package has 0.667 one way and 1.0 the other, and prints its intermediate sums.')
print("seen:", seen)
sys.exit(seen != expected)
END
