"""The one guarded import of timm, with stand-ins for timm and torchvision on the path."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import nn

from featgraph.models import create_timm_model, guarded_import

# As torchvision does: a fake kernel for an operator that its compiled part should have defined.
TORCHVISION = """
import torch
import torchvision.part

@torch.library.register_fake("torchvision::{first}")
def fake(x):
    return x

@torch.library.register_fake("torchvision::{second}")
def other(x):
    return x
"""
TIMM = """
import torchvision
from torch import nn

__version__ = "1.0"

def list_models():
    return ["tiny", "vit_small"]

def create_model(name, pretrained=False, num_classes=4):
    return nn.Linear(3, num_classes)
"""


def _drop() -> None:
    for name in list(sys.modules):
        if name.split(".")[0] in ("timm", "torchvision"):
            del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    kept = {
        name: module
        for name, module in sys.modules.items()
        if name.split(".")[0] in ("timm", "torchvision")
    }
    _drop()
    for package, code in (("timm", TIMM), ("torchvision", "import torchvision.part\n")):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(code)
    (tmp_path / "torchvision" / "part.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield tmp_path
    _drop()
    sys.modules.update(kept)


def test_sound_torchvision(folder: Path) -> None:
    model = create_timm_model("tiny", num_classes=7)
    assert isinstance(model, nn.Linear)
    assert model.out_features == 7


def test_seed_and_weights(folder: Path, tmp_path: Path) -> None:
    before = torch.random.get_rng_state()
    one, again, other = (create_timm_model("tiny", seed=s).weight for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    torch.save({"weight": torch.ones(4, 3), "bias": torch.zeros(4)}, tmp_path / "w.pt")
    assert create_timm_model("tiny", weights=tmp_path / "w.pt").weight.sum() == 12


def test_unknown_name(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"a model of timm 1.0, got 'tini'; did you mean 'tiny'"):
        create_timm_model("tini")


def test_torchvision_without_its_operators(folder: Path) -> None:
    code = TORCHVISION.format(first="featgraph_test_a", second="featgraph_test_b")
    (folder / "torchvision" / "__init__.py").write_text(code)
    with pytest.raises(RuntimeError, match=r"operator torchvision::\w+ does not exist"):
        importlib.import_module("timm")
    _drop()
    assert isinstance(create_timm_model("tiny"), nn.Linear)
    assert {"featgraph_test_a", "featgraph_test_b"} <= guarded_import._fragments.keys()


def test_half_imported_module_left_by_another_import(folder: Path) -> None:
    code = TORCHVISION.format(first="featgraph_test_c", second="featgraph_test_d")
    (folder / "torchvision" / "__init__.py").write_text(code)
    with pytest.raises(RuntimeError, match="does not exist"):
        importlib.import_module("torchvision")
    assert "torchvision.part" in sys.modules
    assert isinstance(create_timm_model("tiny"), nn.Linear)


@pytest.mark.parametrize(
    "code",
    [
        "raise RuntimeError('operator torchvision::featgraph_test_e does not exist')",
        "raise RuntimeError('this build is for another Python')",
    ],
)
def test_torchvision_beyond_help(folder: Path, code: str) -> None:
    (folder / "torchvision" / "__init__.py").write_text(code)
    with pytest.raises(ImportError, match=r"torchvision does not fit torch .* pip install"):
        create_timm_model("tiny")


def test_timm_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(ImportError, match=r"timm is not installed.*featgraph\[models\]"):
        create_timm_model("tiny")


def test_weights_and_pretrained_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        create_timm_model("tiny", pretrained=True, weights="w.pt")


def test_core_never_imports_timm_or_torchvision() -> None:
    # One file may, by name; so the text is searched.
    package = Path(guarded_import.__file__).parents[1]
    for path in package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for word in ("import timm", "from timm", "import torchvision", "from torchvision"):
            lines = [line for line in text.splitlines() if line.lstrip().startswith(word)]
            assert not lines, f"{path.name}: {lines}"
