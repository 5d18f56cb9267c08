"""How a call with an odd argument may end: with a result, or with an error that says so."""

from __future__ import annotations

import copy
import inspect
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import sklearn
import torch

import featgraph

__all__ = ["find_fault", "parameters"]

#: Where errors may come from; rows of estimators are looked at by scikit-learn itself.
PLACES = (str(Path(featgraph.__file__).parent), str(Path(sklearn.__file__).parent / "utils"))
#: What a call may raise; a missing file and a missing package are errors of their own.
ALLOWED = (ValueError, TypeError, ImportError, OSError, MemoryError)
SECONDS = 20
#: Values that are called themselves: their errors are their own.
THEIR_OWN = {"function", "class"}
#: Errors that rightly name what the odd value does not go with.
OTHER_WORDS = {
    ("weights.multifractal_weights", "graph"): "edges",
    ("features.FeatureMatrix", "values"): "features",
    ("features.FeatureMatrix.from_array", "array"): "features",
    ("boxes.cover_hubs", "graph"): "n_boxes must be from",
    ("graph.FeatureNetwork.fit", "X"): "features",
    ("dimension.BoxDimension.fit", "X"): "features",
    ("models.train_classifier", "weight_decay"): "the loss is no longer finite",
}


def parameters(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    """Yield the parameters that a value can be given to by name."""
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield parameter


def _stop(*_: object) -> None:
    raise TimeoutError(f"takes more than {SECONDS} s of computing")


def _fresh(value: Any) -> Any:
    """Return a model of its own for each call, as training changes it."""
    return copy.deepcopy(value) if isinstance(value, torch.nn.Module) else value


def find_fault(
    name: str, called: Callable[..., Any], options: Mapping[str, Any], parameter: str, odd: str
) -> str | None:
    """Make one call and say what is wrong with how it ends, if anything is.

    Positional arguments stand in ``options`` under their names.
    """
    signature = inspect.signature(called)
    bound = inspect.BoundArguments(
        signature,
        {key: _fresh(options[key]) for key in signature.parameters if key in options},  # type: ignore[arg-type]
    )
    before = signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = called(*bound.args, **bound.kwargs)
            if hasattr(made, "to_rows"):
                repr(made)
                made.to_rows()
    except Exception as error:
        signal.setitimer(signal.ITIMER_PROF, 0)
        return _judge(error, name, parameter, odd)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    return None


def _judge(error: Exception, name: str, parameter: str, odd: str) -> str | None:
    inner = traceback.extract_tb(error.__traceback__)[-1].filename
    said = f"{name}({parameter}={odd}): {type(error).__name__}: {str(error)[:120]}"
    if odd in THEIR_OWN and not isinstance(error, TimeoutError):
        return None
    if isinstance(error, FileNotFoundError | featgraph.DamagedFileError):  # they name the file
        return None
    if not isinstance(error, ALLOWED) or not inner.startswith(PLACES):
        return f"of another kind: {said}"
    words = (parameter.lower(), OTHER_WORDS.get((name, parameter), parameter))
    if any(word in str(error).lower() for word in words):
        return None
    return f"without the name: {said}"
