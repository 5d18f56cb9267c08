"""``python -m featgraph`` is the command line."""

from __future__ import annotations

import sys

from featgraph.cli.entry import run_program

if __name__ == "__main__":
    sys.exit(run_program())
