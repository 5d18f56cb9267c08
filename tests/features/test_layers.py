"""Listing and selecting layers."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
from torch import nn

from featgraph.features import list_layers, select_layers
from featgraph.features.layers import are_rules
from featgraph.models import MODELS, build_model


class Residual(nn.Module):
    def __init__(self, width: int = 8) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.norm(self.conv(x))


def family(name: str, **children: nn.Module) -> nn.Module:
    """A module whose class has the name of a family of timm."""
    model = type(name, (nn.Module,), {})()
    for child, module in children.items():
        setattr(model, child, module)
    return model


def linears(n: int) -> list[nn.Module]:
    return [nn.Linear(4, 4) for _ in range(n)]


def net() -> nn.Module:
    """Names: stem, layer1.0.conv …, layer1.1.norm, layer2.0.conv …, head."""
    return family(
        "Net",
        stem=nn.Conv2d(3, 8, 3),
        layer1=nn.Sequential(Residual(), Residual()),
        layer2=nn.Sequential(Residual()),
        head=nn.Linear(8, 10),
    )


def test_list_counts_parameters_and_keeps_order() -> None:
    rows = list_layers(net())
    assert [row.name for row in rows][:4] == ["stem", "layer1", "layer1.0", "layer1.0.conv"]
    by_name = {row.name: row for row in rows}
    assert by_name["layer1.0.conv"].n_parameters == 8 * 8 * 9 + 8
    assert by_name["layer1"].n_parameters == 2 * (8 * 8 * 9 + 8 + 16)
    assert by_name["layer1"].type == "Sequential"


def test_list_survives_lazy_modules() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of torch say that lazy modules are new
        lazy = nn.LazyLinear(4)
    assert list_layers(nn.Sequential(lazy))[0].n_parameters == 0


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("head", ["head"]),
        (["head", "stem"], ["head", "stem"]),
        ("layer*", ["layer1", "layer2"]),
        ("layer[2-9]", ["layer2"]),
        ("layer?.0", ["layer1.0", "layer2.0"]),
        ("**.conv", ["layer1.0.conv", "layer1.1.conv", "layer2.0.conv"]),
        ("layer2.**", ["layer2", "layer2.0", "layer2.0.conv", "layer2.0.norm"]),
        (nn.Conv2d, ["stem", "layer1.0.conv", "layer1.1.conv", "layer2.0.conv"]),
        ([nn.Linear, "layer*", "layer1"], ["head", "layer1", "layer2"]),
        ("auto", ["layer1", "layer2"]),
        (("auto", "head"), ["layer1", "layer2", "head"]),
    ],
)
def test_select(layers: object, expected: list[str]) -> None:
    assert select_layers(net(), layers) == expected  # type: ignore[arg-type]


def test_all_leaves_out_what_has_no_forward() -> None:
    model = family("Net", blocks=nn.ModuleList(linears(2)), more=nn.ModuleDict({"a": nn.ReLU()}))
    assert select_layers(model, "all") == ["blocks.0", "blocks.1", "more.a"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("layer3", "'layer3' matches none of the 13 layers; did you mean 'layer2'"),
        ("layer1.*.bias", "matches none"),
        (["head", "hed"], "'hed' matches none.*did you mean 'head'"),
        (nn.Conv1d, r"no module of type Conv1d; there are \['BatchNorm2d', 'Conv2d'"),
        ([], "at least one layer, got an empty list"),
    ],
)
def test_no_match_is_an_error_with_a_hint(layers: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        select_layers(net(), layers)  # type: ignore[arg-type]


@pytest.mark.parametrize("layers", [3.0, [3.0], [int], [True], None])
def test_other_kinds_are_refused(layers: object) -> None:
    with pytest.raises(TypeError, match="a name, a glob, a module type or a list"):
        select_layers(net(), layers)  # type: ignore[arg-type]


def test_shared_module_is_found_by_every_name() -> None:
    shared = nn.ReLU()
    model = family("Net", first=shared, second=shared)
    assert select_layers(model, "second") == ["second"]


AUTO = {
    "timm ViT": (
        family("VisionTransformer", patch_embed=nn.Linear(4, 4), blocks=nn.Sequential(*linears(3))),
        ["blocks.0", "blocks.1", "blocks.2"],
    ),
    "timm PoolFormer": (
        family("MetaFormer", stem=nn.Linear(4, 4), stages=nn.Sequential(*linears(2))),
        ["stages.0", "stages.1"],
    ),
    "timm PVT v2": (
        family("PyramidVisionTransformerV2", stages=nn.Sequential(*linears(2))),
        ["stages.0", "stages.1"],
    ),
    "timm ResMLP and Mixer": (
        family("MlpMixer", stem=nn.Linear(4, 4), blocks=nn.Sequential(*linears(2))),
        ["blocks.0", "blocks.1"],
    ),
    "timm ResNet": (
        family("ResNet", **{f"layer{k}": nn.Linear(4, 4) for k in range(1, 5)}),
        ["layer1", "layer2", "layer3", "layer4"],
    ),
    "VGG: before each pooling": (
        nn.Sequential(
            *(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(8, 8, 3), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Linear(8, 10)),
        ),
        ["1", "6"],
    ),
    "activations of a flat net": (
        nn.Sequential(nn.Flatten(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.Tanh()),
        ["2", "4"],
    ),
    "linear maps where activations are functions": (
        family("Net", a=nn.Linear(4, 4), b=nn.Linear(4, 4), c=nn.Linear(4, 2)),
        ["a", "b"],
    ),
    "wrapped": (
        nn.Sequential(nn.Identity(), net()),
        ["1.layer1", "1.layer2"],
    ),
    "a head of two layers is no block": (
        nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()),
            nn.Flatten(),
            nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 2)),
        ),
        ["0.1", "2.1"],
    ),
    "heavy blocks win over a light stem of numbered ones": (
        family(
            "Net",
            bn1=nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()),
            blocks=nn.Sequential(Residual(), Residual()),
            bn2=nn.Sequential(nn.BatchNorm2d(8), nn.ReLU()),
        ),
        ["blocks.0", "blocks.1"],
    ),
    "named blocks": (
        family("Net", a=Residual(), b=Residual(), c=Residual(), head=nn.Linear(4, 2)),
        ["a", "b", "c"],
    ),
    "transformer of torch": (
        nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2), 2, enable_nested_tensor=False),
        ["layers.0", "layers.1"],
    ),
    "one layer": (nn.Linear(4, 2), [""]),
    "one layer in a container": (nn.Sequential(nn.Linear(4, 2)), ["0"]),
    "no parameters": (nn.Sequential(nn.ReLU(), nn.Flatten()), ["1"]),
}


@pytest.mark.parametrize("case", AUTO)
def test_auto(case: str) -> None:
    model, expected = AUTO[case]
    assert select_layers(model) == expected


@pytest.mark.parametrize("name", MODELS)
def test_auto_finds_the_blocks_of_the_small_networks(name: str) -> None:
    model = build_model(name)
    word = "stages" if name == "cnn" else "blocks"
    n_blocks = 3 if name in ("mlp", "cnn", "resnet") else 4
    assert select_layers(model) == [f"{word}.{k}" for k in range(n_blocks)]


def face_detector(activation: type[nn.Module]) -> nn.Module:
    """The proposal network of MTCNN: its two heads are 1 × 1 convolutions."""
    return family(
        "Proposals",
        conv1=nn.Conv2d(3, 10, 3),
        act1=activation(),
        pool1=nn.MaxPool2d(2, 2),
        conv2=nn.Conv2d(10, 16, 3),
        act2=activation(),
        conv3=nn.Conv2d(16, 32, 3),
        act3=activation(),
        conv4_1=nn.Conv2d(32, 2, 1),
        softmax4_1=nn.Softmax(dim=1),
        conv4_2=nn.Conv2d(32, 4, 1),
    )


class Swish(nn.Module):
    """An activation that learns, of the kind that people write themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.beta = nn.Parameter(torch.ones(1))


@pytest.mark.parametrize("activation", [nn.ReLU, nn.PReLU, nn.GELU, nn.RReLU, Swish])
def test_activations_with_parameters_are_activations(activation: type[nn.Module]) -> None:
    assert select_layers(face_detector(activation)) == ["act1", "act2", "act3"]


@pytest.mark.parametrize("softmax", [nn.Softmax(1), nn.LogSoftmax(1), nn.Softmin(1)])
def test_softmax_is_no_activation(softmax: nn.Module) -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), softmax)
    assert select_layers(net) == ["1"]
    assert select_layers(nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), softmax)) == ["0"]


def parametrised() -> dict[str, nn.Module]:
    by = nn.utils.parametrizations
    maps = {
        "spectral": by.spectral_norm,
        "weight": by.weight_norm,
        "orthogonal": by.orthogonal,
    }
    return {
        name: nn.Sequential(
            nn.Flatten(), wrap(nn.Linear(4, 8)), nn.ReLU(), wrap(nn.Linear(8, 8)), nn.Linear(8, 2)
        )
        for name, wrap in maps.items()
    }


@pytest.mark.parametrize("kind", ["spectral", "weight", "orthogonal"])
def test_parametrised_layers_are_layers_and_their_insides_are_not(kind: str) -> None:
    model = parametrised()[kind]
    assert select_layers(model) == ["2"]
    del model[2]
    assert select_layers(model) == ["1", "2"]
    assert [row.name for row in list_layers(model)] == ["0", "1", "2", "3"]
    assert list_layers(model)[1].type == "Linear"
    assert select_layers(model, "all") == ["0", "1", "2", "3"]
    assert select_layers(model, "**") == ["0", "1", "2", "3"]
    assert select_layers(model, nn.Linear) == ["1", "2", "3"]


def test_dynamically_quantised_maps_are_leaves() -> None:
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that its quantisation will move
        quantised = torch.ao.quantization.quantize_dynamic(model, {nn.Linear})
    assert select_layers(quantised) == ["1"]
    assert select_layers(quantised, "all") == ["0", "1", "2"]
    assert [row.n_parameters for row in list_layers(quantised)] == [32, 0, 16]


def test_poolings_registered_together_are_no_stages() -> None:
    net = family(
        "Net",
        conv1=nn.Conv2d(3, 8, 3),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(8, 8, 3),
        relu2=nn.ReLU(),
        pool1=nn.MaxPool2d(2),
        pool2=nn.MaxPool2d(2),
        fc=nn.Linear(8, 2),
    )
    assert select_layers(net) == ["relu1", "relu2"]


def blocks(n: int, width: int = 8) -> nn.ModuleList:
    return nn.ModuleList(mlp(width) for _ in range(n))


def mlp(width: int = 8) -> nn.Module:
    return nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))


def tower(n: int, vocabulary: int = 0) -> nn.Module:
    """A model with the blocks ``layer.0``, ``layer.1``, …, and a table of embeddings."""
    parts: dict[str, nn.Module] = {"encoder": family("Encoder", layer=blocks(n))}
    if vocabulary:
        embeddings = family(
            "Embeddings",
            word_embeddings=nn.Embedding(vocabulary, 8),
            position_embeddings=nn.Embedding(16, 8),
            norm=nn.LayerNorm(8),
        )
        parts = {"embeddings": embeddings, **parts}
    pooler = family("Pooler", dense=nn.Linear(8, 8), activation=nn.Tanh())
    return family("Tower", **parts, pooler=pooler)


def numbered(path: str, n: int) -> list[str]:
    return [f"{path}.{k}" for k in range(n)]


class DenseBlock(nn.ModuleDict):
    """A dict of layers that can be called, as in torchvision's DenseNet."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


def dense_net() -> nn.Module:
    stages = {}
    for k in (1, 2, 3):
        stages[f"denseblock{k}"] = DenseBlock({"layer1": mlp(), "layer2": mlp()})
        stages[f"transition{k}"] = nn.Sequential(nn.BatchNorm2d(8), nn.Conv2d(8, 8, 1))
    features = nn.Sequential()
    for name, stage in stages.items():
        features.add_module(name, stage)
    return family("Dense", features=features, classifier=nn.Linear(8, 2))


def declaring(names: list[str], **children: nn.Module) -> nn.Module:
    model = family("Net", **children)
    model.feature_info = [{"module": name, "num_chs": 8, "reduction": 4} for name in names]
    return model


NUMBERS = [
    (0, ["blocks.0"]),
    ([0, 5, -1], ["blocks.0", "blocks.5", "blocks.11"]),
    ([np.int64(2), "head"], ["blocks.2", "head"]),
    (slice(0, 3), numbered("blocks", 3)),
    ("0:3", numbered("blocks", 3)),
    ("::5", ["blocks.0", "blocks.5", "blocks.10"]),
    ("-2:", ["blocks.10", "blocks.11"]),
    (["10:", 0, 11], ["blocks.10", "blocks.11", "blocks.0"]),
]


@pytest.mark.parametrize(("layers", "expected"), NUMBERS)
def test_numbers_and_slices_of_the_blocks(layers: object, expected: list[str]) -> None:
    net = family("Net", stem=nn.Linear(8, 8), blocks=blocks(12), head=nn.Linear(8, 2))
    assert select_layers(net, layers) == expected  # type: ignore[arg-type]


def test_a_name_that_is_a_number_is_a_name() -> None:
    net = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    assert select_layers(net, "0") == ["0"]
    assert select_layers(net, 0) == ["1"]


def with_dropout() -> nn.Module:
    block = nn.Sequential()
    block.add_module("linear", nn.Linear(8, 8))
    block.add_module("dropout", nn.Dropout())
    return family("Net", dropout=nn.Dropout(), layer1=block, head=nn.Linear(8, 2))


EXCLUSIONS = [
    (["all", "!*.dropout"], ["dropout", "layer1", "layer1.linear", "head"]),
    (["all", "!dropout"], ["layer1", "layer1.linear", "head"]),
    ("!**.dropout", ["layer1", "layer1.linear", "head"]),
    (["!dropout", "!layer1"], ["layer1.linear", "head"]),
    (["!head", "*"], ["dropout", "layer1"]),
    ([nn.Linear, "!layer1.*"], ["head"]),
]


@pytest.mark.parametrize(("layers", "expected"), EXCLUSIONS)
def test_exclusions(layers: object, expected: list[str]) -> None:
    assert select_layers(with_dropout(), layers) == expected  # type: ignore[arg-type]


def test_rules_are_told_from_names() -> None:
    for rules in ("auto", "all", "residual", ["all", "!*.dropout"], "!x", ["auto", "mlp_hidden"]):
        assert are_rules(rules)
    for names in ("head", ["auto", "head"], 0, slice(2), "0:2", nn.Linear):
        assert not are_rules(names)


WRONG = [
    (12, "12 is none of the 12 blocks that 'auto' takes: blocks.0, blocks.1"),
    ("20:30", "'20:30' is none of the 12 blocks"),
    ("0:4:0", "'0:4:0' is none of the 12 blocks"),
    ("!dropout", "'!dropout' matches none of the"),
    (["head", "!head"], r"at least one layer, got \['head', '!head'\], which leaves none"),
    ("blocks", r"'blocks' is a ModuleList, which is not called; take 'blocks\.\*'"),
    ("blocks.0.0.parametrizations.weight.0", "works on weights and never sees data; take the"),
    ("heed:input", "'heed:input' matches none .* did you mean 'head'"),
    ("residual", "needs blocks with attention and linear maps, and Net has none"),
]


@pytest.mark.parametrize(("layers", "message"), WRONG)
def test_what_selects_nothing_says_why(layers: object, message: str) -> None:
    net = family("Net", blocks=blocks(12), head=nn.Linear(8, 2))
    nn.utils.parametrizations.weight_norm(net.get_submodule("blocks.0.0"))
    with pytest.raises(ValueError, match=message):
        select_layers(net, layers)  # type: ignore[arg-type]


def encoder() -> nn.Module:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


SHORT = {
    "residual": ["layers.0", "layers.1"],
    "mlp_hidden": ["layers.0.linear2:input", "layers.1.linear2:input"],
    "attention_out": ["layers.0.self_attn", "layers.1.self_attn"],
}


@pytest.mark.parametrize("shorthand", SHORT)
def test_shorthands_of_transformers(shorthand: str) -> None:
    assert select_layers(encoder(), shorthand) == SHORT[shorthand]
    stage = nn.Module()
    stage.blocks = nn.Sequential(*encoder().layers)
    staged = family("Swin", stages=nn.ModuleList([family("Stage", blocks=stage.blocks)]))
    expected = [name.replace("layers", "stages.0.blocks") for name in SHORT[shorthand]]
    assert select_layers(staged, shorthand) == expected


def test_shorthands_reach_both_attentions_of_a_decoder() -> None:
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), 1)
    assert select_layers(decoder, "attention_out") == [
        "layers.0.self_attn",
        "layers.0.multihead_attn",
    ]


def test_what_goes_into_a_layer_has_a_name() -> None:
    assert select_layers(net(), "layer1.0.conv:input") == ["layer1.0.conv:input"]
    assert select_layers(net(), "layer1.*:input") == ["layer1.0:input", "layer1.1:input"]


def deaf_models() -> dict[str, nn.Module]:
    eager = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    x = torch.zeros(3, 4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some versions of torch say that torch.jit is old
        return {
            "scripted": torch.jit.script(eager),
            "traced": torch.jit.trace(eager, x),
            "scripted part": nn.Sequential(torch.jit.script(eager), nn.ReLU()),
            "exported": torch.export.export(eager, (x,)).module(),
            "program": torch.export.export(eager, (x,)),
        }


def test_models_without_calls_of_layers_are_refused() -> None:
    for model in deaf_models().values():
        with pytest.raises((ValueError, TypeError), match="the eager torch.nn.Module.*from which"):
            select_layers(model)  # type: ignore[arg-type]


def test_graph_modules_that_call_their_layers_are_welcome() -> None:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    assert select_layers(torch.fx.symbolic_trace(net)) == ["1"]


TOWERS = {
    "a table of embeddings holds nearly all": (
        tower(3, vocabulary=30_000),
        numbered("encoder.layer", 3),
    ),
    "the same inside a task": (
        family("Task", bert=tower(3, vocabulary=30_000), classifier=nn.Linear(8, 2)),
        numbered("bert.encoder.layer", 3),
    ),
    "one block that runs many times": (
        family("Encoder", groups=nn.ModuleList([family("Group", inner=blocks(1))])),
        ["groups.0.inner.0"],
    ),
    "encoder and decoder": (
        family("T5", shared=nn.Embedding(900, 8), encoder=tower(2), decoder=tower(3)),
        numbered("encoder.encoder.layer", 2) + numbered("decoder.encoder.layer", 3),
    ),
    "transformer of torch": (
        nn.Transformer(8, 2, 2, 3, 16, batch_first=True),
        numbered("encoder.layers", 2) + numbered("decoder.layers", 3),
    ),
    "two towers": (
        family("Clip", text=tower(2, vocabulary=500), image=tower(4), scale=nn.Linear(8, 8)),
        numbered("text.encoder.layer", 2) + numbered("image.encoder.layer", 4),
    ),
    "branches of one list each": (
        family("Branches", first=blocks(2), second=blocks(2), head=nn.Linear(8, 2)),
        numbered("first", 2) + numbered("second", 2),
    ),
    "U-Net": (
        family(
            "UNet",
            inc=mlp(),
            down1=mlp(),
            down2=mlp(),
            middle=mlp(),
            up1=mlp(),
            up2=mlp(),
            outc=nn.Conv2d(8, 1, 1),
        ),
        ["down1", "down2", "middle", "up1", "up2"],
    ),
    "auxiliary heads heavier than the stages": (
        family(
            "GoogLeNet",
            conv1=nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)),
            conv2=nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)),
            inception3a=mlp(24),
            inception3b=mlp(24),
            inception4a=mlp(24),
            aux1=mlp(64),
            aux2=mlp(64),
            fc=nn.Linear(8, 2),
        ),
        ["inception3a", "inception3b", "inception4a"],
    ),
    "stages that are lists": (
        family(
            "Twins",
            patch_embeds=blocks(2),
            blocks=nn.ModuleList([blocks(2), blocks(3)]),
            pos_block=nn.ModuleList([nn.Sequential(nn.Conv2d(8, 8, 3)) for _ in range(2)]),
        ),
        ["blocks.0.0", "blocks.0.1", "blocks.1.0", "blocks.1.1", "blocks.1.2"],
    ),
    "stages between transitions": (
        dense_net(),
        [f"features.denseblock{k}" for k in (1, 2, 3)],
    ),
    "what the model declares, beside other lists": (
        declaring(["stem", "stage2", "stage3"], stage2=mlp(), stage3=mlp(), fuse=blocks(2, 4)),
        ["stage2", "stage3"],
    ),
    "a part that declares speaks for itself alone": (
        family(
            "Pair",
            image=declaring(["stages.0"], stages=blocks(2), more=blocks(1)),
            text=tower(2),
        ),
        numbered("image.stages", 2) + numbered("text.encoder.layer", 2),
    ),
    "language model of one recurrent layer": (
        family("Words", table=nn.Embedding(900, 8), lstm=nn.LSTM(8, 8), fc=nn.Linear(8, 900)),
        ["lstm"],
    ),
}


@pytest.mark.parametrize("case", TOWERS)
def test_auto_takes_the_blocks_of_every_tower(case: str) -> None:
    model, expected = TOWERS[case]
    assert select_layers(model) == expected


def test_auto_says_what_weighs_and_is_left_out() -> None:
    plain = [nn.Sequential(nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8)) for _ in range(2)]
    net = family("Net", blocks=blocks(8), merge=nn.ModuleList(plain))
    with pytest.warns(UserWarning, match=r"leaves out merge\.0 … merge\.1; name them in layers="):
        assert select_layers(net) == numbered("blocks", 8)


class TwoTowers(nn.Module):
    """Images by convolutions, text by ``text``."""

    def __init__(self, text: nn.Module) -> None:
        super().__init__()
        self.image = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(288, 16))
        self.text = text


def test_recurrent_layers_stand_beside_activations() -> None:
    text = nn.ModuleDict({"embedding": nn.Embedding(1000, 16), "lstm": nn.LSTM(16, 16)})
    assert select_layers(TwoTowers(text)) == ["image.1", "text.lstm"]
    assert select_layers(nn.Sequential(nn.GRU(4, 8), nn.LSTM(8, 8), nn.Linear(8, 3))) == ["0", "1"]
    pooled = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU()]
    reader = nn.Sequential(*pooled, nn.MaxPool2d(2), nn.LSTM(16, 32), nn.Linear(32, 11))
    assert select_layers(reader) == ["1", "4", "6"]


def test_a_tower_without_activations_is_named() -> None:
    text = nn.Sequential(nn.Embedding(100, 16), nn.MultiheadAttention(16, 2), nn.Linear(16, 16))
    with pytest.warns(UserWarning, match="leaves out text; name them in layers="):
        assert select_layers(TwoTowers(text)) == ["image.1"]
    # The projection of torch's attention is read and never called.
    assert select_layers(nn.Sequential(*text, nn.Linear(16, 4))) == ["1", "2"]
