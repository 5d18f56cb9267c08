#!/bin/sh
# rustworkx refuses the truth values 1 and 0 of XML.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q rustworkx==0.18.1
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import rustworkx

open("a.graphml", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="k" for="node" attr.name="v" attr.type="boolean"/>
<graph id="G" edgedefault="undirected"><node id="a"><data key="k">1</data></node></graph></graphml>""")
try:
    seen = list(rustworkx.read_graphml("a.graphml")[0].nodes())
except Exception as error:
    seen = str(error)
expected = "Failed conversion to 'bool': provided string was not `true` or `false`"
print("rustworkx", version("rustworkx"))
print('read_graphml stops at a boolean written 1; a boolean of XML Schema is true, false, 1 or 0.')
print("seen:", seen)
sys.exit(seen != expected)
END
