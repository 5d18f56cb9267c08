import pytest
import torch

from benchmarks.reproduce.run_folder import RunFolder
from benchmarks.reproduce.seeds import SmallNet
from benchmarks.reproduce.subjects import FAMILIES, Subject, Subjects


def subjects(folder, **options):
    settings = {
        "scale": "quick", "nets": ["mlp"], "data": "digits", "weights": None, "max_images": 60,
        "seed": 0, "jobs": None, "progress": False,
    }  # fmt: skip
    return Subjects(RunFolder(folder, "table4", {}), **(settings | options))


def test_untrained_and_trained_see_the_same_images_with_the_same_neurons(tmp_path):
    found = subjects(tmp_path / "run")
    (subject,) = found.subjects
    found.train()
    assert found.states(subject) == ("untrained", "trained")
    before, after = (found.capture(subject, state) for state in ("untrained", "trained"))
    assert list(before) == list(after)
    for name, matrix in before.items():
        assert matrix.n_samples == after[name].n_samples == 60
        assert matrix.n_nodes == after[name].n_nodes
        assert not torch.equal(matrix.values, after[name].values)


def test_trained_weights_are_kept_and_taken_over(tmp_path, monkeypatch):
    first = subjects(tmp_path / "run")
    (subject,) = first.subjects
    first.train()
    (report,) = first.reports
    before = first.capture(subject, "trained")
    assert report["epochs"] == 2
    assert report["n_train"] == 400
    again = subjects(tmp_path / "run")
    monkeypatch.setattr(SmallNet, "fit", None)  # training again would call it
    again.train()
    assert again.reports == [report]
    after = again.capture(subject, "trained")
    for name, matrix in before.items():
        assert torch.equal(matrix.values, after[name].values)


def test_every_unit_is_wider_than_channels(tmp_path):
    found = subjects(tmp_path / "run", nets=["cnn"], max_images=20)
    (subject,) = found.subjects
    channels = found.capture(subject, "untrained")
    units = found.capture(subject, "untrained", flatten=True)
    assert all(units[name].n_nodes > channels[name].n_nodes for name in channels)


def test_default_nets_stand_for_published_families(tmp_path):
    found = subjects(tmp_path / "run", nets=None)
    assert {item.family for item in found.subjects} <= {*FAMILIES, None}
    assert Subject("mlp", None) in found.subjects


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"nets": ["mpl"]}, "nets must be one of .* did you mean 'mlp'"),
        ({"nets": ["mlp", "mlp"]}, "nets must name at least one network, each once"),
        ({"scale": "tiny"}, "scale must be one of"),
        ({"scale": "full"}, "data must name a folder, .zip or .npz of images at full scale"),
    ],
)
def test_bad_choices_are_refused(tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        subjects(tmp_path / "run", **options)


def test_full_scale_has_a_trained_state_where_weights_are_given(tmp_path):
    (tmp_path / "vgg11.safetensors").write_bytes(b"")
    found = subjects(
        tmp_path / "run", scale="full", nets=None, data="photos.zip", weights=str(tmp_path)
    )
    states = {item.name: found.states(item) for item in found.subjects}
    assert states["vgg11"] == ("untrained", "trained")
    assert states["resnet34"] == ("untrained",)
