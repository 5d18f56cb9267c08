"""Models of transformers: a padded batch says of every sentence what the sentence says alone."""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from featgraph.features import extract_features
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.selfsimilarity import SelfSimilarityRegularizer, ss_rate

if importlib.util.find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)
transformers = import_beside_torchvision("transformers", extra="transformers")

SMALL = {"vocab_size": 50, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 2}
BLOCKS = {"intermediate_size": 32, "max_position_embeddings": 32}
LENGTHS = [7, 3, 5, 6]


def make(kind: str, config: str, **options: Any) -> nn.Module:
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(0)
        return getattr(transformers, kind)(getattr(transformers, config)(**options)).eval()


MODELS: dict[str, tuple[Callable[[], nn.Module], list[str], str]] = {
    "bert": (
        lambda: make("BertModel", "BertConfig", **SMALL, **BLOCKS),
        ["embeddings", "encoder.layer.0", "encoder.layer.1", "encoder.layer.1.output.dense"],
        "right",
    ),
    "roberta": (
        lambda: make("RobertaForSequenceClassification", "RobertaConfig", **SMALL, **BLOCKS),
        ["roberta.encoder.layer.0", "roberta.encoder.layer.1"],
        "right",
    ),
    "gpt2": (
        lambda: make(
            "GPT2LMHeadModel",
            "GPT2Config",
            vocab_size=50,
            n_embd=24,
            n_layer=2,
            n_head=2,
            n_positions=32,
        ),
        ["transformer.h.0", "transformer.h.1"],
        "right",
    ),
    "llama": (
        lambda: make("LlamaForCausalLM", "LlamaConfig", **SMALL, **BLOCKS),
        ["model.layers.0", "model.layers.1", "model.layers.1.mlp.up_proj"],
        "left",
    ),
    "distilbert": (
        lambda: make(
            "DistilBertModel",
            "DistilBertConfig",
            vocab_size=50,
            dim=24,
            n_layers=2,
            n_heads=2,
            hidden_dim=32,
        ),
        ["transformer.layer.0", "transformer.layer.1"],
        "right",
    ),
}


def sentences(seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(3, 50, (n,), generator=generator) for n in LENGTHS]


def pad(parts: list[Tensor], side: str) -> dict[str, Tensor]:
    ids = torch.zeros(len(parts), max(map(len, parts)), dtype=torch.int64)
    mask = torch.zeros_like(ids)
    for k, part in enumerate(parts):
        where = slice(0, len(part)) if side == "right" else slice(-len(part), None)
        ids[k, where], mask[k, where] = part, 1
    return {"input_ids": ids, "attention_mask": mask}


def means_alone(
    model: nn.Module, layers: list[str], inputs: list[dict[str, Tensor]]
) -> dict[str, Tensor]:
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}

    def keep(layer: str, output: Any) -> None:
        tensor = output[0] if isinstance(output, tuple) else output
        found[layer].append(tensor[0].detach().mean(0))

    handles = [
        model.get_submodule(layer).register_forward_hook(lambda m, i, o, n=layer: keep(n, o))
        for layer in layers
    ]
    with torch.no_grad():
        for one in inputs:
            model(**one)
    for handle in handles:
        handle.remove()
    return {layer: torch.stack(rows, 1) for layer, rows in found.items()}


def close(found: Any, expected: dict[str, Tensor]) -> None:
    for layer, values in expected.items():
        assert found[layer].reduce == "masked"
        # Attention in float32 over padded and plain rows adds up in another order.
        torch.testing.assert_close(found[layer].values, values, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_padded_sentences_equal_sentences_alone(name: str) -> None:
    build, layers, side = MODELS[name]
    model, parts = build(), sentences()
    expected = means_alone(model, layers, [{"input_ids": part[None]} for part in parts])
    batch = pad(parts, side)
    if side == "left":  # positions count from the first real token, as generate() has them
        batch["position_ids"] = (batch["attention_mask"].cumsum(1) - 1).clamp(min=0)
    close(extract_features(model, [batch], layers=layers), expected)
    close(extract_features(model, batch, layers=layers, batch_size=2), expected)
    if side == "right":
        triple = (batch["input_ids"], batch["attention_mask"], torch.zeros(4))
        close(extract_features(model, [triple], layers=layers), expected)
    last = extract_features(model, [batch], layers=layers[:1], reduce="last")[layers[0]]
    assert last.reduce == "last"
    assert not torch.allclose(last.values, expected[layers[0]])
    # The SDPA masks that go to inner modules are of other shapes, and no hindrance.
    rate = float(ss_rate(extract_features(model, [batch], layers=layers)[layers[-1]]))
    assert rate == pytest.approx(float(ss_rate(expected[layers[-1]])), abs=1e-3)


def test_the_regulariser_sees_real_tokens_alone() -> None:
    build, layers, _ = MODELS["bert"]
    model, parts = build(), sentences()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    layer = layers[2]
    expected = means_alone(model, [layer], [{"input_ids": part[None]} for part in parts])[layer]
    reg = SelfSimilarityRegularizer(model, layers=layer, weight=1.0, target=0.0, n_resamples=0)
    model.train()
    batch = pad(parts, "right")
    for args, kwargs in (((), batch), ((batch["input_ids"], batch["attention_mask"]), {})):
        model(*args, **kwargs)
        term = reg()
        rate = float(ss_rate(expected, numerics="released"))
        assert reg.records[0].ss_rate == pytest.approx(rate, rel=1e-4)
        assert term.requires_grad
    model(batch["input_ids"])
    with pytest.warns(UserWarning, match="the id 0 is repeated at the end") as caught:
        reg()
    assert caught[0].filename == __file__
    model(batch["input_ids"])
    reg()  # said once


@pytest.mark.parametrize(
    ("kind", "config", "prefix"),
    [("T5Model", "T5Config", "{}.block.{}"), ("BartModel", "BartConfig", "{}.layers.{}")],
)
def test_encoder_and_decoder_have_masks_of_their_own(kind: str, config: str, prefix: str) -> None:
    options: dict[str, Any] = {"vocab_size": 50, "d_model": 24}
    if kind == "T5Model":
        options |= {"num_layers": 2, "num_heads": 2, "d_ff": 32, "d_kv": 12}
    else:
        sizes = {"layers": 2, "attention_heads": 2, "ffn_dim": 32}
        for side in ("encoder", "decoder"):
            options |= {f"{side}_{what}": size for what, size in sizes.items()}
        options["max_position_embeddings"] = 32
    model = make(kind, config, **options)
    layers = [prefix.format(side, k) for side in ("encoder", "decoder") for k in (0, 1)]
    sources, targets = sentences(), sentences(seed=1)[::-1]
    inputs = [
        {"input_ids": s[None], "decoder_input_ids": t[None]}
        for s, t in zip(sources, targets, strict=True)
    ]
    expected = means_alone(model, layers, inputs)
    batch = pad(sources, "right")
    batch |= {f"decoder_{key}": value for key, value in pad(targets, "right").items()}
    close(extract_features(model, [batch], layers=layers), expected)
    # As wide by chance, and still not the mask of the decoder.
    del batch["decoder_attention_mask"]
    with pytest.warns(UserWarning, match="look padded"):
        found = extract_features(model, [batch], layers=layers)
    assert [found[layer].reduce for layer in layers] == ["masked"] * 2 + ["tokens"] * 2


def test_towers_take_the_masks_that_are_theirs() -> None:
    text = {**SMALL, "intermediate_size": 32, "max_position_embeddings": 32}
    vision = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2,
              "num_attention_heads": 2, "image_size": 16, "patch_size": 4}  # fmt: skip
    model = make("CLIPModel", "CLIPConfig", text_config=text, vision_config=vision)
    parts = sentences()
    images = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    layers = ["text_model.encoder.layers.1", "vision_model.encoder.layers.1"]
    batch = {**pad(parts, "right"), "pixel_values": images}
    found = extract_features(model, [batch], layers=layers)
    inputs = [
        {"input_ids": part[None], "pixel_values": image[None]}
        for part, image in zip(parts, images, strict=True)
    ]
    expected = means_alone(model, layers, inputs)
    assert [found[layer].reduce for layer in layers] == ["masked", "tokens"]
    for layer in layers:
        torch.testing.assert_close(found[layer].values, expected[layer], rtol=1e-4, atol=1e-5)


def test_a_block_shared_by_all_layers_is_numbered() -> None:
    model = make("AlbertModel", "AlbertConfig", **SMALL, embedding_size=8, intermediate_size=32)
    block = "encoder.albert_layer_groups.0.albert_layers.0"
    batch = pad(sentences(), "right")
    found = extract_features(model, [batch], layers=block)
    assert list(found) == [block, f"{block}#1"]
    with torch.no_grad():
        states = model(**batch, output_hidden_states=True).hidden_states
    mask = batch["attention_mask"][:, :, None]
    for name, state in zip(found, states[1:], strict=True):
        expected = ((state * mask).sum(1) / mask.sum(1)).T
        torch.testing.assert_close(found[name].values, expected, rtol=1e-4, atol=1e-5)


def test_sequences_first_inside_are_refused_in_both_rooms() -> None:
    model = make("XLNetModel", "XLNetConfig", vocab_size=50, d_model=24, n_layer=2, n_head=2,
                 d_inner=32)  # fmt: skip
    ids = torch.randint(3, 50, (4, 6), generator=torch.Generator().manual_seed(0))
    said = r"layer 'layer\.0' gives shape \(6, 4, 24\) for a batch of 4 samples: its first axis"
    with pytest.raises(ValueError, match=said):
        extract_features(model, [ids], layers="layer.0", output=0)
    reg = SelfSimilarityRegularizer(model, layers="layer.0", output=0)
    model.train()
    with pytest.raises(ValueError, match=said):
        model(ids)
    reg.remove()
    mask = torch.ones(4, 6, dtype=torch.int64)
    mask[1, 4:] = 0
    found = extract_features(
        model, [{"input_ids": ids, "attention_mask": mask}], layers="layer.0", output=0
    )
    assert found["layer.0"].n_samples == 4


def test_tokenized_rows_of_different_lengths_are_padded_with_their_mask() -> None:
    build, layers, _ = MODELS["bert"]
    model, parts = build(), sentences()
    expected = means_alone(model, layers, [{"input_ids": part[None]} for part in parts])
    rows = [{"input_ids": part.tolist(), "label": 1} for part in parts]
    close(extract_features(model, rows, layers=layers, batch_size=3), expected)
    close(extract_features(model, list(parts), layers=layers), expected)
    encoded = transformers.BatchEncoding({"input_ids": [part.tolist() for part in parts]})
    close(extract_features(model, encoded, layers=layers), expected)
    datasets = pytest.importorskip("datasets")
    table = datasets.Dataset.from_list([{**row, "text": "words"} for row in rows])
    close(extract_features(model, table, layers=layers), expected)
    words = table.select_columns(["text", "label"])
    with pytest.raises(TypeError, match=r"BertModel.forward takes .*text must be tokenized first"):
        extract_features(model, words, layers=layers)
    with pytest.raises(TypeError, match="choose one of its splits"):
        extract_features(model, datasets.DatasetDict({"train": table}), layers=layers)
