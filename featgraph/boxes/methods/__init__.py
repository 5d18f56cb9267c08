"""The algorithms, one per file, and METHODS, the table of them."""

from featgraph.boxes.methods.table import METHODS, Method

__all__ = ["METHODS", "Method"]
