"""Small inputs that work offline: real images, and graphs with known answers."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
