"""Stage 1, what a layer says: a model and data become a FeatureMatrix F of shape (D, B)."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
