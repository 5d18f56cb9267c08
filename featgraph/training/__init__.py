"""Training with the SS_rate term, logged and resumed exactly, and G_M while a model learns."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
