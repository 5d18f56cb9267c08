"""The study of real networks: its formula against the definition, its inputs, its loud neurons."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from benchmarks.real_networks.inputs import SAMPLE_RATE, build_crystals, synthesize_vowel
from benchmarks.real_networks.measures import measure_rates, set_loud_aside, tasks
from benchmarks.real_networks.networks import (
    NETWORKS,
    Crepe,
    VoiceEncoder,
    calibrate_batch_norms,
    load_features,
)
from tests.naive import selfsimilarity as naive


def released(F):
    """SS_rate of the released formula, straight from the definition, on 4,001 equal steps."""
    lengths = torch.pdist(torch.as_tensor(F, dtype=torch.float64)).numpy() / np.sqrt(F.shape[1])
    low, high = np.log1p(lengths.min()), np.log1p(lengths.max())
    x = np.linspace(0, 1, 4001)
    share = np.searchsorted(np.sort(lengths), np.expm1(low + x * (high - low))) / len(lengths)
    log_count = [np.log(naive.formula(s, len(F), "released")) / np.log(len(F)) for s in share]
    return 2 * np.abs(np.array(log_count) - (1 - x)).mean()


def test_formulas_are_those_of_the_definition():
    F = np.random.default_rng(0).normal(size=(40, 24))
    F[0] *= 20
    for values in (F, set_loud_aside(F)):
        assert measure_rates(values, 0)["released"] == pytest.approx(released(values), abs=1e-3)
    assert len(set_loud_aside(F)) == 39


@pytest.mark.parametrize("network", NETWORKS)
def test_features_of_trained_networks(network, tmp_path):
    missing = [n for n in NETWORKS[network].packages if importlib.util.find_spec(n) is None]
    if missing or NETWORKS[network].needs_photos:
        pytest.skip(f"needs {', '.join(missing) or 'photographs'}")
    trained, untrained = (load_features(network, seed, tmp_path, None) for seed in (None, 0))
    for layer, F in trained.items():
        assert F.shape == untrained[layer].shape == (len(F), 475)
        assert not np.allclose(F, untrained[layer])
        assert measure_rates(F[:, :128].astype(float), 0)["released"] == pytest.approx(
            released(F[:, :128].astype(float)), abs=1e-3
        )


def test_every_network_is_proven_trained_and_untrained():
    proofs = {(net, seed) for part, net, seed, _, _ in tasks() if part == "proof"}
    assert proofs == {(net, seed) for net in NETWORKS for seed in (None, 0)}


def test_vowels_have_their_pitch():
    sound = synthesize_vowel(SAMPLE_RATE, np.random.default_rng(3))
    spectrum = np.abs(np.fft.rfft(sound))
    pitch = np.exp(np.random.default_rng(3).uniform(np.log(60), np.log(1000)))
    loudest = np.argmax(spectrum)  # of a second, so that a bin is a hertz
    harmonic = loudest / pitch
    assert harmonic == pytest.approx(round(harmonic), abs=0.25)
    assert np.abs(sound).max() < 1.1


def test_crystals_are_the_same_in_every_run():
    pytest.importorskip("pymatgen")
    first, again = (build_crystals(np.random.default_rng(0)) for _ in range(2))
    assert first == again
    assert len({crystal.reduced_formula for crystal in first}) == 72
    assert {len(crystal) for crystal in first} == {8, 12}


def test_audio_networks_have_the_published_sizes():
    crepe = Crepe().eval()
    sounds = torch.randn(4, 1, 1024, 1)
    calibrate_batch_norms(crepe, sounds)
    assert crepe(sounds).shape == (4, 512, 4, 1)
    assert VoiceEncoder(None)(torch.randn(2, 160, 40)).shape == (2, 256)
