"""Small members of every family of timm, and how each is checked."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmarks.model_checks.axis_check import ModelCheck, check_model
from featgraph.models.library_models import import_timm

__all__ = ["MEMBERS", "check_timm"]

_MEMBERS = """
beit: beit_base_patch16_224
byoanet: halonet_h1
byobnet: gernet_s mobileone_s0 repvgg_a0 test_byobnet
cait: cait_xxs24_224
coat: coat_lite_tiny coat_tiny
convit: convit_tiny
convmixer: convmixer_768_32
convnext: convnext_atto convnextv2_atto test_convnext
cpubone: cpubone_nano
crossvit: crossvit_tiny_240
csatv2: csatv2
cspnet: cs3darknet_focus_s darknet17
cspnext: cspnext_tiny
davit: davit_tiny
deepseek_vit: deepseek_vit_412m
deit: deit_tiny_distilled_patch16_224 deit_tiny_patch16_224
densenet: densenet121
dla: dla60x
dpn: dpn68
edgenext: edgenext_xx_small
efficientformer: efficientformer_l1
efficientformer_v2: efficientformerv2_s0
efficientnet: efficientnet_lite0 mixnet_s mnasnet_small mobilenetv2_050 test_efficientnet
efficientvim: efficientvim_m1 efficientvim_m1_dist
efficientvit_mit: efficientvit_b0 efficientvit_l1
efficientvit_msra: efficientvit_m0
eva: eva02_tiny_patch14_224 vit_tiny_patch16_dinov3_qkvb
fasternet: fasternet_t0
fastvit: fastvit_t8
focalnet: focalnet_tiny_srf
gcvit: gcvit_xxtiny
gemma4_vit: gemma4_vit_167m
ghostnet: ghostnet_050
hardcorenas: hardcorenas_b
hgnet: hgnetv2_b0
hiera: hiera_tiny_224
hieradet_sam2: sam2_hiera_tiny
hrnet: hrnet_w18_small
iformer: iformer_t
inception_next: inception_next_atto
inception_resnet_v2: inception_resnet_v2
inception_v3: inception_v3
inception_v4: inception_v4
lcnetv2: lcnetv2_small
levit: levit_128s levit_192
lowformer: lowformer_b0
mambaout: mambaout_femto test_mambaout
maxxvit: coatnet_nano_rw_224 maxvit_rmlp_pico_rw_256 test_coatnet
metaformer: caformer_s18 convformer_s18 poolformer_s12 poolformerv2_s12
mlp_mixer: gmlp_ti16_224 mixer_s32_224 resmlp_12_224
mobilenetv3: fbnetv3_b mobilenetv3_large_075 mobilenetv3_small_050
mobilenetv5: mobilenetv5_base
mobilevit: mobilevit_xxs
mvitv2: mvitv2_tiny
naflexvit: naflexvit_base_patch16_gap
nasnet: nasnetalarge
nest: nest_tiny
nextvit: nextvit_small
nfnet: dm_nfnet_f0 test_nfnet
pit: pit_ti_224
pnasnet: pnasnet5large
pvt_v2: pvt_v2_b0
qwen3_vit: qwen3_vit_306m
rdnet: rdnet_tiny
regnet: regnetx_002 regnety_002
repghost: repghostnet_050
repvit: repvit_m1
res2net: res2net50_14w_8s
resnest: resnest50d
resnet: ecaresnet50t resnet18 resnet26t seresnet18 test_resnet
resnetv2: resnetv2_18
rexnet: rexnet_100
selecsls: selecsls42
senet: legacy_seresnet18
sequencer: sequencer2d_s
shvit: shvit_s1
sknet: skresnet18
starnet: starnet_s050
swiftformer: swiftformer_xs
swin_transformer: swin_s3_tiny_224 swin_tiny_patch4_window7_224
swin_transformer_v2: swinv2_tiny_window8_256
swin_transformer_v2_cr: swinv2_cr_tiny_224
tiny_vit: tiny_vit_5m_224
tnt: tnt_s_legacy_patch16_224
tresnet: tresnet_m
twins: twins_pcpvt_small twins_svt_small
vgg: vgg11
visformer: visformer_tiny
vision_transformer: test_vit vit_tiny_patch16_224
vision_transformer_hybrid: vit_tiny_r_s16_p8_224
vision_transformer_relpos: test_vit_relpos
vision_transformer_sam: samvit_base_patch16_224
vitamin: vitamin_small_224
volo: volo_d1_224
vovnet: ese_vovnet19b_dw ese_vovnet19b_slim_dw
xception: legacy_xception
xception_aligned: xception41p
xcit: xcit_nano_12_p8_224
"""
#: Families (files of timm) and members: the smallest of every class, and some that are popular.
MEMBERS = {
    family: names.split()
    for family, names in (line.split(": ") for line in _MEMBERS.strip().splitlines())
}
# Sides of the two images, where 64 and 96 do not do: too small, fixed, or as long as a width.
_SIDES = {
    "crossvit_tiny_240": (240,),
    "efficientformer_l1": (224,),
    "deepseek_vit_412m": (56, 84),
    "halonet_h1": (256, 512),
    "test_mambaout": (96, 128),
    "inception_resnet_v2": (96, 128),
    "inception_v3": (96, 128),
    "inception_v4": (96, 128),
}
# The smallest of these families are large; two blocks say as much as all.
_SHALLOW = (
    *("beit_base_patch16_224", "naflexvit_base_patch16_gap", "samvit_base_patch16_224"),
    *("gemma4_vit_167m", "qwen3_vit_306m", "deepseek_vit_412m"),
)
_OPTIONS: dict[str, dict[str, Any]] = {name: {"depth": 2} for name in _SHALLOW}


def check_timm(name: str) -> ModelCheck:
    """Check one network of timm, without weights that were trained."""
    family = next(family for family, names in MEMBERS.items() if name in names)
    first, *second = _SIDES.get(name, (64, 96))
    model = create(name, first)
    other = (create(name, second[0]), draw(model, 3, second[0])) if second else None
    widths = {row["num_chs"] for row in getattr(model, "feature_info", [])}
    return check_model(model, draw(model, 2, first), other, name=name, family=family, widths=widths)


def create(name: str, side: int) -> nn.Module:
    """Create a network for images of a side, where it asks for one."""
    timm = import_timm()
    options = _OPTIONS.get(name, {})
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        try:
            model: nn.Module = timm.create_model(name, img_size=side, **options)
        except TypeError:
            model = timm.create_model(name, **options)
    return model.eval()


def draw(model: nn.Module, n: int, side: int) -> torch.Tensor:
    """Draw images."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(n, model.default_cfg["input_size"][0], side, side, generator=generator)
