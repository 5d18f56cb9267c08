"""The form in which numbers come, as lists, tensors, in other precision, changes no result."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch

import featgraph


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
