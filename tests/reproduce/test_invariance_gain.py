import csv

import numpy as np
import pytest
from scipy.stats import spearmanr

from benchmarks.reproduce.invariance_gain import PUBLISHED, correlate, run
from benchmarks.reproduce.rank_correlation import correlate_ranks
from featgraph.io import write_rows


def test_rank_correlation_agrees_with_scipy():
    rng = np.random.default_rng(0)
    for n_items in (3, 5, 8, 12):
        x, y = rng.normal(size=(2, n_items)).round(1)
        found = correlate_ranks(x, y, n_resamples=50)
        assert found.rank == pytest.approx(spearmanr(x, y).statistic)
        assert found.low <= found.rank <= found.high
        assert found.n_items == n_items


def test_exact_test_counts_orders():
    # 5! = 120 orders, of which one agrees and one disagrees entirely.
    assert correlate_ranks(range(5), range(5), n_resamples=10).p_value == pytest.approx(2 / 120)
    assert correlate_ranks(range(12), range(12), n_resamples=10).p_value < 1e-3


def test_noise_in_the_runs_widens_the_interval():
    x, y = list(range(6)), [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    sharp = correlate_ranks(x, y)
    noisy = correlate_ranks(x, y, y_runs=[[value - 2, value, value + 2] for value in y])
    assert sharp.low == sharp.high == 1.0
    assert noisy.low < 0.9


@pytest.mark.parametrize(("x", "y"), [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
def test_too_few_or_constant_items_have_no_correlation(x, y):
    assert np.isnan(correlate_ranks(x, y).rank)


def test_published_tables_are_joined_by_family():
    by_name = {row["network"]: row for row in PUBLISHED}
    assert by_name["ResMLP"] == {"network": "ResMLP", "gain": 0.82, "σ": 0.3420, "Δ": 0.2721}
    rows = correlate([{**row, "constraint": "published"} for row in PUBLISHED])
    gains = [row["gain"] for row in PUBLISHED]
    for row, key in zip(rows, "σΔ", strict=True):
        expected = spearmanr([-item[key] for item in PUBLISHED], gains).statistic
        assert row["rank correlation"] == pytest.approx(expected, abs=1e-3)
        # The claim is not borne out by seven numbers.
        assert row["p"] > 0.05


@pytest.fixture
def finished(tmp_path):
    """Three runs as their experiments write them: the more invariant, the larger the gain."""
    runs, table4, table5 = [], [], []
    for k, net in enumerate(("mlp", "cnn", "vit", "mixer", "resmlp")):
        for seed in range(3):
            runs.append({"net": net, "seed": seed, "variant": "baseline", "accuracy": 90 + seed})
            gain = 4 - k + 0.1 * seed
            runs.append(
                {"net": net, "seed": seed, "variant": "linkage", "accuracy": 90 + seed + gain}
            )
        for state, factor in (("untrained", 9), ("trained", 1)):
            table4.append({"network": net, "state": state, "σ tail": 0.1 * (k + 1) * factor})
            table5.append({"network": net, "state": state, "Δ full": 0.5 - 0.05 * k})
    folders = {}
    for name, rows in (("table3", runs), ("table4", table4), ("table5", table5)):
        file = "runs" if name == "table3" else name
        write_rows(rows, tmp_path / name / f"{file}.csv")
        folders[name] = str(tmp_path / name)
    return folders


def test_finished_runs_are_joined(finished, tmp_path):
    page = run(tmp_path / "out", progress=False, **finished)
    with (tmp_path / "out" / "invariance-gain.csv").open(encoding="utf-8") as stream:
        rows = {(row["constraint"], row["measure"]): row for row in csv.DictReader(stream)}
    assert float(rows["linkage", "σ tail"]["rank correlation"]) == 1.0
    assert float(rows["linkage", "Δ full"]["rank correlation"]) == -1.0
    assert rows["linkage", "σ tail"]["networks"] == "5"
    assert "cannot carry such a claim" in page.read_text(encoding="utf-8")
    assert (tmp_path / "out" / "gain-linkage.png").is_file()


def test_folders_without_a_finished_run_are_refused(finished, tmp_path):
    with pytest.raises(ValueError, match="must hold a finished run with table4.csv"):
        run(tmp_path / "out", **(finished | {"table4": str(tmp_path)}))
    with pytest.raises(ValueError, match=r"full scale .* got none for \['table3', 'table4'"):
        run(tmp_path / "other", scale="full")
