"""Architectures of transformers, made small: the right layers, the right neurons."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

pytest.importorskip("transformers")
from torch import nn

from benchmarks.model_checks.transformers_members import (
    CHOSEN,
    all_types,
    check_transformers,
    import_transformers,
)
from featgraph.features import select_layers

TRANSFORMERS = import_transformers()
TYPES = [name for name in CHOSEN if name in all_types()]
#: Inputs of one size, and a layer whose length no width tells from its channels.
UNDECIDED = ("hiera", "levit")
#: Blocks whose ``forward`` is called past the hooks.
REFUSED = ("squeezebert",)


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
def test_features_are_means_over_the_right_axis(name: str) -> None:
    check = check_transformers(name)
    if check is None:
        pytest.skip(f"{name} cannot be built small, or fed from its configuration")
    words = {"right", "unknown"} if name in UNDECIDED else {"right"}
    assert check.verdict in ({"refused"} if name in REFUSED else words), check


def build(name: str, **options: Any) -> nn.Module:
    config = getattr(TRANSFORMERS, f"{name}Config")(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(TRANSFORMERS, f"{name}Model")(config).eval()


SIZES = {
    "hidden_size": 32,
    "num_attention_heads": 4,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
}
#: The sizes of all-MiniLM-L6-v2 and XLM-R base: tables of embeddings hold most parameters.
LANGUAGE = {
    "MiniLM": ("Bert", {**SIZES, "vocab_size": 3000}, "encoder.layer"),
    "XLMRoberta": ("XLMRoberta", {**SIZES, "vocab_size": 9000}, "encoder.layer"),
    "DebertaV2": ("DebertaV2", {**SIZES, "vocab_size": 9000}, "encoder.layer"),
    "Llama": ("Llama", {**SIZES, "vocab_size": 9000}, "layers"),
    "GPT2": ("GPT2", {"n_embd": 32, "n_layer": 3, "n_head": 4, "vocab_size": 9000}, "h"),
}


@pytest.mark.parametrize("case", LANGUAGE)
def test_auto_sees_past_tables_of_embeddings(case: str) -> None:
    name, options, layers = LANGUAGE[case]
    assert select_layers(build(name, **options)) == [f"{layers}.{k}" for k in range(3)]


def test_albert_has_one_block_that_runs_many_times() -> None:
    model = build("Albert", **SIZES, vocab_size=900, embedding_size=16)
    assert select_layers(model) == ["encoder.albert_layer_groups.0"]


def test_encoder_and_decoder_are_both_taken() -> None:
    model = build("T5", d_model=32, d_ff=48, num_heads=4, num_layers=2, vocab_size=900)
    sides = ("encoder", "decoder")
    assert select_layers(model) == [f"{side}.block.{k}" for side in sides for k in (0, 1)]
    assert select_layers(model, "attention_out") == [
        "encoder.block.0.layer.0.SelfAttention.o",
        "encoder.block.1.layer.0.SelfAttention.o",
        *(
            f"decoder.block.{k}.layer.{j}.{kind}.o"
            for k in (0, 1)
            for j, kind in enumerate(("SelfAttention", "EncDecAttention"))
        ),
    ]


def test_both_towers_of_clip_are_taken() -> None:
    text = {**SIZES, "vocab_size": 3000}
    image = {**SIZES, "image_size": 32, "patch_size": 8, "num_hidden_layers": 2}
    model = build("CLIP", text_config=text, vision_config=image, projection_dim=16)
    names = [f"text_model.encoder.layers.{k}" for k in range(3)]
    assert select_layers(model) == names + [f"vision_model.encoder.layers.{k}" for k in (0, 1)]


SHORT = {
    "Bert": ("encoder.layer.0.output.dense:input", "encoder.layer.0.attention.output.dense"),
    "Llama": ("layers.0.mlp.down_proj:input", "layers.0.self_attn.o_proj"),
    "GPT2": ("h.0.mlp.c_proj:input", "h.0.attn.c_proj"),
}


@pytest.mark.parametrize("name", SHORT)
def test_shorthands(name: str) -> None:
    options = next(options for kind, options, _ in LANGUAGE.values() if kind == name)
    model = build(name, **options)
    hidden, attention = SHORT[name]
    assert select_layers(model, "residual") == select_layers(model)
    assert select_layers(model, "mlp_hidden")[0] == hidden
    assert select_layers(model, "attention_out")[0] == attention
