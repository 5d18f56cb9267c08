"""Networks of torchvision, one of each kind, where it can be imported."""

from __future__ import annotations

import importlib

import torch

from benchmarks.model_checks.axis_check import ModelCheck, check_model
from featgraph.models.library_models import import_timm

__all__ = ["MEMBERS", "check_torchvision"]

_IMAGES = """
alexnet convnext_tiny densenet121 efficientnet_b0 googlenet mnasnet0_5 mobilenet_v2
mobilenet_v3_small regnet_y_400mf resnet18 shufflenet_v2_x0_5 squeezenet1_0 swin_t swin_v2_t vgg11
vgg11_bn fcn_resnet50 deeplabv3_resnet50 lraspp_mobilenet_v3_large
"""
#: Names, each with the sides of two images (one where the size is fixed), or of two videos.
MEMBERS = {
    **dict.fromkeys(_IMAGES.split(), (64, 96)),
    "inception_v3": (96, 128),
    "maxvit_t": (224,),
    "vit_b_16": (224,),
    "r3d_18": (32, 48),
    "s3d": (224, 256),
    "swin3d_t": (32, 48),
}
_WIDTHS = {"maxvit_t": {64, 128, 256, 512}, "vit_b_16": {768}}
_VIDEO = ("r3d_18", "s3d", "swin3d_t")


def check_torchvision(name: str) -> ModelCheck:
    """Check one network of torchvision, without weights that were trained."""
    import_timm()  # the one guarded import; torchvision comes with it
    models = importlib.import_module("torchvision.models")
    options = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name in ("fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large"):
        options = {"weights_backbone": None}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        model = models.get_model(name, weights=None, **options).eval()
    first, *second = MEMBERS[name]
    other = (model, _draw(name, 3, second[0])) if second else None
    return check_model(
        model,
        _draw(name, 2, first),
        other,
        name=name,
        family=name,
        widths=_WIDTHS.get(name, set()),
    )


def _draw(name: str, n: int, side: int) -> torch.Tensor:
    shape = (n, 3, side // 2, side, side) if name in _VIDEO else (n, 3, side, side)
    shape = (n, 3, side // 14, side, side) if name == "s3d" else shape
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))
