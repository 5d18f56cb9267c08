#!/bin/sh
# A rate of success that counts the way from a node to itself.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q netneurotools==0.3.0 bctpy==0.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import bct
import numpy as np
from netneurotools.metrics import navigation_wu

nodes = np.arange(4.0)
distances = np.abs(nodes[:, None] - nodes)
links = np.zeros((4, 4))
links[[0, 1, 2, 3], [1, 0, 3, 2]] = 1
rates = navigation_wu(distances, links)[0], navigation_wu(distances, 0 * links)[0], bct.navigation_wu(links, distances)[0]
seen = [round(float(rate), 3) for rate in rates]
expected = [0.5, 0.25, 0.333]
print("netneurotools", version("netneurotools"), "bctpy", version("bctpy"))
print("In two pairs of nodes 4 of 12 ways can be navigated, a third, as bctpy says; netneurotools says 0.5, and 0.25 for four nodes without a link: the four ways from a node to itself count as well (metrics/bct.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
