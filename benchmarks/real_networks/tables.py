"""The tables and the two pictures of the documentation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

import featgraph as fg
from featgraph.distances import feature_distances
from featgraph.selfsimilarity import theta_grid

from .measures import read_results, set_loud_aside
from .networks import N_SAMPLES, load_features

__all__ = ["draw_pictures", "show_tables"]


def average(lines: list[dict[str, object]], name: str) -> str:
    """Return the mean over layers and seeds, of the first number where there are several."""
    values = [line[name] for line in lines if name in line]
    if not values:
        return "–"
    return f"{np.mean([v[0] if isinstance(v, list) else v for v in values]):.3f}"


def show_tables(folder: Path) -> None:
    """Print means over layers and seeds, and every layer of the most samples, as Markdown."""
    lines = read_results(folder / "results.jsonl")
    groups: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for line in lines:
        part, net, seed, n_samples, is_quiet, _ = line["key"]
        group = (net, n_samples, is_quiet, "trained" if seed is None else "untrained")
        groups.setdefault((part, *group), []).append(line)
    names = ["released", "paper", "midpoint", "minimum", "proven"]
    names += ["gaussian_released", "shuffled_released", "gaussian_midpoint", "shuffled_midpoint"]
    names += ["released_robust", "midpoint_robust"]
    print("| network | samples | neurons | state | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 4) + "|")
    for net, n_samples, is_quiet, state in sorted({key[1:] for key in groups}, key=str):
        key = (net, n_samples, is_quiet, state)
        found = groups.get(("rates", *key), []) + groups.get(("proof", *key), [])
        cells = [net, str(n_samples), "without loud" if is_quiet else "all", state]
        print("| " + " | ".join(cells + [average(found, name) for name in names]) + " |")
    print(
        "\n| network | layer | neurons | state | set aside | largest norm | released | without |",
        end="",
    )
    print(" minimum | without | test | without |\n" + "|---" * 12 + "|")
    by_key = {tuple(line["key"]): line for line in lines}
    for part, net, seed, n_samples, is_quiet, layer in by_key:
        if part != "rates" or is_quiet or n_samples != N_SAMPLES or seed not in (None, 0):
            continue
        both = [(net, seed, n_samples, quiet, layer) for quiet in (False, True)]
        rates = [by_key[("rates", *key)] for key in both]
        proofs = [by_key.get(("proof", *key), {}) for key in both]
        tests = [by_key.get(("test", *key), {}).get("verdict", "–") for key in both]
        told = [f"{rate['released']:.2f}" for rate in rates]
        told += [f"{proof['minimum']:.2f}" if proof else "–" for proof in proofs]
        aside = rates[0]["n_nodes"] - rates[1]["n_nodes"]
        cells = [net, layer.rsplit(".", 1)[1], str(rates[0]["n_nodes"])]
        cells += ["trained" if seed is None else "untrained", str(aside)]
        cells += [f"{rates[0]['leverage'][2]:.1f}", *told, *tests]
        print("| " + " | ".join(cells) + " |")


def draw_pictures(folder: Path, out: Path) -> None:
    """Draw SS_rate of every layer, and N over θ of one layer with and without loud neurons."""
    import matplotlib.pyplot as plt

    lines = [line for line in read_results(folder / "results.jsonl") if line["key"][3] == N_SAMPLES]
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharey=True, layout="constrained")
    for row, net in zip(axes, ("MiniLM", "EfficientNet-Lite0"), strict=True):
        for axis, (name, title) in zip(
            row,
            (("released", "released formula"), ("minimum", "smallest number of boxes")),
            strict=True,
        ):
            for is_quiet, style in ((False, "-"), (True, ":")):
                for seed, color in ((0, "tab:gray"), (None, "tab:red")):
                    values = [
                        line[name]
                        for line in lines
                        if name in line
                        and line["key"][1:3] == [net, seed]
                        and line["key"][4] == is_quiet
                    ]
                    told = "untrained" if seed == 0 else "trained"
                    told += ", without loud neurons" if is_quiet else ""
                    axis.plot(values, style, color=color, marker="o", ms=3, label=told)
            axis.set_title(f"{net}: {title}", fontsize=10)
            axis.set(xlabel="block", ylim=(0, 0.75))
        row[0].set_ylabel("SS_rate")
    axes[1, 1].legend(fontsize=8, loc="upper right", ncols=2)
    figure.savefig(out / "real-networks.png", dpi=110)
    draw_counts(folder, out)


def draw_counts(folder: Path, out: Path) -> None:
    """Draw the counts of block 3 of MiniLM."""
    import matplotlib.pyplot as plt
    from matplotlib.ticker import NullFormatter

    from featgraph.selfsimilarity import count_boxes

    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), sharey=True, layout="constrained")
    trained = load_features("MiniLM", None, folder, None)["encoder.layer.3"]
    untrained = load_features("MiniLM", 0, folder, None)["encoder.layer.3"]
    layers = (
        ("untrained", untrained),
        ("trained", trained),
        ("trained, without loud neurons", set_loud_aside(trained)),
    )
    for axis, (title, F) in zip(axes, layers, strict=True):
        C = feature_distances(fg.features.as_feature_matrix(F.astype(np.float64)))
        theta = theta_grid(C, 256)
        for estimator, label in (
            ("released", "released formula"),
            ("packing", "lower bound (packing)"),
            ("linkage", "boxes (complete linkage)"),
        ):
            axis.plot(theta, count_boxes(C, theta, estimator=estimator), label=label)
        x = torch.log1p(theta)
        line = len(F) ** ((x[-1] - x) / (x[-1] - x[0]))
        axis.plot(theta, line, "k--", lw=1, label="power law")
        axis.set(xscale="log", yscale="log", xlabel="θ", title=f"{title}: {len(F)} neurons")
        axis.set_title(axis.get_title(), fontsize=10)
        axis.set_xticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("boxes")
    axes[0].legend(fontsize=8)
    figure.savefig(out / "real-networks-counts.png", dpi=110)
