"""Speed, accuracy and coverage of the invariance measures.

    python benchmarks/bench_invariance.py [--repeats 50]

Times are CPU seconds. scikit-dimension (CorrInt, TwoNN, MLE) and powerlaw are compared with
where they are installed. Compile time stands apart: everything runs once before it is timed.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from featgraph.invariance import (
    estimate_likelihood_dimension,
    estimate_two_nn,
    fit_power_law,
    measure_correlation_dimension,
    measure_released_dimension,
)
from featgraph.invariance.layer_spread import deviation, invert_spread

Cloud = NDArray[np.float64]


def torus(n_points: int, dim: int, rng: np.random.Generator) -> Cloud:
    """Product of circles: no edges."""
    angles = 2 * np.pi * rng.random((n_points, dim))
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1)


def sphere(n_points: int, dim: int, rng: np.random.Generator) -> Cloud:
    """The surface of a ball of dimension dim + 1: no edges."""
    points = rng.normal(size=(n_points, dim + 1))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def cube(n_points: int, dim: int, rng: np.random.Generator) -> Cloud:
    """A solid cube: all estimators fall short of it by its edges."""
    return rng.random((n_points, dim))


CLOUDS: dict[str, tuple[Callable[[int, int, np.random.Generator], Cloud], int]] = {
    "circle": (torus, 1), "2-sphere": (sphere, 2), "square": (cube, 2), "3-torus": (torus, 3),
    "3-cube": (cube, 3), "5-sphere": (sphere, 5), "5-cube": (cube, 5), "10-cube": (cube, 10),
}  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    """Return the CPU seconds of ``work()``."""
    start = time.process_time()
    work()
    return time.process_time() - start


def estimators() -> dict[str, Callable[[Cloud], float]]:
    """Return the dimension estimators there are, by name."""
    found: dict[str, Callable[[Cloud], float]] = {
        "D2": lambda x: measure_correlation_dimension(x, n_resamples=0).dimension,
        "TwoNN": lambda x: estimate_two_nn(x).dimension,
        "likelihood": lambda x: estimate_likelihood_dimension(x).dimension,
        "released": lambda x: measure_released_dimension(x).dimension,
        "released x3": lambda x: measure_released_dimension(3 * x).dimension,
    }
    if importlib.util.find_spec("skdim"):
        import skdim

        found["skdim CorrInt"] = lambda x: skdim.id.CorrInt().fit(x).dimension_
        found["skdim TwoNN"] = lambda x: skdim.id.TwoNN().fit(x).dimension_
        found["skdim MLE"] = lambda x: skdim.id.MLE().fit(x, n_neighbors=20).dimension_
    return found


def bench_dimensions(n_points: int, repeats: int) -> None:
    """Print mean and standard deviation of every estimator on every cloud, and its time."""
    found = estimators()
    print(f"\ndimensions, {n_points} points, mean ± standard deviation of {repeats} clouds")
    print(f"{'cloud':10s} " + " ".join(f"{name:>14s}" for name in found))
    for cloud, (make, dim) in CLOUDS.items():
        cells = []
        for estimate in found.values():
            values = [
                estimate(make(n_points, dim, np.random.default_rng(k))) for k in range(repeats)
            ]
            cells.append(f"{np.mean(values):7.2f} ± {np.std(values):4.2f}")
        print(f"{cloud:10s} " + " ".join(f"{cell:>14s}" for cell in cells), flush=True)
    points = sphere(n_points, 5, np.random.default_rng(0))
    times = [timed(lambda estimate=estimate: estimate(points)) for estimate in found.values()]
    print(f"{'seconds':10s} " + " ".join(f"{seconds:14.3f}" for seconds in times))
    resampled = timed(lambda: measure_correlation_dimension(points, n_resamples=100, rng=0))
    print(f"D2 with 100 resamples: {resampled:.3f} s")


def bench_tails() -> None:
    """Print the time of a tail fit with 200 bootstrap fits, beside one fit of powerlaw."""
    print("\npower-law tails: one fit with 200 synthetic ones, seconds; one fit of powerlaw")
    for n_values in (100, 300, 1000):
        values = (1 - np.random.default_rng(0).random(n_values)) ** (-1 / 1.5)
        fit_power_law(values, n_resamples=1, rivals=())
        ours = timed(lambda values=values: fit_power_law(values, rivals=(), rng=0))
        theirs = float("nan")
        if importlib.util.find_spec("powerlaw"):
            import powerlaw

            theirs = timed(
                lambda values=values: powerlaw.Fit(
                    values, verbose=0, parameter_ranges={"alpha": [1.0, None]}
                )
            )
        print(f"{n_values:6d} values {ours:9.3f} {theirs:9.3f}")


def bench_coverage(repeats: int) -> None:
    """Print how often 95 % intervals hold the truth."""
    print(f"\ncoverage of 95 % intervals, {repeats} trials each")
    for name in ("circle", "2-sphere", "3-torus", "5-sphere"):
        make, dim = CLOUDS[name]
        inside = np.zeros(3)
        for k in range(repeats):
            points = make(300, dim, np.random.default_rng(k))
            found = (
                measure_correlation_dimension(points, rng=k).interval,
                estimate_two_nn(points).interval,
                estimate_likelihood_dimension(points).interval,
            )
            inside += [low <= dim <= high for low, high in found]
        shares = ", ".join(f"{share:.2f}" for share in inside / repeats)
        print(f"{name:10s} D2, TwoNN, likelihood: {shares}")
    rng = np.random.default_rng(0)
    for half in (0.0, 0.1, 0.3):
        truth = 2.2 + half * np.linspace(-1, 1, 8)
        inside, percentiles = 0, 0
        for _ in range(repeats):
            gammas = 1 + 100 / rng.gamma(100, 1 / (truth - 1))
            draws = 1 + 100 / rng.gamma(100, 1 / (gammas - 1), size=(200, 8))
            low, high = invert_spread(gammas, draws, deviation, confidence=0.95)
            inside += low <= np.std(truth) + 1e-12 <= high
            low, high = np.quantile(deviation(draws), [0.025, 0.975])
            percentiles += low <= np.std(truth) <= high
        print(
            f"sigma, exponents 2.2 ± {half}: {inside / repeats:.2f} "
            f"(percentiles of sigma: {percentiles / repeats:.2f})"
        )


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=50, help="clouds and trials per row")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    bench_dimensions(1000, max(2, options.repeats // 5))
    bench_tails()
    bench_coverage(options.repeats)


if __name__ == "__main__":
    main()
