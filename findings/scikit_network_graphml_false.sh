#!/bin/sh
# A GraphML reader for which false is true and nothing is zero.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q scikit-network==0.33.5 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
from sknetwork.data import from_graphml

open("a.graphml", "w").write("""<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="t" for="node" attr.name="t" attr.type="boolean"/>
<key id="r" for="node" attr.name="r" attr.type="double"/>
<key id="n" for="node" attr.name="n" attr.type="long"/>
<graph edgedefault="undirected">
<node id="a"><data key="t">false</data><data key="n">9007199254740993</data></node>
<node id="b"><data key="t">true</data><data key="r">1.5</data><data key="n">1</data></node>
<edge source="a" target="b"/></graph></graphml>""")
told = from_graphml("a.graphml").node_attribute
seen = bool(told.t[0]), float(told.r[0]), float(told.n[0])
expected = True, 0.0, 9007199254740992.0
print("scikit-network", version("scikit-network"))
print('from_graphml gives a boolean false as True, a value that is missing as 0.0, and a long as a floating-point number.')
print("seen:", seen)
sys.exit(seen != expected)
END
