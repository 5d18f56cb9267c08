"""G_M while a model learns: measures over training time, tables and dynamic graphs."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
