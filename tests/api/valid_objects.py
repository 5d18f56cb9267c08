"""One valid object of every public class: what the valid calls return and take, and a few more."""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch

from featgraph import boxes, datasets, distances, training
from tests.api.valid_calls import ROOMS, Call

__all__ = [
    *("METHODS", "constructor_calls", "estimator_calls", "public_classes", "valid_objects"),
]

#: Rows of tables and parts of reports, which nobody makes by hand; kinds of errors; estimators,
#: which look at their parameters when they are fitted (``estimator_calls``).
NOT_MADE = {
    *("boxes.Method", "boxes.Option", "datasets.PointCloud", "selfsimilarity.Estimator"),
    *("selfsimilarity.RegularizerRecord", "selfsimilarity.TargetSchedule", "similarity.Measure"),
    *("report.Provenance", "report.SkippedLayer", "training.TrainingDivergedError"),
    *("report.NetworkAnalysis", "report.Report", "report.ReportWriter", "report.LayerAnalysis"),
    *("similarity.CrossViews", "similarity.ViewCorrelation", "training.TrainingLog"),
    *("training.EpochRow", "invariance.NearCopiesWarning"),
    *("graph.FeatureNetwork", "dimension.BoxDimension"),
}
#: Arguments that methods cannot do without.
METHODS: dict[str, tuple[Any, ...]] = {
    "check": (1,), "tell": ("hops",), "row": ("released",), "predict": (np.array([1.0, 2.0]),),
    "describe": (1.0,), "of_size": (3,), "dimension": (0.0,), "neighbors": (0,),
    "subgraph": ([0, 1],), "betti": ([0.5],), "of_dimension": (0,), "lifetimes": (0,),
    "take": ([0],), "resize": (8,), "standardize": ([0.5], [0.5]), "value": (1, "a", 0.5),
    "factor": ("a", 0.5), "of_layer": ("0",), "write": ("written.csv",), "write_gexf": ("a.gexf",),
    "record": (99.0,), "validate": (datasets.make_path(9),),
    "make_recipe": (), "update": (torch.ones(4, 3),), "learning_rate": (0, 2),
    "differences": ({},), "save": ("kept.json",), "load_state_dict": ({},),
    "from_array": (np.ones((3, 4)),), "from_edges": ([(0, 1)],), "from_dict": ({},),
    "from_matrices": ([np.ones((2, 3))],), "load": ("kept.json",),
}  # fmt: skip


def public_classes() -> dict[str, type]:
    """Return the public classes by ``room.Name``."""
    found = {}
    for room in ROOMS:
        module = importlib.import_module(f"featgraph.{room}")
        for name in module.__all__:
            if inspect.isclass(getattr(module, name)):
                found[f"{room}.{name}"] = getattr(module, name)
    return found


def valid_objects(calls: Mapping[str, Call]) -> dict[str, Any]:
    """Return an object by ``room.Name``; ``calls`` are made for what they return."""
    of_class: dict[type, Any] = {}
    for one in _more():
        _collect(one, of_class)
    for name, (args, options) in calls.items():
        room, _, function = name.partition(".")
        if room == "plot" or function.startswith(("write", "plot")):
            _collect([args, options], of_class)
            continue
        called = getattr(importlib.import_module(f"featgraph.{room}"), function)
        _collect([args, options, called(*args, **options)], of_class)
    return {
        name: of_class[kind]
        for name, kind in public_classes().items()
        if name not in NOT_MADE and kind in of_class
    }


def constructor_calls() -> dict[str, dict[str, Any]]:
    """Return options of the constructors that are no dataclasses' own, by ``room.Name``."""
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU())
    names = ("MLP", "SmallCNN", "SmallResNet", "SmallViT", "ResMLP", "MLPMixer")
    ramp = {"start": 0.1, "end": 0.5, "n_steps": 3}
    return {
        **{f"models.{name}": {} for name in names},
        "training.TrainingSettings": {},
        "boxes.AddBoxLabels": {"size": 3},
        "selfsimilarity.ConstantTarget": {"target": 0.3},
        "selfsimilarity.LinearTarget": ramp,
        "selfsimilarity.CosineTarget": ramp,
        "selfsimilarity.TrackingTarget": {"trajectory": {"a": [0.1, 0.2]}, "steps_per_epoch": 2},
        "selfsimilarity.ReleasedGate": {},
        "selfsimilarity.SelfSimilarityRegularizer": {
            "model": net, "layers": ["1"], "target": 0.3, "weight": 1.0,
        },
    }  # fmt: skip


def estimator_calls() -> Iterator[tuple[str, Callable[..., Any], dict[str, Any]]]:
    """Yield fitting each estimator anew with any parameter, and the methods of a fitted one."""
    points = np.random.default_rng(0).normal(size=(40, 3))
    for name in ("graph.FeatureNetwork", "dimension.BoxDimension"):
        kind = public_classes()[name]

        @functools.wraps(kind)
        def fit(*args: Any, kind: Any = kind, **options: Any) -> Any:
            return kind(*args, **options).fit(points)

        yield name, fit, {}
        fitted = kind().fit(points)
        yield f"{name}.fit", kind().fit, {"X": points}
        if hasattr(fitted, "transform"):
            yield f"{name}.transform", fitted.transform, {"X": points}


def _more() -> Iterator[Any]:
    kinds = public_classes()
    for name, options in constructor_calls().items():
        yield kinds[name](**options)
    yield datasets.load_digits()
    net = torch.nn.Sequential(torch.nn.Linear(4, 5), torch.nn.ReLU())
    tracker = training.track(net, torch.ones(6, 4), n_references=0)
    tracker.record(0.0)
    yield tracker
    total = distances.SquaredDistanceSum()
    total.update(np.ones((4, 3)))
    yield total
    yield boxes.renormalization_flow(datasets.make_path(9), 2, rng=0)


def _collect(value: Any, found: dict[type, Any]) -> None:
    if type(value).__module__.startswith("featgraph."):
        if type(value) in found:
            return
        found[type(value)] = value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, item.name) for item in dataclasses.fields(value)]
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            _collect(item, found)
