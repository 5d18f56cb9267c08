"""Stage 2: F → C, the distances between the nodes of a layer."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
