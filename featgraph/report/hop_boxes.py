"""The boxes of a layer's network over hops: counts of all sizes, and one covering to draw."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes.api import box_counts, box_cover
from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.minimum import heed_interrupt, minimum_box_counts, minimum_box_cover
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.settings import AnalysisSettings

__all__ = ["cover_hops"]

#: The drawn covering has at most this many boxes: more colours nobody tells apart.
_DRAWN_BOXES = 12


def cover_hops(
    graph: FeatureGraph, settings: AnalysisSettings, rng: np.random.Generator
) -> tuple[BoxCounts, BoxCover]:
    """Return the counts of all sizes, and the boxes of the size that is drawn."""
    if settings.method == "optimum":
        # A seed of its own: what a search draws until its time is up moves nothing that follows.
        limited: dict[str, Any] = {
            "time_limit": settings.time_limit,
            "rng": int(rng.integers(2**63)),
            "progress": False,
        }
        counts = heed_interrupt(minimum_box_counts(graph, **limited))
        drawn = minimum_box_cover(graph, _drawn_size(counts), **limited)
        return counts, heed_interrupt(drawn)
    how: dict[str, Any] = {"method": settings.method, "rng": rng}
    counts = box_counts(graph, repeats=settings.repeats, bounds=True, progress=False, **how)
    return counts, box_cover(graph, _drawn_size(counts), **how)


def _drawn_size(counts: BoxCounts) -> float:
    """Return the smallest size with few enough boxes to tell their colours apart."""
    few = np.flatnonzero(counts.counts <= _DRAWN_BOXES)
    return float(counts.sizes[few[0] if few.size else -1])
