"""Networks of weights of many architectures: every edge has the length of its weight."""

from __future__ import annotations

import importlib.util
import json

import numpy as np
import pytest
import torch
from torch import nn

import featgraph as fg
from featgraph import similarity as sim
from featgraph.models import build_model

HAS_TRANSFORMERS = importlib.util.find_spec("transformers") is not None
needs_transformers = pytest.mark.skipif(not HAS_TRANSFORMERS, reason="needs transformers")
QUIET_INIT = {"vocab_size": 40}


def between(graph, sources, targets):
    """Lengths from layer to layer, nan where no edge is; shape (n_targets, n_sources)."""
    layer = graph.node_attributes["layer"]
    rows, columns = (np.flatnonzero(layer == name) for name in (targets, sources))
    assert rows.size, f"no layer {targets}: {sorted(set(layer.tolist()))}"
    assert columns.size, f"no layer {sources}: {sorted(set(layer.tolist()))}"
    matrix = graph.to_scipy().tocsr()[rows][:, columns].toarray()
    return np.where(matrix == 0, np.nan, matrix)


def check(graph, sources, targets, weight):
    """Hold the lengths between two layers against the weights, shape (n_out, n_in, …)."""
    strength = weight.detach().double().flatten(2).norm(dim=2) if weight.ndim > 2 else weight
    expected = 1 / strength.detach().double().abs().numpy()
    np.testing.assert_allclose(between(graph, sources, targets), expected, rtol=1e-12)


def edges_to(graph, layer):
    depth, names = graph.node_attributes["depth"], graph.node_attributes["layer"]
    one, two = graph.edges.T
    return {
        names[a] for a, b in zip(one, two, strict=True) if names[b] == layer and depth[a] < depth[b]
    }


def test_the_parts_of_an_encoder_block_are_joined_as_published():
    block = nn.TransformerEncoderLayer(8, 2, 20, batch_first=True).eval()
    graph = fg.weight_graph(block, directed=True)
    packed = block.self_attn.in_proj_weight
    name = (
        "0.self_attn" if "0.self_attn.out_proj" in graph.node_attributes["layer"] else "self_attn"
    )
    start = f"{name}.in_proj_weight"
    prefix = name.removesuffix("self_attn")
    for k, role in enumerate(("query", "key", "value")):
        check(graph, "inputs", f"{start}.{role}", packed[8 * k : 8 * k + 8])
    heads = f"{name}.heads"
    np.testing.assert_array_equal(between(graph, f"{start}.key", heads), 1)
    np.testing.assert_array_equal(between(graph, f"{start}.value", heads), 1)
    own = between(graph, f"{start}.query", heads)
    assert (np.isfinite(own) == np.eye(8, dtype=bool)).all()
    check(graph, heads, f"{name}.out_proj", block.self_attn.out_proj.weight)
    check(graph, f"{name}.out_proj", f"{prefix}linear1", block.linear1.weight)
    check(graph, f"{prefix}linear1", f"{prefix}linear2", block.linear2.weight)
    assert graph.n_nodes == 8 * 7 + 20
    assert graph.n_edges == 3 * 64 + 2 * 64 + 8 + 64 + 2 * 8 * 20
    depth = graph.node_attributes["depth"]
    assert (depth[graph.edge_attributes["from"]] < depth[graph.edge_attributes["to"]]).all()
    assert edges_to(graph, f"{name}.out_proj") == {heads}  # the sum around attention is left out
    sums = fg.weight_graph(block, sums=True)
    assert edges_to(sums, f"{name}.out_proj") == {heads, "inputs"}
    np.testing.assert_allclose(graph.edge_attributes["strength"], 1 / graph.edge_weights)


def test_heads_may_stay_apart():
    attention = nn.MultiheadAttention(12, 3, batch_first=True)
    graph = fg.weight_graph(attention, attention="heads")
    layer = next(n for n in graph.node_attributes["layer"].tolist() if n.endswith("key"))
    joined = np.isfinite(between(graph, layer, layer.replace("in_proj_weight.key", "heads")))
    np.testing.assert_array_equal(joined, np.kron(np.eye(3), np.ones((4, 4))) > 0)


class Grouped(nn.Module):
    """Four heads of queries share two of keys; a gated perceptron follows."""

    def __init__(self):
        super().__init__()
        self.num_heads = 4
        self.q_proj, self.o_proj = nn.Linear(8, 8, bias=False), nn.Linear(8, 8, bias=False)
        self.k_proj, self.v_proj = nn.Linear(8, 4, bias=False), nn.Linear(8, 4, bias=False)

    def forward(self, x):
        raise NotImplementedError


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.self_attn = Grouped()
        self.mlp = nn.ModuleDict({
            "gate_proj": nn.Linear(8, 10), "up_proj": nn.Linear(8, 10),
            "down_proj": nn.Linear(10, 8),
        })  # fmt: skip


class Blocks(nn.Module):
    def __init__(self, n=2):
        super().__init__()
        self.layers = nn.ModuleList(Block() for _ in range(n))

    def forward(self, x):
        return self.layers[0](x) if x.sum() > 0 else x


def test_grouped_queries_and_gates_are_read_by_blocks():
    net = Blocks()
    graph = fg.weight_graph(net, attention="heads")
    attention = net.layers[1].self_attn
    check(graph, "layers.0.mlp.down_proj", "layers.1.self_attn.k_proj", attention.k_proj.weight)
    joined = np.isfinite(between(graph, "layers.1.self_attn.k_proj", "layers.1.self_attn.heads"))
    # heads of two: queries 0 to 3 look at key head 0, the others at key head 1
    np.testing.assert_array_equal(joined, np.kron(np.eye(2), np.ones((4, 2))) > 0)
    mlp = net.layers[0].mlp
    output = "layers.0.self_attn.o_proj"
    for part in ("gate_proj", "up_proj"):
        check(graph, output, f"layers.0.mlp.{part}", mlp[part].weight)
        own = between(graph, f"layers.0.mlp.{part}", "layers.0.mlp.gate_proj.product")
        assert (np.isfinite(own) == np.eye(10, dtype=bool)).all()
    check(
        graph, "layers.0.mlp.gate_proj.product", "layers.0.mlp.down_proj", mlp["down_proj"].weight
    )


def test_samples_keep_the_same_queries_keys_and_values():
    net = Blocks()
    graph = fg.weight_graph(net, sample=3, rng=0)
    layer, neuron = graph.node_attributes["layer"], graph.node_attributes["neuron"]
    sizes = {name: int((layer == name).sum()) for name in set(layer.tolist())}
    assert sizes["layers.0.mlp.gate_proj"] == sizes["layers.0.mlp.up_proj"] == 6  # hidden: twice
    assert sizes["layers.0.self_attn.o_proj"] == 3
    picked = {name: neuron[layer == name].tolist() for name in sizes}
    queries = picked["layers.0.self_attn.q_proj"]
    assert picked["layers.0.self_attn.heads"] == queries
    keys = sorted({q // 4 * 2 + q % 2 for q in queries})
    assert picked["layers.0.self_attn.k_proj"] == picked["layers.0.self_attn.v_proj"] == keys
    assert picked["layers.0.mlp.gate_proj"] == picked["layers.0.mlp.gate_proj.product"]
    again = fg.weight_graph(net, sample=3, rng=0)
    assert again.node_labels == graph.node_labels
    whole = fg.weight_graph(net)
    place = {label: k for k, label in enumerate(whole.node_labels)}
    part = whole.subgraph([place[label] for label in graph.node_labels])
    assert part.n_edges == graph.n_edges
    np.testing.assert_allclose(np.sort(part.edge_weights), np.sort(graph.edge_weights), rtol=1e-12)


def test_a_mixer_joins_places_and_channels_apart():
    net = build_model("mixer", image_shape=(1, 4, 4), width=6, n_blocks=2).eval()
    graph = fg.weight_graph(net)
    block = net.blocks[0]
    check(graph, "4 places", "blocks.0.across_patches.0", block.across_patches[0].weight)
    check(graph, "blocks.0.across_patches.2", "blocks.1.across_patches.0",
          net.blocks[1].across_patches[0].weight)  # fmt: skip
    check(graph, "patches.project", "blocks.0.across_channels.0", block.across_channels[0].weight)
    check(graph, "blocks.1.across_channels.2", "head", net.head.weight)
    assert graph.n_components == 2
    fg.weight_graph(build_model("resmlp", image_shape=(1, 4, 4), width=6))


def test_an_lstm_is_its_state_with_the_norm_over_its_gates():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words = nn.Embedding(9, 5)
            self.lstm = nn.LSTM(5, 4, num_layers=2, bidirectional=True, batch_first=True)
            self.head = nn.Linear(8, 3)

        def forward(self, x):
            y, (last, _) = self.lstm(self.words(x))
            return self.head(y.mean(1)) + self.head(torch.cat([last[-2], last[-1]], dim=1))

    net = Net()
    graph = fg.weight_graph(net)
    gates = net.lstm.weight_ih_l0.detach().reshape(4, 4, 5).permute(1, 2, 0)
    check(graph, "words", "lstm.l0", gates)
    before = net.lstm.weight_hh_l1_reverse.detach().reshape(4, 4, 4).permute(1, 2, 0)
    check(graph, "lstm.state_l1_reverse", "lstm.l1_reverse", before)
    assert edges_to(graph, "lstm.l1") == {"lstm.l0", "lstm.l0_reverse", "lstm.state_l1"}


class Padded(nn.Conv2d):
    """A convolution that pads by itself, as that of EfficientNet-Lite."""

    def forward(self, x):
        x = nn.functional.pad(x, [1, 1, 1, 1]) if x.shape[-1] % 2 else x
        return nn.functional.conv2d(x, self.weight, self.bias, self.stride)


class Permuted(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Padded(2, 5, 3)
        self.head = nn.Linear(5 * 4, 3)

    def forward(self, x):
        return self.head(torch.relu(self.first(x)).permute(0, 2, 3, 1).flatten(1))


def test_subclasses_and_permuted_images_are_read():
    net = Permuted()
    graph = fg.weight_graph(net)
    check(graph, "inputs", "first", net.first.weight)
    check(graph, "first", "head", net.head.weight.reshape(3, 4, 5).transpose(1, 2))


@pytest.mark.parametrize("kind", ["permuted", "vit", "mixer"])
def test_alignment_keeps_the_function_of_what_it_learned_to_read(kind):
    shape = {"image_shape": (1, 4, 4), "width": 8, "n_blocks": 2}
    torch.manual_seed(0)
    a, b = (Permuted() if kind == "permuted" else build_model(kind, seed=s, **shape)
            for s in (0, 1))  # fmt: skip
    found = sim.align_neurons(a, b)
    inputs = torch.randn(4, 2 if kind == "permuted" else 1, 4, 4)
    torch.testing.assert_close(found.model.eval()(inputs), b.eval()(inputs), rtol=1e-4, atol=1e-5)
    assert found.matching_after > found.matching_before
    assert found.n_groups


def test_homology_takes_the_same_network_with_biases_heads_and_sums():
    net = build_model("vit", image_shape=(1, 4, 4), width=8, n_blocks=1, n_heads=2)
    graph = fg.weight_graph(net, biases=True, attention="heads", sums=True)
    # patches 1 → 8, q k v 3·64, output 64, perceptron 2·8·16, head; heads: q 8, k and v 2·2·16
    fixed = 8 + 2 * 2 * 16
    sums = 2 * 8
    plain = fg.weight_graph(net, attention="heads", sums=True)
    assert plain.n_edges == 8 + 3 * 64 + 64 + 2 * 128 + 80 + fixed + sums
    biases = [
        p for name, p in net.named_parameters() if name.endswith("bias") and "norm" not in name
    ]
    values = torch.cat([b.detach() for b in biases if b.ndim == 1]).double()
    assert graph.n_nodes - plain.n_nodes == len(values)
    assert graph.n_edges - plain.n_edges == int((values != 0).sum())
    ours, same = sim.weight_persistence(net), sim.weight_persistence(graph)
    for dimension in ours.points:
        np.testing.assert_array_equal(ours.points[dimension], same.points[dimension])


def test_biases_are_nodes_of_their_own_and_sampled_with_their_neurons():
    net = nn.Sequential(nn.Linear(6, 9), nn.BatchNorm1d(9), nn.ReLU(), nn.Linear(9, 4)).eval()
    net[1].running_mean.uniform_(-1, 1, generator=torch.Generator().manual_seed(0))
    folded = -net[1].running_mean.double() / (1 + 1e-5) ** 0.5
    folded += net[0].bias.detach().double() / (1 + 1e-5) ** 0.5
    graph = fg.weight_graph(net, biases=True)
    own = between(graph, "0.bias", "0")
    expected = np.where(np.eye(9) > 0, 1 / folded.abs().numpy(), np.nan)
    np.testing.assert_allclose(own, expected, rtol=1e-6)
    raw = fg.weight_graph(net, biases=True, fold_batchnorm=False)
    np.testing.assert_allclose(
        np.diag(between(raw, "0.bias", "0")), 1 / net[0].bias.detach().double().abs(), rtol=1e-12
    )
    part = fg.weight_graph(net, biases=True, sample=3, rng=0)
    layer, neuron = part.node_attributes["layer"], part.node_attributes["neuron"]
    assert neuron[layer == "0.bias"].tolist() == neuron[layer == "0"].tolist()
    assert not part.edge_attributes["fixed"].any()
    with pytest.raises(TypeError, match="biases must be True or False for a model, got list"):
        fg.weight_graph(net, biases=[None])


def test_matrices_are_a_stack_of_dense_layers():
    rng = np.random.default_rng(0)
    first, second, bias = rng.normal(size=(5, 3)), rng.normal(size=(2, 5)), rng.normal(size=2)
    net = nn.Sequential(nn.Linear(3, 5, bias=False), nn.Linear(5, 2)).double()
    net[0].weight.data, net[1].weight.data = torch.tensor(first), torch.tensor(second)
    net[1].bias.data = torch.tensor(bias)
    graph = fg.weight_graph([first, second.tolist()], biases=[None, bias])
    expected = fg.weight_graph(net, biases=True)
    assert graph.node_labels == expected.node_labels
    np.testing.assert_array_equal(graph.edge_weights, expected.edge_weights)
    assert fg.weight_graph([first]).n_edges == 15


def test_shared_weights_stand_once():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(6, 6), nn.Linear(6, 6)
            self.second.weight = self.first.weight

        def forward(self, x):
            return self.second(torch.relu(self.first(x)))

    assert fg.weight_graph(Net()).n_edges == 36


def test_thresholds_keep_the_shortest():
    net = nn.Sequential(nn.Linear(12, 15), nn.ReLU(), nn.Linear(15, 9))
    whole = fg.weight_graph(net)
    limit = float(np.median(whole.edge_weights))
    near = fg.weight_graph(net, max_length=limit)
    np.testing.assert_array_equal(
        np.sort(near.edge_weights), np.sort(whole.edge_weights[whole.edge_weights <= limit])
    )
    few = fg.weight_graph(net, n_strongest=3)
    assert few.n_edges == 3 * (12 + 15)
    weights = np.sort(net[0].weight.detach().double().abs().numpy(), axis=0)[-3:]
    first = few.node_attributes["depth"][few.edges[:, 0]] == 0
    np.testing.assert_allclose(np.sort(1 / few.edge_weights[first]), np.sort(weights.ravel()))
    part = fg.weight_graph(net, layers="2")
    assert set(part.node_attributes["layer"].tolist()) == {"0", "2"}
    assert part.n_edges == 15 * 9


def test_parts_of_a_layer_keep_the_numbers_of_their_neurons():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(5, 9), nn.Linear(4, 3)

        def forward(self, x):
            return self.second(torch.relu(self.first(x))[..., 3:7])

    net = Net()
    graph = fg.weight_graph(net, layers="second")
    layer, neuron = graph.node_attributes["layer"], graph.node_attributes["neuron"]
    assert neuron[layer == "first"].tolist() == [3, 4, 5, 6]
    check(graph, "first", "second", net.second.weight)
    part = fg.weight_graph(net, layers="second", sample=2, rng=0)
    picked = part.node_attributes["neuron"][part.node_attributes["layer"] == "first"]
    assert set(picked.tolist()) <= {3, 4, 5, 6}
    assert set(part.node_labels) <= set(graph.node_labels)


def test_files_keep_layers_and_places(tmp_path):
    net = nn.Sequential(nn.Linear(20, 20), nn.ReLU(), nn.Linear(20, 20))
    graph = fg.weight_graph(net, n_strongest=3)
    path = fg.write_gexf(graph, tmp_path / "net.gexf", color_by="layer")
    back = fg.read_gexf(path)
    assert back.node_labels == graph.node_labels
    np.testing.assert_array_equal(back.node_attributes["depth"], graph.node_attributes["depth"])
    x = back.node_attributes["position"][:, 0]
    assert np.all(np.diff(x[np.argsort(graph.node_attributes["depth"], kind="stable")]) >= 0)


class Quantized(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, 3, dtype=torch.int8), requires_grad=False)

    def forward(self, x):
        return x


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Block()])
        self.layers[0].experts = nn.Parameter(torch.zeros(2, 8, 8))

    def forward(self, x):
        return x if x.sum() > 0 else -x


class Lateral(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([Block()])
        self.layers[0].lateral = nn.Linear(8, 8)

    def forward(self, x):
        return x if x.sum() > 0 else -x


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Sequential(nn.Linear(3, 3), Quantized()), "module '1' .* is quantised"),
        (lambda: nn.Linear(3, 3, device="meta"), "'weight' is on the meta device"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), "'0.weight' has no shape yet"),
        (lambda: nn.Sequential(nn.ReLU()), "must hold a linear or convolutional layer"),
        (Experts, "not understood: layers.0.experts"),
        (Lateral, "not understood: .*layers.0.lateral"),
        (lambda: nn.Linear(3, 3, dtype=torch.complex64), "must be dense and real"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(make, words):
    with pytest.raises(ValueError, match=words):
        fg.weight_graph(make())


def test_bad_options_are_named():
    net = nn.Sequential(nn.Linear(3, 3))
    with pytest.raises(ValueError, match="layers must name linear maps .* got 'one'"):
        fg.weight_graph(net, layers=["one"])
    with pytest.raises(ValueError, match="sample must be a whole number of at least 1"):
        fg.weight_graph(net, sample=0)
    with pytest.raises(ValueError, match="none has a length of at most max_length=1e-09"):
        fg.weight_graph(net, max_length=1e-9)


def config(kind, **values):
    import transformers

    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 4,
             "intermediate_size": 24}  # fmt: skip
    return getattr(transformers, kind)(**(values or sizes), **QUIET_INIT)


CASES = {
    "BertModel": ("BertConfig", {}),
    "GPT2Model": ("GPT2Config", {"n_embd": 16, "n_layer": 2, "n_head": 4}),
    "GPTNeoXModel": ("GPTNeoXConfig", {}),
    "OPTModel": ("OPTConfig", {"hidden_size": 16, "num_hidden_layers": 2, "ffn_dim": 24,
                               "num_attention_heads": 4, "word_embed_proj_dim": 16}),
    "LlamaModel": ("LlamaConfig", {"hidden_size": 16, "num_hidden_layers": 2,
                                   "num_attention_heads": 4, "num_key_value_heads": 2,
                                   "intermediate_size": 24}),
    "T5Model": ("T5Config", {"d_model": 16, "d_kv": 4, "d_ff": 24, "num_layers": 2,
                             "num_heads": 4, "feed_forward_proj": "gated-gelu"}),
}  # fmt: skip


@needs_transformers
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", CASES)
def test_models_of_transformers_are_read_whole(kind):
    from featgraph.models.guarded_import import import_beside_torchvision

    transformers = import_beside_torchvision("transformers", extra="transformers")
    name, values = CASES[kind]
    net = getattr(transformers, kind)(config(name, **values))
    graph = fg.weight_graph(net)
    maps = [
        m
        for m in net.modules()
        if isinstance(m, nn.Linear) or (type(m).__name__ == "Conv1D" and hasattr(m, "nf"))
    ]
    outside = 0 if kind != "BertModel" else net.pooler.dense.weight.numel()
    weights = sum(m.weight.numel() for m in maps) - outside
    assert int((~graph.edge_attributes["fixed"]).sum()) == weights
    json.dumps(graph.node_labels)


@needs_transformers
@pytest.mark.filterwarnings("ignore")
def test_packed_heads_of_gpt_neox_stand_one_after_the_other():
    from featgraph.models.guarded_import import import_beside_torchvision

    transformers = import_beside_torchvision("transformers", extra="transformers")
    net = transformers.GPTNeoXModel(config("GPTNeoXConfig"))
    packed = net.layers[0].attention.query_key_value.weight
    graph = fg.weight_graph(net)
    for k, role in enumerate(("query", "key", "value")):
        rows = packed.reshape(4, 3, 4, 16)[:, k].reshape(16, 16)
        check(graph, "layers inputs", f"layers.0.attention.query_key_value.{role}", rows)


def test_a_second_input_is_a_layer_of_its_own():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.words, self.size = nn.Embedding(9, 5), nn.Linear(3, 4, bias=False)
            self.head = nn.Linear(14, 2)

        def forward(self, numbers, sizes):
            words = self.words(numbers)
            return self.head(torch.cat([words, self.size(sizes), words], dim=-1))

    net = Net()
    graph = fg.weight_graph(net)
    check(graph, "inputs", "size", net.size.weight)
    check(graph, "size", "head", net.head.weight[:, 5:9])
    strong = torch.maximum(net.head.weight[:, :5].abs(), net.head.weight[:, 9:].abs())
    check(graph, "words", "head", strong)  # the same words twice: the stronger weight stays


def test_attention_with_separate_parameters_is_read():
    attention = nn.MultiheadAttention(6, 2, kdim=6, vdim=6, batch_first=True)
    apart = nn.MultiheadAttention(6, 2, kdim=5, vdim=6, batch_first=True)
    assert attention.in_proj_weight is not None
    with pytest.raises(ValueError, match="takes 5 inputs where 6 units arrive"):
        fg.weight_graph(apart)  # a second stream that a lone module does not have
    apart._qkv_same_embed_dim = False
    same = nn.MultiheadAttention(6, 2, kdim=6, vdim=6, batch_first=True)
    same.in_proj_weight = None
    for role in "qkv":
        setattr(same, f"{role}_proj_weight", nn.Parameter(torch.randn(6, 6)))
    graph = fg.weight_graph(same)
    layers = graph.node_attributes["layer"].tolist()
    key = next(name for name in layers if name.endswith("k_proj"))
    check(graph, "inputs", key, same.k_proj_weight)


class Signal(nn.Module):
    """Sound as an image of one column, an option, and a norm over the units, as speech nets do."""

    def __init__(self, column=True):
        super().__init__()
        self.column = column
        self.conv = nn.Conv2d(1, 4, (3, 1) if column else 3)
        self.norm = nn.BatchNorm2d(4)
        self.head = nn.Linear(8, 3)

    def forward(self, x, embed=False, mask=None):
        if mask is not None:
            x = x * mask
        x = nn.functional.pad(x[:, None, :, None], (0, 0, 1, 1) if self.column else (1, 1, 1, 1))
        x = nn.functional.max_pool2d(self.norm(torch.relu(self.conv(x))), (2, 1))
        if embed:
            return x
        x = self.head(x.permute(0, 2, 1, 3).reshape(-1, 8))
        return x / torch.norm(x, dim=1, keepdim=True)


def test_options_columns_and_norms_over_units_are_followed():
    net = Signal()
    graph = fg.weight_graph(net)
    check(graph, "inputs", "conv", net.conv.weight)
    # two places of four channels, channels last
    check(graph, "conv", "head", net.head.weight.reshape(3, 2, 4).transpose(1, 2))
    with pytest.raises(ValueError, match="operation 'flatten' around the units"):
        fg.weight_graph(Signal(column=False))  # how many columns there are is not known


def test_what_is_made_of_units_is_no_new_input():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Linear(6, 5), nn.Linear(5, 4)
            self.gain = nn.Parameter(torch.full((5,), 2.0))

        def forward(self, x):
            x = self.first(x)
            x = (x - x.mean(-1, keepdim=True)) * torch.rsqrt(x.var(-1, keepdim=True) + 1e-6)
            return self.second(x * self.gain)

    net = Net()
    graph = fg.weight_graph(net)
    check(graph, "first", "second", net.second.weight)

    class Wrong(Net):
        def forward(self, x):
            return self.second(self.first(x).mean(-1, keepdim=True))

    with pytest.raises(ValueError, match="module 'second' of type Linear"):
        fg.weight_graph(Wrong())


def test_samples_of_grouped_convolutions_keep_their_weights():
    layers = nn.Conv2d(6, 12, 3, groups=3), nn.ReLU(), nn.Conv2d(12, 12, 3, groups=12)
    net = nn.Sequential(*layers, nn.Conv2d(12, 9, 1))
    whole, part = fg.weight_graph(net), fg.weight_graph(net, sample=5, rng=0)
    place = {label: k for k, label in enumerate(whole.node_labels)}
    same = whole.subgraph([place[label] for label in part.node_labels])
    assert part.n_edges > 25
    np.testing.assert_array_equal(part.edges, same.edges)
    np.testing.assert_allclose(part.edge_weights, same.edge_weights, rtol=1e-12)
    check(whole, "2", "3", net[3].weight)
    own = between(whole, "0", "2")
    strength = net[2].weight.detach().double().flatten(1).norm(dim=1).numpy()
    np.testing.assert_allclose(own, np.where(np.eye(12) > 0, 1 / strength, np.nan), rtol=1e-12)


class Reduced(nn.Module):
    """Keys and values look at fewer tokens, and a depthwise convolution mixes places, as in PVT."""

    def __init__(self):
        super().__init__()
        self.attn = nn.Module()
        self.attn.num_heads = 2
        self.attn.q, self.attn.kv, self.attn.proj = (nn.Linear(8, n) for n in (8, 16, 8))
        self.attn.sr, self.attn.norm = nn.Conv2d(8, 8, 2, 2), nn.LayerNorm(8)
        self.mlp = nn.Module()
        self.mlp.fc1, self.mlp.fc2 = nn.Linear(8, 12), nn.Linear(12, 8)
        self.mlp.dwconv = nn.Conv2d(12, 12, 3, padding=1, groups=12)


class Pyramid(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleList(Reduced() for _ in range(2))

    def forward(self, x):
        return x if x.sum() > 0 else -x


def test_reduced_keys_and_mixed_places_are_read():
    net = Pyramid()
    graph = fg.weight_graph(net)
    block, before = net.blocks[1], "blocks.0.mlp.fc2"
    check(graph, before, "blocks.1.attn.q", block.attn.q.weight)
    check(graph, before, "blocks.1.attn.sr", block.attn.sr.weight)
    check(graph, "blocks.1.attn.sr", "blocks.1.attn.kv.value", block.attn.kv.weight[8:])
    own = between(graph, "blocks.1.mlp.fc1", "blocks.1.mlp.dwconv")
    strength = block.mlp.dwconv.weight.detach().double().flatten(1).norm(dim=1).numpy()
    np.testing.assert_allclose(own, np.where(np.eye(12) > 0, 1 / strength, np.nan), rtol=1e-12)
    check(graph, "blocks.1.mlp.dwconv", "blocks.1.mlp.fc2", block.mlp.fc2.weight)
    part = fg.weight_graph(net, sample=3, rng=0)
    layer, neuron = part.node_attributes["layer"], part.node_attributes["neuron"]
    assert neuron[layer == "blocks.0.mlp.fc1"].tolist() == (
        neuron[layer == "blocks.0.mlp.dwconv"].tolist()
    )
    net.blocks[0].attn.talking = nn.Conv2d(2, 2, 1)  # maps between heads have no neurons
    with pytest.raises(ValueError, match=r"not understood: blocks.0.attn.talking.weight"):
        fg.weight_graph(net)


class BySize(nn.Module):
    """Asks for the size of its input, as VGG does where images are small."""

    def __init__(self, way):
        super().__init__()
        self.way = way
        self.first, self.small = nn.Conv2d(3, 5, 3), nn.Conv2d(3, 5, 1)
        self.head = nn.Linear(5, 2)

    def forward(self, x):
        if self.way == "layers":
            x = self.small(x) if x.shape[-1] < 7 else self.first(x)
        else:
            x = self.first(x)
        if self.way == "refuses" and x.size(1) != 5:
            raise ValueError("five channels are needed")
        if x.shape[2] < 7:
            x = nn.functional.adaptive_avg_pool2d(x, 7)
        return self.head(x.mean((2, 3)))


@pytest.mark.parametrize("way", ["pool", "refuses"])
def test_branches_by_size_are_read_where_they_hold_the_same_layers(way):
    net = BySize(way)
    graph = fg.weight_graph(net)
    check(graph, "inputs", "first", net.first.weight)
    check(graph, "first", "head", net.head.weight)


def test_branches_by_size_that_hold_other_layers_are_refused():
    with pytest.raises(ValueError, match="BySize, whose layers depend on the size of its input"):
        fg.weight_graph(BySize("layers"))


@pytest.mark.skipif(importlib.util.find_spec("timm") is None, reason="needs timm")
@pytest.mark.filterwarnings("ignore")
def test_a_pyramid_of_timm_is_read_stage_by_stage():
    net = fg.models.create_timm_model("pvt_v2_b0", pretrained=False, seed=0).eval()
    graph = fg.weight_graph(net, sample=6, rng=0)
    layer, neuron = graph.node_attributes["layer"], graph.node_attributes["neuron"]
    block = net.stages[1].blocks[1]
    rows = np.flatnonzero(layer == "stages.1.blocks.1.attn.kv.value")
    columns = np.flatnonzero(layer == "stages.1.blocks.1.attn.sr")
    found = graph.to_scipy().tocsr()[rows][:, columns].toarray()
    weight = block.attn.kv.weight.detach().double().abs().numpy()[64:]
    np.testing.assert_allclose(found * weight[np.ix_(neuron[rows], neuron[columns])], 1, rtol=1e-9)
    assert {name.split(".")[1] for name in layer.tolist() if name.startswith("stages")} == {*"0123"}
