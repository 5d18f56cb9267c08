"""Similarity of representations: CKA and its estimators, Procrustes, CCA, RSA."""

from __future__ import annotations

import numpy as np
import torch

import featgraph as fg
from benchmarks.peers import definitions
from benchmarks.peers.row import Arrays, Row
from featgraph import similarity

CPU = ("numpy==2.2.6", "scipy==1.15.3")
TWO = "20 samples of 6 and 9 features"


def two() -> Arrays:
    """Two representations that share a part."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20, 6))
    return {
        "x": x,
        "y": np.hstack([x[:, :3] + 0.5 * rng.normal(size=(20, 3)), rng.normal(size=(20, 6))]),
    }


def small() -> Arrays:
    """The same in small units, as single precision has them."""
    return {name: (1e-4 * array).astype(np.float32) for name, array in two().items()}


def tokens() -> Arrays:
    """Two layers of 6 images with 5 tokens each."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(6, 5, 4)).astype(np.float32)
    return {
        "x": x,
        "y": (x @ rng.normal(size=(4, 3)) + rng.normal(size=(6, 5, 3))).astype(np.float32),
    }


def pictures() -> Arrays:
    """A batch of inputs."""
    return {"x": np.random.default_rng(2).normal(size=(16, 8)).astype(np.float32)}


def shrunk() -> Arrays:
    """The same in small units."""
    return {"x": np.float32(1e-4) * pictures()["x"]}


def _with_itself(given: Arrays, measure) -> float:
    return measure(given["x"], given["x"], estimator="unbiased")


def net() -> torch.nn.Sequential:
    """Linear layer, ReLU in place, linear layer, with weights that follow from their places."""
    model = torch.nn.Sequential(
        torch.nn.Linear(8, 8), torch.nn.ReLU(inplace=True), torch.nn.Linear(8, 4)
    )
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(
                torch.sin(torch.arange(parameter.numel()) * 1.7).reshape(parameter.shape)
            )
    return model


_NET = """import torch
from torch.utils.data import DataLoader
model = torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU(inplace=True), torch.nn.Linear(8, 4))
with torch.no_grad():
    for p in model.parameters():
        p.copy_(torch.sin(torch.arange(p.numel()) * 1.7).reshape(p.shape))
loader = DataLoader(torch.from_numpy(x), batch_size=16)"""


def _ours_of_layers(given: Arrays) -> float:
    layers = fg.extract_features(
        net(), torch.from_numpy(given["x"]), layers=["0", "2"], progress=False
    )
    return similarity.cka(layers["0"], layers["2"], estimator="unbiased")


def _layers(given: Arrays) -> float:
    first, _, second = net()
    with torch.no_grad():
        one = first(torch.from_numpy(given["x"]))
        two_ = second(torch.relu(one))
    return definitions.cka(one.numpy(), two_.numpy(), unbiased=True)


def both(measure, **options):
    """Return a measure of x and y."""
    return lambda given: measure(given["x"], given["y"], **options)


def averaged(measure, **options):
    """Return a measure of the means over tokens."""
    return lambda given: measure(
        given["x"].mean(axis=1).astype(float), given["y"].mean(axis=1).astype(float), **options
    )


_CKA = both(similarity.cka)
_TENSORS = "import torch\nx, y = torch.from_numpy(x), torch.from_numpy(y)"


def _ckatorch_unbiased(name: str, method: str, note: str = "") -> Row:
    return Row(
        name,
        ("ckatorch==1.0.3", "seaborn"),
        f"CKA, `unbiased=True`, method `{method}`; {TWO}",
        two,
        f"value = float(cka_base(x, y, kernel='linear', unbiased=True, method='{method}'))",
        both(similarity.cka, estimator="unbiased"),
        both(definitions.cka, unbiased=True),
        prepare=_TENSORS + "\nfrom ckatorch import cka_base",
        shares=True,
        rtol=1e-4,
        note=note,
    )


ROWS = [
    Row(
        "pytorch_cka",
        ("pytorch-cka==1.1.3",),
        "CKA, unbiased; " + TWO + ", in units of 1e-3",
        small,
        "value = cka_from_features(x, y).item()",
        both(similarity.cka, estimator="unbiased"),
        both(definitions.cka, unbiased=True),
        prepare=_TENSORS + "\nfrom cka import cka_from_features",
        shares=True,
        rtol=1e-3,
    ),
    Row(
        "pytorch_cka_model",
        ("pytorch-cka==1.1.3",),
        "CKA of the first layer of a model with itself, inputs of size 1e-4 (it is 1)",
        shrunk,
        "value = compute_cka(model, model, loader, layers=['0'], progress=False)[0][0, 0].item()",
        lambda given: _with_itself(given, similarity.cka),
        lambda given: 1.0,
        prepare=_NET + "\nmodel[0].bias.data.zero_()\nfrom cka import compute_cka",
        shares=True,
        rtol=1e-3,
    ),
    Row(
        "ckatorch_tokens",
        ("ckatorch==1.0.3", "seaborn"),
        "CKA of the means over tokens; 6 images of 5 tokens",
        tokens,
        "value = float(cka_batch(x, y))",
        averaged(similarity.cka),
        averaged(definitions.cka),
        prepare=_TENSORS + "\nfrom ckatorch import cka_batch",
        shares=True,
        rtol=1e-4,
        note="tokens of one image are compared with each other, not image with image",
    ),
    _ckatorch_unbiased("ckatorch_unbiased", "fro_norm"),
    _ckatorch_unbiased(
        "ckatorch_hsic",
        "hsic",
        note="`unbiased` is not heeded by this method: the biased value comes back",
    ),
    Row(
        "torch_cka",
        ("torch-cka==0.21",),
        "CKA of a layer before a ReLU in place with the last; 16 samples",
        pictures,
        "c = CKA(model, model, device='cpu', model1_layers=['0'], model2_layers=['2'])\n"
        "c.compare(loader)\nvalue = float(c.export()['CKA'][0, 0])",
        _ours_of_layers,
        _layers,
        prepare=_NET + "\nfrom torch_cka import CKA\n"
        "loader = DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(x), torch.zeros(16)), batch_size=16)",
        shares=True,
        rtol=1e-4,
        note="it keeps the layer's tensor, which the ReLU then overwrites",
    ),
    Row(
        "repsim",
        ("repsim==0.1.5", *CPU),
        "CKA, unbiased; " + TWO,
        two,
        "value = repsim.cka([x, y], kernel_type='linear', estimator='song')[0, 1]",
        both(similarity.cka, estimator="unbiased"),
        both(definitions.cka, unbiased=True),
        prepare="import repsim",
    ),
    Row(
        "repsim_biased",
        ("repsim==0.1.5", *CPU),
        "CKA, biased; " + TWO,
        two,
        "value = repsim.cka([x, y], kernel_type='linear', estimator='gretton')[0, 1]",
        _CKA,
        both(definitions.cka),
        prepare="import repsim",
    ),
    Row(
        "scipy_procrustes",
        ("scipy==1.15.3", "numpy==2.2.6"),
        "Procrustes, 1 - square of the sum of singular values; 20 samples of 6 features",
        lambda: {"x": two()["x"], "y": two()["y"][:, :6].copy()},
        "value = procrustes(x, y)[2]",
        both(lambda x, y: 1 - similarity.procrustes(x, y, convention="squared")),
        both(lambda x, y: 1 - definitions.procrustes(x, y) ** 2),
        prepare="from scipy.spatial import procrustes",
    ),
    Row(
        "scikit_learn_cca",
        ("scikit-learn==1.7.2", *CPU),
        "mean of the canonical correlations; " + TWO,
        two,
        "a, b = CCA(n_components=6, max_iter=100000, tol=1e-12).fit_transform(x, y)\n"
        "value = np.mean([np.corrcoef(a[:, k], b[:, k])[0, 1] for k in range(6)])",
        both(similarity.svcca, variance=1.0),
        both(lambda x, y: definitions.canonical_correlations(x, y).mean()),
        prepare="from sklearn.cross_decomposition import CCA",
        rtol=1e-3,
    ),
    Row(
        "rsatoolbox",
        ("rsatoolbox==0.3.2", *CPU),
        "RSA: rank correlation of 1 - correlation; " + TWO,
        two,
        "a, b = (calc_rdm(Dataset(m), method='correlation') for m in (x, y))\n"
        "value = compare(a, b, method='spearman')[0, 0]",
        both(similarity.rsa),
        both(definitions.rsa),
        prepare="from rsatoolbox.data import Dataset\nfrom rsatoolbox.rdm import calc_rdm, compare",
    ),
]
