"""Measured dimensions beside known ones: flowers, lattices, trees, small worlds.

    python benchmarks/validate_dimensions.py

Part 1 fits d_B of graphs whose dimension is known, at the sizes at which they repeat themselves,
in two conventions: against log(1 + ℓ), which featgraph uses, and against log ℓ. Part 2 lets
``fractality`` judge graphs without telling it anything. Part 3 measures spectra. Some minutes.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np

import featgraph as fg
from featgraph.datasets import (
    make_barabasi_albert,
    make_flower,
    make_lattice,
    make_song_havlin_makse,
    make_tree,
    make_watts_strogatz,
)

ROW = "{:<26}{:>8}{:>8}{:>10}{:>10}{:>9}{:>9}  {}"


def slope(sizes: np.ndarray, counts: np.ndarray, offset: float) -> float:
    """Return minus the slope of log N against log(offset + ℓ)."""
    return float(-np.polyfit(np.log(sizes + offset), np.log(counts), 1)[0])


def show_known(name, graph, known, sizes, method, window=(0.0, math.inf)) -> None:
    """Print d_B in both conventions over the sizes inside the window."""
    start = time.perf_counter()
    options = {"kind": "radius", "time_limit": 20.0} if method == "optimum" else {}
    counts = fg.box_counts(graph, sizes=sizes, method=method, rng=0, progress=False, **options)
    ell = np.asarray(counts.diameter_sizes, dtype=float)
    kept = (counts.counts > 1) & (ell >= window[0]) & (ell <= window[1])
    ell, boxes = ell[kept], counts.counts[kept]
    ours, plain = slope(ell, boxes, 1.0), slope(ell, boxes, 0.0)
    told = " ".join(f"{n}@{size:g}" for size, n in zip(ell, boxes, strict=True))
    print(
        ROW.format(
            name, graph.n_nodes, method[:7], f"{known:.3f}", f"{ours:.3f}",
            f"{100 * (ours / known - 1):+.1f} %", f"{plain:.3f}",
            f"{told}  ({time.perf_counter() - start:.1f} s)",
        ), flush=True,
    )  # fmt: skip


def validate_known() -> None:
    """Part 1."""
    print(ROW.format("graph", "nodes", "boxes", "known d_B", "log(1+ℓ)", "error", "log ℓ", "N@ℓ"))
    two, three = [2**k - 1 for k in range(1, 10)], [3**k - 1 for k in range(1, 6)]
    balls, thirds = [2**k for k in range(8)], [(3**k - 1) // 2 for k in range(1, 6)]
    reach = [2**k - 1 for k in range(1, 5)]
    ratio = {"23": math.log(5, 2), "33": math.log(6, 3), "21": math.log(5, 3), "31": math.log(7, 3)}
    for g in (5, 6, 7):
        show_known(f"flower (2,2) g={g}", make_flower(2, 2, g), 2.0, two, "greedy")
    show_known("flower (2,2) g=7", make_flower(2, 2, 7), 2.0, balls, "memb", (8, 32))
    for g in (5, 6):
        flower = make_flower(3, 3, g)
        show_known(f"flower (3,3) g={g}", flower, ratio["33"], thirds, "memb", (0, 3.0 ** (g - 1)))
    for m, g in ((2, 5), (2, 6), (3, 5)):
        tree = make_song_havlin_makse(m, 1, g)
        known = ratio[f"{m}1"]
        show_known(f"SHM tree m={m} g={g}", tree, known, thirds, "memb", (0, 3.0 ** (g - 1)))
        show_known(f"SHM tree m={m} g={g}", tree, known, three, "greedy", (0, 3.0 ** (g - 1)))
    show_known("cycle of 1200", fg.datasets.make_cycle(1200), 1.0, [1, 2, 4, 9, 19, 39], "greedy")
    rungs = [2, 4, 6, 8, 10, 12]
    for g in (5, 6):
        flower = make_flower(2, 3, g)
        show_known(f"flower (2,3) g={g}", flower, ratio["23"], reach, "optimum", (6, 30))
    show_known("2-D torus, side 60", make_lattice((60, 60), periodic=True), 2.0, rungs, "greedy")
    show_known("2-D torus, side 60", make_lattice((60, 60), periodic=True), 2.0, rungs, "halo")
    small = [2, 3, 4, 5, 6]
    cube = make_lattice((16, 16, 16), periodic=True)
    show_known("3-D torus, side 16", cube, 3.0, small, "greedy")


def validate_verdicts() -> None:
    """Part 2."""
    print("\nverdicts of fractality(graph, method='greedy'), nothing else said")
    graphs = {
        "flower (2,2) g=6": make_flower(2, 2, 6),
        "flower (2,3) g=5": make_flower(2, 3, 5),
        "flower (3,3) g=5": make_flower(3, 3, 5),
        "flower (1,2) g=7": make_flower(1, 2, 7),
        "flower (1,3) g=6": make_flower(1, 3, 6),
        "SHM tree, hubs repel": make_song_havlin_makse(2, 1, 5),
        "SHM tree, hubs attract": make_song_havlin_makse(2, 1, 5, keep=1.0),
        "2-D lattice, side 40": make_lattice((40, 40)),
        "3-D lattice, side 12": make_lattice((12, 12, 12)),
        "binary tree, height 9": make_tree(9),
        "Barabási–Albert m=1": make_barabasi_albert(3000, 1, rng=0),
        "Barabási–Albert m=2": make_barabasi_albert(2000, 2, rng=0),
        **{
            f"Watts–Strogatz p={p:g}": make_watts_strogatz(2000, 4, p, rng=0)
            for p in (0.003, 0.01, 0.03, 0.1, 0.3)
        },
    }
    for name, graph in graphs.items():
        print(
            f"{name:<26}{fg.fractality(graph, method='greedy', rng=0, progress=False)}", flush=True
        )


def validate_spectra() -> None:
    """Part 3."""
    print("\nD_q (± standard error) and theory")
    moments = (-5, -2, 0, 1, 2, 3, 5)
    flower = make_flower(2, 2, 7)
    torus = make_lattice((60, 60), periodic=True)
    cube = make_lattice((20, 20, 20), periodic=True)
    rows = {
        "flower (2,2), theory": None,
        "  sandbox": fg.multifractal_sandbox(flower, scale=2, window=(4, 64), n_centers=3000),
        "  box masses, memb": fg.multifractal_boxes(
            flower, method="memb", scale=2, window=(4, 64), progress=False
        ),
        "2-D torus, sandbox": fg.multifractal_sandbox(torus, window=(4, 58)),
        "3-D torus, sandbox": fg.multifractal_sandbox(cube, window=(6, 19), n_centers=50),
    }
    print(f"{'':<24}" + "".join(f"{f'q={q}':>14}" for q in moments))
    for name, spectrum in rows.items():
        if spectrum is None:
            cells = [f"{2.0 if q < 2 else q / (q - 1):.3f}" for q in moments]
        else:
            errors = [np.interp(q, spectrum.q, spectrum.dimension_error) for q in moments]
            cells = [
                f"{spectrum.dimension(q):.3f} ±{error:.3f}"
                for q, error in zip(moments, errors, strict=True)
            ]
        print(f"{name:<24}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    validate_known()
    validate_verdicts()
    validate_spectra()


if __name__ == "__main__":
    main()
