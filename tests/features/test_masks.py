"""Masks: a padded batch says of every sample what the sample says alone."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from featgraph.distances import feature_distances, stream_distances
from featgraph.features import extract_features, reduce_mean
from featgraph.features.masks import read_mask, read_vague_mask
from featgraph.features.reducing import find_padding

LENGTHS = [7, 4, 6, 3, 7]


def sentences(seed: int = 0, low: int = 1) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randint(low, 30, (n,), generator=generator) for n in LENGTHS]


def pad(parts: list[Tensor], side: str = "right", value: int = 0) -> tuple[Tensor, Tensor]:
    """Ids and mask, True for real tokens."""
    width = max(map(len, parts))
    ids = torch.full((len(parts), width), value)
    mask = torch.zeros(len(parts), width, dtype=torch.bool)
    for k, part in enumerate(parts):
        where = slice(0, len(part)) if side == "right" else slice(width - len(part), width)
        ids[k, where], mask[k, where] = part, True
    return ids, mask


def net(forward: Callable[..., object], dim: int = 12) -> nn.Module:
    """Embedding, attention over real tokens, a block; ``forward(self, ...)`` calls them."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors, at construction
        torch.default_generator.manual_seed(1)
        model = type("Net", (nn.Module,), {"forward": forward})()
        model.embed = nn.Embedding(40, dim)
        layer = nn.TransformerEncoderLayer(dim, 2, 16, dropout=0.0, batch_first=True)
        model.encoder = nn.TransformerEncoder(layer, 2)
        model.head = nn.Sequential(nn.Linear(dim, 9), nn.ReLU())
    return model


def attend(self: Any, ids: Tensor, is_padding: Tensor | None) -> Tensor:
    return self.head(self.encoder(self.embed(ids), src_key_padding_mask=is_padding))


def alone(model: nn.Module, layers: list[str], parts: list[Tensor]) -> dict[str, Tensor]:
    """Features of each sentence alone, by one's own hooks and a plain mean over its tokens."""
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    handles = [
        model.get_submodule(layer).register_forward_hook(
            lambda m, i, o, layer=layer: found[layer].append(o[0].detach().mean(0))
        )
        for layer in layers
    ]
    model.eval()
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nested tensors
        for part in parts:
            model(part[None])
    for handle in handles:
        handle.remove()
    return {layer: torch.stack(rows, 1) for layer, rows in found.items()}


def close(found: Any, expected: dict[str, Tensor]) -> None:
    assert set(found) == set(expected)
    for layer, values in expected.items():
        # float32 attention over 3 to 7 tokens, padded or not, adds up in another order.
        torch.testing.assert_close(found[layer].values, values, rtol=1e-4, atol=1e-5)


LAYERS = ["embed", "encoder.layers.0", "encoder.layers.1", "head.0", "head"]


def with_attention_mask(self: Any, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    return attend(self, ids, None if attention_mask is None else attention_mask == 0)


def with_padding_mask(self: Any, ids: Tensor, src_key_padding_mask: Any = None) -> Tensor:
    return attend(self, ids, src_key_padding_mask)


def with_extended_mask(self: Any, ids: Tensor, attention_mask: Tensor | None = None) -> Tensor:
    is_padding = None if attention_mask is None else attention_mask[:, 0, 0] < 0
    return attend(self, ids, is_padding)


def with_mask(self: Any, ids: Tensor, mask: Tensor | None = None) -> Tensor:
    return attend(self, ids, None if mask is None else ~mask.bool())


def with_inner_mask(self: Any, ids: Tensor) -> Tensor:
    return attend(self, ids, ids == 0)


KINDS: dict[str, tuple[Callable[..., object], Callable[[Tensor, Tensor], Any]]] = {
    "whole numbers": (with_attention_mask, lambda i, m: {"ids": i, "attention_mask": m.long()}),
    "booleans": (with_attention_mask, lambda i, m: {"ids": i, "attention_mask": m}),
    "fractions": (with_attention_mask, lambda i, m: {"ids": i, "attention_mask": m.float()}),
    "padding": (with_padding_mask, lambda i, m: {"ids": i, "src_key_padding_mask": ~m}),
    "padding that is added": (
        with_padding_mask,
        lambda i, m: {
            "ids": i,
            "src_key_padding_mask": torch.zeros(m.shape).masked_fill(~m, float("-inf")),
        },
    ),
    "extended": (
        with_extended_mask,
        lambda i, m: {"ids": i, "attention_mask": (m.float() - 1)[:, None, None] * 1e9},
    ),
    "vague": (with_mask, lambda i, m: {"ids": i, "mask": m}),
    "in a tuple": (with_attention_mask, lambda i, m: (i, m.long(), torch.zeros(len(i)))),
    "in a tuple, vague": (with_mask, lambda i, m: (i, m, torch.zeros(len(i)))),
    "in a tuple, twice": (with_attention_mask, lambda i, m: (i, torch.ones_like(i), m.long())),
    "of padding in a tuple": (with_padding_mask, lambda i, m: (i, ~m, torch.zeros(len(i)))),
    "beside keywords": (
        with_attention_mask,
        lambda i, m: ({"ids": i, "attention_mask": m}, torch.zeros(len(i))),
    ),
    "made inside": (with_inner_mask, lambda i, m: i),
}


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("kind", KINDS)
def test_padded_batches_say_what_each_sample_says_alone(kind: str, side: str) -> None:
    forward, make = KINDS[kind]
    model, parts = net(forward), sentences()
    layers = LAYERS[1:3] if kind == "made inside" else LAYERS
    expected = alone(model, layers, parts)
    batch = make(*pad(parts, side))
    found = extract_features(model, [batch], layers=layers)
    close(found, expected)
    assert {F.reduce for F in found.values()} == {"masked"}
    # Batches of different lengths, one sentence without padding among them.
    batches = [make(*pad(parts[:2], side)), make(*pad(parts[2:], side))]
    close(extract_features(model, batches, layers=layers), expected)
    streamed = stream_distances(model, batches, layers=layers)
    for layer in layers:
        wanted = feature_distances(expected[layer].double())
        torch.testing.assert_close(streamed[layer].values, wanted, rtol=1e-4, atol=1e-4)


def test_a_mask_that_the_model_does_not_take_still_counts() -> None:
    model, parts = net(lambda self, ids: self.head(self.embed(ids))), sentences()
    ids, mask = pad(parts)
    expected = alone(model, ["embed", "head"], parts)
    batches: list[Any] = [
        {"ids": ids, "attention_mask": mask},
        {"ids": ids, "padding_mask": ~mask},
        (ids, mask, torch.zeros(5)),
        (ids, ~mask),
    ]
    for batch in batches:
        close(extract_features(model, [batch], layers=["embed", "head"]), expected)


def test_the_mask_that_the_user_names() -> None:
    parts = sentences()
    model = net(lambda self, ids: self.head(self.embed(ids)))
    ids, mask = pad(parts)
    expected = alone(model, ["head"], parts)
    options: list[tuple[Any, Any]] = [
        (lambda batch: batch["ids"] != 0, {"ids": ids}),
        (lambda ids: ids != 0, ids),
        ("real", {"ids": ids, "real": mask}),
        ("is_pad", {"ids": ids, "is_pad": ~mask}),
        (2, (ids, torch.zeros(5), mask)),
        ({"head": "real"}, {"ids": ids, "real": mask}),
    ]
    for option, batch in options:
        close(extract_features(model, [batch], layers=["head"], mask=option), expected)
    all_tokens = extract_features(
        model, [{"ids": ids, "attention_mask": mask}], layers="head", mask=False
    )["head"]
    with torch.no_grad():
        plain = model.head(model.embed(ids)).mean(1).T
    torch.testing.assert_close(all_tokens.values, plain, rtol=1e-5, atol=1e-6)
    assert all_tokens.reduce == "tokens"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("reel", r"mask='reel' names no member of the batch, which holds \['ids', 'real'\]"),
        (3, "mask=3 names no member"),
        (lambda batch: batch["ids"][0] != 0, r"must be a mask of shape \(B, N\).*got \(7,\)"),
        (lambda batch: "no", "must be a mask of shape .*got str"),
        (lambda batch: batch["real"][:, 1:], r"\(5, 7\) for layer 'head', .*, got \(5, 6\)"),
        (lambda batch: ~batch["real"], r"leaves sample 0 of the batch no real token"),
    ],
)
def test_bad_masks(option: Any, message: str) -> None:
    model = net(lambda self, ids: self.head(self.embed(ids)))
    ids, mask = pad(sentences())
    with pytest.raises(ValueError, match=message):
        extract_features(model, [{"ids": ids, "real": mask}], layers="head", mask=option)


def test_a_mask_of_another_shape_in_the_batch_is_an_error() -> None:
    model = net(lambda self, ids: self.head(self.embed(ids)))
    ids, mask = pad(sentences())
    batch = {"ids": ids, "attention_mask": torch.ones(5, 9)}
    with pytest.raises(ValueError, match=r"must have shape .* \(5, 7\) .* got \(5, 9\).*mask="):
        extract_features(model, [batch], layers="head")
    with pytest.raises(TypeError, match="mask must be"):
        extract_features(model, [batch], layers="head", mask=mask)


def test_layers_with_other_tokens_than_the_inputs() -> None:
    class Speech(nn.Module):
        """As models of speech are: convolutions make frames, and blocks are given their mask."""

        def __init__(self) -> None:
            super().__init__()
            self.convs = nn.ModuleList(
                nn.Sequential(nn.Conv1d(c, 8, 4, 2), nn.GELU()) for c in (1, 8)
            )
            self.blocks = nn.ModuleList(Block() for _ in range(2))

        def forward(self, sound: Tensor, attention_mask: Tensor) -> Tensor:
            x, lengths = sound[:, None], attention_mask.sum(1)
            for conv in self.convs:
                x, lengths = conv(x), (lengths - 4) // 2 + 1
            x = x.transpose(1, 2)
            frames = torch.arange(x.shape[1]) < lengths[:, None]
            for block in self.blocks:
                x = block(x, frames)
            return x

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(8, 8), nn.Tanh())

        def forward(self, x: Tensor, attention_mask: Tensor) -> Tensor:
            return self.body(x)

    model, generator = Speech(), torch.Generator().manual_seed(0)
    lengths = [40, 22, 31]
    sounds = [torch.randn(n, generator=generator) for n in lengths]
    sound = nn.utils.rnn.pad_sequence(sounds, batch_first=True)
    mask = torch.arange(40) < torch.tensor(lengths)[:, None]
    batch = {"sound": sound, "attention_mask": mask}
    with torch.no_grad():
        alone = [model(s[None], torch.ones(1, len(s)))[0].mean(0) for s in sounds]
    found = extract_features(model, [batch], layers=["blocks.1"])
    close(found, {"blocks.1": torch.stack(alone, 1)})
    with pytest.warns(
        UserWarning, match=r"mask of the inputs does not fit layers \['convs.0', 'co"
    ):
        found = extract_features(model, [batch])
    close({"blocks.1": found["blocks.1"]}, {"blocks.1": torch.stack(alone, 1)})
    assert found["convs.0"].reduce == "channels_first"
    with pytest.raises(ValueError, match=r"the mask must have shape .*'convs.1'.*mask=False"):
        extract_features(model, [batch], layers="convs.1")
    settled = extract_features(model, [batch], mask={"convs": False})
    assert torch.equal(settled["convs.1"].values, found["convs.1"].values)


# Reductions, by hand


def test_every_reduction_under_a_mask() -> None:
    x = torch.randn(3, 4, 2, generator=torch.Generator().manual_seed(0))
    mask = torch.tensor([[1, 1, 0, 0], [0, 1, 1, 1], [1, 1, 1, 1]]).bool()
    x[0, 2:] = float("nan")  # what padding holds must not matter
    x[1, 0] = float("inf")
    means = [x[0, :2].mean(0), x[1, 1:].mean(0), x[2].mean(0)]
    by_hand = {
        "masked": torch.stack(means),
        "tokens": torch.stack(means),
        "last": torch.stack([x[0, 1], x[1, 3], x[2, 3]]),
        "cls": torch.stack([x[0, 0], x[1, 1], x[2, 0]]),
        "patch_tokens": torch.stack([x[0, 1], x[1, 2:].mean(0), x[2, 1:].mean(0)]),
        "tokens_as_samples": torch.cat([x[0, :2], x[1, 1:], x[2]]),
    }
    linear = nn.Linear(2, 2)
    for name, expected in by_hand.items():
        found = reduce_mean(x, reduce=name, mask=mask, module=linear)  # type: ignore[arg-type]
        torch.testing.assert_close(found, expected)
        if name != "tokens_as_samples":
            turned = reduce_mean(x.transpose(0, 1), reduce=name, mask=mask)  # type: ignore[arg-type]
            torch.testing.assert_close(turned, expected)
    torch.testing.assert_close(
        reduce_mean(x.transpose(1, 2), reduce="channels_first", mask=mask), by_hand["masked"]
    )
    heads = torch.stack([x, 2 * x], 1)  # (B, heads, N, D)
    expected = 1.5 * by_hand["masked"]
    torch.testing.assert_close(reduce_mean(heads, reduce="channels_last", mask=mask), expected)


def test_last_token_without_a_mask_and_masked_without_one() -> None:
    x = torch.randn(3, 4, 2)
    torch.testing.assert_close(reduce_mean(x, reduce="last"), x[:, -1])
    torch.testing.assert_close(
        reduce_mean(x, reduce="tokens_as_samples", module=nn.Linear(2, 2)), x.reshape(12, 2)
    )
    with pytest.raises(ValueError, match="reduce='masked' needs a mask for layer 'x'.*mask="):
        reduce_mean(x, reduce="masked", layer="x")


def test_gradients_pass_through_a_mask() -> None:
    x = torch.randn(2, 3, 2, dtype=torch.float64, requires_grad=True)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    for name in ("masked", "last", "tokens_as_samples"):
        assert torch.autograd.gradcheck(
            lambda x, name=name: reduce_mean(x, reduce=name, mask=mask, module=nn.Linear(2, 2)),
            (x,),
        )


def test_a_function_of_activation_and_mask() -> None:
    def strongest(activation: Tensor, mask: Tensor | None) -> Tensor:
        assert mask is not None
        return activation.masked_fill(~mask[:, :, None], -9e9).amax(1)

    model, parts = net(with_attention_mask), sentences()
    ids, mask = pad(parts)
    found = extract_features(
        model, [{"ids": ids, "attention_mask": mask}], layers=["embed"], reduce=strongest
    )["embed"]
    expected = torch.stack([model.embed(part).detach().amax(0) for part in parts], 1)
    torch.testing.assert_close(found.values, expected)
    assert found.reduce == "strongest"
    with pytest.raises(ValueError, match=r"reduce must return .* \(B, D\), got .*\(5, 7, 12\)"):
        extract_features(model, ids, layers="embed", reduce=lambda a, m: a)
    with pytest.raises(ValueError, match="got list for layer 'embed'"):
        extract_features(model, ids, layers="embed", reduce=lambda a, m: [a])  # type: ignore[arg-type,return-value]


def test_tokens_as_samples_leave_padding_out_and_stream() -> None:
    model, parts = net(with_attention_mask), sentences()
    batches = []
    for group in (parts[:2], parts[2:]):
        ids, mask = pad(group)
        batches.append({"ids": ids, "attention_mask": mask})
    options: dict[str, Any] = {"layers": ["embed", "head"], "reduce": "tokens_as_samples"}
    found = extract_features(model, batches, **options)
    expected = torch.cat([model.embed(part).detach() for part in parts]).T
    assert found["embed"].n_samples == sum(LENGTHS)
    torch.testing.assert_close(found["embed"].values, expected)
    streamed = stream_distances(model, batches, **options)["embed"]
    wanted = feature_distances(expected.double())
    torch.testing.assert_close(streamed.values, wanted, rtol=1e-5, atol=1e-5)


def test_places_of_images_as_samples_may_differ_by_layer() -> None:
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Conv2d(3, 4, 3, stride=2))
    x = torch.randn(5, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    options: dict[str, Any] = {"layers": ["0", "2"], "reduce": "tokens_as_samples"}
    found = extract_features(model, x, batch_size=2, **options)
    first = model[0](x).detach()
    torch.testing.assert_close(found["0"].values, first.permute(1, 0, 2, 3).flatten(1))
    assert (found["2"].n_nodes, found["2"].n_samples) == (4, 20)
    assert stream_distances(model, x, batch_size=2, **options)["2"].n_samples == 20


# Two sides, sequences first


class EncoderDecoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(40, 8)
        self.net = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
    ) -> Tensor:
        return self.net(
            self.embed(src),
            self.embed(tgt),
            src_key_padding_mask=src_key_padding_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=src_key_padding_mask,
        )


def test_each_side_has_its_own_mask() -> None:
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.default_generator.manual_seed(2)
        model = EncoderDecoder().eval()
    sources = sentences()
    targets = sentences(seed=1)[::-1]  # padded elsewhere, to the same width
    (src, src_mask), (tgt, tgt_mask) = pad(sources), pad(targets)
    layers = [f"net.{side}.layers.{k}" for side in ("encoder", "decoder") for k in (0, 1)]
    expected: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    handles = [
        model.get_submodule(layer).register_forward_hook(
            lambda m, i, o, layer=layer: expected[layer].append(o[0].detach().mean(0))
        )
        for layer in layers
    ]
    with torch.no_grad():
        for source, target in zip(sources, targets, strict=True):
            model(source[None], target[None])
    for handle in handles:
        handle.remove()
    wanted = {layer: torch.stack(rows, 1) for layer, rows in expected.items()}
    batch = {
        "src": src,
        "tgt": tgt,
        "src_key_padding_mask": ~src_mask,
        "tgt_key_padding_mask": ~tgt_mask,
    }
    close(extract_features(model, [batch], layers=layers), wanted)
    named = {"net.encoder": lambda b: b["src"] != 0, "net.decoder": lambda b: b["tgt"] != 0}
    close(extract_features(model, [batch], layers=layers, mask=named), wanted)
    # Without a mask of its own the decoder is not given that of the encoder.
    del batch["tgt_key_padding_mask"]
    with pytest.warns(UserWarning, match="the id 0 is repeated at the end .*'net.decoder.layers"):
        found = extract_features(model, [batch], layers=layers)
    assert [found[layer].reduce for layer in layers] == ["masked"] * 2 + ["tokens"] * 2


def sequence_first(self: Any, ids: Tensor, encoder_padding_mask: Tensor | None = None) -> Tensor:
    return self.head(self.embed(ids).transpose(0, 1)).transpose(0, 1)


def test_sequences_first_are_told_by_their_mask_or_refused() -> None:
    model, parts = net(sequence_first), sentences()
    ids, mask = pad(parts)
    expected = torch.stack([model.head(model.embed(p)).detach().mean(0) for p in parts], 1)
    batch = {"ids": ids, "encoder_padding_mask": ~mask}
    close(extract_features(model, [batch], layers=["head"]), {"head": expected})
    with pytest.raises(ValueError, match=r"\(7, 5, 9\) for a batch of 5 samples: its first axis"):
        extract_features(model, [ids], layers=["head"])


# Padding that nobody mentioned


def test_padding_without_a_mask_is_said_once() -> None:
    model = net(lambda self, ids: self.head(self.embed(ids)))
    ids, _ = pad(sentences())
    with pytest.warns(UserWarning, match="look padded: the id 0 .* at the end .*mask=") as caught:
        extract_features(model, ids, layers=["embed", "head"], batch_size=2)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with pytest.warns(UserWarning, match="the id 39 is repeated at the start"):
        extract_features(model, pad(sentences(), "left", 39)[0], layers=["head"])
    with pytest.warns(UserWarning, match="look padded"):  # also where 0 is a word as well
        extract_features(model, pad(sentences(low=0))[0], layers=["head"])
    for options in ({"mask": False}, {"reduce": "cls"}, {"mask": lambda ids: ids != 0}):
        extract_features(model, ids, layers=["head"], **options)  # type: ignore[arg-type]


def test_no_padding_is_seen_where_there_is_none() -> None:
    model = net(lambda self, ids: self.head(self.embed(ids)))
    generator = torch.Generator().manual_seed(3)
    full = torch.randint(0, 40, (64, 9), generator=generator)
    extract_features(model, full, layers="head")
    closed = torch.cat([full, torch.full((64, 1), 2)], 1)  # one closing token each
    extract_features(model, closed, layers="head")
    images = torch.zeros(4, 3, 8, 8)
    images[:, :, 2:5, 2:5] = 1.0
    patches = nn.Sequential(nn.Conv2d(3, 6, 2, 2), nn.Flatten(2), nn.Linear(16, 4))
    extract_features(patches, images, layers="0")
    table = torch.randint(0, 3, (16, 8), generator=generator).float()
    extract_features(nn.Sequential(nn.Linear(8, 4), nn.ReLU()), table)


def test_padding_by_chance_is_rare_and_real_padding_seldom_missed() -> None:
    generator = torch.Generator().manual_seed(0)
    false = sum(
        find_padding(torch.randint(0, 30, (8, 10), generator=generator)) is not None
        for _ in range(500)
    )
    assert false <= 10
    missed = 0
    for _ in range(200):
        ids = torch.randint(0, 30, (4, 10), generator=generator)
        lengths = torch.randint(4, 11, (4,), generator=generator)
        ids[torch.arange(10) >= lengths[:, None]] = 0
        missed += find_padding(ids) is None
    assert missed <= 20  # where a sample or two lack one token
    assert find_padding(torch.tensor([[5, 6, 1, 1], [7, 8, 9, 1]]), pad_id=1) == (1, "end")
    assert find_padding(torch.zeros(0, 4, dtype=torch.int64)) is None


# Reading masks


def test_masks_that_say_which_token_sees_which_are_no_masks_of_padding() -> None:
    assert read_mask(torch.ones(2, 5, 5).tril()) is None
    assert read_mask(torch.ones(2, 1, 5, 5).tril()) is None
    assert read_mask(torch.ones(2, 3, 5, 5)) is None  # of several heads
    seen = torch.tensor([[True, True, False], [True, False, False]])
    assert torch.equal(read_mask(seen[:, None, None].expand(2, 1, 3, 3)), seen)  # type: ignore[arg-type]
    assert read_mask("words") is None
    assert read_mask(torch.zeros(2, 1, 1, 3)).all()  # type: ignore[union-attr]
    assert not read_mask(torch.zeros(2, 3)).any()  # type: ignore[union-attr]
    segments = torch.tensor([[1, 1, 2, 2, 0]])  # sentences packed into one row
    assert read_mask(segments).tolist() == [[True, True, True, True, False]]  # type: ignore[union-attr]


def test_a_vague_mask_is_decided_by_the_tokens() -> None:
    ids, mask = pad(sentences())
    for value in (mask, ~mask, mask.long(), (~mask).float(), mask[:, None]):
        read = read_vague_mask(value, ids)
        assert read is not None
        assert torch.equal(read[0], mask)
        assert read[1]
    holes = torch.rand(ids.shape, generator=torch.Generator().manual_seed(0)) < 0.3
    assert read_vague_mask(holes, ids) is None  # words left out for training
    noise = torch.randint(1, 30, ids.shape, generator=torch.Generator().manual_seed(5))
    left = mask.flip(1)
    for value, real in ((mask, mask), (mask.long(), mask), (left.long(), left), (~mask, mask)):
        read = read_vague_mask(value, noise)
        assert read is not None
        assert torch.equal(read[0], real)
        assert not read[1]


def test_a_mask_of_open_meaning_is_said() -> None:
    model = net(with_mask)
    ids, mask = pad(sentences())
    ids[~mask] = torch.arange(1, 1 + int((~mask).sum()))
    with pytest.warns(UserWarning, match=r"the argument 'mask' may be a mask.*give mask="):
        extract_features(model, [{"ids": ids, "mask": mask}], layers="head")
