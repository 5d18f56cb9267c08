#!/bin/sh
# igraph rounds whole numbers of GraphML and stops at the smallest real ones.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q igraph==1.0.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import igraph

GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="node" attr.name="v" attr.type="TYPE"/>
<graph id="G" edgedefault="undirected"><node id="a"><data key="k">VALUE</data></node></graph></graphml>"""
seen = []
for kind, value in (("long", "9007199254740993"), ("double", "5e-324")):
    open("a.graphml", "w").write(GRAPHML.replace("TYPE", kind).replace("VALUE", value))
    try:
        seen.append(igraph.Graph.Read_GraphML("a.graphml").vs["v"])
    except igraph.InternalError as error:
        seen.append(str(error).split(" -- ")[-1].strip())
expected = [[9007199254740992.0], "Integer or double overflow"]
print("igraph", version("igraph"))
print('Read_GraphML turns the long 9007199254740993 into 9007199254740992.0, and calls the double 5e-324 an overflow.')
print("seen:", seen)
sys.exit(seen != expected)
END
