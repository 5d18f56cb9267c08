"""``featgraph invariance``: are spectra, dimensions and shapes alike in all layers?"""

from __future__ import annotations

import argparse
import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.cli.inputs import add_model, read_images, read_options
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.invariance.geometric import GeometricInvariance
    from featgraph.invariance.scale import ScaleInvariance

__all__ = ["add_arguments", "measure_invariance"]

_SCALE = {"none": "leave it out", "tail": "", "released": "", "paper": ""}
_GEOMETRY = {"none": "leave it out", "full": "", "released": "", "paper": ""}
_SCALE_COLUMNS = {
    "layer": "layer",
    "n_eigenvalues": "λ > 0",
    "n_zero": "λ = 0",
    "exponent": "γ",
    "standard_error": "±",
    "n_tail": "tail",
    "p_value": "p",
    "verdict": "power law?",
    "nonzero_share": "nonzero",
}
_GEOMETRY_COLUMNS = {
    "layer": "layer",
    "n_nodes": "nodes",
    "dimension": "D₂",
    "low": "from",
    "high": "to",
    "has_plateau": "plateau",
    "two_nn": "TwoNN",
    "likelihood": "likelihood",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_model(parser)
    parser.add_argument(
        "-f", "--features", metavar="FILE", help="saved features instead of model and data"
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["auto"], metavar="NAME", help="layers; globs work"
    )
    parser.add_argument(
        "--units",
        action="store_true",
        help="every unit of a layer instead of one value per channel, as the released code does",
    )
    parser.add_argument(
        "--scale",
        type=one_of(_SCALE, "--scale"),
        default="tail",
        metavar="NAME",
        help="exponents of the spectra: tail, released, paper, or none",
    )
    parser.add_argument(
        "--geometry",
        type=one_of(_GEOMETRY, "--geometry"),
        default="full",
        metavar="NAME",
        help="correlation dimensions: full, released, paper (the last two need UMAP), or none",
    )
    parser.add_argument(
        "--short",
        type=one_of(("refuse", "skip"), "--short"),
        default="refuse",
        metavar="NAME",
        help="layers of fewer than 50 positive eigenvalues: refuse or skip",
    )
    parser.add_argument(
        "--duplicates",
        type=one_of(("refuse", "drop"), "--duplicates"),
        default="refuse",
        metavar="NAME",
        help="samples with equal features: refuse or drop",
    )
    parser.add_argument(
        "--exclude",
        type=whole(0),
        default=0,
        metavar="N",
        help="leave out pairs of samples at most N apart in order (Theiler window)",
    )
    parser.add_argument(
        "--bootstrap", type=whole(0), default=200, metavar="N", help="resamples for intervals"
    )
    add_seed(parser)
    add_output(parser, "featgraph-invariance")
    add_quiet(parser)


def measure_invariance(
    *,
    model: str | None = None,
    weights: str | None = None,
    option: list[str] | None = None,
    data: str | None = None,
    size: int | None = None,
    normalize: str = "none",
    max_images: int = 512,
    features: str | None = None,
    layers: list[str] | None = None,
    units: bool = False,
    scale: Any = "tail",
    geometry: Any = "full",
    short: Any = "refuse",
    duplicates: Any = "refuse",
    exclude: int = 0,
    bootstrap: int = 200,
    seed: int = 0,
    out: str = "featgraph-invariance",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Measure scale and geometric invariance; print tables, write tables and pictures.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.invariance.geometric import measure_geometric_invariance
    from featgraph.invariance.scale import measure_scale_invariance
    from featgraph.report.folder import claim_folder

    if scale == "none" and geometry == "none":
        raise ValueError("--scale and --geometry are both none: nothing is left to measure")
    if (model is None) == (features is None):
        raise ValueError("give either a model (and --data) or --features FILE")
    progress = False if quiet else None
    if features is not None:
        found = _read_features(features, layers or ["auto"])
    else:
        found = _capture(
            str(model), weights, option or [], data, size, normalize, max_images,
            layers or ["auto"], units, seed, quiet,
        )  # fmt: skip
    folder = claim_folder(out, kind="invariance", force=force)
    written = {"provenance.json"}
    if scale != "none":
        rivals = _available_rivals(quiet)
        spectra = measure_scale_invariance(
            found, variant=scale, short=short, n_bootstrap=bootstrap, rivals=rivals, rng=seed,
            progress=progress,
        )  # fmt: skip
        written |= _report_scale(folder, spectra, quiet)
    if geometry != "none":
        dimensions = measure_geometric_invariance(
            found, variant=geometry, duplicates=duplicates, exclude=exclude,
            n_resamples=bootstrap, rng=seed, progress=progress,
        )  # fmt: skip
        written |= _report_geometry(folder, dimensions, quiet)
    _finish(folder, written, {"scale": scale, "geometry": geometry, "seed": seed})
    say(f"written to {folder}", quiet=quiet)
    return 0


def _read_features(path: str, layers: list[str]) -> dict[str, FeatureMatrix]:
    from featgraph.features.files import load_features
    from featgraph.report.states import choose_names

    found = load_features(path)
    return {name: found[name] for name in choose_names(list(found), layers)}


def _capture(
    spec: str,
    weights: str | None,
    option: list[str],
    data: str | None,
    size: int | None,
    normalize: str,
    max_images: int,
    layers: list[str],
    units: bool,
    seed: int,
    quiet: bool,
) -> dict[str, FeatureMatrix]:
    from featgraph.features.capture import extract_features
    from featgraph.models.loading import load_model

    if data is None:
        raise ValueError("--data must name the images for the model: folder, .zip, .npz, digits")
    images = read_images(data, size, normalize, max_images, quiet)
    model = load_model(spec, weights=weights, seed=seed, **read_options(option))
    return extract_features(
        model,
        images.images,
        layers=layers[0] if len(layers) == 1 else layers,
        reduce="flatten" if units else "auto",
        progress=False if quiet else None,
    )


def _available_rivals(quiet: bool) -> tuple[str, ...]:
    from featgraph.graph.rivals import RIVALS

    if importlib.util.find_spec("powerlaw") is not None:
        return tuple(RIVALS)
    say("rivals of the power law are left out: pip install 'featgraph[stats]'\n", quiet=quiet)
    return ()


def _report_scale(folder: Path, result: ScaleInvariance, quiet: bool) -> set[str]:
    from featgraph.io.tables import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.spectra import plot_exponents, plot_spectra

    rows = result.to_rows()
    say(format_table(rows, _SCALE_COLUMNS), quiet=quiet)
    say(_spread("σ", result.sigma, result), quiet=quiet)
    files = [write_rows(rows, folder / f"scale{suffix}") for suffix in (".csv", ".md")]
    files.append(result.save(folder / "scale.json"))
    files += save_figure(plot_spectra(result)[0], folder / "spectra")
    files += save_figure(plot_exponents(result)[0], folder / "exponents")
    return {path.name for path in files}


def _report_geometry(folder: Path, result: GeometricInvariance, quiet: bool) -> set[str]:
    from featgraph.io.tables import write_rows
    from featgraph.plot.correlation import plot_correlation_sum, plot_dimensions
    from featgraph.plot.files import save_figure

    rows = result.to_rows()
    say(format_table(rows, _GEOMETRY_COLUMNS), quiet=quiet)
    say(_spread("Δ", result.delta, result), quiet=quiet)
    files = [write_rows(rows, folder / f"geometry{suffix}") for suffix in (".csv", ".md")]
    files.append(result.save(folder / "geometry.json"))
    if result.variant != "released":  # it keeps no correlation sums
        files += save_figure(plot_correlation_sum(result)[0], folder / "correlation")
    files += save_figure(plot_dimensions(result)[0], folder / "dimensions")
    return {path.name for path in files}


def _spread(symbol: str, value: float, result: ScaleInvariance | GeometricInvariance) -> str:
    if len(result.layers) < 2:
        return f"\none layer: {symbol} needs at least two\n"
    text = f"\n{symbol} = {value:.4f}"
    if result.interval is not None and result.noise_floor is not None:
        low, high = result.interval
        text += f", 95 % from {low:.4f} to {high:.4f}; noise alone {result.noise_floor:.4f}"
    return f"{text}\n"


def _finish(folder: Path, written: set[str], settings: dict[str, Any]) -> None:
    from featgraph.core.files import write_text
    from featgraph.report.folder import list_files, remove_stale, write_manifest
    from featgraph.report.provenance import command_line, describe_run

    provenance = asdict(describe_run(command_line(), settings))
    write_text(folder / "provenance.json", json.dumps(provenance, indent=1) + "\n")
    remove_stale(folder, before=list_files(folder), now=written)
    write_manifest(folder, kind="invariance", files=written)
