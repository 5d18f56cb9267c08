"""SS_rate: how far the box counts of a layer are from a power law, as a differentiable number."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
