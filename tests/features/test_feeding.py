"""Data of every kind: samples become batches, batches become calls of the model."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from featgraph.features import extract_features


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def module(forward: Callable[..., object], **children: nn.Module) -> nn.Module:
    model = type("Net", (nn.Module,), {"forward": forward})()
    for name, child in children.items():
        setattr(model, name, child)
    return model


def same(found: Any, expected: Tensor) -> None:
    # BLAS may add up in another order for batches of another size.
    torch.testing.assert_close(found.values, expected, rtol=1e-5, atol=1e-6)


# Samples


def test_lists_of_samples_and_sets_of_columns() -> None:
    model, x, y = nn.Sequential(nn.Linear(4, 5), nn.ReLU()), draw(6, 4), torch.arange(6)
    expected = model(x).detach().T
    kinds: list[Any] = [
        list(x),
        [row.numpy() for row in x],
        [(row, 3) for row in x],
        [(row, label) for row, label in zip(x, y, strict=True)],
        [{"input": row, "label": 1} for row in x],
        [row.tolist() for row in x],
        (x, y),
        [x, y],
        (x.numpy(), y.numpy()),
        (x, torch.eye(6).long()),
        {"input": x, "label": y},
        UserDict({"input": x, "label": y}),
        {"input": x.tolist(), "label": y.tolist()},
        DataLoader([{"input": row, "label": 1} for row in x], batch_size=4),  # type: ignore[arg-type]
    ]
    for data in kinds:
        same(extract_features(model, data, layers="1", batch_size=4)["1"], expected)
    # Two batches of one size are no pair (X, y).
    same(extract_features(model, (x[:3], x[3:]), layers="1")["1"], expected)


def test_lists_of_images() -> None:
    model, x = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), draw(6, 1, 8, 8)
    expected = model(x).detach().mean((2, 3)).T
    for data in (list(x), [(image, 1) for image in x], [x[:4], x[4:]], [(x, torch.arange(6))]):
        same(extract_features(model, data, layers="0", batch_size=4)["0"], model[0](x).detach()
             .mean((2, 3)).T)  # fmt: skip
        same(extract_features(model, data, layers="1", batch_size=4)["1"], expected)


def test_batches_of_one_axis_less_than_the_first_convolution_are_batches() -> None:
    # As models of speech are: they add the channel themselves.
    model = module(lambda self, x, n=None: self.conv(x[:, None]), conv=nn.Conv1d(1, 4, 3))
    x = draw(6, 20)
    expected = model(x).detach().mean(2).T
    for data in ([{"x": x, "n": x}], [x[:4], x[4:]], [(x, torch.arange(6))], x, list(x)):
        same(extract_features(model, data, layers="conv", batch_size=4)["conv"], expected)


def test_batches_of_different_lengths_are_batches() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU())
    data = [draw(2, 3, 4), draw(2, 6, 4)]
    found = extract_features(model, data, layers="1")["1"]
    same(found, torch.cat([model(x).detach().mean(1) for x in data]).T)


def test_bad_samples() -> None:
    model = nn.Sequential(nn.Embedding(9, 4), nn.Linear(4, 5))
    with pytest.raises(ValueError, match=r"samples must have one shape.*takes no attention_mask"):
        extract_features(model, [torch.ones(3).long(), torch.ones(5).long()])
    with pytest.raises(ValueError, match=r"all samples must have the same keys, sample 1 .*'y'"):
        extract_features(model, [{"x": [1, 2]}, {"y": [1, 2]}])
    with pytest.raises(ValueError, match=r"all members must have as many samples, got \{'x': 3"):
        extract_features(model, {"x": torch.zeros(3, 4), "y": torch.zeros(2)})
    with pytest.raises(TypeError, match="a dict must hold Tensors.*got {'x': 'int'}"):
        extract_features(model, {"x": 3})


# Batches


def test_several_inputs_by_place_and_by_name() -> None:
    model = module(lambda self, a, b: self.linear(a + 2 * b), linear=nn.Linear(4, 3))
    a, b, labels = draw(5, 4), draw(5, 4, seed=1), torch.arange(5)
    expected = model.linear(a + 2 * b).detach().T
    batches: list[Any] = [
        (a, b),
        (a, b, labels),
        ((a, b), labels),
        {"b": b, "a": a},
        {"b": b, "a": a, "label": labels, "names": ["x"] * 5},
        ({"b": b, "a": a}, labels),
    ]
    for batch in batches:
        same(extract_features(model, [batch], layers="linear")["linear"], expected)


def test_names_that_the_model_does_not_know() -> None:
    model = nn.Sequential(nn.Linear(4, 5), nn.ReLU())
    x = draw(5, 4)
    for batch in ({"label": torch.arange(5), "picture": x}, {"id": torch.arange(5), "picture": x}):
        same(extract_features(model, [batch], layers="1")["1"], model(x).detach().T)
    open_ended = module(lambda self, x, **rest: self.linear(x), linear=nn.Linear(4, 3))
    for batch in (
        {"x": x, "more": x, "names": ["a"] * 5},
        {"picture": x, "label": torch.arange(5)},
    ):
        found = extract_features(open_ended, [batch], layers="linear")["linear"]
        same(found, open_ended.linear(x).detach().T)


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            {"image": draw(5, 4), "label": torch.arange(5)},
            r"Net.forward takes \['a', 'b'\], which the batch does not give \(it names none of "
            r"\['a', 'b'\].*forward=lambda model, batch: model\(a=batch\['image'\], b=batch\['lab",
        ),
        ((draw(5, 4),), r"does not give .*forward=lambda model, batch: model\(batch\[0\], batch"),
        (draw(5, 4), "Net.forward takes .*missing a required argument"),
        ({"words": ["one", "two"]}, "text must be tokenized first; it has"),
    ],
)
def test_what_the_model_takes_and_does_not_get(batch: Any, message: str) -> None:
    model = module(lambda self, a, b: self.linear(a + b), linear=nn.Linear(4, 3))
    with pytest.raises(TypeError, match=message):
        extract_features(model, [batch], layers="linear")


def test_labels_first_are_refused() -> None:
    model, x, y = nn.Sequential(nn.Linear(4, 5), nn.ReLU()), draw(5, 4), torch.arange(5)
    said = r"with their inputs, got torch.int64 of shape \(5,\).*before \(5, 4\).*batch\[1\]\)"
    for data in ([(y, x)], [(label, row) for label, row in zip(y, x, strict=True)]):
        with pytest.raises(ValueError, match=said):
            extract_features(model, data)
    found = extract_features(model, [(y, x)], layers="1", forward=lambda m, batch: m(batch[1]))
    same(found["1"], model(x).detach().T)
    ids = nn.Sequential(nn.Embedding(9, 4), nn.ReLU())  # takes whole numbers of one axis
    assert extract_features(ids, [(y, x)], layers="1")["1"].n_samples == 5


def test_batches_of_different_keys_are_refused() -> None:
    model = module(lambda self, x, scale=None: self.linear(x), linear=nn.Linear(4, 3))
    batches = [{"x": draw(2, 4), "scale": draw(2)}, {"x": draw(2, 4)}]
    with pytest.raises(ValueError, match=r"same keys, batch 1 has \['x'\] and the first \['scale'"):
        extract_features(model, batches, layers="linear")


# Lists of images, graphs, packed and nested sequences


def detect(self: Any, images: list[Tensor], targets: Any = None) -> Tensor:
    """As detection models of torchvision: images of any size are put into one batch."""
    height = max(image.shape[1] for image in images)
    width = max(image.shape[2] for image in images)
    batch = torch.zeros(len(images), 3, height, width)
    for slot, image in zip(batch, images, strict=True):
        slot[:, : image.shape[1], : image.shape[2]] = image
    return self.body(batch)


def test_detection_models_take_lists_of_images() -> None:
    model = module(detect, body=nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()))
    images = [draw(3, 8, 8, seed=k) for k in range(4)]
    others = [draw(3, 6, 8, seed=9), draw(3, 8, 5, seed=8)]
    targets = [{"boxes": draw(1, 4)} for _ in images]
    expected = model.body(torch.stack(images)).detach().mean((2, 3)).T
    data: list[Any] = [
        [(tuple(images), tuple(targets))],
        [(images[:1], targets[:1]), (images[1:], targets[1:])],
        [images],
    ]
    for batches in data:
        same(extract_features(model, batches, layers="body.1")["body.1"], expected)
    same(extract_features(model, [(others, targets[:2])], layers="body.1")["body.1"],
         model(others).detach().mean((2, 3)).T)  # fmt: skip


def test_graphs_are_passed_by_name() -> None:
    geometric = pytest.importorskip("torch_geometric")
    Data, Batch = geometric.data.Data, geometric.data.Batch
    conv = geometric.nn.GCNConv(4, 6)
    model = module(
        lambda self, x, edge_index, edge_weight=None, batch=None: self.pool(
            geometric.nn.global_mean_pool(self.conv(x, edge_index, edge_weight), batch)
        ),
        conv=conv,
        pool=nn.Linear(6, 3),
    )
    edges = torch.tensor([[0, 1, 2, 0], [1, 2, 0, 2]])
    graphs = [Data(x=draw(3, 4, seed=k), edge_index=edges) for k in range(4)]
    nodes = torch.cat([conv(g.x, g.edge_index).detach() for g in graphs])
    pooled = model.pool(nodes.view(4, 3, 6).mean(1)).detach()
    loader = geometric.loader.DataLoader(graphs, batch_size=3)
    for data in (graphs, loader, [Batch.from_data_list(graphs)]):
        found = extract_features(model, data, layers=["conv", "pool"])
        same(found["conv"], nodes.T)
        same(found["pool"], pooled.T)
    single = extract_features(model, graphs[0], layers="conv")["conv"]
    same(single, nodes[:3].T)
    whole = module(lambda self, data: self.conv(data.x, data.edge_index), conv=conv)
    same(extract_features(whole, graphs, layers="conv")["conv"], nodes.T)
    lost = module(lambda self, x, adjacency: self.conv(x, adjacency), conv=conv)
    with pytest.raises(TypeError, match=r"forward=lambda model, batch: model\(x=batch.x, adj"):
        extract_features(lost, graphs, layers="conv")


def test_packed_sequences_say_what_each_sequence_says_alone() -> None:
    pack = nn.utils.rnn.pack_padded_sequence
    lengths = torch.tensor([3, 7, 5])

    def forward(self: Any, x: Tensor, n: Tensor) -> Any:
        packed = pack(x, n, batch_first=True, enforce_sorted=False)
        return self.lstm(packed)[0]

    for batch_first in (True, False):
        lstm = nn.LSTM(4, 6, batch_first=batch_first)
        model, x = module(forward, lstm=lstm), draw(3, 7, 4)
        one = nn.LSTM(4, 6, batch_first=True)
        one.load_state_dict(lstm.state_dict())
        rows = [one(x[k : k + 1, :n])[0][0].detach() for k, n in enumerate(lengths)]
        found = extract_features(model, [(x, lengths)], layers="lstm")["lstm"]
        same(found, torch.stack([row.mean(0) for row in rows], 1))
        assert found.reduce == "masked"
        found = extract_features(model, [(x, lengths)], layers="lstm", reduce="last")["lstm"]
        same(found, torch.stack([row[-1] for row in rows], 1))
        found = extract_features(model, [(x, lengths)], layers="lstm", reduce="tokens_as_samples")[
            "lstm"
        ]
        same(found, torch.cat(rows).T)
    direct = module(lambda self, packed: self.lstm(packed)[0], lstm=one)
    batch = pack(x, lengths, batch_first=True, enforce_sorted=False)
    same(extract_features(direct, [batch], layers="lstm")["lstm"],
         torch.stack([row.mean(0) for row in rows], 1))  # fmt: skip


def test_lengths_are_a_mask() -> None:
    model = module(lambda self, x, lengths: self.linear(x), linear=nn.Linear(4, 6))
    x, lengths = draw(3, 7, 4), torch.tensor([3, 7, 5])
    rows = [model.linear(x[k, :n]).detach().mean(0) for k, n in enumerate(lengths)]
    found = extract_features(model, [{"x": x, "lengths": lengths}], layers="linear")["linear"]
    same(found, torch.stack(rows, 1))
    left = torch.zeros(3, 7, 4)
    for k, n in enumerate(lengths):
        left[k, 7 - n :] = x[k, :n]
    found = extract_features(model, [{"x": left, "lengths": lengths}], layers="linear")["linear"]
    same(found, torch.stack(rows, 1))


def test_nested_tensors_say_what_each_sequence_says_alone() -> None:
    parts = [draw(n, 4, seed=n) for n in (3, 6, 2)]
    model = module(
        lambda self, x: self.linear(torch.nested.nested_tensor(list(x), layout=torch.jagged)),
        linear=nn.Linear(4, 5),
    )
    with torch.no_grad():
        rows = [model.linear(part) for part in parts]
    feed = {"forward": lambda m, batch: m(batch), "layers": "linear"}
    found = extract_features(model, iter([parts]), **feed)["linear"]  # type: ignore[arg-type]
    same(found, torch.stack([row.mean(0) for row in rows], 1))
    found = extract_features(model, iter([parts]), reduce="last", **feed)["linear"]  # type: ignore[arg-type]
    same(found, torch.stack([row[-1] for row in rows], 1))


def test_numpy_dicts_reach_the_model_as_tensors() -> None:
    model = module(lambda self, x: self.linear(x), linear=nn.Linear(4, 3))
    x = draw(5, 4)
    batch = {"x": x.numpy().astype(np.float64)}
    same(extract_features(model, [batch], layers="linear")["linear"], model(x).detach().T)


@pytest.mark.parametrize("first", [[1.0, 2j], [[1, 2], "a"], [[], None]])
def test_lists_of_numbers_are_no_inputs(first: object) -> None:
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.ReLU())
    with pytest.raises(TypeError, match="must start with their input.*got list"):
        extract_features(model, [(first, 1)], progress=False)
