#!/bin/sh
# A small-world propensity for a graph that has none.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q small-world-propensity==0.0.19 scipy tqdm
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from small_world_propensity import small_world_propensity

np.random.seed(0)
found = small_world_propensity(np.ones((12, 12)) - np.eye(12))["SWP"].iloc[0]
seen = bool(found > 0.5)
expected = True
print("small-world-propensity", version("small-world-propensity"))
print('A complete graph is its own lattice and its own random graph, 0/0 by the definition; the package gives it a value near 1.')
print("seen:", seen)
sys.exit(seen != expected)
END
