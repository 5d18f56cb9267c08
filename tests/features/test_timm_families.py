"""Every family of timm: the right neurons in the right layers."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")
from benchmarks.model_checks.timm_members import MEMBERS, check_timm, create
from featgraph.features import select_layers
from featgraph.models.library_models import import_timm

try:
    TIMM = import_timm()
except ImportError:
    pytest.skip("timm is not installed here", allow_module_level=True)

NAMES = [name for names in MEMBERS.values() for name in names if name in TIMM.list_models()]
#: What auto must take, where the name of a stage is not "blocks", "stages" or "layers".
STAGES = {
    "coat_tiny": [f"serial_blocks{s}.{k}" for s in (1, 2, 3, 4) for k in (0, 1)]
    + [f"parallel_blocks.{k}" for k in range(6)],
    "crossvit_tiny_240": ["blocks.0", "blocks.1", "blocks.2"],
    "densenet121": [f"features.denseblock{k}" for k in (1, 2, 3, 4)],
    "hrnet_w18_small": ["stage2", "stage3", "stage4"],
    "inception_resnet_v2": ["repeat", "repeat_1", "repeat_2"],
    "resnet18": [f"layer{k}" for k in (1, 2, 3, 4)],
    "twins_svt_small": [f"blocks.{s}.{k}" for s, n in enumerate((2, 2, 10, 4)) for k in range(n)],
    "vgg11": [f"features.{k}" for k in (1, 4, 9, 14, 19)],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_features_are_means_over_the_right_axis(name: str) -> None:
    check = check_timm(name)
    assert check.verdict == "right", check


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:layers='auto' leaves out incre_modules")
@pytest.mark.parametrize("name", [name for name in STAGES if name in NAMES])
def test_auto_takes_the_stages_and_no_stem_head_or_transition(name: str) -> None:
    assert select_layers(create(name, 64)) == STAGES[name]


def test_every_family_has_a_member_here() -> None:
    files = {module for module in TIMM.list_modules() if TIMM.list_models(module=module)}
    unknown = files - set(MEMBERS)
    # A later timm may have families that this list does not know yet.
    assert not unknown or TIMM.__version__ > "1.0.31", sorted(unknown)
