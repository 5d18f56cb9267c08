#!/bin/sh
# A graph library loads the drawing library as soon as it is there.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q igraph==1.0.0 matplotlib==3.10.8 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys

import igraph

seen = sorted(name for name in ("matplotlib", "matplotlib.pyplot", "plotly") if name in sys.modules)
expected = ["matplotlib", "matplotlib.pyplot"]
print("igraph", igraph.__version__)
print("import igraph loads matplotlib.pyplot where matplotlib is installed, without a plot being asked for.")
print("seen:", seen)
sys.exit(seen != expected)
END
