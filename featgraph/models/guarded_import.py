"""The one place that imports what imports torchvision: timm, transformers, lightning."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import warnings
from types import ModuleType
from typing import Any

import torch

from featgraph.core.package import need

__all__ = ["import_beside_torchvision"]

# Operators that torchvision expects its compiled part to have defined; a newer one that is not
# listed gets a stand-in, which is as good, because it only has to exist.
_SCHEMAS = {"nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"}
_STAND_IN = "{}(Tensor input) -> Tensor"
_MOST_TRIES = 12
_fragments: dict[str, Any] = {}  # a definition lives as long as its library


def import_beside_torchvision(module: str, *, extra: str) -> ModuleType:
    """Import a package that imports torchvision, also where that does not fit the torch here.

    Parameters
    ----------
    module : str
        Dotted name of the module, such as "timm" or "transformers".
    extra : str
        The extra of featgraph that installs it.

    Returns
    -------
    module
        The module.

    Raises
    ------
    ImportError
        If the package is missing, or torchvision is there and cannot be imported.

    Notes
    -----
    A torchvision built for another torch cannot load its compiled operators and fails with
    "operator torchvision::nms does not exist". None of them is needed here: the schema of the
    missing operator is defined in a library fragment, what was half imported is dropped, and the
    import is tried again.

    Examples
    --------
    >>> import_beside_torchvision("math", extra="models").sqrt(4.0)
    2.0
    """
    _mend_torchvision()
    return need(module, extra=extra)


def _mend_torchvision() -> None:
    while True:
        try:
            with warnings.catch_warnings():
                # torchvision says that its image reader is missing; nothing here reads images.
                warnings.filterwarnings("ignore", message="Failed to load image Python extension")
                importlib.import_module("torchvision")
            return
        except ModuleNotFoundError:
            return  # whoever needs it will say so
        except (RuntimeError, AttributeError) as error:
            missing = re.search(r"torchvision::(\w+)", str(error))
            operator = missing.group(1) if missing else ""
            _forget("torchvision")
            if not operator or operator in _fragments or len(_fragments) == _MOST_TRIES:
                raise ImportError(
                    f"torchvision does not fit torch {torch.__version__} ({error}); install the "
                    "pair that belongs together: pip install 'featgraph[models]' "
                    "-c constraints.txt"
                ) from error
            _define(operator)


def _define(operator: str) -> None:
    library: Any = torch.library.Library
    _fragments[operator] = library("torchvision", "FRAGMENT")
    with contextlib.suppress(RuntimeError):  # it is there already, and something else is wrong
        _fragments[operator].define(_SCHEMAS.get(operator, _STAND_IN.format(operator)))


def _forget(package: str) -> None:
    for name in list(sys.modules):
        if name.split(".")[0] == package:
            del sys.modules[name]
