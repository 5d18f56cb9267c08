"""Compiled code that more than one room or file uses, and the decorator that compiles it."""

from featgraph.kernels.compiler import kernel

__all__ = ["kernel"]
