"""``featgraph invariance``: are spectra, dimensions and shapes alike in all layers?"""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from featgraph.cli.inputs import (
    IMAGES,
    Data,
    Images,
    ModelOptions,
    ModelSpec,
    SavedFeatures,
    Weights,
    build_model,
    check_subject,
    choose_layers,
)
from featgraph.cli.options import Force, Layers, Out, Seed, whole
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from torch import nn

    from featgraph.datasets.images import ImageDataset
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.invariance.geometric import GeometricInvariance
    from featgraph.invariance.scale import ScaleInvariance

__all__ = ["measure_invariance"]

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


def measure_invariance(
    model: ModelSpec | None = None,
    /,
    *,
    weights: Weights = None,
    option: ModelOptions = (),
    data: Data = None,
    images: Images = IMAGES,
    features: SavedFeatures = None,
    layers: Layers = ("auto",),
    units: bool = False,
    spectra: Literal["tail", "released", "paper", "none"] = "tail",
    geometry: Literal["full", "released", "paper", "none"] = "full",
    short: Literal["refuse", "skip"] = "refuse",
    duplicates: Literal["refuse", "drop"] = "refuse",
    exclude: Annotated[int, whole(0)] = 0,
    bootstrap: Annotated[int, whole(0)] = 200,
    seed: Seed = 0,
    out: Out = Path("featgraph-invariance"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Are spectra and dimensions alike in all layers?

    Measures scale and geometric invariance of a model on images, or of saved features, and
    writes tables and pictures.

    Parameters
    ----------
    units
        Every unit of a layer instead of one value per channel, as the released code does.
    spectra
        Exponents of the spectra: tail, released, paper, or none.
    geometry
        Correlation dimensions: full, released, paper (the last two need UMAP), or none.
    short
        Layers of fewer than 50 positive eigenvalues: refuse or skip.
    duplicates
        Samples with equal features: refuse or drop.
    exclude
        Leave out pairs of samples at most N apart in order (Theiler window).
    bootstrap
        Resamples for intervals.

    Examples
    --------
    featgraph invariance mlp --data digits
    featgraph invariance net.py:build --weights net.pt --data images/ --layers "layer*"
    featgraph invariance --features features.npz --spectra tail --geometry full
    """
    from featgraph.invariance.geometric import measure_geometric_invariance
    from featgraph.invariance.scale import measure_scale_invariance
    from featgraph.report.folder import claim_folder

    if spectra == "none" and geometry == "none":
        raise ValueError("--spectra and --geometry are both none: nothing is left to measure")
    check_subject(model, features)
    if features is not None:
        found = choose_layers(features, layers)
    else:
        shown = images.read(data, screen)
        network = build_model(str(model), weights, option, seed)
        found = _capture(network, shown, layers, units, screen)
    folder = claim_folder(out, kind="invariance", force=force)
    written = {"provenance.json"}
    tables: dict[str, Any] = {}
    if spectra != "none":
        exponents = measure_scale_invariance(
            found, variant=spectra, short=short, n_bootstrap=bootstrap,
            rivals=_available_rivals(screen), rng=seed, progress=screen.progress,
        )  # fmt: skip
        written |= _report_scale(folder, exponents, screen)
        tables |= {"scale": exponents.to_rows(), "sigma": exponents.sigma}
    if geometry != "none":
        dimensions = measure_geometric_invariance(
            found, variant=geometry, duplicates=duplicates, exclude=exclude,
            n_resamples=bootstrap, rng=seed, progress=screen.progress,
        )  # fmt: skip
        written |= _report_geometry(folder, dimensions, screen)
        tables |= {"geometry": dimensions.to_rows(), "delta": dimensions.delta}
    _finish(folder, written, {"scale": spectra, "geometry": geometry, "seed": seed})
    screen.say(f"written to {folder}")
    return tables


def _capture(
    network: nn.Module, shown: ImageDataset, layers: Layers, units: bool, screen: Screen
) -> dict[str, FeatureMatrix]:
    from featgraph.features.capture import extract_features

    return extract_features(
        network,
        shown.images,
        layers=layers[0] if len(layers) == 1 else list(layers),
        reduce="flatten" if units else "auto",
        progress=screen.progress,
    )


def _available_rivals(screen: Screen) -> tuple[str, ...]:
    from featgraph.graph.rivals import RIVALS

    if importlib.util.find_spec("powerlaw") is not None:
        return tuple(RIVALS)
    screen.say("rivals of the power law are left out: pip install 'featgraph[stats]'\n")
    return ()


def _report_scale(folder: Path, result: ScaleInvariance, screen: Screen) -> set[str]:
    from featgraph.io.tables import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.spectra import plot_exponents, plot_spectra

    rows = result.to_rows()
    files = [write_rows(rows, folder / f"scale{suffix}") for suffix in (".csv", ".md")]
    files.append(result.save(folder / "scale.json"))
    files += save_figure(plot_spectra(result)[0], folder / "spectra")
    files += save_figure(plot_exponents(result)[0], folder / "exponents")
    screen.table(rows, _SCALE_COLUMNS)
    screen.say(_spread("σ", result.sigma, result))
    return {path.name for path in files}


def _report_geometry(folder: Path, result: GeometricInvariance, screen: Screen) -> set[str]:
    from featgraph.io.tables import write_rows
    from featgraph.plot.correlation import plot_correlation_sum, plot_dimensions
    from featgraph.plot.files import save_figure

    rows = result.to_rows()
    files = [write_rows(rows, folder / f"geometry{suffix}") for suffix in (".csv", ".md")]
    files.append(result.save(folder / "geometry.json"))
    if result.variant != "released":  # it keeps no correlation sums
        files += save_figure(plot_correlation_sum(result)[0], folder / "correlation")
    files += save_figure(plot_dimensions(result)[0], folder / "dimensions")
    screen.table(rows, _GEOMETRY_COLUMNS)
    screen.say(_spread("Δ", result.delta, result))
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
