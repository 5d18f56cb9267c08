import csv
import json

import pytest

from benchmarks.reproduce import EXPERIMENTS
from benchmarks.reproduce.__main__ import main
from benchmarks.reproduce.comparison import describe_agreement


def rows_of(folder, name):
    with (folder / f"{name}.csv").open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def quick(name, folder, **options):
    run = EXPERIMENTS[name].load()
    settings = {"scale": "quick", "nets": ["mlp"], "max_images": 130, "progress": False}
    return run(folder, **(settings | options))


def test_table4_stands_beside_the_published_values_and_continues(tmp_path, monkeypatch):
    folder = tmp_path / "t4"
    page = quick("table4", folder, nets=["resmlp"])
    rows = rows_of(folder, "table4")
    trained = [row for row in rows if row["state"] == "trained"]
    assert [(row["family"], row["published σ"]) for row in trained] == [("ResMLP", "0.342")]
    for variant in ("paper", "released", "tail"):
        assert float(trained[0][f"σ {variant}"]) > 0
    # Families that were not run keep their published value in the table.
    assert {row["family"]: row["published σ"] for row in rows if row["state"] == "not run"}[
        "VGG"
    ] == "0.7149"
    text = page.read_text(encoding="utf-8")
    assert "numbers cannot be expected to agree" in text
    assert "noise" in text
    assert (folder / "spectra-resmlp.png").is_file()
    assert {row["variant"] for row in rows_of(folder, "layers")} == {"paper", "released", "tail"}
    # Nothing is measured twice.
    monkeypatch.setattr("benchmarks.reproduce.table4._measure", pytest.fail)
    quick("table4", folder, nets=["resmlp"])
    assert rows_of(folder, "table4") == rows


def test_table5_without_umap(tmp_path):
    folder = tmp_path / "t5"
    page = quick("table5", folder, no_umap=True)
    trained = next(row for row in rows_of(folder, "table5") if row["state"] == "trained")
    assert float(trained["Δ full"]) > 0
    assert trained["published Δ"] == ""
    assert "Δ released" not in trained
    assert float(trained["Δ full, low"]) <= float(trained["Δ full"])
    assert "UMAP was left out" in page.read_text(encoding="utf-8")
    assert json.loads((folder / "provenance.json").read_text())["settings"]["umap"] is False


def test_figure2_measures_what_it_draws(tmp_path):
    folder = tmp_path / "f2"
    quick("figure2", folder)
    (row,) = rows_of(folder, "figure2")
    assert row["published"] == "picture only"
    assert 0 < float(row["isotropy, trained"]) < 1
    names = {"figure2.png", "layers-mlp.png", "clusters-mlp.png"}
    assert {path.name for path in folder.glob("*.png")} == names


def test_agreement_counts_all_orders():
    rows = [{"published": float(k), "found": float(k)} for k in range(4)]
    (line,) = describe_agreement(rows, "published", ["found", "missing"])
    # 4! = 24 orders, of which one agrees and one disagrees entirely.
    assert "+1.00 over 4 families" in line
    assert "in 8% of all orders" in line
    assert describe_agreement(rows[:2], "published", ["found"]) == []


def test_command_line_lists_and_refuses(tmp_path, capsys):
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in EXPERIMENTS)
    assert main(["table9"]) == 2
    assert "invalid choice: 'table9'" in capsys.readouterr().err
    words = ["table4", "--scale", "quick", "--nets", "mpl", "-o", str(tmp_path / "x")]
    assert main([*words, "-q"]) == 2
    assert "did you mean 'mlp'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["figure2", "table4", "table5"])
def test_help_of_each_experiment(name, capsys):
    assert main([name, "--help"]) == 0
    assert "--nets" in capsys.readouterr().out
