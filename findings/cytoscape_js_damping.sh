#!/bin/sh
# A page rank whose damping factor is another one than the one it is given.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund cytoscape@3.34.0 >/dev/null
cat > run.cjs <<'END'
const fs = require("fs");
const cytoscape = require("cytoscape");
const leaves = ["a", "b", "c", "d"];
const elements = ["hub", ...leaves].map((id) => ({ data: { id } }));
for (const leaf of leaves) {
  elements.push({ data: { source: "hub", target: leaf } }, { data: { source: leaf, target: "hub" } });
}
const all = cytoscape({ elements }).elements();
const rank = (dampingFactor) => Number(all.pageRank({ dampingFactor, precision: 1e-14 }).rank("#hub").toFixed(4));
// hub = (1 - d) / 5 + d (1 - hub): at each step the leaves send all they have to the hub
const truth = (d) => Number((((1 - d) / 5 + d) / (1 + d)).toFixed(4));
const seen = [rank(0.85), truth(0.85), truth(1 / 1.15), rank(2 - 1 / 0.85)];
const expected = [0.4791, 0.4757, 0.4791, 0.4757];
console.log("cytoscape", JSON.parse(fs.readFileSync("node_modules/cytoscape/package.json")).version);
console.log("The hub of a star of five, each edge in both directions, has rank 0.4757 at a damping of 0.85 (Brin and Page); pageRank gives 0.4791, that of 1/(2 - 0.85) = 0.87, because the jumps are added to the links without taking anything from these; 2 - 1/0.85 gives the rank at 0.85.");
console.log("seen:", JSON.stringify(seen));
process.exit(JSON.stringify(seen) === JSON.stringify(expected) ? 0 : 1);
END
node run.cjs
