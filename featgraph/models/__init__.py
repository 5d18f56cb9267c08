"""Small networks in plain torch that train on digits in seconds, and guarded access to timm."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
