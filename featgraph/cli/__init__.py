"""Command line: one command per file, loaded only when it is called for."""

from __future__ import annotations

from featgraph.cli.entry import main

__all__ = ["main"]
