#!/bin/sh
# The hub of a star has the effective size of a leaf.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
# Torch and gensim, which it asks for, are for embeddings: without them it says that everything else remains.
"$dir/venv/bin/python" -m pip install -q numpy==1.26.4 scipy==1.15.3 matplotlib==3.10.9 requests==2.34.2 fastjsonschema==2.22.3 joblib==1.6.0 tqdm==4.70.1
"$dir/venv/bin/python" -m pip install -q --no-deps Python-EasyGraph==1.6.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import easygraph

star, more = easygraph.Graph(), easygraph.Graph()
star.add_edges([(0, leaf) for leaf in range(1, 6)])
more.add_edges([*[(0, leaf) for leaf in range(1, 6)], (1, 2)])
seen = [round(float(easygraph.effective_size(graph)[0]), 3) for graph in (star, more)]
seen.append(round(float(easygraph.efficiency(star)[0]), 3))
expected = [1.0, 4.6, 0.2]
print("Python-EasyGraph", version("Python-EasyGraph"))
print("The effective size of the hub of five leaves that do not know each other is 5, the largest there is, and its efficiency 1; effective_size gives 1 and 0.2, and 4.6 once two leaves are joined, which should be less: structural_holes/evaluation.py returns 1.0 where no two neighbours are joined.")
print("seen:", seen)
sys.exit(seen != expected)
END
