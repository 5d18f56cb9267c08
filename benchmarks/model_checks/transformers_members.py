"""Every architecture of transformers that can be built small from its own configuration."""

from __future__ import annotations

import contextlib
import copy
import os
import re
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from benchmarks.model_checks.axis_check import ModelCheck, check_model
from featgraph.core.package import need
from featgraph.models.library_models import import_timm

__all__ = ["CHOSEN", "all_types", "check_transformers"]

_CHOSEN = """
albert audio-spectrogram-transformer bart beit bert bigbird_pegasus bit blenderbot bloom camembert
canine clip clipseg codegen convbert convnext convnextv2 ctrl data2vec-text deberta deberta-v2 deit
dinov2 distilbert electra ernie falcon flaubert fnet funnel gemma gemma2 glm gpt2 gpt_bigcode
gpt_neo gpt_neox gptj hiera hubert ibert layoutlm levit llama longformer longt5 luke mamba mamba2
marian mbart megatron-bert mistral mixtral mobilebert mobilenet_v2 mobilevit modernbert mpnet mt5
nystromformer olmo2 opt pegasus perceiver phi phi3 plbart poolformer pvt pvt_v2 qwen2 qwen3 reformer
regnet rembert resnet roberta roberta-prelayernorm roformer segformer siglip speech_to_text
squeezebert swin swinv2 t5 umt5 van vit vit_mae vit_msn wav2vec2 whisper xlm xlm-roberta xlnet xmod
yoso
"""
#: Architectures that tests run: one of each kind of body, input and layer list.
CHOSEN = _CHOSEN.split()

_SMALL = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embed_dim", "dim", "hidden_dim"), 32),
    **dict.fromkeys(("emb_dim",), 32),
    **dict.fromkeys(("projection_dim", "embedding_size"), 16),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "num_heads"), 4),
    **dict.fromkeys(("encoder_attention_heads", "decoder_attention_heads"), 4),
    **dict.fromkeys(("num_key_value_heads", "num_experts_per_tok", "type_vocab_size"), 2),
    **dict.fromkeys(("head_dim", "d_kv", "patch_size"), 8),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "d_ff", "n_inner", "mlp_dim"), 48),
    **dict.fromkeys(("encoder_ffn_dim", "decoder_ffn_dim"), 48),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("max_position_embeddings", "n_positions"), 64),
    "moe_intermediate_size": 24,
    "rotary_dim": 4,
    "vocab_size": 120,
    "image_size": 48,
}
_DEPTHS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "depth")
_DEPTHS += ("decoder_layers", "num_decoder_layers", "num_encoder_layers")
_MOST_PARAMETERS = 1.5e8
_WIDTH = re.compile(r"hidden|embed|embd|d_model|dim$|dims$|channels|width")


def all_types() -> list[str]:
    """List the architectures of the installed transformers."""
    import_transformers()
    from transformers.models.auto.modeling_auto import MODEL_MAPPING_NAMES

    return list(MODEL_MAPPING_NAMES)


def import_transformers() -> Any:
    """Import transformers, which imports timm and torchvision, offline."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with contextlib.suppress(ImportError):
        import_timm()
    transformers = need("transformers", extra="models")
    transformers.logging.set_verbosity_error()
    return transformers


def check_transformers(name: str) -> ModelCheck | None:
    """Check one architecture; None if it cannot be built small, or fed from its configuration."""
    for widths in (True, False):
        built = _build(name, widths=widths)
        if built is None:
            continue
        model, config = built
        for kind, inputs in _inputs(config, 2, 11):
            if _runs(model, inputs):
                again = dict(_inputs(config, 3, 13))[kind]
                other = (model, again) if _runs(model, again) else None
                return check_model(
                    model,
                    inputs,
                    other,
                    name=f"{type(model).__name__}, {kind}",
                    family=name,
                    widths=_widths(config),
                )
    return None


def _build(name: str, *, widths: bool) -> tuple[nn.Module, Any] | None:
    """Build a model of few layers with small widths, or with its own."""
    transformers = import_transformers()
    # Configurations have rules of their own, and break them in their own ways.
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        config = transformers.CONFIG_MAPPING[name]()
        _shrink(config, widths=widths)
        with torch.device("meta"):
            model = transformers.AutoModel.from_config(copy.deepcopy(config))
        if sum(p.numel() for p in model.parameters()) > _MOST_PARAMETERS:
            return None
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            return transformers.AutoModel.from_config(config).eval(), config
    return None


def _shrink(config: Any, *, widths: bool) -> None:
    for name, value in list(vars(config).items()):
        if hasattr(value, "to_dict"):
            _shrink(value, widths=widths)
            continue
        least = 2 if name in _DEPTHS else _SMALL.get(name) if widths else None
        if least is not None and isinstance(value, int) and value > least:
            setattr(config, name, least)
        if widths and name.endswith("_token_id") and isinstance(value, int) and value >= 120:
            setattr(config, name, 1)


def _runs(model: nn.Module, inputs: dict[str, torch.Tensor]) -> bool:
    # A wrong guess fails in whatever way the model has of failing.
    with contextlib.suppress(Exception), torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model(**inputs)
        return True
    return False


def _inputs(config: Any, n: int, length: int) -> Iterator[tuple[str, dict[str, torch.Tensor]]]:
    """Yield inputs of ``n`` samples of some length, by their kind."""
    generator = torch.Generator().manual_seed(length)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(n, *shape, generator=generator)

    n_words = min(100, _number(config, "vocab_size", 100))
    ids = torch.randint(3, n_words, (n, length), generator=generator)
    text = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
    decoder = {"decoder_input_ids": ids[:, :-2]}
    n_channels, side = _number(config, "num_channels", 3), _number(config, "image_size", 224)
    images = {"pixel_values": draw(n_channels, side, side)}
    bins, frames = _number(config, "num_mel_bins", 80), _number(config, "num_frames", 4)
    yield "text", text
    yield "text to text", {**text, **decoder}
    yield "images", {"pixel_values": draw(n_channels, 64 * (length - 8), 64 * (length - 8))}
    yield "images of one size", images
    yield "text and images", {**text, **images}
    yield "sound to text", {"input_features": draw(bins, 3000), **decoder}
    yield "spectra", {"input_features": draw(100 + 16 * length, bins)}
    yield "spectra to text", {"input_features": draw(100 + 16 * length, bins), **decoder}
    yield "spectra of one size", {"input_values": draw(_number(config, "max_length", 1024), bins)}
    yield "sound", {"input_values": draw(3000 + 400 * length)}
    yield "sound of one channel", {"input_values": draw(1, 3000 + 640 * length)}
    yield "ids", {"input_ids": ids}
    yield "videos", {"pixel_values": draw(frames, n_channels, side, side)}
    yield "vectors", {"inputs": draw(length, _number(config, "d_model", 32))}


def _number(config: Any, name: str, default: int) -> int:
    inner = [getattr(config, part, None) for part in ("vision_config", "text_config")]
    for holder in (config, *inner):
        value = getattr(holder, name, None)
        value = value[0] if isinstance(value, list | tuple) and value else value
        if isinstance(value, int):
            return value
    return default


def _widths(config: Any) -> set[int]:
    """Collect the widths in a configuration and in those inside it."""
    found: set[int] = set()
    for name, value in vars(config).items():
        if hasattr(value, "to_dict"):
            found |= _widths(value)
        elif _WIDTH.search(name):
            members = value if isinstance(value, list | tuple) else [value]
            found |= {m for m in members if isinstance(m, int) and m > 1}
    return found
