"""Stage 2: F → C, the distances between the nodes of a layer."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
