"""A test of self-similarity that noise fails: box counts over scales, beside null models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.selfsimilarity._scaling import (
    SHAPES,
    Cloud,
    Octaves,
    box_interval,
    box_slope,
    find_widest_window,
    local_slopes,
    measure_octaves,
    open_cloud,
    pair_dimension,
    pair_interval,
)

__all__ = ["SelfSimilarityTest", "self_similarity_test"]

Floats: TypeAlias = NDArray[np.float64]
Verdict: TypeAlias = Literal["self-similar", "not self-similar", "undecided"]

#: Fewer nodes have too few scales to tell anything.
LEAST_NODES = 64
#: A scale is independent of the next where θ differs by this factor: five make an octave.
LOG_SCALE = math.log(2) / 5
LEAST_SCALES = 5
#: What draws of a null model have in common with the layer or the graph.
KEPT_BY_NULL = {
    "gaussian": "spectrum", "norms": "spectrum, norms of nodes", "degrees": "degrees",
}  # fmt: skip
#: One octave of box numbers that takes more than this share of log θ is a gap between clusters.
WIDEST = 0.6


@dataclass(frozen=True, repr=False, eq=False)
class SelfSimilarityTest(Result):
    """Whether box counts follow a power law over more scales than spectrum and norms explain.

    Attributes
    ----------
    verdict : {"self-similar", "not self-similar", "undecided"}
        See :func:`self_similarity_test`.
    explanation : str
        Why, in one sentence.
    p_values : dict of str to float
        For each null model the share of its draws whose widest window is as wide; nan where there
        are too few nodes to ask. Null models of features: "gaussian" (the same spectrum) and
        "norms" (the same spectrum and the norm of each node); of a graph: "degrees".
    window : tuple of float
        θ from and to, in the unit of C: the window of box numbers that is widest beside those
        of the null model with the largest p-value.
    dimension : float
        Slope of the logarithm of the number of pairs within θ on log θ (correlation dimension),
        from half of the nodes to 16 boxes (8 for fewer than 128 nodes).
    interval : tuple of float
        About 95 %, by a jackknife over nodes.
    box_dimension : float
        Minus the slope of log N on log θ over the window; edges and a limited number of nodes
        bend it more, so that it is too small for few nodes.
    box_interval : tuple of float
        The same for packing and for linkage alone: the bracket of the counts.
    n_axes : int or None
        1, 2 or 3 for nodes that fill a piece of a line, plane or space evenly, whose scaling their
        spectrum explains; None otherwise.
    n_scales : float
        Independent scales of θ, in factors of 2^(1/5), without the widest octave of box numbers.
    counts : ndarray of int, shape (n_counts,)
        Box numbers 2, 4, 8, … up to half of the nodes.
    theta_low, theta_high : ndarray of float, shape (n_counts,)
        Certified bracket of the smallest θ at which so few boxes are enough: by packing, and by
        complete linkage.
    slopes : ndarray of float, shape (n_counts - 1,)
        Local dimension between neighbouring counts, from the middle of the bracket.
    null_slopes : ndarray of float, shape (n_counts - 1,)
        The same for the null model with the largest p-value, by its mean log θ.
    n_nodes, n_distinct : int
        Nodes, and nodes without copies, which the test sees.
    n_draws : int
        Draws of each null model.
    layer : str or None
        Name of the layer.

    Examples
    --------
    >>> from featgraph.datasets import make_point_cloud
    >>> dust = make_point_cloud("cantor_dust", 128, n_axes=2, rng=0)
    >>> found = self_similarity_test(dust, n_draws=39, rng=0)
    >>> found.verdict, found.n_nodes
    ('self-similar', 128)
    """

    _shown: ClassVar = ("layer", "verdict", "p_value", "dimension", "n_scales", "n_nodes")
    _rules: ClassVar = {
        "p_values": SHARE,
        "counts": Rule("n_counts", least=1),
        "theta_low": Rule("n_counts", least=0),
        "theta_high": Rule("n_counts", least=0),
    }

    verdict: Verdict
    explanation: str
    p_values: dict[str, float]
    window: tuple[float, float]
    dimension: float
    interval: tuple[float, float]
    box_dimension: float
    box_interval: tuple[float, float]
    n_axes: int | None
    n_scales: float
    counts: NDArray[np.int64]
    theta_low: Floats
    theta_high: Floats
    slopes: Floats
    null_slopes: Floats
    n_nodes: int
    n_distinct: int
    n_draws: int
    layer: str | None = None

    @property
    def p_value(self) -> float:
        """The largest of ``p_values``."""
        return max(self.p_values.values(), default=math.nan)

    @property
    def whole_dimension(self) -> int | None:
        """The whole number that the dimension is within 0.15 of, else None.

        Where a line or plane is filled, up to 0.3 less counts, and 0.5 of space: its edge takes
        pairs away.
        """
        if not math.isfinite(self.dimension):
            return None
        if self.n_axes is not None:
            edge = 0.5 if self.n_axes == len(SHAPES) else 0.3
            if -edge <= self.dimension - self.n_axes <= 0.15:
                return self.n_axes
        nearest = round(self.dimension)
        return nearest if nearest > 0 and abs(self.dimension - nearest) <= 0.15 else None

    def _curve(self) -> tuple[object, object]:
        return np.sqrt(self.theta_low * self.theta_high)[::-1], self.counts[::-1]


@small_on_one_thread
def self_similarity_test(
    features: object, *, level: float = 0.05, n_draws: int = 99, rng: RandomState = None
) -> SelfSimilarityTest:
    """Test whether the nodes of a layer are self-similar beyond their spectrum and their norms.

    Let θ_N be the smallest box diameter at which N boxes cover the nodes. For a self-similar set
    every doubling of N shrinks θ_N by one factor, 2^(1/d), over many scales. A cloud with the same
    spectrum and no other structure has a dimension that rises as θ falls, until all distances look
    alike: its θ_N spans fewer scales. Neither has a cloud of nodes in independent directions of
    which a few are far louder or far more silent than the others, though its θ_N spans many. The
    statistic is the width in log θ of the window of N that is widest beside Gaussian clouds with
    the same singular values and number of nodes, and beside the same clouds with each node as far
    from the middle as it is (``norms_null``).

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), DistanceMatrix or graph
        F of one layer, or its distances; or any graph of ``as_feature_graph``: θ is then 1 + the
        number of hops, the nodes are those of its largest component, and draws of the one null
        model are graphs of the same degrees (``rewire_graph``).
    level : float, default=0.05
        Probability of "self-similar", at most, for a Gaussian cloud of any spectrum but that of
        an even line, plane or space.
    n_draws : int, default=99
        Draws of each null model, at least 19.
    rng : Generator, int or None, default=None
        Source of the draws and of the jackknife.

    Returns
    -------
    SelfSimilarityTest
        "self-similar": θ_N spans at least five independent scales beside its widest gap, and more
        than spectrum and norms explain (every p-value at most ``level``); or the nodes fill a
        piece of a line, plane or space evenly, which is self-similar with a whole dimension, and
        no test can tell from its spectrum. "not self-similar": there are as many scales, but no
        more than the spectrum or the norms explain, or one gap between clusters makes most of
        them. "undecided": fewer than 64 different nodes, or fewer than five scales, as in high
        dimension, where distances are alike.

    Raises
    ------
    ValueError
        If all distances are equal, F is not a finite matrix of at least 2 nodes, level is not in
        [0, 1], or n_draws < 19.

    Notes
    -----
    Counts are bracketed: farthest-point packing proves a lower and complete linkage gives an
    upper bound; θ_N is the geometric mean of both. With N from 2 to half of the nodes in octaves,
    every window of at least three octaves is compared with the draws by its z-score, and the
    largest is ranked among those of the draws. A Gaussian cloud with independent nodes is exactly
    exchangeable with the draws of its spectrum, so that this p-value is exact for any spectrum
    and size; the other one is nearly so for independent directions with norms of any law.

    Distances, scale and order of nodes: a common scale of F, a rotation of the samples and a
    shift change nothing but rounding; the order of nodes changes the draws of the jackknife alone.

    Time O(n_draws · n_nodes² · min(n_nodes, n_samples)): two seconds for 256 nodes. Memory
    O(n_nodes²).

    References
    ----------
    Besag & Clifford 1989, doi:10.1093/biomet/76.4.633 (Monte Carlo tests). Eckmann & Ruelle
    1992, doi:10.1016/0167-2789(92)90023-G (points that a dimension needs). Gonzalez 1985,
    doi:10.1016/0304-3975(85)90224-5; Defays 1977, doi:10.1093/comjnl/20.4.364 (bracket).

    Examples
    --------
    >>> from featgraph.datasets import make_point_cloud
    >>> dust = make_point_cloud("cantor_dust", 128, n_axes=2, rng=0)
    >>> noise = make_point_cloud("gaussian", 128, spectrum="power", rate=3, rng=0)
    >>> [self_similarity_test(F, n_draws=39, rng=0).verdict for F in (dust, noise)]
    ['self-similar', 'not self-similar']
    """
    n_draws = integer(n_draws, "n_draws", least=19)
    generator = as_rng(rng)
    cloud = open_cloud(features)
    distances, n_distinct = cloud.distances, len(cloud.distances)
    counts = 2 ** np.arange(1, max(2, (n_distinct // 2).bit_length()), dtype=np.int64)
    counts = counts[counts < n_distinct]
    found = measure_octaves(distances, counts)
    n_draws = n_draws if n_distinct >= LEAST_NODES else 0
    beside = {
        null: _compare(found, draw(generator), n_draws, counts)
        for null, draw in cloud.nulls.items()
    }
    p_values = {null: one.p_value for null, one in beside.items()}
    # Of equal p-values that of "norms" is told: it keeps more.
    null = max(p_values, key=lambda name: (p_values[name], name))
    hardest = beside[null]
    widths = -np.diff(found.middle)
    n_scales = float((widths.sum() - widths.max()) / LOG_SCALE) if widths.size else 0.0
    first, last = hardest.window
    window = slice(first, last + 1)
    verdict, why = _judge(n_distinct, null, hardest.p_value, level, cloud, n_scales, widths)
    return SelfSimilarityTest(
        verdict=verdict,
        explanation=why,
        p_values=p_values,
        window=(math.exp(found.middle[last]), math.exp(found.middle[first])),
        dimension=pair_dimension(distances, found.middle),
        interval=pair_interval(distances, found.middle, generator),
        box_dimension=box_slope(found.middle, counts, window),
        box_interval=box_interval(found, counts, window),
        n_axes=cloud.n_axes,
        n_scales=n_scales,
        counts=counts,
        theta_low=np.exp(found.low),
        theta_high=np.exp(found.high),
        slopes=local_slopes(found.middle),
        null_slopes=hardest.slopes,
        n_nodes=cloud.n_nodes,
        n_distinct=n_distinct,
        n_draws=n_draws,
        layer=cloud.layer,
    )


class _Compared(NamedTuple):
    """How the octaves of a cloud stand beside draws of one null model."""

    p_value: float
    window: tuple[int, int]
    slopes: Floats


def _compare(
    found: Octaves, distances: Iterator[torch.Tensor], n_draws: int, counts: NDArray[np.int64]
) -> _Compared:
    octaves = [measure_octaves(one, counts).middle for one in islice(distances, n_draws)]
    draws = np.array(octaves).reshape(-1, len(counts))
    p_value, first, last = find_widest_window(found.middle, draws)
    mean = draws.mean(axis=0) if octaves else np.full(len(counts), math.nan)
    return _Compared(p_value, (first, last), local_slopes(mean))


def _judge(
    n_distinct: int,
    null: str,
    p_value: float,
    level: float,
    cloud: Cloud,
    n_scales: float,
    widths: Floats,
) -> tuple[Verdict, str]:
    """Return the verdict and why."""
    if n_distinct < LEAST_NODES:
        return "undecided", (
            f"{n_distinct} different nodes span {n_scales:.1f} independent scales; the test needs "
            f"{LEAST_NODES} nodes"
        )
    if widths.max() > WIDEST * widths.sum() and widths.sum() >= LEAST_SCALES * LOG_SCALE:
        return "not self-similar", (
            f"one gap makes {widths.max() / widths.sum():.0%} of all scales, as between clusters "
            "of one size"
        )
    if n_scales < LEAST_SCALES:
        return "undecided", (
            f"box numbers from 2 to half of the nodes span {n_scales:.1f} independent scales, and "
            f"a power law needs {LEAST_SCALES}: distances are too much alike for so few nodes"
        )
    if p_value <= level:
        return "self-similar", (
            f"box counts span {n_scales:.0f} independent scales, more than those of draws of the "
            f"same {KEPT_BY_NULL[null]} and size (p = {p_value:.2g})"
        )
    if cloud.n_axes is not None:
        shape = SHAPES[cloud.n_axes - 1]
        return "self-similar", (
            f"the nodes fill a piece of a {shape} evenly, over {n_scales:.0f} independent scales: "
            f"scaling of at most the whole dimension {cloud.n_axes}, which their spectrum explains"
        )
    return "not self-similar", (
        f"{n_scales:.0f} independent scales, no more than draws of the same {KEPT_BY_NULL[null]} "
        f"and size have (p = {p_value:.2g})"
    )
