"""The algorithms, one per file, and METHODS, the table of them."""

from featgraph.boxes.methods.method import Method, Option
from featgraph.boxes.methods.table import METHODS

__all__ = ["METHODS", "Method", "Option"]
