"""Compiled code that more than one room or file uses, and the decorator that compiles it."""

from featgraph.kernels.compiler import (
    kernel,
    light_kernel,
    small_work_in_python,
    summing_kernel,
)
from featgraph.kernels.waiting import silent_compiler

__all__ = ["kernel", "light_kernel", "silent_compiler", "small_work_in_python", "summing_kernel"]
