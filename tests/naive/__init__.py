"""Slow twins: each definition once more, in plain Python, importing nothing from featgraph."""
