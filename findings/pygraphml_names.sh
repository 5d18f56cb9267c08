#!/bin/sh
# pygraphml knows attributes by the id of their key and as text.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q pygraphml==2.4.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import pygraphml

open("a.graphml", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="d0" for="node" attr.name="mass" attr.type="int"><default>7</default></key>
<graph id="G" edgedefault="undirected"><node id="a"><data key="d0">5</data></node><node id="b"/></graph></graphml>""")
graph = pygraphml.GraphMLParser().parse("a.graphml")
seen = [{key: node[key] for key in node.attr if key != "label"} for node in graph.nodes()]
expected = [{"d0": "5"}, {}]
print("pygraphml", version("pygraphml"))
print('GraphMLParser files a number under the id of its key (d0), not under attr.name (mass), as a string, and ignores the default of the key.')
print("seen:", seen)
sys.exit(seen != expected)
END
