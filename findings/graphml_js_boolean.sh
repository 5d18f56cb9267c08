#!/bin/sh
# graphml-js keeps a boolean as text, so that false is true.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund graphml-js@0.4.0 >/dev/null
cat > run.cjs <<'END'
const fs = require("fs");
const { GraphMLParser } = require("graphml-js");
const text = `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="t" for="node" attr.name="t" attr.type="boolean"/>
<graph edgedefault="undirected"><node id="a"><data key="t">false</data></node>
<node id="b"/><edge source="a" target="b"/></graph></graphml>`;
new GraphMLParser().parse(text, (error, graph) => {
  const value = graph.nodes[0]._attributes.t;
  const seen = [value, Boolean(value)];
  const expected = ["false", true];
  console.log("graphml-js", JSON.parse(fs.readFileSync("node_modules/graphml-js/package.json")).version);
  console.log("A boolean attribute that is false arrives as the text false, which JavaScript takes for true.");
  console.log("seen:", JSON.stringify(seen));
  process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
});
END
node run.cjs
