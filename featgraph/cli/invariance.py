"""``featgraph invariance``: are spectra, dimensions and shapes alike in all layers?"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import refuse_idle
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from torch import nn

    from featgraph import FeatureMatrix
    from featgraph.datasets import ImageDataset
    from featgraph.invariance import GeometricInvariance, ScaleInvariance

__all__ = ["measure_invariance"]

_SCALE_COLUMNS = {
    "layer": "layer", "n_eigenvalues": "λ > 0", "n_zero": "λ = 0", "exponent": "γ",
    "standard_error": "±", "n_tail": "tail", "p_value": "p", "verdict": "power law?",
    "nonzero_share": "nonzero",
}  # fmt: skip
_GEOMETRY_COLUMNS = {
    "layer": "layer", "n_nodes": "nodes", "dimension": "D₂", "low": "from", "high": "to",
    "has_plateau": "plateau", "two_nn": "TwoNN", "likelihood": "likelihood",
}  # fmt: skip


def measure_invariance(
    model: inputs.ModelSpec | None = None,
    /,
    *,
    weights: inputs.Weights = None,
    option: inputs.ModelOptions = (),
    data: inputs.Data = None,
    samples: inputs.Samples = inputs.SAMPLES,
    features: inputs.SavedFeatures = None,
    layers: opt.Layers = ("auto",),
    units: bool = False,
    spectra: Literal["tail", "released", "paper", "none"] = "tail",
    geometry: Literal["full", "released", "paper", "none"] = "full",
    short: Literal["refuse", "skip"] = "refuse",
    duplicates: Literal["refuse", "drop"] = "refuse",
    exclude: Annotated[int, opt.whole(0)] = 0,
    bootstrap: Annotated[int, opt.whole(0)] = 200,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-invariance"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
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
    import featgraph as fg

    _check_parts(spectra, geometry)
    inputs.check_subject(model, features, "--units")
    if features is not None:
        found = inputs.choose_layers(features, layers)
    else:
        shown = samples.read(data, screen, model)
        network = inputs.build_model(str(model), weights, option, seed)
        found = _capture(network, shown, layers, units, screen)
    folder = claim(out, "invariance", force, pictures)
    how: dict[str, Any] = {"rng": seed, "progress": screen.progress}
    tables: dict[str, Any] = {}
    written: list[Path] = []
    if spectra != "none":
        exponents = fg.invariance.measure_scale_invariance(
            found, variant=spectra, short=short, n_resamples=bootstrap,
            rivals=_available_rivals(screen), **how,
        )  # fmt: skip
        written += _write_scale(folder, exponents)
        tables |= {"scale": exponents.to_rows(), "sigma": exponents.sigma}
        screen.table(tables["scale"], _SCALE_COLUMNS)
        screen.say(_spread("σ", exponents.sigma, exponents))
    if geometry != "none":
        dimensions = fg.invariance.measure_geometric_invariance(
            found, variant=geometry, duplicates=duplicates, exclude=exclude,
            n_resamples=bootstrap, **how,
        )  # fmt: skip
        written += _write_geometry(folder, dimensions)
        tables |= {"geometry": dimensions.to_rows(), "delta": dimensions.delta}
        screen.table(tables["geometry"], _GEOMETRY_COLUMNS)
        screen.say(_spread("Δ", dimensions.delta, dimensions))
    _finish(folder.path, written, {"scale": spectra, "geometry": geometry, "seed": seed})
    screen.say(f"written to {folder.path}")
    return tables


def _check_parts(spectra: str, geometry: str) -> None:
    if spectra == "none" and geometry == "none":
        raise ValueError("--spectra and --geometry are both none: nothing is left to measure")
    if spectra == "none":
        refuse_idle("with --spectra none", "--short")
    if geometry == "none":
        refuse_idle("with --geometry none", "--duplicates", "--exclude")


def _capture(
    network: nn.Module, shown: ImageDataset, layers: Sequence[str], units: bool, screen: Screen
) -> dict[str, FeatureMatrix]:
    from featgraph.features import extract_features

    return extract_features(
        network,
        shown.images,
        layers=layers[0] if len(layers) == 1 else list(layers),
        reduce="flatten" if units else "auto",
        progress=screen.progress,
    )


def _available_rivals(screen: Screen) -> tuple[str, ...]:
    from featgraph.graph.power_laws import RIVALS

    if importlib.util.find_spec("powerlaw") is not None:
        return tuple(RIVALS)
    screen.say("rivals of the power law are left out: pip install 'featgraph[stats]'\n")
    return ()


def _write_scale(folder: Folder, result: ScaleInvariance) -> list[Path]:
    from featgraph import plot

    return [
        *(folder.table(f"scale{suffix}", result.to_rows()) for suffix in (".csv", ".md")),
        folder.result("scale.json", result),
        *folder.picture("spectra", plot.plot_spectra, result),
        *folder.picture("exponents", plot.plot_exponents, result),
    ]


def _write_geometry(folder: Folder, result: GeometricInvariance) -> list[Path]:
    from featgraph import plot

    files = [folder.table(f"geometry{suffix}", result.to_rows()) for suffix in (".csv", ".md")]
    files.append(folder.result("geometry.json", result))
    if result.variant != "released":  # it keeps no correlation sums
        files += folder.picture("correlation", plot.plot_correlation_sum, result)
    return [*files, *folder.picture("dimensions", plot.plot_dimensions, result)]


def _spread(symbol: str, value: float, result: ScaleInvariance | GeometricInvariance) -> str:
    if len(result.layers) < 2:
        return f"\none layer: {symbol} needs at least two\n"
    text = f"\n{symbol} = {value:.4f}"
    if result.interval is not None and result.noise_floor is not None:
        low, high = result.interval
        text += f", 95 % from {low:.4f} to {high:.4f}; noise alone {result.noise_floor:.4f}"
    return f"{text}\n"


def _finish(folder: Path, written: list[Path], settings: dict[str, object]) -> None:
    from featgraph.core.files import write_text
    from featgraph.report.folder import (
        command_line,
        describe_run,
        list_files,
        remove_stale,
        write_manifest,
    )

    provenance = asdict(describe_run(command_line(), settings))
    write_text(folder / "provenance.json", json.dumps(provenance, indent=1) + "\n")
    files = {"provenance.json", *(path.name for path in written)}
    remove_stale(folder, before=list_files(folder), now=files)
    write_manifest(folder, kind="invariance", files=files)
