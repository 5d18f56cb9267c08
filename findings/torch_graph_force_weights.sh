#!/bin/sh
# A layout cuts weights to whole numbers.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch-graph-force==0.1.1 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import pandas as pd
from torch_graph_force import from_pandas_dataframe

edges = pd.DataFrame({"source": [0, 1, 2], "target": [1, 2, 3], "weight": [0.9, 0.5, 1.9]})
seen = sorted(set(from_pandas_dataframe(edges, 4, device="cpu").weights.tolist()))
expected = [0, 1]
print("torch-graph-force", version("torch-graph-force"))
print("Weights 0.9, 0.5 and 1.9 are stored as 0, 0 and 1: an edge whose similarity is below 1 attracts nothing.")
print("seen:", seen)
sys.exit(seen != expected)
END
