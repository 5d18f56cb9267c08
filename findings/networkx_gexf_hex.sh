#!/bin/sh
# networkx stops at a colour that GEXF 1.3 writes in hexadecimal digits.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==3.6.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkx as nx

open("a.gexf", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph><nodes><node id="a" label="a"><viz:color hex="#ff0000"/></node></nodes>
<edges></edges></graph></gexf>""")
try:
    seen = dict(nx.read_gexf("a.gexf").nodes(data=True))
except TypeError as error:
    seen = f"TypeError: {error}"
expected = (
    "TypeError: int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"
)
print("networkx", version("networkx"))
print('read_gexf stops at <viz:color hex="#ff0000"/>, which GEXF 1.3 allows and graphology-gexf (Gephi Lite) writes.')
print("seen:", seen)
sys.exit(seen != expected)
END
