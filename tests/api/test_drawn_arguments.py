"""Arguments that nobody thought of, drawn for any parameter: the rule of odd arguments holds."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from hypothesis.extra import numpy as hnp

from tests.api.judging import find_fault, parameters

WHOLE = st.one_of(st.integers(-3, 12), st.sampled_from([10**12, 2**62, -(2**70), 10**400]))
SCALARS = st.one_of(
    st.none(), st.booleans(), WHOLE, st.floats(), st.complex_numbers(), st.text(max_size=4),
    st.binary(max_size=3),
)  # fmt: skip
KINDS = ("?", "i1", "u8", "i8", "f2", "f4", "f8", ">f8", "c16", "U3", "S2", "M8[D]")
ARRAYS = st.sampled_from(KINDS).flatmap(
    lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=9))
)
LISTS = st.recursive(SCALARS, lambda items: st.lists(items, max_size=4), max_leaves=6)
MAPPINGS = st.dictionaries(st.one_of(st.text(max_size=3), WHOLE), SCALARS, max_size=3)
VALUES = st.one_of(SCALARS, LISTS, ARRAYS, MAPPINGS, st.tuples(SCALARS, SCALARS))


def draw_faults(calls: dict[str, Any], n_draws: int, seed: int | None) -> list[str]:
    """Return the faults of calls with one drawn argument; ``seed=None`` draws the same ones."""
    targets = []
    for name, (args, options) in sorted(calls.items()):
        room, _, function = name.partition(".")
        called = getattr(importlib.import_module(f"featgraph.{room}"), function)
        signature = inspect.signature(called)
        given_ = signature.bind(*args, **options).arguments
        known = {**given_, **given_.get("options", {})}
        targets += [(name, called, known, one.name) for one in parameters(signature)]
    found: list[str] = []

    @settings(
        max_examples=n_draws,
        derandomize=seed is None,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(target=st.sampled_from(targets), value=VALUES)
    def call(target: tuple[Any, ...], value: Any) -> None:
        name, called, known, parameter = target
        words = np.array2string(value) if isinstance(value, np.ndarray) else repr(value)
        fault = find_fault(name, called, {**known, parameter: value}, parameter, words[:80])
        found.extend([fault] if fault else [])

    if seed is not None:
        import hypothesis

        call = hypothesis.seed(seed)(call)
    call()
    return found


@pytest.mark.usefixtures("elsewhere")
def test_drawn_arguments(calls):
    found = draw_faults(calls, 250, None)
    assert not found, "\n".join(found)


@pytest.mark.nightly
@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("seed", range(8))
def test_many_drawn_arguments(calls, seed, monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", "2")  # what takes more takes minutes, too
    found = draw_faults(calls, 1500, seed)
    assert not found, f"{len(found)}\n" + "\n".join(found)
