"""What SS_rate costs: work beside bare distances, memory without a thresholds × pairs table."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numba
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

BENCHMARK = Path(__file__).resolve().parents[2] / "benchmarks" / "bench_ss_rate.py"

pytestmark = [
    pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="kernels are not compiled"),
    pytest.mark.skipif(not BENCHMARK.is_file(), reason="no benchmarks beside the tests"),
]


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_ss_rate", BENCHMARK)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Numbers(TorchDispatchMode):
    """Counts the numbers that torch makes: work that is the same on every machine."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0
        self.largest = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        for value in tree_leaves(made):
            if isinstance(value, torch.Tensor):
                self.total += value.numel()
                self.largest = max(self.largest, value.numel())
        return made


def count_numbers(bench: ModuleType, name: str) -> Numbers:
    F = bench.make_features(512, 64, "cpu")
    with Numbers() as numbers:
        bench.run_once(name, F)
    return numbers


def test_work_is_of_the_order_of_bare_distances(bench: ModuleType) -> None:
    bare, fast, dense = (
        count_numbers(bench, name)
        for name in ("torch.cdist", "released numerics", "dense definition")
    )
    assert fast.total < 2 * bare.total  # seconds are the business of the benchmark
    assert fast.largest == bare.largest == 512**2
    assert dense.total > 50 * fast.total


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux' accounts")
def test_memory_is_a_few_distance_matrices(bench: ModuleType) -> None:
    peak = bench.peak_bytes("released numerics", 2048, 64, 1, "cpu")
    # C, the weights of the gradient, and small change; the dense definition takes 6 GB here.
    assert peak < 6 * 2048**2 * 4
