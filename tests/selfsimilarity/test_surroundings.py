"""The loss term in what surrounds it: copies, compilation, checkpoints, other regularisers."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from featgraph.models import build_model
from featgraph.selfsimilarity import SelfSimilarityRegularizer, ss_rate


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Threads cost more than they give on matrices this small."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_net() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 12), nn.ReLU(), nn.Linear(12, 3)
        )


def make_inputs(n_samples: int = 40) -> torch.Tensor:
    return torch.randn(n_samples, 6, generator=torch.Generator().manual_seed(1))


def test_hooks_leave_with_remove_and_do_not_travel_with_copies():
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net)
    twin = copy.deepcopy(net)
    twin(x)
    assert not reg._hooks.caught
    torch.save(net, io.BytesIO())
    reg.remove()
    assert not any(module._forward_hooks for module in net.modules())


def test_an_unknown_option_is_refused_before_training():
    with pytest.raises(TypeError, match="unexpected keyword argument 'n_thetas'"):
        SelfSimilarityRegularizer(make_net(), n_thetas=64)


class Checkpointed(nn.Module):
    def __init__(self, use_reentrant: bool) -> None:
        super().__init__()
        net = make_net()
        self.first, self.second = net[:2], nn.Sequential(*net[2:])  # a slice keeps its numbers
        self.use_reentrant = use_reentrant

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        hidden = self.first(x)
        return checkpoint(self.second, hidden, use_reentrant=self.use_reentrant)


def test_checkpointing_keeps_the_gradient_or_says_that_it_does_not():
    x, plain = make_inputs(), make_net()
    reg = SelfSimilarityRegularizer(plain, layers="3", weight=1.0)
    plain(x)
    reg().backward()
    net = Checkpointed(use_reentrant=False)
    reg = SelfSimilarityRegularizer(net, layers="second.1", weight=1.0)
    net(x)
    reg().backward()
    torch.testing.assert_close(net.first[0].weight.grad, plain[0].weight.grad)
    net = Checkpointed(use_reentrant=True)
    reg = SelfSimilarityRegularizer(net, layers="second.1", weight=1.0)
    net(x)
    with pytest.warns(UserWarning, match=r"'second\.1' carry no gradient, so its term moves noth"):
        assert not reg().requires_grad
    net(x)
    reg()  # said once: warnings are errors here


def test_the_replicas_of_data_parallel_are_refused():
    net, x = make_net(), make_inputs()
    SelfSimilarityRegularizer(net)
    replica = net[1]._replicate_for_data_parallel()
    with pytest.raises(ValueError, match=r"must not be split over devices by DataParallel"):
        replica(x)


def test_two_regularisers_do_not_meet():
    net, x = make_net(), make_inputs()
    alone = []
    for estimator in ("released", "linkage"):
        reg = SelfSimilarityRegularizer(net, layers="1", weight=1.0, estimator=estimator)
        net(x)
        alone.append(reg().item())
        reg.remove()
    pair = [
        SelfSimilarityRegularizer(net, layers="1", weight=1.0, estimator=estimator)
        for estimator in ("released", "linkage")
    ]
    net(x)
    assert [reg().item() for reg in pair] == alone
    pair[0].remove()
    net(x)
    assert pair[1]().item() == alone[1]


def test_the_calls_of_a_layer_that_runs_twice_are_layers_of_their_own():
    net = make_net()
    act = nn.ReLU()
    twice = nn.Sequential(net[0], act, net[2], act, net[4])
    expected = {}
    for layer in ("1", "3"):
        reg = SelfSimilarityRegularizer(net, layers=layer, weight=1.0)
        net(make_inputs())
        expected[layer] = reg().item()
        reg.remove()
    reg = SelfSimilarityRegularizer(twice, layers="1", weight=1.0, draw="all")
    for _ in range(2):  # a second forward pass begins anew
        twice(make_inputs())
    assert reg().item() == pytest.approx((expected["1"] + expected["3"]) / 2, rel=1e-6)
    assert reg.layers == ["1", "1#1"]
    assert [record.layer for record in reg.records] == ["1", "1#1"]
    reg.remove()
    for options in ({"calls": "last"}, {"layers": "1#1"}, {"layers": "3"}):
        reg = SelfSimilarityRegularizer(twice, **{"layers": "1", "weight": 1.0, **options})
        twice(make_inputs())
        assert reg().item() == expected["3"]
        reg.remove()


class Tagger(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(3)
            self.embed = nn.Embedding(30, 12)
            self.body = nn.Sequential(nn.Linear(12, 12), nn.Tanh())

    def forward(
        self, ids: torch.Tensor, attention_mask: torch.Tensor | None = None, scale: float = 1.0
    ) -> torch.Tensor:
        return scale * self.body(self.embed(ids))


@pytest.mark.parametrize("is_compiled", [False, True])
def test_means_are_over_real_tokens(is_compiled):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(2, 9, (20,), generator=generator)
    ids = torch.randint(1, 30, (20, 8), generator=generator)
    mask = torch.arange(8) < lengths[:, None]
    ids[~mask] = 0
    net = Tagger()
    alone = [net.body(net.embed(row[:n])).mean(0) for row, n in zip(ids, lengths, strict=True)]
    expected = (ss_rate(torch.stack(alone, 1), numerics="released") - 0.3) ** 2
    gradient = torch.autograd.grad(expected, net.body[0].weight)[0]
    run = torch.compile(net, backend="eager", fullgraph=True) if is_compiled else net
    options = {"layers": "body", "weight": 1.0, "n_resamples": 0}
    calls = [
        ({}, lambda: run(ids, attention_mask=mask)),
        ({}, lambda: run(ids, mask.long(), 1.0)),
        ({"mask": "attention_mask"}, lambda: run(attention_mask=mask, ids=ids)),
        ({"mask": lambda ids: ids != 0}, lambda: run(ids)),
        ({"mask": lambda given: given["ids"] != 0}, lambda: run(ids, scale=2.0)),
    ]
    for more, call in calls:
        torch.compiler.reset()
        reg = SelfSimilarityRegularizer(net, **options, **more)
        for _ in range(2):
            net.zero_grad()
            call()
            term = reg()
        term.backward()
        reg.remove()
        # Means of masked and of single sentences add up in another order.
        torch.testing.assert_close(term, expected, rtol=1e-3, atol=1e-6)
        torch.testing.assert_close(net.body[0].weight.grad, gradient, rtol=1e-3, atol=1e-5)
    reg = SelfSimilarityRegularizer(net, **options, mask=False)
    net(ids, attention_mask=mask)
    assert abs(reg().item() - expected.item()) > 1e-5
    reg.remove()
    reg = SelfSimilarityRegularizer(net, **options)
    net(ids)
    with pytest.warns(UserWarning, match="the id 0 is repeated at the end"):
        reg()


def test_models_that_are_called_in_parts():
    # As a LightningModule is, whose training step calls the network inside.
    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = Tagger()

    holder, generator = Holder(), torch.Generator().manual_seed(0)
    ids = torch.randint(1, 30, (20, 8), generator=generator)
    mask = torch.arange(8) < torch.randint(2, 9, (20, 1), generator=generator)
    reg = SelfSimilarityRegularizer(holder, layers="net.body", weight=1.0, n_resamples=0)
    holder.net(ids[:7], attention_mask=mask[:7])  # a pass that is not used
    holder.net(ids, attention_mask=mask)
    found = reg().item()
    reg.remove()
    reg = SelfSimilarityRegularizer(holder.net, layers="body", weight=1.0, n_resamples=0)
    holder.net(ids, attention_mask=mask)
    assert reg().item() == found
    assert reg.layers == ["body"]


def test_memory_format_makes_no_difference():
    x = torch.rand(32, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    found = []
    for form in (torch.contiguous_format, torch.channels_last):
        net = build_model("cnn", seed=0).to(memory_format=form)
        reg = SelfSimilarityRegularizer(net, layers=["stages.1"], weight=1.0, n_resamples=0)
        net(x.contiguous(memory_format=form))
        term = reg()
        term.backward()
        found.append((term.detach(), next(net.parameters()).grad.contiguous()))
    # Convolutions of the two forms add up in another order.
    torch.testing.assert_close(found[1], found[0], rtol=1e-4, atol=1e-6)


def test_autocast_computes_the_term_in_float32():
    net, x = make_net(), make_inputs()
    reg = SelfSimilarityRegularizer(net, layers="1", weight=1.0, estimator="linkage")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert net(x).dtype == torch.bfloat16
        term = reg()
    assert term.dtype == torch.float32
    rough = reg.records[0].ss_rate
    net(x)
    reg()
    # bfloat16 keeps 8 bits of the activations.
    assert rough == pytest.approx(reg.records[0].ss_rate, abs=0.02)
    term.backward()


def test_gradient_accumulation_sees_one_pass_at_a_time():
    net, x = make_net(), make_inputs(48)
    reg = SelfSimilarityRegularizer(net, layers="1", weight=1.0)
    for part in x.split(24):
        net(part)
        (reg() / 2).backward()
    together = net[0].weight.grad.clone()
    net.zero_grad()
    terms = []
    for part in x.split(24):
        net(part)
        terms.append(reg())
    (sum(terms) / 2).backward()
    torch.testing.assert_close(net[0].weight.grad, together)


def test_a_compiled_model_gives_the_same_value_and_gradient():
    results = []
    for is_compiled in (False, True):
        net = make_net()
        reg = SelfSimilarityRegularizer(net, weight=1.0, estimator="linkage")
        run = torch.compile(net, backend="eager", fullgraph=True) if is_compiled else net
        for _ in range(3):
            net.zero_grad()
            run(make_inputs())
            term = reg()
            term.backward()
        results.append((term.detach(), net[0].weight.grad, reg.records))
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1])
    assert [r.layer for r in results[0][2]] == [r.layer for r in results[1][2]]
