#!/bin/sh
# GEXF 1.3 is refused as if the file had no graph.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q networkx==3.5
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import io
import sys

import networkx as nx

text = b"""<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" version="1.3"><graph defaultedgetype="undirected">
<nodes><node id="a"/><node id="b"/></nodes><edges><edge source="a" target="b"/></edges>
</graph></gexf>"""
try:
    seen = len(nx.read_gexf(io.BytesIO(text)))
except nx.NetworkXError as error:
    seen = str(error)
expected = "No <graph> element in GEXF file."
print("networkx", nx.__version__)
print("A file of GEXF 1.3 is said to have no graph; networkx 3.6.1 reads it.")
print("seen:", seen)
sys.exit(seen != expected)
END
