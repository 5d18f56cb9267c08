"""SS_rate of networks that others trained, untrained and trained: formula, boxes, loud neurons.

    python -m benchmarks.real_networks run --photos photos.zip    # resumable, an hour or two
    python -m benchmarks.real_networks tables                     # the tables of the docs, as text
    python -m benchmarks.real_networks plots --out docs/_static   # the two pictures of the docs

A network whose packages are missing is left out by name; ``networks.py`` says which they are. Every
layer of every network in every state is one line of ``results.jsonl``; what stands there is not
computed again. Untrained networks have the packages' own initialisation; batch norms of untrained
networks are calibrated in one pass over the input.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from .measures import run
from .tables import draw_pictures, show_tables


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=("run", "tables", "plots"))
    parser.add_argument("--folder", type=Path, default=Path("real-networks"))
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--time-limit", type=float, default=20.0, help="seconds of each proof")
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "run":
        run(options.folder, options.photos, options.time_limit)
    elif options.what == "tables":
        show_tables(options.folder)
    else:
        draw_pictures(options.folder, options.out)


if __name__ == "__main__":
    main()
