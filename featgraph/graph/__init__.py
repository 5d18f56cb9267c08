"""Stage 3: distances become a graph, and every graph of another library becomes one of ours."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
