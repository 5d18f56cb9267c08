#!/bin/sh
# networkx forgets the times of GEXF that are not start, end or spells.
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
<graph mode="dynamic" timeformat="double"><nodes><node id="a" label="a"/><node id="b" label="b"/></nodes>
<edges><edge id="0" source="a" target="b" TIME/></edges></graph></gexf>"""
seen = {}
for time in ('start="1"', 'timestamps="[1, 2]"', 'intervals="&lt;[1, 2]&gt;"', 'startopen="1"'):
    open("a.gexf", "w").write(GEXF.replace("TIME", time))
    seen[time.split("=")[0]] = sorted(nx.read_gexf("a.gexf").edges["a", "b"])
expected = {
    "start": ["id", "start"],
    "timestamps": ["id"],
    "intervals": ["id"],
    "startopen": ["id"],
}
print("networkx", version("networkx"))
print('read_gexf drops timestamps=, intervals= and startopen= of an edge without a word, and keeps start=.')
print("seen:", seen)
sys.exit(seen != expected)
END
