"""Each argument of each public function replaced by odd values: a result, or an error that says so.

The rule: a call returns, or featgraph itself raises an error that names the argument. A sample
of the calls is part of every run; ``-m nightly`` makes all of them.
"""

from __future__ import annotations

import importlib
import inspect
import random
import signal
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import featgraph
from featgraph.core.annotations import read_forms
from tests.api.odd_values import odd_values
from tests.api.valid_calls import ELSEWHERE, ROOMS, public_functions, valid_calls

PACKAGE = str(Path(featgraph.__file__).parent)
#: What a call may raise; a missing file and a missing package are errors of their own.
ALLOWED = (ValueError, TypeError, ImportError, OSError)
PER_PARAMETER = 2  # odd values of each parameter in the short run
SECONDS = 20
#: Parameters whose values are called, or whose files are opened: their errors are their own.
THEIR_OWN = {"function", "class"}


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the valid calls, made once."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return valid_calls(tmp_path_factory.mktemp("files"))


def test_every_public_function_has_a_valid_call(calls):
    assert set(public_functions()) == set(calls) | ELSEWHERE


def _parameters(signature: inspect.Signature) -> Iterator[inspect.Parameter]:
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            yield parameter


def _stop(*_: object) -> None:
    raise TimeoutError(f"takes more than {SECONDS} s")


def _fault(name: str, parameter: str, odd: str, bound: inspect.BoundArguments) -> str | None:
    """Make one call and say what is wrong with how it ends."""
    room, _, function = name.partition(".")
    called = getattr(importlib.import_module(f"featgraph.{room}"), function)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            called(*bound.args, **bound.kwargs)
    except Exception as error:
        signal.setitimer(signal.ITIMER_REAL, 0)
        inner = traceback.extract_tb(error.__traceback__)[-1].filename
        said = f"{name}({parameter}={odd}): {type(error).__name__}: {str(error)[:120]}"
        if odd in THEIR_OWN and not isinstance(error, TimeoutError):
            return None
        if not isinstance(error, ALLOWED) or not inner.startswith(PACKAGE):
            return f"of another kind: {said}"
        is_named = parameter.lower() in str(error).lower()
        if not is_named and not isinstance(error, FileNotFoundError):  # which names the file
            return f"without the name: {said}"
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return None


def _faults(calls: dict[str, Any], room: str, share: random.Random | None) -> list[str]:
    found = []
    for name, (args, options) in calls.items():
        if not name.startswith(f"{room}."):
            continue
        function = getattr(importlib.import_module(f"featgraph.{room}"), name.partition(".")[2])
        signature = inspect.signature(function)
        for parameter in _parameters(signature):
            chosen = list(odd_values())
            if share is not None:
                chosen = share.sample(chosen, PER_PARAMETER)
            for odd in chosen:
                bound = signature.bind(*args, **options)
                bound.arguments[parameter.name] = odd_values()[odd]
                ordered = {
                    key: bound.arguments[key]
                    for key in signature.parameters
                    if key in bound.arguments
                }
                bound = inspect.BoundArguments(signature, ordered)  # type: ignore[arg-type]
                fault = _fault(name, parameter.name, odd, bound)
                found += [fault] if fault else []
    return found


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """Work in an empty folder, as some odd values are names of files; and with an alarm."""
    monkeypatch.chdir(tmp_path)
    before = signal.signal(signal.SIGALRM, _stop)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("room", ROOMS)
def test_odd_arguments(calls, room):
    found = _faults(calls, room, random.Random(0))
    assert not found, "\n".join(found)


@pytest.mark.nightly
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("room", ROOMS)
def test_all_odd_arguments(calls, room):
    found = _faults(calls, room, None)
    assert not found, f"{len(found)} of all\n" + "\n".join(found)


def _same(one: Any, other: Any) -> bool:
    one, other = (
        item.numpy() if isinstance(item, torch.Tensor) else np.asarray(item)
        for item in (one, other)
    )
    return one.shape == other.shape and bool(np.allclose(one, other, rtol=1e-6, equal_nan=True))


FORMS = {
    "list": lambda values: values.tolist(),
    "tensor": torch.from_numpy,
    "whole": lambda values: values.astype(np.int16),
    "bytes": lambda values: values.astype(np.uint8),
    "single": lambda values: values.astype(np.float32),
    "bfloat16": lambda values: torch.from_numpy(values).bfloat16(),
    "half": lambda values: values.astype(np.float16),
    "backwards": lambda values: np.ascontiguousarray(values[::-1, ::-1])[::-1, ::-1],
    "other byte order": lambda values: values.astype(values.dtype.newbyteorder()),
    "long double": lambda values: values.astype(np.longdouble),
    "read only": lambda values: np.frombuffer(values.tobytes()).reshape(values.shape),
}
TAKERS = {
    "feature_distances": featgraph.feature_distances,
    "ss_rate": featgraph.ss_rate,
    "linearity": lambda values: featgraph.invariance.measure_linearity(values).isotropy,
    "spectrum": lambda values: featgraph.invariance.compute_spectrum(values).values,
    "cka": lambda values: featgraph.similarity.cka(values, values[::-1] if isinstance(
        values, list) else values),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("taker", TAKERS)
def test_the_form_of_numbers_does_not_matter(taker, form):
    """Whole numbers up to 99 stand in every form exactly, so results agree to rounding."""
    values = np.random.default_rng(0).integers(0, 100, (12, 15)).astype(np.float64)
    if taker == "cka":
        values = np.vstack([values, values[::-1]])  # the same upside down
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert _same(TAKERS[taker](FORMS[form](values)), TAKERS[taker](values))


def test_annotations_are_read():
    """Names of classes in annotations are those of classes, not of aliases out of sight."""
    known = {"Dataset", "device", "Axes", "Figure", "Module", "Generator"}
    for room in ROOMS:
        module = importlib.import_module(f"featgraph.{room}")
        known |= {name for name in module.__all__ if inspect.isclass(getattr(module, name))}
    for name in public_functions():
        room, _, function = name.partition(".")
        called = getattr(importlib.import_module(f"featgraph.{room}"), function)
        for parameter in _parameters(inspect.signature(called)):
            names = inspect.unwrap(called).__globals__
            for form in read_forms(parameter.annotation, names) or ():
                article, _, word = form.words.partition(" ")
                if article in ("a", "an") and word[:1].isupper() and word != "Tensor":
                    assert word in known, (name, parameter)
