// Print as JSON what graphology reads from a GEXF or GraphML file, as Gephi Lite does.
const fs = require("fs");
const path = require("path");
const Graph = require("graphology");
const { JSDOM } = require("jsdom");

const file = process.argv[2];
const dom = new JSDOM("");
for (const name of ["DOMParser", "Document", "Node"]) global[name] = dom.window[name];
const text = fs.readFileSync(file, "utf8");
const gexf = path.extname(file) === ".gexf";
const { parse } = gexf ? require("graphology-gexf/browser") : require("graphology-graphml/browser");
const graph = parse(Graph, text);
const special = (key, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
console.log(JSON.stringify(graph.export(), special));
