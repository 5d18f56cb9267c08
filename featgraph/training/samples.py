"""Samples in a random order that is a function of seed and epoch, cut into labelled batches."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from featgraph.datasets.images import ImageDataset
from featgraph.features.batches import collate_samples
from featgraph.features.feeding import run_batch

__all__ = [
    "Collate",
    "Inputs",
    "Samples",
    "augment_images",
    "call_model",
    "count_steps",
    "fingerprint",
    "iterate_epoch",
    "make_generator",
    "mix_samples",
    "mix_seed",
    "read_scores",
    "seed_global",
    "send_inputs",
    "split_labels",
    "spread_inputs",
]

Inputs: TypeAlias = "Tensor | tuple[Any, ...] | Mapping[str, Any]"

LABELS = ("labels", "label")


def split_labels(batch: Any) -> tuple[Inputs, Tensor]:
    """Return the inputs and the class numbers of a batch; columns of text are left out.

    Raises
    ------
    ValueError
        If the batch is neither a pair nor a mapping with "labels" or "label".

    Examples
    --------
    >>> split_labels({"input_ids": torch.zeros(2, 3), "labels": torch.tensor([0, 1])})[1]
    tensor([0, 1])
    """
    if isinstance(batch, Mapping):
        name = next((name for name in LABELS if name in batch), None)
        if name is not None:
            named = {k: v for k, v in batch.items() if k != name and isinstance(v, Tensor)}
            return named, torch.as_tensor(batch[name])
        got = f"the keys {sorted(batch)}"
    elif isinstance(batch, tuple | list) and len(batch) == 2:
        inputs = tuple(batch[0]) if isinstance(batch[0], list) else batch[0]
        return inputs, batch[1]
    else:
        got = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else batch
    raise ValueError(
        f"a batch must be a pair of inputs and class numbers, or a dict with 'labels', got {got}; "
        "collate= can make it one"
    )


def send_inputs(inputs: Inputs, device: torch.device) -> Inputs:
    """Return the inputs with every Tensor on a device."""
    if isinstance(inputs, Tensor):
        return inputs.to(device)
    if isinstance(inputs, Mapping):
        return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in inputs.items()}
    return tuple(v.to(device) if isinstance(v, Tensor) else v for v in inputs)


def call_model(network: nn.Module, inputs: Inputs) -> object:
    """Call a network with what its ``forward`` takes of the inputs.

    Examples
    --------
    >>> call_model(nn.Identity(), {"input": torch.ones(1), "idx": torch.ones(1)})
    tensor([1.])
    """
    if isinstance(inputs, tuple):
        return network(*inputs)
    return run_batch(network, inputs)


def read_scores(output: object) -> Tensor:
    """Return the class scores in what a model returns: a Tensor, ``logits``, or the first of many.

    Raises
    ------
    ValueError
        If there are none, or not one row of them per sample.

    Examples
    --------
    >>> read_scores({"loss": None, "logits": torch.zeros(2, 3)}).shape
    torch.Size([2, 3])
    """
    found = output
    if isinstance(output, Mapping):
        found = output.get("logits")
    elif hasattr(output, "logits"):
        found = output.logits
    elif isinstance(output, tuple | list) and output:
        found = output[0]
    if not isinstance(found, Tensor) or found.ndim != 2:
        shape = f"of shape {tuple(found.shape)}" if isinstance(found, Tensor) else "none"
        kind = type(output).__name__
        raise ValueError(
            f"model must return class scores (n_samples, n_classes), as a Tensor or as logits, "
            f"got {shape} from {kind}; wrap it in a Module that does"
        )
    return found


Samples: TypeAlias = "Dataset[Any] | Sequence[Any]"
BATCH = 64  # samples of a batch that is measured
Collate: TypeAlias = Callable[[list[Any]], Any]


def make_generator(*numbers: int) -> torch.Generator:
    """Return a generator seeded by all the numbers together.

    Examples
    --------
    >>> make_generator(0, 1).initial_seed() == make_generator(1, 0).initial_seed()
    False
    """
    return torch.Generator().manual_seed(mix_seed(*numbers))


def mix_seed(*numbers: int) -> int:
    """Return one seed for several numbers: neighbours give unrelated streams."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def seed_global(seed: int, device: torch.device) -> None:
    """Seed the global generators, from which dropout draws; the caller puts them back."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        torch.cuda.manual_seed(seed)


def spread_inputs(
    dataset: Samples, n_samples: int, *, collate: Collate = collate_samples
) -> Tensor | DataLoader[Any]:
    """Return the inputs of samples spread evenly over the data, or batches of them.

    Data on disk is often sorted by class: the first samples would be of one.

    Examples
    --------
    >>> spread_inputs(TensorDataset(torch.arange(7.0), torch.arange(7)), 3)
    tensor([0., 3., 6.])
    """
    tensors, places = _tensors(dataset), _spread(len(dataset), n_samples)  # type: ignore[arg-type]
    if tensors is not None:
        return tensors[0][places]
    samples = [dataset[k] for k in places.tolist()]
    batches = [split_labels(collate(samples[k : k + BATCH])) for k in range(0, len(samples), BATCH)]
    return DataLoader(batches, batch_size=None, generator=torch.Generator())  # type: ignore[arg-type]


def _spread(n_samples: int, n_picked: int) -> Tensor:
    return torch.linspace(0, n_samples - 1, min(n_picked, n_samples)).round().long()


def fingerprint(dataset: Samples | None) -> str:
    """Return a word that other data would hardly have: number of samples, and a look at some.

    Only data in memory is looked at, 64 samples spread evenly over it; Hugging Face datasets
    have such a word of their own.

    Examples
    --------
    >>> data = TensorDataset(torch.arange(6.0), torch.arange(6))
    >>> fingerprint(data) == fingerprint(TensorDataset(torch.arange(6.0) / 2, torch.arange(6)))
    False
    """
    if dataset is None:
        return "none"
    n_samples = len(dataset)  # type: ignore[arg-type]
    digest = hashlib.sha256(str(getattr(dataset, "_fingerprint", "")).encode())
    for tensor in _tensors(dataset) or ():
        picked = tensor[_spread(n_samples, 64)]
        digest.update(picked.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    return f"{n_samples} samples, {digest.hexdigest()[:16]}"


def count_steps(n_samples: int, batch_size: int, *, n_processes: int = 1) -> int:
    """Return the number of batches of an epoch; a last one of less than two samples is left out.

    Several processes need two samples each, a ValueError says so where a batch has fewer.

    Examples
    --------
    >>> count_steps(8, 4), count_steps(9, 4), count_steps(10, 4)
    (2, 2, 3)
    >>> count_steps(10, 4, n_processes=2)
    2
    """
    if batch_size < 2 * n_processes:
        raise ValueError(
            f"batch_size must be at least 2 for each of {n_processes} processes, got {batch_size}"
        )
    # Batch normalisation needs two samples, and distances of one sample are no distances.
    return n_samples // batch_size + (n_samples % batch_size >= 2 * n_processes)


def iterate_epoch(
    dataset: Samples,
    *,
    batch_size: int,
    seed: int,
    epoch: int,
    first_step: int = 0,
    place: tuple[int, int] = (0, 1),
    collate: Collate = collate_samples,
) -> Iterator[tuple[Inputs, Tensor]]:
    """Yield the batches of one epoch from a step on; of several processes, one's own share.

    Samples that are skipped are not loaded, so that going on in the middle costs nothing.
    ``place`` is the number of the process and how many there are: process r of n takes every
    n-th sample of each batch, from r on.

    Examples
    --------
    >>> data = TensorDataset(torch.arange(6.0), torch.arange(6))
    >>> whole = [y.tolist() for _, y in iterate_epoch(data, batch_size=2, seed=0, epoch=0)]
    >>> rest = iterate_epoch(data, batch_size=2, seed=0, epoch=0, first_step=1)
    >>> [y.tolist() for _, y in rest] == whole[1:]
    True
    """
    rank, n_processes = place
    n_samples = len(dataset)  # type: ignore[arg-type]
    order = torch.randperm(n_samples, generator=make_generator(seed, 1, epoch))
    n_steps = count_steps(n_samples, batch_size, n_processes=n_processes)
    batches = torch.split(order, batch_size)[first_step:n_steps]
    parts = [batch[rank::n_processes] for batch in batches]
    tensors = _tensors(dataset)
    if tensors is not None:
        for part in parts:
            yield tensors[0][part], tensors[1][part]
        return
    sampler: Any = [part.tolist() for part in parts]
    generator = make_generator(seed, 2, epoch)
    items: Any = dataset  # a list has all that is asked of a Dataset
    loader = DataLoader(items, batch_sampler=sampler, collate_fn=collate, generator=generator)
    yield from map(split_labels, loader)


def _tensors(dataset: Samples) -> tuple[Tensor, Tensor] | None:
    """Return images and labels that lie in memory whole; indexing them beats collating."""
    if isinstance(dataset, ImageDataset):
        return dataset.images, dataset.labels
    if isinstance(dataset, TensorDataset) and len(dataset.tensors) == 2:
        return dataset.tensors[0], dataset.tensors[1]
    return None


def augment_images(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror images half of the time and shift them by up to an eighth, zeros moving in.

    Parameters
    ----------
    images : Tensor, shape (B, C, H, W)
        A batch.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    Tensor
        Of the same shape.

    Examples
    --------
    >>> tuple(augment_images(torch.zeros(2, 3, 16, 16), torch.Generator()).shape)
    (2, 3, 16, 16)
    """
    n_images, _, height, width = images.shape
    mirrored = torch.rand(n_images, generator=generator) < 0.5
    reach = max(1, height // 8)
    moves = torch.randint(2 * reach + 1, (2, n_images, 1), generator=generator)
    rows = (torch.arange(height) + moves[0]).to(images.device)
    columns = torch.arange(width).expand(n_images, -1).clone()
    columns[mirrored] = columns[mirrored].flip(1)
    columns = (columns + moves[1]).to(images.device)
    padded = torch.nn.functional.pad(images, [reach] * 4)
    picked = torch.arange(n_images, device=images.device)[:, None, None]
    shifted = padded.permute(0, 2, 3, 1)[picked, rows[:, :, None], columns[:, None, :]]
    return shifted.permute(0, 3, 1, 2)


def mix_samples(
    images: Tensor, *, strength: float, generator: torch.Generator
) -> tuple[Tensor, Tensor, float]:
    """Mix each image with another of the batch (mixup).

    Parameters
    ----------
    images : Tensor, shape (B, ...)
        A batch.
    strength : float
        α of the Beta(α, α) distribution of the weight, above 0.
    generator : torch.Generator
        Source of the draws.

    Returns
    -------
    mixed : Tensor, shape (B, ...)
        ``weight · images + (1 − weight) · images[partners]``.
    partners : Tensor of int64, shape (B,)
        Which image each is mixed with.
    weight : float
        In [0, 1].

    References
    ----------
    Zhang et al. 2018, arXiv:1710.09412.

    Examples
    --------
    >>> _, partners, weight = mix_samples(torch.eye(3), strength=0.2, generator=torch.Generator())
    >>> sorted(partners.tolist()), 0 <= weight <= 1
    ([0, 1, 2], True)
    """
    seed = int(torch.randint(2**31, (), generator=generator))
    weight = float(np.random.default_rng(seed).beta(strength, strength))
    partners = torch.randperm(len(images), generator=generator).to(images.device)
    return torch.lerp(images[partners], images, weight), partners, weight
