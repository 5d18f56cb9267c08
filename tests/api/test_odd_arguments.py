"""Each argument of each public function replaced by odd values: a result, or an error that says so.

The rule: a call returns, or featgraph itself raises an error that names the argument. A sample
of the calls is part of every run; ``-m nightly`` makes all of them.
"""

from __future__ import annotations

import importlib
import inspect
import random
from typing import Any

import pytest

from featgraph.core.annotations import read_forms
from tests.api.judging import find_fault, parameters
from tests.api.odd_values import odd_values
from tests.api.valid_calls import ELSEWHERE, ROOMS, public_functions

PER_PARAMETER = 2  # odd values of each parameter in the short run


def test_every_public_function_has_a_valid_call(calls):
    assert set(public_functions()) == set(calls) | ELSEWHERE


@pytest.mark.usefixtures("elsewhere")
def test_valid_calls_of_pictures_and_files_are_valid(calls):
    """Those of other rooms are made where objects are collected."""
    for name, (args, options) in calls.items():
        room, _, function = name.partition(".")
        if room == "plot" or function.startswith("write"):
            getattr(importlib.import_module(f"featgraph.{room}"), function)(*args, **options)


def _faults(calls: dict[str, Any], room: str, share: random.Random | None) -> list[str]:
    found = []
    for name, (args, options) in calls.items():
        if not name.startswith(f"{room}."):
            continue
        function = getattr(importlib.import_module(f"featgraph.{room}"), name.partition(".")[2])
        signature = inspect.signature(function)
        given = signature.bind(*args, **options)
        known = {**given.arguments, **given.arguments.get("options", {})}
        for parameter in parameters(signature):
            for odd in share.sample(list(odd_values()), PER_PARAMETER) if share else odd_values():
                changed = {**known, parameter.name: odd_values()[odd]}
                found.append(find_fault(name, function, changed, parameter.name, odd))
    return [fault for fault in found if fault]


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


def test_annotations_are_read():
    """Names of classes in annotations are those of classes, not of aliases out of sight."""
    known = {"Dataset", "device", "Axes", "Figure", "Module", "Generator", "Result"}
    for room in ROOMS:
        module = importlib.import_module(f"featgraph.{room}")
        known |= {name for name in module.__all__ if inspect.isclass(getattr(module, name))}
    for name in public_functions():
        room, _, function = name.partition(".")
        called = getattr(importlib.import_module(f"featgraph.{room}"), function)
        for parameter in parameters(inspect.signature(called)):
            names = inspect.unwrap(called).__globals__
            for form in read_forms(parameter.annotation, names) or ():
                article, _, word = form.words.partition(" ")
                if article in ("a", "an") and word[:1].isupper() and word != "Tensor":
                    assert word in known, (name, parameter)
