"""MultifractalSpectrum: how masses of all moments scale, whichever way they were measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.dimension.fit import MIN_POINTS, score_windows

__all__ = ["DEFAULT_Q", "MultifractalSpectrum"]

Floats: TypeAlias = NDArray[np.float64]

#: Beyond |q| = 5 a single heaviest or lightest box decides.
DEFAULT_Q = tuple(float(q) for q in np.linspace(-5, 5, 41))


@dataclass(frozen=True, repr=False, eq=False)
class MultifractalSpectrum(Result):
    """Generalised dimensions D_q, mass exponents τ(q) and the spectrum f(α).

    Attributes
    ----------
    q : ndarray of float, shape (n_q,)
        Moments, rising.
    tau, tau_error : ndarray of float, shape (n_q,)
        τ(q) = (q − 1)·D_q, the slope of log Z_q against log(1 + ℓ), and its standard error.
    dimensions, dimension_error : ndarray of float, shape (n_q,)
        D_q and its standard error; at q = 1 the information dimension, from the entropy.
    alpha, alpha_error : ndarray of float, shape (n_q,)
        α(q) = dτ/dq as a slope of its own, after Chhabra and Jensen, and its standard error.
    f, f_error : ndarray of float, shape (n_q,)
        f(α(q)) = q·α − τ, and its standard error.
    sizes : ndarray of float, shape (n_sizes,)
        Diameter sizes ℓ (2r for radii), in hops.
    log_sums : ndarray of float, shape (n_q, n_sizes)
        log Z_q at each size.
    window : tuple of float
        Smallest and largest ℓ of the slopes.
    method : {"boxes", "sandbox"}
        How masses were measured.
    n_nodes : int
        Nodes analysed.
    node_share : float
        Share of the graph's nodes they are: its largest component.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> from featgraph.dimension import multifractal_boxes
    >>> flower = multifractal_boxes(make_flower(2, 2, 4), scale=2, window="all", repeats=1)
    >>> flower.method, round(flower.dimension(0), 2)
    ('boxes', 2.0)
    """

    _picture: ClassVar = "plot_multifractal"
    _shown: ClassVar = ("method", "width", "window")
    _rules: ClassVar = {
        **dict.fromkeys(("tau", "dimensions", "alpha", "f"), Rule("n_q")),
        **dict.fromkeys(("tau_error", "dimension_error", "alpha_error", "f_error"), Rule("n_q")),
        "q": Rule("n_q", rising=True),
        "sizes": Rule("n_sizes", least=0, rising=True),
        "log_sums": Rule("n_q n_sizes"),
        "node_share": SHARE,
    }

    q: Floats
    tau: Floats
    tau_error: Floats
    dimensions: Floats
    dimension_error: Floats
    alpha: Floats
    alpha_error: Floats
    f: Floats
    f_error: Floats
    sizes: Floats
    log_sums: Floats
    window: tuple[float, float]
    method: str
    n_nodes: int
    node_share: float = 1.0

    @property
    def in_window(self) -> NDArray[np.bool_]:
        """Which of ``sizes`` the slopes were fitted on, shape (n_sizes,)."""
        return (self.sizes >= self.window[0]) & (self.sizes <= self.window[1])

    @property
    def width(self) -> float:
        """Width of the spectrum, largest minus smallest α: near 0 for a monofractal."""
        return float(np.ptp(self.alpha))

    def dimension(self, q: float) -> float:
        """Return D_q, linear between the moments measured; 0, 1 and 2 are the usual ones.

        Examples
        --------
        >>> from featgraph.datasets import make_path
        >>> from featgraph.dimension.multifractal import multifractal_sandbox
        >>> round(multifractal_sandbox(make_path(200), window=(2, 16)).dimension(2), 1)
        1.0
        """
        if not self.q[0] <= q <= self.q[-1]:
            raise ValueError(f"q must lie in [{self.q[0]:g}, {self.q[-1]:g}], got {q}")
        return float(np.interp(q, self.q, self.dimensions))

    def _columns(self) -> Mapping[str, object]:
        names = ("q", "tau", "tau_error", "dimensions", "dimension_error", "alpha", "alpha_error")
        return {name: getattr(self, name) for name in (*names, "f", "f_error")}


def check_q(q: ArrayLike | Iterable[float]) -> Floats:
    """Return moments as a rising array that holds each once."""
    moments = np.unique(np.asarray(q if isinstance(q, np.ndarray) else list(q), dtype=np.float64))  # type: ignore[arg-type]
    if moments.size == 0 or not np.isfinite(moments).all():
        raise ValueError("q must hold at least one finite number")
    return moments


def choose_range(
    sizes: Floats, boxes: Floats, window: str | tuple[float, float]
) -> NDArray[np.bool_]:
    """Return which sizes the slopes use; ``boxes`` is the curve of D_0."""
    from featgraph.core.checks import choice

    if sizes.size < MIN_POINTS:
        raise ValueError(
            f"sizes must hold at least {MIN_POINTS} with more than one box to fit a slope, got "
            f"{sizes.size}; add smaller ones (by sizes, radii, scale or spacing), or use a larger "
            "graph"
        )
    if isinstance(window, str):
        choice(window, ("all", "auto"), "window")
        table = score_windows(sizes, boxes)
        low, high = table[0, :2] if window == "auto" else (sizes[0], sizes[-1])
    else:
        low, high = window
    inside: NDArray[np.bool_] = (sizes >= low) & (sizes <= high)
    if np.count_nonzero(inside) < MIN_POINTS:
        raise ValueError(
            f"window must hold at least {MIN_POINTS} sizes with more than one box, got "
            f"{np.count_nonzero(inside)} in {window!r}; usable sizes are {sizes.tolist()}"
        )
    return inside


def fit_spectrum(
    q: Floats,
    sizes: Floats,
    inside: NDArray[np.bool_],
    log_sums: Floats,
    log_means: Floats,
    sample: tuple[Floats, Floats],
    about: dict[str, Any],
) -> MultifractalSpectrum:
    """Turn log Z_q and Σ μ log p into exponents with errors.

    ``sample`` holds replicates of both, shape (n_replicates, n_q, n_sizes): their spread adds
    to the error of the slope.
    """
    x = np.log1p(sizes[inside])
    at_one = np.isclose(q, 1.0)
    tau, tau_error = fit_slopes(x, log_sums[:, inside])
    alpha, alpha_error = fit_slopes(x, log_means[:, inside])
    # q·A − log Z = Σ μ log μ, whose slope is f: no Legendre transform of noisy numbers
    f, f_error = fit_slopes(x, q[:, None] * log_means[:, inside] - log_sums[:, inside])
    replicas = [fit_slopes(x, part[..., inside])[0] for part in sample]
    noise = [np.std(slopes, axis=0) for slopes in (*replicas, q * replicas[1] - replicas[0])]
    tau_error, alpha_error, f_error = (
        np.hypot(error, extra)
        for error, extra in zip((tau_error, alpha_error, f_error), noise, strict=True)
    )
    away = np.where(at_one, 1.0, q - 1.0)
    return MultifractalSpectrum(
        q=q,
        tau=tau,
        tau_error=tau_error,
        dimensions=np.where(at_one, alpha, tau / away),
        dimension_error=np.where(at_one, alpha_error, tau_error / np.abs(away)),
        alpha=alpha,
        alpha_error=alpha_error,
        f=f,
        f_error=f_error,
        sizes=sizes,
        log_sums=log_sums,
        window=(float(sizes[inside][0]), float(sizes[inside][-1])),
        **about,
    )


def fit_slopes(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return slopes and standard errors of the rows of ``y`` (last axis) against ``x``."""
    u = x - x.mean()
    spread = float(u @ u)
    slope = (y @ u) / spread
    residual = y - y.mean(axis=-1, keepdims=True) - slope[..., None] * u
    error = np.sqrt((residual**2).sum(axis=-1) / max(x.size - 2, 1) / spread)
    return slope, error
