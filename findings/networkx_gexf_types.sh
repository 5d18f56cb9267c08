#!/bin/sh
# networkx reads half of the attribute types of GEXF 1.3.
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

GEXF = """<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph><attributes class="node"><attribute id="0" title="v" type="TYPE"/></attributes><nodes><node id="a" label="a"><attvalues><attvalue for="0" value="VALUE"/></attvalues></node></nodes>
<edges></edges></graph></gexf>"""
values = {"long": "5", "biginteger": "5", "bigdecimal": "0.5", "short": "5", "byte": "5"}
values |= {"char": "c", "date": "2020-01-01", "listinteger": "[1, 2]"}
seen = []
for kind, value in values.items():
    open("a.gexf", "w").write(GEXF.replace("TYPE", kind).replace("VALUE", value))
    try:
        nx.read_gexf("a.gexf")
    except KeyError as error:
        seen.append(error.args[0])
expected = ["biginteger", "bigdecimal", "short", "byte", "char", "date", "listinteger"]
print("networkx", version("networkx"))
print('read_gexf stops with a bare KeyError at attribute types that the schema of GEXF 1.3 lists.')
print("seen:", seen)
sys.exit(seen != expected)
END
