"""Stage 3: distances become a graph, and every graph of another library becomes one of ours."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
