#!/bin/sh
# igraph drops GraphML attributes whose key says for="all".
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
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="DOMAIN" attr.name="v" attr.type="string"/>
<graph id="G" edgedefault="undirected"><node id="a"><data key="k">x</data></node><node id="b"/></graph></graphml>"""
seen = {}
for domain in ("node", "all"):
    open("a.graphml", "w").write(GRAPHML.replace("DOMAIN", domain))
    seen[domain] = igraph.Graph.Read_GraphML("a.graphml").vs[0].attributes()
expected = {"node": {"v": "x", "id": "a"}, "all": {"id": "a"}}
print("igraph", version("igraph"))
print('Read_GraphML drops, without a word, the values of a key that is declared for="all"; with for="node" they are there.')
print("seen:", seen)
sys.exit(seen != expected)
END
