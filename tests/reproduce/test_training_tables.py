"""Tables 2 and 3 and the validation study, on the smallest inputs."""

from __future__ import annotations

import csv
import importlib.util
import math

import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.reproduce import EXPERIMENTS, paired, sources, table2, table3, validation
from benchmarks.reproduce.__main__ import main
from featgraph.datasets import load_digits


def rows_of(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_table3_is_paired_resumed_and_extended(tmp_path, monkeypatch):
    page = table3.run(tmp_path, scale="quick", nets=["mlp"], variants=["linkage"], progress=False)
    rows = rows_of(tmp_path, "table3")
    assert [(row["net"], row["variant"]) for row in rows] == [
        ("mlp", "baseline"), ("mlp", "linkage"), ("all", "baseline"), ("all", "linkage"),
    ]  # fmt: skip
    assert rows[0]["gain"] == "" != rows[1]["gain"]
    assert 0 < float(rows[0]["ss_rate_true"]) < 1
    rates = [float(r["ss_rate_linkage"]) for r in rows_of(tmp_path, "runs")][::2]
    assert float(rows[0]["ss_rate_true_sd"]) == pytest.approx(np.std(rates, ddof=1))
    text = page.read_text(encoding="utf-8")
    assert "linkage: " in text
    assert "| ViT-B | 90.29 | 93.21 |" in text
    at_once = {"scale": "quick", "nets": ["mlp"], "variants": ["linkage"], "jobs": 2}
    table3.run(tmp_path / "at once", **at_once, progress=False)
    assert rows_of(tmp_path / "at once", "runs") == rows_of(tmp_path, "runs")
    # What is finished is not trained again; a third seed adds two trainings.
    made = []
    ordinary = table3._Bench.train

    def train(bench, *task):
        made.append(task)
        return ordinary(bench, *task)

    monkeypatch.setattr(table3._Bench, "train", train)
    options = {"scale": "quick", "nets": ["mlp"], "variants": ["linkage"], "progress": False}
    table3.run(tmp_path, seeds=3, **options)
    assert made == [("mlp", 2, "baseline"), ("mlp", 2, "linkage")]
    assert len(rows_of(tmp_path, "runs")) == 6


def test_table3_constrains_robust_rates(tmp_path):
    page = table3.run(
        tmp_path, scale="quick", nets=["mlp"], variants=["robust_half"], seeds=2, progress=False
    )
    runs = rows_of(tmp_path, "runs")
    assert [row["variant"] for row in runs] == ["baseline", "robust_half"] * 2
    base, half = (float(row["ss_rate_midpoint_robust"]) for row in runs[:2])
    assert 0 < half < base < 1
    row = next(r for r in rows_of(tmp_path, "table3") if r["variant"] == "robust_half")
    values = [float(run["ss_rate_midpoint_robust"]) for run in runs[1::2]]
    assert float(row["ss_rate_robust"]) == pytest.approx(np.mean(values))
    assert "between quantiles of the distances" in page.read_text(encoding="utf-8")


def test_table3_draws_from_images_sorted_by_class_and_reads_others_anew(tmp_path):
    images = np.random.default_rng(0).integers(0, 255, (320, 8, 8), dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=images, labels=np.arange(320) // 160)
    options = {"scale": "quick", "nets": ["mlp"], "variants": [], "progress": False}
    options |= {"data": str(tmp_path / "a.npz"), "test_data": str(tmp_path / "a.npz")}
    plan = table3._SIZES["quick"]
    settings = {"data": options["data"], "test_data": options["data"], "size": None}
    train, _ = table3._Bench(None, "quick", plan, settings, "cpu").images
    assert len(train) == 256
    assert set(train.labels.tolist()) == {0, 1}
    table3.run(tmp_path / "out", **options)
    before = (tmp_path / "out" / "steps" / "mlp-0-baseline.json").stat().st_mtime_ns
    table3.run(tmp_path / "out", size=8, **options)
    assert (tmp_path / "out" / "steps" / "mlp-0-baseline.json").stat().st_mtime_ns > before


def test_paper_scale_needs_real_images_and_says_what_a_processor_costs(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"--data and --test-data must name folders .* got none"):
        table3.run(tmp_path / "a", scale="paper", progress=False)
    monkeypatch.setattr(table3, "_train_all", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    options = {"scale": "paper", "data": "images", "progress": False}
    with (
        pytest.warns(UserWarning, match="on a processor that takes months; give --device cuda"),
        pytest.raises(KeyboardInterrupt, match=r"^$"),
    ):
        table3.run(tmp_path / "b", **options)
    monkeypatch.setattr("featgraph.features.running.usable_device", lambda device: device)
    with pytest.raises(KeyboardInterrupt, match=r"^$"):  # no word where there is a device
        table3.run(tmp_path / "c", device="cuda", **options)


def test_the_paired_test_is_that_of_scipy():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(0)
    base, other = rng.normal(90, 1, 6), rng.normal(91, 1, 6)
    found = paired.compare_pairs(other - base)
    expected = ttest_rel(other, base)
    low, high = expected.confidence_interval()
    assert found["p_value"] == pytest.approx(float(expected.pvalue))
    assert (found["gain_low"], found["gain_high"]) == pytest.approx((float(low), float(high)))
    assert paired.compare_pairs(np.zeros(3))["p_value"] == 1.0
    assert paired.compare_pairs(np.ones(3))["p_value"] is None
    cancelling = np.array([0.1, 0.2, -0.3]) / 3
    assert cancelling.mean() != 0.0
    assert paired.compare_pairs(cancelling)["gain"] == 0.0


def test_table3_keeps_a_training_that_diverged(tmp_path, monkeypatch):
    from featgraph.training import TrainingDivergedError, trainer

    ordinary = trainer.train

    def train(model, dataset, *, regularizer, settings, **options):
        if (regularizer is not None) == (settings.seed == 0):
            raise TrainingDivergedError("the loss is nan", 3, "blocks.0", None)
        return ordinary(model, dataset, regularizer=regularizer, settings=settings, **options)

    monkeypatch.setattr(trainer, "train", train)
    options = {"scale": "quick", "nets": ["mlp"], "variants": ["packing"], "progress": False}
    page = table3.run(tmp_path, **options)
    # Seed 0 diverges with the constraint; seed 1 without it, so that there is no γ either.
    assert "3 trainings diverged" in page.read_text(encoding="utf-8")
    assert [row["accuracy"] != "" for row in rows_of(tmp_path, "runs")] == [True, False] + [
        False
    ] * 2


def test_the_networks_of_the_paper_take_small_images(monkeypatch):
    class Net(nn.Sequential):
        def __init__(self) -> None:
            super().__init__(
                nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()),
                nn.Sequential(nn.Conv2d(8, 8, 3), nn.ReLU()),
                nn.AdaptiveAvgPool2d(1),
            )

    monkeypatch.setattr(
        "featgraph.models.library_models.create_timm_model", lambda name, **options: Net()
    )
    images = load_digits()
    model, layers = table3._build("resnet34", "paper", images, 0)
    assert layers == ["net.0", "net.1"]
    assert model(images.images[:2]).shape == (2, 8, 1, 1)


def test_validation_measures_every_estimator(tmp_path, monkeypatch):
    size = {"nets": ("mlp",), "epochs": 1, "n_seeds": 1, "n_theta": 8, "n_null": 3, "seconds": 9.0}
    monkeypatch.setitem(validation._SIZES, "quick", size)
    clouds = {name: sources.CLOUDS[name] for name in ("line", "clusters")}
    monkeypatch.setattr(sources, "CLOUDS", clouds)
    monkeypatch.setattr(sources, "_N_NODES", 20)
    page = validation.run(tmp_path, scale="quick", progress=False)
    rows = {(row["sources"], row["estimator"]): row for row in rows_of(tmp_path, "estimators")}
    assert len(rows) == 2 * len(validation.ESTIMATORS)
    for group in ("synthetic", "networks"):
        paper = rows[group, "paper"]
        for name in ("packing", "linkage", "greedy"):
            assert float(rows[group, name]["log_error"]) < float(paper["log_error"])
            assert float(rows[group, name]["inside"]) > float(paper["inside"])
    (network,) = rows_of(tmp_path, "networks")
    assert network["network"] == "mlp on digits"
    assert 0 < float(network["true trained"]) < 1
    layers = rows_of(tmp_path, "layers")
    truth = [row for row in layers if row["curve"] == "best"]
    assert {float(row["proven"]) for row in truth} == {1.0}
    assert {row["verdict"] for row in truth} <= {"self-similar", "not self-similar", "undecided"}
    trained = [row["verdict"] for row in truth if row["state"] == "trained"]
    n_yes = trained.count("self-similar")
    assert network["self-similar trained"] == f"{n_yes} of {len(trained)}"
    assert "errors.png" in page.read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"data must be a folder with weights.nets\.py"):
        validation.run(tmp_path, scale="quick", data=str(tmp_path), progress=False)


def test_clouds_have_the_dimension_they_name():
    for dimension, name in enumerate(("line", "square", "cube"), start=1):
        F = sources.CLOUDS[name](np.random.default_rng(0))
        singular = np.linalg.svd(F - F.mean(0), compute_uv=False)
        assert np.count_nonzero(singular > 1e-9 * singular[0]) == dimension


@pytest.fixture
def photos(tmp_path):
    from PIL import Image

    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(12):
        pixels = rng.integers(0, 255, size=(20, 24, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_table2_stands_beside_published_and_expected_values(tmp_path, photos, monkeypatch):
    def create(name, *, weights=None, seed=0):
        torch.manual_seed(seed)
        return nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 16, 7, 16), nn.ReLU()),
            nn.Sequential(nn.Conv2d(16, 16, 1), nn.ReLU()),
            nn.Flatten(),
        )

    monkeypatch.setattr("featgraph.models.library_models.create_timm_model", create)
    out = tmp_path / "t2"
    with torch.random.fork_rng(devices=[]):
        page = table2.run(
            out, images=str(photos), nets=["resnet34", "mine"], seeds=2, progress=False
        )
    rows = rows_of(out, "table2")
    assert [(row["net"], row["published"], row["expected"]) for row in rows] == [
        ("resnet34", "0.22", "0.219"), ("mine", "", ""),
    ]  # fmt: skip
    assert {row["n_seeds"] for row in rows} == {"2"}
    assert float(rows[0]["released sd"]) > 0
    layers = rows_of(out, "layers")
    mean = np.mean([float(row["linkage"]) for row in layers if row["net"] == "mine"])
    assert float(rows[1]["linkage"]) == pytest.approx(mean)
    assert "More than 0.03 from the expected value: resnet34" in page.read_text(encoding="utf-8")
    with pytest.raises(FileNotFoundError, match="no folder"):
        table2.run(out, images=str(photos), weights=str(tmp_path / "none"), progress=False)


def test_table2_adds_the_trained_column_where_there_are_weights(tmp_path):
    (tmp_path / "resnet34.safetensors").touch()
    assert table2._find_weights(str(tmp_path), "resnet34") == tmp_path / "resnet34.safetensors"
    assert table2._find_weights(str(tmp_path), "vgg11") is None
    rows = [
        {"net": "resnet34", "state": state, "seed": 0, "released": rate, "paper": 0.5,
         "packing": 0.2, "linkage": 0.3, "midpoint": 0.25}
        for state, rate in (("untrained", 0.2), ("trained", 0.25))
    ]  # fmt: skip
    table = table2.summarize_rates(rows)
    assert [(row["state"], row["published"]) for row in table] == [
        ("untrained", 0.22), ("trained", 0.17),
    ]  # fmt: skip
    assert math.isclose(table[1]["released"], 0.25)


def test_the_command_line_knows_their_scales(capsys):
    assert main(["table3", "--help"]) == 0
    assert "paper: days on a GPU" in capsys.readouterr().out
    assert main(["table3", "--scale", "full"]) == 2
    assert main(["table2"]) == 2
    assert "--images" in capsys.readouterr().err
    assert {"table2", "table3", "validation"} <= set(EXPERIMENTS)


@pytest.mark.slow
def test_untrained_networks_agree_with_the_expected_values(tmp_path, shared_data):
    if importlib.util.find_spec("timm") is None:  # only the package knows how to import it
        pytest.skip("timm is not installed")
    images = shared_data / "images" / "imagenet_sample512_224.zip"
    table2.run(tmp_path, images=str(images), nets=["poolformer_s12"], seeds=1, progress=False)
    (row,) = rows_of(tmp_path, "table2")
    assert abs(float(row["released"]) - float(row["expected"])) < 0.03
