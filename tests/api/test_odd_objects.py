"""Constructors and methods of public classes, with odd values in place of each argument.

The rule is that of functions. Every object shows itself, and every result can be kept.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
import random
from collections.abc import Iterator
from typing import Any

import pytest

from featgraph.core.result import Result
from tests.api.judging import find_fault, parameters
from tests.api.odd_values import odd_values
from tests.api.valid_calls import ROOMS
from tests.api.valid_objects import (
    METHODS,
    NOT_MADE,
    constructor_calls,
    estimator_calls,
    public_classes,
)

PER_PARAMETER = 1  # odd value of each parameter in the short run
#: Results that hold models.
NOT_KEPT = {"similarity.NeuronAlignment"}
#: Modules whose forward pass takes something else than one tensor.
WITH_FORWARD = {"boxes.AddBoxLabels"}


def test_every_public_class_has_an_object(objects):
    assert set(public_classes()) == set(objects) | NOT_MADE


def test_every_object_shows_itself(objects):
    for name, one in objects.items():
        assert "\n" not in repr(one) or not isinstance(one, Result), name
        for attribute in dir(type(one)):
            if isinstance(getattr(type(one), attribute), property) and attribute[0] != "_":
                getattr(one, attribute)


def test_every_result_is_a_table_and_a_file(objects, tmp_path):
    pandas = pytest.importorskip("pandas")
    for name, one in objects.items():
        if isinstance(one, Result) and name not in NOT_KEPT:
            assert isinstance(one.to_frame(), pandas.DataFrame), name
            assert "<" in one._repr_html_(), name
            kept = one.save(tmp_path / f"{name}.npz")
            assert repr(type(one).load(kept)) == repr(one), name


def _constructors(objects: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    own = constructor_calls()
    for name, one in objects.items():
        kind = type(one)
        if name in own:
            yield name, kind, own[name]
        elif dataclasses.is_dataclass(one):
            fields = [item.name for item in dataclasses.fields(one) if item.init]
            yield name, kind, {field: getattr(one, field) for field in fields}


def _methods(objects: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Yield the public methods, class methods too, of a copy of each object."""
    for name, one in objects.items():
        for attribute in dir(type(one)):
            found = inspect.getattr_static(type(one), attribute)
            is_method = inspect.isfunction(found) or isinstance(found, classmethod | staticmethod)
            if attribute[0] == "_" or not is_method:
                continue
            if attribute == "forward" and name not in WITH_FORWARD:
                continue
            if not getattr(type(one), attribute).__module__.startswith("featgraph"):
                continue  # of torch.nn.Module
            own = one if isinstance(one, Result) else copy.deepcopy(one)
            method = getattr(own, attribute)
            signature = inspect.signature(method)
            places = [p for p in parameters(signature) if p.kind is not p.KEYWORD_ONLY]
            args = METHODS.get(attribute, ())[: len(places)]
            given = signature.bind_partial(*args)
            yield f"{name}.{attribute}", method, given.arguments


def _estimators(_: dict[str, Any]) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    yield from estimator_calls()


def _faults(calls: Any, room: str, share: random.Random | None) -> list[str]:
    found = []
    for name, called, known in calls:
        if not name.startswith(f"{room}."):
            continue
        for parameter in parameters(inspect.signature(called)):
            for odd in share.sample(list(odd_values()), PER_PARAMETER) if share else odd_values():
                changed = {**known, parameter.name: odd_values()[odd]}
                found.append(find_fault(name, called, changed, parameter.name, odd))
    return [fault for fault in found if fault]


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("which", [_constructors, _methods, _estimators])
def test_odd_arguments(objects, which, room):
    found = _faults(which(objects), room, random.Random(0))
    assert not found, "\n".join(found)


@pytest.mark.nightly
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("which", [_constructors, _methods, _estimators])
def test_all_odd_arguments(objects, which, room):
    found = _faults(which(objects), room, None)
    assert not found, f"{len(found)} of all\n" + "\n".join(found)
