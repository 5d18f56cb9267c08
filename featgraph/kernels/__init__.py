"""Compiled code that more than one room or file uses, and the decorator that compiles it."""

from featgraph.kernels.compiler import (
    kernel,
    light_kernel,
    light_loop,
    silent_compiler,
    small_work_in_python,
    summing_kernel,
)

__all__ = [
    "kernel",
    "light_kernel",
    "light_loop",
    "silent_compiler",
    "small_work_in_python",
    "summing_kernel",
]
