"""Which axis of an activation holds the neurons, found without featgraph's rules.

A model runs on two inputs of different size: the axis whose length stays the same is that of the
neurons. Where a model takes one size only, it is the one axis whose length is a width that the
model declares. The mean over all other axes is then what ``extract_features`` must return.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from featgraph.features import extract_features, select_layers

INPUT = ":input"
#: Float32 sums in another order.
RTOL, ATOL = 1e-3, 1e-4


@dataclass
class ModelCheck:
    """What was seen of one model.

    ``layers`` maps the layers that auto takes to (verdict, nodes, layout, how it was checked);
    the verdict is "right", "wrong", "refused", "left out" or "unknown".
    """

    name: str
    family: str
    n_parameters: int = 0
    refusal: str = ""
    warnings: list[str] = field(default_factory=list)
    layers: dict[str, tuple[str, int, str, str]] = field(default_factory=dict)

    @property
    def verdict(self) -> str:
        """The worst verdict of a layer."""
        found = {row[0] for row in self.layers.values()} or {"refused" if self.refusal else ""}
        order = ("wrong", "refused", "unknown", "left out", "right")
        return next((word for word in order if word in found), "unknown")


def check_model(
    model: nn.Module,
    inputs: Any,
    other: tuple[nn.Module, Any] | None,
    *,
    name: str,
    family: str,
    widths: Collection[int] = (),
) -> ModelCheck:
    """Compare the features of the layers that auto takes with means over the right axis.

    Parameters
    ----------
    model : Module
        The model, in evaluation mode.
    inputs : Tensor or dict
        A batch of two samples.
    other : (Module, Tensor or dict) or None
        The same model, or one of the same widths, and a batch of three samples of another size.
    name, family : str
        For the table.
    widths : collection of int
        Widths that the model declares, asked where two sizes do not decide.
    """
    check = ModelCheck(name, family, sum(p.numel() for p in model.parameters()))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        names = select_layers(model)
        try:
            with _seeded():  # some models draw noise, or patches, in evaluation mode too
                features = extract_features(model, [inputs], progress=False)
        except ValueError as error:
            check.refusal, features = str(error), {}
    check.warnings = [str(warning.message) for warning in caught]
    one = activations(model, inputs, names)
    two = {} if other is None else activations(*other, names)
    for layer in names:
        calls = one.get(layer, [])
        for number, activation in enumerate(calls):
            key = layer if number == 0 else f"{layer}#{number}"
            if activation is None:
                check.layers[key] = ("left out", 0, "", "gives no Tensor")
                continue
            if key not in features:
                kept = "refused" if check.refusal else "left out"
                check.layers[key] = (kept, 0, "", f"gives {tuple(activation.shape)}")
                continue
            again = two.get(layer, [])
            sibling = again[number] if number < len(again) else None
            axis, how = channel_axis(activation, sibling, widths)
            found = features[key]
            verdict = "unknown"
            if axis is not None:
                real = _real_part(activation, inputs)
                verdict = "right" if _is_mean(found.values, real, axis) else "wrong"
            check.layers[key] = (verdict, found.n_nodes, str(found.reduce), how)
    return check


@contextlib.contextmanager
def _seeded() -> Iterator[None]:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        yield


def activations(
    model: nn.Module, inputs: Any, names: list[str]
) -> dict[str, list[torch.Tensor | None]]:
    """Return what every layer gives in each of its calls: the first Tensor of its output."""
    caught: dict[str, list[torch.Tensor | None]] = {}
    handles = []
    n = len(next(iter(inputs.values())) if isinstance(inputs, Mapping) else inputs)

    def listen(name: str) -> Any:
        def hook(module: nn.Module, args: object, output: object) -> None:
            tensor = _first_tensor(output, n)
            caught.setdefault(name, []).append(None if tensor is None else tensor.detach().clone())

        return hook

    for name in names:
        handles.append(model.get_submodule(name).register_forward_hook(listen(name)))
    try:
        with torch.no_grad(), _seeded():
            model(**inputs) if isinstance(inputs, Mapping) else model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return caught


def _first_tensor(output: object, n: int) -> torch.Tensor | None:
    """Return the first Tensor in an output that has an axis of the length of the batch."""
    found = _tensors(output)
    return next((tensor for tensor in found if n in tensor.shape[:2]), (found or [None])[0])


def _tensors(output: object) -> list[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        return [output]
    members: Any = ()
    if isinstance(output, Mapping):
        members = output.values()
    elif isinstance(output, tuple | list):
        members = output
    elif hasattr(output, "__dataclass_fields__"):
        members = (getattr(output, name) for name in output.__dataclass_fields__)
    return [tensor for member in members for tensor in _tensors(member)]


def channel_axis(
    one: torch.Tensor, two: torch.Tensor | None, widths: Collection[int]
) -> tuple[int | None, str]:
    """Return the axis of the neurons, None if it is not decided, and how it was found."""
    if one.ndim == 2:
        return 1, "two axes"
    axes = list(range(1, one.ndim))
    if two is not None and two.ndim == one.ndim:
        axes = [axis for axis in axes if one.shape[axis] == two.shape[axis]]
        if len(axes) == 1:
            return axes[0], "two sizes"
    axes = [axis for axis in axes if one.shape[axis] in widths]
    return (axes[0], "declared width") if len(axes) == 1 else (None, "not decided")


def _real_part(activation: torch.Tensor, inputs: Any) -> torch.Tensor:
    """Put the batch first, and leave out tokens that a model puts behind those of its input.

    XLNet works on (N, B, D); Longformer pads to whole windows inside, and cuts at its end. Where
    there are images too, as for CLIP, what is longer than the text is patches, and all are real.
    """
    mask = inputs.get("attention_mask") if isinstance(inputs, Mapping) else None
    if mask is None or activation.ndim != 3 or "pixel_values" in inputs:
        return activation
    n_samples, n_tokens = mask.shape
    if activation.shape[0] != n_samples and activation.shape[1] == n_samples:
        activation = activation.transpose(0, 1)
    return activation[:, :n_tokens]


def _is_mean(values: torch.Tensor, activation: torch.Tensor, axis: int) -> bool:
    expected = activation.double().movedim(axis, 1).flatten(1 if activation.ndim == 2 else 2)
    expected = (expected if activation.ndim == 2 else expected.mean(2)).T
    if values.shape != expected.shape:
        return False
    scale = float(expected.abs().max()) + 1e-12
    return torch.allclose(values.double(), expected, rtol=RTOL, atol=ATOL * scale)
