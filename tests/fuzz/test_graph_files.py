"""Mutated graph files and image archives: a sound object, or an error that names the file."""

from __future__ import annotations

import dataclasses
import gzip
import io
import json
import random
import resource
import time
import warnings
import zipfile

import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from PIL import Image

import featgraph as fg
from featgraph.io import read_dynamic_gexf, write_dynamic_gexf, write_tables
from tests.fuzz.mutations import mutate

N_QUICK, N_LONG = 15, 1500


def network():
    features = np.random.default_rng(0).normal(size=(9, 6))
    graph = fg.feature_graph(features, epsilon=("degree", 4))
    gaps = np.array([2**60, *[None] * 8], dtype=object)
    colors = np.arange(27).reshape(9, 3)
    return graph.with_attributes(word=[f"n{k} é" for k in range(9)], gap=gaps, color=colors)


def by_networkx(writer, path):
    plain = {k: v for k, v in network().node_attributes.items() if k != "color"}  # no lists
    writer(dataclasses.replace(network(), node_attributes=plain).to_networkx(), path)


def matrix():
    return sp.csr_array(np.triu(np.arange(16.0).reshape(4, 4), 1) + 0)


def save_images(path):
    rng = np.random.default_rng(0)
    if path.suffix == ".npz":
        images = rng.integers(255, size=(3, 4, 4), dtype=np.uint8)
        np.savez(path, images=images, labels=np.arange(3), classes=np.array(["a", "b", "c"]))
        return
    with zipfile.ZipFile(path, "w") as archive:
        for k, kind in enumerate(("png", "jpeg", "bmp", "gif", "tiff", "webp")):
            picture = Image.fromarray(rng.integers(255, size=(6, 6, 3), dtype=np.uint8))
            picture.save(out := io.BytesIO(), format=kind)
            archive.writestr(f"{'ab'[k % 2]}/{k}.{kind}", out.getvalue())


WRITERS = {
    **{f"own.{k}": lambda p: fg.write_graph(network(), p) for k in ("graphml", "gexf", "cyjs")},
    **{f"own.{k}": lambda p: fg.write_graph(network(), p) for k in ("dot", "npz", "gexf.gz")},
    "time.gexf": lambda p: write_dynamic_gexf({0: network(), 2: network()}, p),
    "nx.graphml": lambda p: by_networkx(nx.write_graphml, p),
    "nx.gml": lambda p: by_networkx(nx.write_gml, p),
    "nx.net": lambda p: by_networkx(lambda g, p: nx.write_pajek(nx.Graph(g.edges), p), p),
    "nx.edges": lambda p: by_networkx(nx.write_weighted_edgelist, p),
    "nx.json": lambda p: p.write_text(json.dumps(nx.node_link_data(nx.karate_club_graph()))),
    "a.graph": lambda p: p.write_text("4 4 011\n7 2 5 3 1\n7 1 5 3 2\n7 1 1 2 2 4 9\n7 3 9\n"),
    "a.col": lambda p: p.write_text("c FILE\np edge 4 3\ne 1 2\ne 2 3\na 3 4 2.5\n"),
    "groups.dot": lambda p: p.write_text("graph { {a b} -- {c; d} [len=2]; { e -- a } }"),
    "words.csv": lambda p: p.write_text("Source,Target,Type,Weight\na,b,Undirected,1\nb,c,,2\n"),
    "table.csv": lambda p: write_tables(network(), None, p),
    "scipy.npz": lambda p: sp.save_npz(p, matrix()),
    "scipy.mtx": lambda p: scipy.io.mmwrite(p, matrix()),
    "images.zip": save_images,
    "images.npz": save_images,
}


def use(path):
    """Read a file and use what it holds."""
    if path.name == "images.npz":
        return fg.datasets.load_npz_images(path)
    if path.suffix == ".zip":
        return fg.datasets.load_image_folder(path, progress=False)
    graphs = [fg.read_graph(path, weight="ignore", as_undirected=True)]
    if path.name == "time.gexf":
        graphs += read_dynamic_gexf(path, as_undirected=True).values()
    for graph in graphs:
        repr(graph)
        fg.io.write_gexf(graph, again := io.BytesIO(), positions=None, color_by="degree")
        again.seek(0)
        assert fg.read_graph(again, format="gexf", weight="ignore").n_edges == graph.n_edges
    return graphs


def fuzz(name, tmp_path, seed, n_mutations):
    path = tmp_path / name
    WRITERS[name](path)
    sound, draw = path.read_bytes(), random.Random(f"{name} {seed}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    for number in range(n_mutations):
        path.write_bytes(sound)
        mutate(path, draw)
        if path.suffix == ".gz" and draw.random() < 0.7:  # damage what is packed
            inner = tmp_path / "inner.gexf"
            inner.write_bytes(gzip.decompress(sound))
            mutate(inner, draw)
            path.write_bytes(gzip.compress(inner.read_bytes()))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                use(path)
        except ValueError as error:
            assert name in str(error), f"mutation {number} of {name}: {error!r}"  # noqa: PT017
        except Exception as error:
            raise AssertionError(f"mutation {number} of {name}: {error!r}") from error
    assert time.process_time() - start < 5 + n_mutations / 5
    # kilobytes: nothing large was claimed for what a header says
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


@pytest.mark.parametrize("name", WRITERS)
def test_mutated_graphs_and_images_end_in_one_error(name, tmp_path):
    fuzz(name, tmp_path, seed=0, n_mutations=N_QUICK)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("name", WRITERS)
def test_many_mutated_graphs_and_images_end_in_one_error(name, seed, tmp_path):
    fuzz(name, tmp_path, seed=seed, n_mutations=N_LONG)


@pytest.mark.parametrize("name", WRITERS)
def test_sound_files_are_used(name, tmp_path):
    WRITERS[name](tmp_path / name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use(tmp_path / name)
