"""Tails: exponents of power laws."""

from __future__ import annotations

import numpy as np

import featgraph as fg
from benchmarks.peers import definitions
from benchmarks.peers.row import Arrays, Row

CPU = ("numpy==2.2.6", "scipy==1.15.3")


def _with_start(values: np.ndarray, discrete: bool) -> Arrays:
    """Values, and where featgraph lets their tail begin, so that both fit the same tail."""
    least = fg.graph.fit_tail(values, discrete=discrete).x_min
    return {"values": values, "least": np.array(least)}


def steep() -> Arrays:
    """Whole numbers from 100 on whose tail is steep."""
    draws = 1 - np.random.default_rng(0).random(2000)
    return _with_start(np.floor(99.5 * draws ** (-1 / 7) + 0.5).astype(np.int64), True)


def pareto() -> Arrays:
    """Real numbers of the exponent 2.5 from 1 on."""
    return _with_start((1 - np.random.default_rng(1).random(3000)) ** (-1 / 1.5), False)


def _ours(discrete: bool):
    return lambda given: fg.graph.fit_tail(given["values"], discrete=discrete).exponent


def _continuous(given: Arrays) -> float:
    tail = given["values"][given["values"] >= given["least"]]
    return float(1 + len(tail) / np.log(tail / given["least"]).sum())


_POWERLAW = ("powerlaw==2.0.0", *CPU, "mpmath", "matplotlib")

ROWS = [
    Row(
        "powerlaw_steep",
        _POWERLAW,
        "exponent of 2,000 whole numbers from 100 on, a steep tail",
        steep,
        "value = powerlaw.Fit(values, xmin=int(least), discrete=True, estimate_discrete=False, verbose=False).power_law.alpha",
        _ours(True),
        lambda given: definitions.zeta_exponent(given["values"], int(given["least"])),
        prepare="import powerlaw",
        rtol=1e-3,
        note="its search ends before the largest likelihood",
    ),
    Row(
        "powerlaw",
        _POWERLAW,
        "exponent of 3,000 real numbers",
        pareto,
        "value = powerlaw.Fit(values, xmin=float(least), verbose=False).power_law.alpha",
        _ours(False),
        _continuous,
        prepare="import powerlaw",
        rtol=1e-4,
    ),
    Row(
        "powerlawrs",
        ("powerlawrs==0.0.15", *CPU, "matplotlib"),
        "exponent of 3,000 real numbers",
        pareto,
        "value = powerlawrs.fit(values.tolist()).ParetoFit.alpha",
        _ours(False),
        _continuous,
        prepare="import powerlawrs",
        rtol=0.02,
        note="it reports the exponent of the cumulated distribution, one lower",
    ),
]
