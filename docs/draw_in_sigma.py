"""Draw a feature network as Gephi Lite does: python docs/draw_in_sigma.py FOLDER

FOLDER holds the viewer's libraries (npm install sigma@3.0.3 graphology@0.26.0
graphology-gexf@0.13.2 esbuild@0.28.2, in any folder outside the repository); chromium must be
installed too. The network is written by ``write_gexf``, read by graphology-gexf and drawn by
sigma on a page without a screen, with software WebGL; nothing is fetched from the net.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

import featgraph as fg

TARGET = Path(__file__).parent / "_static" / "sigma.png"
WIDTH, HEIGHT = 900, 620
PAGE = """
import Graph from "graphology";
import {{ parse }} from "graphology-gexf/browser";
import Sigma from "sigma";
const graph = parse(Graph, {text});
graph.forEachEdge((edge) => graph.mergeEdgeAttributes(edge, {{ color: "#c8ccd4", size: 0.6 }}));
graph.forEachNode((node, told) => graph.mergeNodeAttributes(node, {{ size: told.size / 3 }}));
new Sigma(graph, document.getElementById("box"), {{ renderLabels: false, stagePadding: 12 }});
"""
HTML = """<!doctype html><meta charset="utf-8"><style>body {{ margin: 0; background: white }}
#box {{ width: {0}px; height: {1}px }}</style><div id="box"></div><script>{2}</script>"""


def write_network(path: Path) -> None:
    """Write the network over all blocks of a residual MLP, neurons coloured by block."""
    model = fg.models.build_model("resmlp")
    images = fg.datasets.load_digits("test").images
    layers = [f"blocks.{k}" for k in range(4)]
    graph = fg.feature_graph(
        fg.extract_features(model, images, layers=layers), epsilon=("degree", 8)
    )
    places = 300 * fg.plot.layout_graph(graph, rng=0)
    fg.write_gexf(graph, path, positions=places, color_by="layer", weight="similarity")


def main(libraries: str) -> None:
    """Write, bundle, draw, and keep the picture with few colours."""
    modules = Path(libraries) / "node_modules"
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        write_network(here / "layer.gexf")
        text = json.dumps((here / "layer.gexf").read_text(encoding="utf-8"))
        (here / "page.mjs").write_text(PAGE.format(text=text), encoding="utf-8")
        bundle = [str(modules / ".bin" / "esbuild"), str(here / "page.mjs"), "--bundle"]
        script = subprocess.run(
            bundle, env={"NODE_PATH": str(modules)}, capture_output=True, text=True, check=True
        ).stdout
        page = HTML.format(WIDTH, HEIGHT, script.replace("</script", "<\\\\/script"))
        (here / "page.html").write_text(page, encoding="utf-8")
        subprocess.run(
            [
                "chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars",
                "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
                f"--window-size={WIDTH},{HEIGHT}", "--virtual-time-budget=5000",
                f"--user-data-dir={here / 'profile'}", f"--screenshot={here / 'shot.png'}",
                (here / "page.html").as_uri(),
            ],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        shot = Image.open(here / "shot.png").convert("RGB")
        shot.quantize(64).save(TARGET, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
