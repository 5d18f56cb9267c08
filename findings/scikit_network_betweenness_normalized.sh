#!/bin/sh
# A betweenness that takes normalized and does not normalise.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q scikit-network==0.33.5 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from sknetwork.ranking import Betweenness

star = np.zeros((5, 5))
star[0, 1:] = star[1:, 0] = 1
seen = [float(Betweenness(normalized=choice).fit_predict(star)[0]) for choice in (False, True)]
expected = [6.0, 6.0]
print("scikit-network", version("scikit-network"))
print('The hub of a star lies on every shortest path, normalised betweenness 1; Betweenness(normalized=True) gives the number of pairs, as normalized=False does.')
print("seen:", seen)
sys.exit(seen != expected)
END
