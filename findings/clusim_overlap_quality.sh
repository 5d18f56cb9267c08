#!/bin/sh
# A mutual information that adds where it should subtract.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q numpy==2.2.6 scipy==1.15.3 networkx==3.6.1 mpmath==1.3.0 igraph==1.0.0 scikit-learn==1.7.2
"$dir/venv/bin/python" -m pip install -q --no-deps clusim==0.4
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from clusim.clustering import Clustering
from clusim.sim import overlap_quality
from sklearn.metrics import mutual_info_score

numbers = [1, 1, 2, 2], [1, 2, 1, 2]  # of communities that each element is in
same, other = (Clustering(elm2clu_dict={i: list(range(n)) for i, n in enumerate(row)}) for row in numbers)
seen = []
for one, two in ((0, 0), (0, 1)):
    truth = mutual_info_score(numbers[one], numbers[two]) / np.log(2)
    found = overlap_quality((same, other)[one], (same, other)[two])
    seen.append((round(float(found), 2), round(float(truth), 2)))
expected = [(3.0, 1.0), (4.0, 0.0)]
print("clusim", version("clusim"))
print("The overlap quality of Ahn et al. (2010) is the mutual information of the numbers of communities that each element is in, H1 + H2 - H12: 1 bit for a clustering with itself and 0 for two that are independent. The package has 3 and 4, because it adds the joint entropy, so that independence comes out best (sim.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
