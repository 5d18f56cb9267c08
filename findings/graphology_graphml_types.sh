#!/bin/sh
# graphology-graphml reads the boolean 1 as false, a default as text, and INF as not a number.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund graphology@0.26.0 graphology-graphml@0.5.2 jsdom@26.1.0 >/dev/null
cat > run.cjs <<'END'
const fs = require("fs");
const Graph = require("graphology");
const { JSDOM } = require("jsdom");
const dom = new JSDOM("");
for (const name of ["DOMParser", "Document", "Node"]) global[name] = dom.window[name];
const { parse } = require("graphology-graphml/browser");
const text = `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns"><key id="b" for="node" attr.name="alive" attr.type="boolean"/>
<key id="f" for="node" attr.name="far" attr.type="double"/>
<key id="n" for="node" attr.name="size" attr.type="int"><default>7</default></key>
<graph id="G" edgedefault="undirected"><node id="a"><data key="b">1</data><data key="f">INF</data></node></graph></graphml>`;
const told = parse(Graph, text).getNodeAttributes("a");
const seen = [told.alive, told.size, String(told.far)];
const expected = [false, "7", "NaN"];
console.log("graphology-graphml", JSON.parse(fs.readFileSync("node_modules/graphology-graphml/package.json")).version);
console.log("parse gives false for the boolean 1, the text 7 for the default of a whole number, and NaN for the double INF.");
console.log("seen:", JSON.stringify(seen));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
END
node run.cjs
