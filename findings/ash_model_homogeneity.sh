#!/bin/sh
# A share of neighbours that is three.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q numpy==1.26.4 scipy==1.15.3 networkx==3.4.2 pandas==2.2.2 numba==0.60.0 scikit-learn==1.5.2 matplotlib==3.9.4 tqdm==4.70.1 fastjsonschema==2.21.1
"$dir/venv/bin/python" -m pip install -q --no-deps csrgraph==0.1.28 ash-model==1.0.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from ash_model import ASH, NProfile
from ash_model.measures import star_profile_homogeneity

seen = []
for others in (["red", "red", "red"], ["red", "blue", "blue"]):
    graph = ASH()
    for node, colour in enumerate(["red", *others]):
        graph.add_node(node, start=0, end=0, attr_dict=NProfile(color=colour))
    graph.add_hyperedge([0, 1, 2, 3], start=0, end=0)
    found = star_profile_homogeneity(graph, 0, 0, method="collapse")["color"]
    seen.append((round(float(found), 2), round(others.count("red") / len(others), 2)))
expected = [(3.0, 1.0), (1.0, 0.33)]
print("ash-model", version("ash-model"))
print("Of three neighbours that are all red the share is 1, of three with one red it is 1/3; star_profile_homogeneity with method='collapse' has 3.0 and 1.0: it counts neighbours and divides by the number of hyperedges (attribute_analysis.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
