"""``result.plot()`` is the picture that ``featgraph.plot`` has of its kind."""

from __future__ import annotations

import contextlib
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from matplotlib.figure import Figure

import featgraph as fg
from featgraph import plot
from featgraph.core.result import Result

#: Pictures of a result that is drawn otherwise by ``plot()``.
SECOND = {
    "plot_box_tree",
    "plot_barcode",
    "plot_betti_curves",
    "plot_landscape",
    "plot_exponents",
    "plot_rate_trajectories",
}


def all_results() -> dict[str, type[Result]]:
    for module in pkgutil.walk_packages(fg.__path__, "featgraph."):
        if not re.search(r"\.(cli|__main__)\b", module.name):
            with contextlib.suppress(ImportError):  # of packages that are not installed
                importlib.import_module(module.name)
    return {kind.__name__: kind for kind in Result.__subclasses__()}


def test_every_picture_of_a_result_is_its_plot():
    results = all_results()
    for name in dir(plot):
        function = getattr(plot, name)
        if not name.startswith("plot_") or name in SECOND:
            continue
        first = next(iter(inspect.signature(function).parameters.values()))
        drawn = [word for word in re.findall(r"\w+", str(first.annotation)) if word in results]
        for word in drawn:
            assert results[word]._picture, (name, word)
        pictures = {results[word]._picture for word in drawn}
        assert not drawn or name in pictures, name
    for kind in results.values():
        assert not kind._picture or callable(getattr(plot, kind._picture))


GRAPH = nx.convert_node_labels_to_integers(nx.grid_2d_graph(12, 12))


@pytest.mark.parametrize(
    "make",
    [
        lambda: fg.as_feature_graph(GRAPH),
        lambda: fg.box_counts(GRAPH, rng=0),
        lambda: fg.fit_dimension(fg.box_counts(GRAPH, rng=0)),
        lambda: fg.degree_statistics(GRAPH),
        lambda: fg.renormalization_flow(GRAPH, 1, rng=0),
        lambda: fg.FeatureMatrix.from_array(np.random.default_rng(0).normal(size=(9, 5))),
    ],
)
def test_plot_gives_figure_and_axes(make):
    drawing = make().plot()
    fig, axes = drawing
    assert isinstance(fig, Figure)
    assert drawing._repr_png_().startswith(b"\x89PNG")  # what a notebook shows
    assert np.size(axes) >= 1


def test_options_are_handed_on_and_a_fit_shows_its_curve():
    fit = fg.fit_dimension(fg.box_counts(GRAPH, rng=0))
    ax = Figure().add_subplot()
    drawing = fit.plot(ax=ax)
    assert drawing.axes is ax
    assert drawing._repr_png_() is None  # of a figure that is the caller's
    (line,) = [line for line in ax.lines if line.get_gid() == "counts"]
    np.testing.assert_array_equal(line.get_ydata(), fit.counts)
    assert fit.verdict in ax.get_title(loc="right")


def test_a_result_without_picture_says_so():
    tail = fg.box_cover(GRAPH, 1, rng=0)
    with pytest.raises(TypeError, match="no picture of a BoxCover; to_rows"):
        tail.plot()


def test_the_gallery_shows_every_picture():
    root = Path(__file__).resolve().parents[2] / "docs"
    pages = [*root.glob("examples/*.py"), *root.glob("tutorials/*.ipynb")]
    shown = "\n".join(page.read_text("utf-8") for page in pages)
    pictures = [name for name in dir(plot) if name.startswith("plot_")]
    assert [name for name in pictures if f"{name}(" not in shown] == []
