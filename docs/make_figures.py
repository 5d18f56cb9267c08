"""Draw the pictures of the README and the guide from a report: python docs/make_figures.py

Trains the small network of ``featgraph demo`` and copies four of the report's pictures to
docs/_static. They are stored in the repository because the README shows one of them.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from featgraph.cli import main

STATIC = Path(__file__).parent / "_static"
PICTURES = {
    "main.png": "trained--blocks.2--theta.png",
    "boxes.png": "trained--blocks.2--graph.png",
    "counts.png": "trained--blocks.2--counts.png",
    "mds.png": "mds.png",
}

if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(["demo", "--out", folder, "--seed", "0", "--force"])
        for target, source in PICTURES.items():
            shutil.copy(Path(folder) / "figures" / source, STATIC / target)
