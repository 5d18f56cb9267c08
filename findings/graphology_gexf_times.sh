#!/bin/sh
# graphology-gexf keeps the last of the values that change in time.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund graphology@0.26.0 graphology-gexf@0.13.2 jsdom@26.1.0 >/dev/null
cat > run.cjs <<'END'
const fs = require("fs");
const Graph = require("graphology");
const { JSDOM } = require("jsdom");
const dom = new JSDOM("");
for (const name of ["DOMParser", "Document", "Node"]) global[name] = dom.window[name];
const { parse } = require("graphology-gexf/browser");
const text = `<?xml version="1.0" encoding="UTF-8"?>
<gexf xmlns="http://gexf.net/1.3" xmlns:viz="http://gexf.net/1.3/viz" version="1.3">
<graph mode="dynamic"><attributes class="node" mode="dynamic"><attribute id="0" title="v" type="integer"/></attributes><nodes><node id="a"><attvalues><attvalue for="0" value="1" start="0" end="1"/>
<attvalue for="0" value="2" start="1" end="2"/><attvalue for="0" value="3" start="2" end="3"/>
</attvalues></node></nodes>
<edges></edges></graph></gexf>`;
const seen = parse(Graph, text).getNodeAttributes("a");
const expected = { v: 3 };
console.log("graphology-gexf", JSON.parse(fs.readFileSync("node_modules/graphology-gexf/package.json")).version);
console.log("parse keeps one value of an attribute with three stretches of time, and nothing says when it holds.");
console.log("seen:", JSON.stringify(seen));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
END
node run.cjs
