"""Wing: graphs and tables for other programs; every writer has a reader."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
