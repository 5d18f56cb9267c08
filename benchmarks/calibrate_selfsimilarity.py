"""How often the test of self-similarity is right: clouds whose construction decides the answer.

    python -m benchmarks.calibrate_selfsimilarity run --points 256 --seeds 40   # resumable
    python -m benchmarks.calibrate_selfsimilarity tables                        # for the docs

Every family of ``POINT_CLOUDS`` in several settings, at each level of noise: the share of verdicts
"self-similar", with its 95 % interval (Wilson). One line of ``calibration.jsonl`` per cloud.
"""

from __future__ import annotations

import argparse
import math
import time
from collections import defaultdict
from pathlib import Path

import torch

from benchmarks.lines import add_line, open_lines, read_lines
from featgraph.datasets import POINT_CLOUDS, make_point_cloud
from featgraph.selfsimilarity import self_similarity_test

N_DRAWS = 39
CLOUDS = [
    *(
        ("cantor_dust", {"n_axes": a, "ratio": r})
        for a in (2, 3, 4, 6)
        for r in (1 / 3, 1 / 4, 1 / 5)
    ),
    ("sierpinski_gasket", {}),
    ("sierpinski_carpet", {}),
    ("cascade", {}),
    ("cascade", {"n_axes": 2, "weight": 0.8}),
    ("aggregate", {}),
    ("levy_dust", {}),
    ("levy_dust", {"n_axes": 2, "tail": 1.5}),
    ("tree", {}),
    ("tree", {"n_branches": 3, "ratio": 0.4}),
    ("line", {}),
    ("plane", {}),
    ("torus", {}),
    ("cube", {}),
    ("gaussian", {}),
    *(("gaussian", {"spectrum": "exponential", "rate": r}) for r in (3.0, 8.0, 20.0)),
    *(("gaussian", {"spectrum": "power", "rate": r}) for r in (1.0, 2.0, 3.0)),
    *(("heavy_tailed", {"tail": t}) for t in (1.5, 3.0, 6.0)),
    ("ball", {}),
    ("sphere", {}),
    ("relu", {}),
    *(("clusters", {"n_clusters": k, "distance": d}) for k in (2, 8) for d in (1.0, 2.0, 4.0)),
]


def label(name: str, options: dict[str, object]) -> str:
    """Return a family and its options as words."""
    told = ", ".join(
        f"{key} {value:.3g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in options.items()
    )
    return f"{name} ({told})" if told else name


def wilson(k: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    z = 1.96
    middle, spread = k + z * z / 2, z * math.sqrt(k * (n - k) / n + z * z / 4)
    return (middle - spread) / (n + z * z), (middle + spread) / (n + z * z)


def run(path: Path, n_points: int, n_seeds: int, noises: list[float], n_samples: list[int]) -> None:
    """Test what is missing, seed by seed, so that a stopped run has some of everything."""
    done = open_lines(path)
    for seed in range(n_seeds):
        for noise in noises:
            for around in n_samples:
                for name, options in CLOUDS:
                    key = (label(name, options), n_points, around, noise, seed)
                    if key in done:
                        continue
                    F = make_point_cloud(
                        name, n_points, n_samples=around, noise=noise, rng=seed, **options
                    )
                    started = time.process_time()
                    found = self_similarity_test(
                        F, n_draws=N_DRAWS, rng=10**6 + seed
                    )  # not the cloud's
                    line = {
                        "key": key,
                        "family": name,
                        "verdict": found.verdict,
                        "p_value": found.p_value,
                        "by_pairs": found.dimension,
                        "by_boxes": found.box_dimension,
                        "n_scales": found.n_scales,
                        "cpu_seconds": time.process_time() - started,
                    }
                    add_line(path, line)


def show_tables(path: Path) -> None:
    """Print one Markdown table per kind and number of points."""
    groups: dict[tuple[str, int], dict[tuple[object, ...], list[dict[str, object]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for line in read_lines(path):
        words, n_points, around, noise, _ = line["key"]
        groups[POINT_CLOUDS[line["family"]].kind, n_points][words, around, noise].append(line)
    known = {label(name, options): (name, options) for name, options in CLOUDS}
    for (kind, n_points), rows in sorted(groups.items()):
        print(f"\n**{kind}, {n_points} points**\n")
        print(
            "| cloud | B | noise | clouds | self-similar [95 %] | not | undecided | scales |",
            end="",
        )
        print(" dimension | by boxes | by pairs |\n" + "|---" * 11 + "|")
        for (words, around, noise), lines in rows.items():
            name, options = known[words]
            row = POINT_CLOUDS[name]
            dimension = row.dimension(**{**row.options, **options})
            cells = [words, around, f"{noise:.0%}", *summarize(lines)]
            cells.insert(-2, "–" if dimension is None else f"{dimension:.2f}")
            print("| " + " | ".join(map(str, cells)) + " |")


def summarize(lines: list[dict[str, object]]) -> list[str]:
    """Return shares of verdicts and means of one row."""
    n = len(lines)
    yes, no = (
        sum(line["verdict"] == verdict for line in lines)
        for verdict in ("self-similar", "not self-similar")
    )
    low, high = wilson(yes, n)
    scales, boxes, pairs = (
        sum(line[key] for line in lines) / n for key in ("n_scales", "by_boxes", "by_pairs")
    )
    shares = [
        f"{yes / n:.0%} [{low:.0%}, {high:.0%}]",
        f"{no / n:.0%}",
        f"{(n - yes - no) / n:.0%}",
    ]
    return [str(n), *shares, f"{scales:.1f}", f"{boxes:.2f}", f"{pairs:.2f}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=("run", "tables"))
    parser.add_argument("--path", type=Path, default=Path("calibration.jsonl"))
    parser.add_argument("--points", type=int, default=256)
    parser.add_argument("--samples", type=int, nargs="+", default=[64])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.01])
    parser.add_argument("--seeds", type=int, default=40)
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "run":
        run(options.path, options.points, options.seeds, options.noise, options.samples)
    show_tables(options.path)


if __name__ == "__main__":
    main()
