#!/bin/sh
# A page rank that takes undirected edges in the direction in which they are written.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund cytoscape@3.34.0 >/dev/null
cat > run.cjs <<'END'
const fs = require("fs");
const cytoscape = require("cytoscape");
const leaves = ["a", "b", "c", "d"];
function star(ends) {
  const nodes = ["hub", ...leaves].map((id) => ({ data: { id } }));
  const edges = leaves.map((leaf) => ({ data: ends(leaf) }));
  const all = cytoscape({ elements: [...nodes, ...edges] }).elements();
  const [rank, between] = [all.pageRank(), all.betweennessCentrality({})];
  return [rank.rank("#hub"), rank.rank("#a"), between.betweenness("#hub")].map((x) => Number(x.toFixed(2)));
}
const seen = [star((leaf) => ({ source: "hub", target: leaf })), star((leaf) => ({ source: leaf, target: "hub" }))];
const expected = [[0.17, 0.21, 12], [0.52, 0.12, 12]];
console.log("cytoscape", JSON.parse(fs.readFileSync("node_modules/cytoscape/package.json")).version);
console.log("A star of five: betweenness is undirected unless one asks, and the same whichever end is the source (12, each of the 6 pairs twice); pageRank has no such choice and ranks the hub below its leaves, or above, by the order of the two ends.");
console.log("seen:", JSON.stringify(seen));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
END
node run.cjs
