"""The tables and the two pictures of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch

import featgraph as fg
from featgraph.distances import feature_distances
from featgraph.selfsimilarity import theta_grid

from ..lines import read_lines
from .measures import FEWER_SAMPLES, RESULTS, SEEDS, set_loud_aside
from .networks import N_SAMPLES, NETWORKS, load_features

__all__ = ["draw_pictures", "show_tables"]


Lines = dict[tuple[object, ...], dict[str, object]]
MEANS = {
    "released": "released",
    "printed Eq. 9": "paper",
    "midpoint": "midpoint",
    "smallest number of boxes": "minimum",
}
NULLS = {
    "released": "released",
    "Gaussian null": "gaussian_released",
    "shuffled null": "shuffled_released",
    "midpoint": "midpoint",
    "Gaussian null ": "gaussian_midpoint",
    "shuffled null ": "shuffled_midpoint",
    "released, quantiles and log θ": "released_robust",
    "midpoint, quantiles and log θ": "midpoint_robust",
}
STATES = {"untrained": SEEDS, "trained": (None,)}
NEURONS = {"all": False, "without loud": True}


def print_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print("\n| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    for row in rows:
        print("| " + " | ".join(row) + " |")


def average(
    lines: Lines, network: str, n_samples: int, is_quiet: bool, state: str, name: str
) -> str:
    """Return the mean over layers and seeds, of the first number where there are several."""
    values = [
        line[name][0] if isinstance(line[name], list) else line[name]
        for key, line in lines.items()
        if key[1] == network and key[3:5] == (n_samples, is_quiet)
        and key[2] in STATES[state] and name in line
    ]  # fmt: skip
    return f"{np.mean(values):.2f}" if values else "–"


def show_tables(folder: Path) -> None:
    """Print the tables of the documentation: means, null models, verdicts, layers."""
    lines = {tuple(line["key"]): line for line in read_lines(folder / RESULTS)}
    shown = [
        (network, n_samples, words)
        for network in NETWORKS
        for n_samples in (N_SAMPLES, *FEWER_SAMPLES[::-1])
        for words in NEURONS
        if any(key[1] == network for key in lines)
    ]
    rows = []
    for network, n_samples, words in shown:
        place = (lines, network, n_samples, NEURONS[words])
        pairs = [[average(*place, state, name) for state in STATES] for name in MEANS.values()]
        rows.append([network, str(n_samples), words, *(" → ".join(pair) for pair in pairs)])
    print_table(["network", "samples", "neurons", *MEANS], rows)
    print_table(
        ["network", "state", "neurons", *NULLS],
        (
            [network, state, words]
            + [average(lines, network, n, NEURONS[words], state, name) for name in NULLS.values()]
            for network, n, words in shown
            if n == N_SAMPLES
            for state in STATES
        ),
    )
    show_verdicts(lines)
    show_layers(lines)


def show_verdicts(lines: Lines) -> None:
    """Print how many layers of each network are self-similar, with and without loud neurons."""
    rows = []
    for network in NETWORKS:
        for state, seeds in STATES.items():
            cells = [network, state]
            for is_quiet in NEURONS.values():
                found = [
                    line["verdict"]
                    for key, line in lines.items()
                    if key[0] == "test" and key[1] == network
                    and key[2] in seeds and key[4] == is_quiet
                ]  # fmt: skip
                verdicts = ("self-similar", "not self-similar", "undecided")
                cells += [str(len(found)), *(str(found.count(verdict)) for verdict in verdicts)]
            rows.append(cells[:6] + cells[7:])
    words = ["self-similar", "not", "undecided"]
    print_table(
        ["network", "state", "layers", *words, *(f"{word} without loud" for word in words)], rows
    )


def show_layers(lines: Lines) -> None:
    """Print every layer at the most samples, trained and of the first seed."""
    head = ["network", "layer", "neurons", "state", "set aside", "largest norm", "released"]
    head += ["without loud", "smallest number of boxes", "without loud", "proven"]
    head += ["test of self-similarity", "without loud"]
    rows = []
    for part, network, seed, n_samples, is_quiet, layer in lines:
        if part != "rates" or is_quiet or n_samples != N_SAMPLES or seed not in (None, SEEDS[0]):
            continue
        both = [(network, seed, n_samples, quiet, layer) for quiet in NEURONS.values()]
        rates = [lines.get(("rates", *key), {}) for key in both]
        proofs = [lines.get(("proof", *key), {}) for key in both]
        cells = [network, layer.rsplit(".", 1)[-1], str(rates[0]["n_nodes"])]
        cells += ["untrained" if seed is not None else "trained"]
        cells += [str(rates[0]["n_nodes"] - rates[1].get("n_nodes", 0))]
        cells += [f"{rates[0]['leverage'][2]:.1f}"]
        cells += [f"{rate['released']:.2f}" if rate else "–" for rate in rates]
        cells += [f"{proof['minimum']:.2f}" if proof else "–" for proof in proofs]
        cells += [f"{proofs[0]['proven']:.0%}" if proofs[0] else "–"]
        cells += [lines.get(("test", *key), {}).get("verdict", "–") for key in both]
        rows.append(cells)
    print_table(head, rows)


def draw_pictures(folder: Path, out: Path) -> None:
    """Draw SS_rate of every layer, and N over θ of one layer with and without loud neurons."""
    import matplotlib.pyplot as plt

    lines = [line for line in read_lines(folder / RESULTS) if line["key"][3] == N_SAMPLES]
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
