"""BoxCover: what it refuses, what validate finds, and files."""

from __future__ import annotations

import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import BoxCover, box_cover


def cover(labels, size=1, kind="diameter", **more):
    return BoxCover(np.array(labels), size, kind, "greedy", **more)


def test_properties():
    found = cover([1, 0, 1], 2, "radius", centers=np.array([1, 0]), lower_bound=2)
    assert (found.n_nodes, found.n_boxes, found.diameter_size) == (3, 2, 4)
    assert found.is_optimal
    assert not cover([0, 1]).is_optimal
    assert found.masses.tolist() == [1, 2]
    assert "lower_bound=2" in repr(found)
    assert "\n" not in repr(found)


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [], [[0, 1]], [0.5, 1.0]])
def test_labels_must_be_dense(labels):
    with pytest.raises(ValueError, match="labels must"):
        cover(labels)


def test_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match="kind must be one of"):
        cover([0], kind="ball")
    with pytest.raises(ValueError, match="centers must be one per box"):
        cover([0, 0], centers=np.array([0, 1]))
    with pytest.raises(ValueError, match="node_labels must be one per node"):
        cover([0, 0], node_labels=("a",))
    with pytest.raises(ValueError, match="overlaps must hold"):
        cover([0, 0], overlaps=(np.array([0]), np.array([0])))


def test_validate_names_the_first_violation():
    path = nx.path_graph(["a", "b", "c", "d"])
    cover([0, 0, 1, 1]).validate(path)
    with pytest.raises(ValueError, match="box 0 holds nodes 0 and 2, which are farther apart"):
        cover([0, 1, 0, 1]).validate(path)
    with pytest.raises(ValueError, match="box 1 holds node 'd', which is farther than radius 1"):
        cover(
            [0, 1, 1, 1], 1, "radius", centers=np.array([0, 1]), node_labels=tuple("abcd")
        ).validate(path)
    with pytest.raises(ValueError, match="must name its centers"):
        cover([0, 0, 0, 0], 1, "radius").validate(path)
    with pytest.raises(ValueError, match="the cover has 2 nodes, the graph 4"):
        cover([0, 0]).validate(path)


def test_validate_across_components():
    with pytest.raises(ValueError, match="farther apart than size 9"):
        cover([0, 0], 9).validate(nx.empty_graph(2))


def test_validate_looks_at_overlapping_boxes():
    path = nx.path_graph(3)
    boxes = (np.array([0, 2, 4]), np.array([0, 1, 1, 2]))
    cover([0, 0, 1], overlaps=boxes).validate(path)
    with pytest.raises(ValueError, match="node 0 is labelled with box 1, which lacks it"):
        cover([1, 0, 1], overlaps=boxes).validate(path)
    wide = (np.array([0, 3, 5]), np.array([0, 1, 2, 1, 2]))
    with pytest.raises(ValueError, match="farther apart than size 1"):
        cover([0, 0, 1], overlaps=wide).validate(path)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_files_keep_everything(tmp_path, suffix):
    graph = nx.relabel_nodes(nx.path_graph(5), {0: ("x", 1), 3: "three"})
    found = box_cover(graph, 1, method="memb", rng=7)
    bounds = np.concatenate([[0], np.cumsum(found.masses)])
    overlaps = (bounds, np.argsort(found.labels, kind="stable"))
    found = replace(found, lower_bound=2, overlaps=overlaps)
    back = BoxCover.load(found.save(tmp_path / f"cover{suffix}"))
    assert back.boxes() == found.boxes()
    assert repr(back) == repr(found)
    assert (back.seed, back.options, back.lower_bound) == (7, {"ties": "small_ball"}, 2)
    assert back.centers.tolist() == found.centers.tolist()
    assert [part.tolist() for part in back.overlaps] == [part.tolist() for part in overlaps]


def test_files_are_checked(tmp_path):
    with pytest.raises(ValueError, match=r"must end in .npz or .json"):
        cover([0]).save(tmp_path / "cover.txt")
    (tmp_path / "bad.json").write_text(json.dumps({"format": "other", "arrays": {}}))
    with pytest.raises(ValueError, match=r"bad.json must hold a saved BoxCover, got other"):
        BoxCover.load(tmp_path / "bad.json")
    (tmp_path / "worse.json").write_text("{")
    with pytest.raises(ValueError, match=r"worse.json is not JSON"):
        BoxCover.load(tmp_path / "worse.json")
