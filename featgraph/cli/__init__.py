"""Command line: each command in a file that is loaded only when it is called for."""

from __future__ import annotations

from featgraph.cli.entry import main

__all__ = ["main"]
