#!/bin/sh
# networkx reads no time of a GEXF file that relies on the default format of times.
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
<graph mode="dynamic"><nodes><node id="a" label="a"/><node id="b" label="b"/></nodes>
<edges><edge id="0" source="a" target="b" start="1"/></edges></graph></gexf>""")
try:
    seen = dict(nx.read_gexf("a.gexf").edges["a", "b"])
except KeyError as error:
    seen = repr(error)
expected = "KeyError(None)"
print("networkx", version("networkx"))
print('read_gexf stops with KeyError None at start= where the graph leaves timeformat out, which is optional and means double.')
print("seen:", seen)
sys.exit(seen != expected)
END
