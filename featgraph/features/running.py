"""Running a model without leaving a trace, and its untrained twin."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Iterator

import torch
from torch import nn

__all__ = ["evaluating", "placed_on", "renew_weights", "unwrap_model", "usable_device"]


def unwrap_model(model: nn.Module) -> nn.Module:
    """Return the network inside DataParallel, DistributedDataParallel or torch.compile.

    Raises
    ------
    TypeError
        If ``model`` is no Module.

    Examples
    --------
    >>> unwrap_model(nn.DataParallel(nn.Linear(2, 3)))
    Linear(in_features=2, out_features=3, bias=True)
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {_kind_of_model(model)}")
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        if isinstance(model, wrappers):
            model = model.module
        elif isinstance(getattr(model, "_orig_mod", None), nn.Module):
            model = model._orig_mod  # type: ignore[assignment]
        else:
            return model


def _kind_of_model(model: object) -> str:
    name = type(model).__name__
    return f"{name}; pass the model that was exported" if name == "ExportedProgram" else name


@contextlib.contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; every training flag is put back.

    Flags are set one by one: ``model.eval()`` may be overridden to do more than that
    (merge adapters, fuse branches), which could not be undone. The fused attention of torch,
    which skips modules and cuts padding out, is off.

    Examples
    --------
    >>> model = nn.Sequential(nn.Dropout(), nn.Linear(2, 3).eval())
    >>> with evaluating(model):
    ...     [module.training for module in model]
    [False, False]
    >>> [module.training for module in model]
    [True, False]
    """
    flags = [(module, module.training) for module in model.modules()]
    is_fused = torch.backends.mha.get_fastpath_enabled()
    try:
        torch.backends.mha.set_fastpath_enabled(False)
        for module, _ in flags:
            module.training = False
        with torch.no_grad():
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(is_fused)
        for module, training in flags:
            module.training = training


@contextlib.contextmanager
def placed_on(model: nn.Module, device: torch.device | str | None) -> Iterator[torch.device]:
    """Yield the device of the run; a model moved there is moved back at the end.

    Parameters
    ----------
    model : Module
        Any network; may be spread over devices if ``device`` is None.
    device : device or None
        Where to run; None leaves the model and yields the device of its first parameter.

    Raises
    ------
    ValueError
        If the device cannot be used here, or the model is spread over several.

    Examples
    --------
    >>> with placed_on(nn.Linear(2, 3), None) as device:
    ...     device
    device(type='cpu')
    """
    tensors = [*model.parameters(), *model.buffers()]
    home = tensors[0].device if tensors else torch.device("cpu")
    if device is None:
        yield home
        return
    target = usable_device(device)
    homes = {tensor.device for tensor in tensors}
    if len(homes) > 1:
        raise ValueError(f"device must be None for a model spread over {sorted(map(str, homes))}")
    try:
        model.to(target)
        yield target
    finally:
        model.to(home)


def usable_device(device: torch.device | str) -> torch.device:
    """Return a device on which a tensor can be made, or refuse it.

    Raises
    ------
    ValueError
        If there is none of this name here.

    Examples
    --------
    >>> usable_device("cpu")
    device(type='cpu')
    """
    try:
        target = torch.empty(0, device=device).device
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition(":")[0].splitlines()[0]
        raise ValueError(f"device must be usable here, got {device!r}: {reason}") from error
    if target.type == "meta":
        raise ValueError("device must be usable here, got 'meta', which would drop the weights")
    return target


def renew_weights(model: nn.Module, seed: int, *, advice: str | None) -> nn.Module:
    """Return a copy of ``model`` whose layers have drawn new weights.

    A model of transformers is made anew from its configuration. ``advice`` ends the message about
    a module that has weights and cannot draw them; with None such a module keeps them.

    Examples
    --------
    >>> net = nn.Linear(2, 3)
    >>> twin = renew_weights(net, 1, advice=None)
    >>> bool((twin.weight == net.weight).any())
    False
    """
    config = getattr(model, "config", None)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if hasattr(config, "model_type"):
            made: nn.Module = type(model)(config)
            first = next(model.parameters())
            return made.to(device=first.device, dtype=first.dtype).train(model.training)
        twin = copy.deepcopy(model)
        for name, module in twin.named_modules():
            reset = getattr(module, "reset_parameters", getattr(module, "_reset_parameters", None))
            if callable(reset):
                reset()
            elif advice is not None and any(True for _ in module.parameters(recurse=False)):
                raise ValueError(
                    f"cannot draw new weights for {name or type(module).__name__!r} (it has "
                    f"weights but no reset_parameters); {advice}"
                )
    return twin
