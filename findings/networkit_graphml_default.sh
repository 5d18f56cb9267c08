#!/bin/sh
# networkit takes edges that rely on the default weight of a key for edges of weight 0.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkit==11.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import networkit as nk

open("a.graphml", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="w" for="edge" attr.name="weight" attr.type="double"><default>1.0</default></key>
<graph id="G" edgedefault="undirected"><node id="a"/><node id="b"/><node id="c"/>
<edge source="a" target="b"><data key="w">2.5</data></edge><edge source="b" target="c"/></graph></graphml>""")
graph = nk.readGraph("a.graphml", nk.Format.GraphML)
seen = list(graph.iterEdgesWeights())
expected = [(0, 1, 2.5), (1, 2, 0.0)]
print("networkit", version("networkit"))
print('readGraph gives an edge without a weight 0.0, where the key of the file says <default>1.0</default>.')
print("seen:", seen)
sys.exit(seen != expected)
END
