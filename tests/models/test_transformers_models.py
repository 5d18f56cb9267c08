"""Models of transformers from a folder: the right weights, and nothing executed."""

from __future__ import annotations

import importlib.util
import json
import pickle
import shutil

import pytest
import torch

from featgraph.models import load_model
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.models.library_models import load_tokenizer, load_transformers_model

if importlib.util.find_spec("transformers") is None:
    pytest.skip("transformers is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.fixture(scope="module")
def transformers():
    return import_beside_torchvision("transformers", extra="transformers")


@pytest.fixture(scope="module")
def original(transformers):
    config = transformers.BertConfig(
        vocab_size=30, hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=24,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(5)
        return transformers.BertModel(config)


@pytest.fixture
def folder(original, tmp_path):
    original.save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def assert_same(model, other):
    for (name, value), expected in zip(
        model.state_dict().items(), other.state_dict().values(), strict=True
    ):
        assert torch.equal(value, expected), name


def test_weights_of_safetensors(original, folder):
    before = torch.random.get_rng_state()
    model = load_transformers_model(folder)
    assert torch.equal(before, torch.random.get_rng_state())
    assert type(model) is type(original)
    assert model.training
    assert_same(model, original)
    assert_same(load_model(f"hf:{folder}"), original)
    assert_same(load_model(str(folder)), original)


def test_weights_in_parts_and_of_torch(original, folder):
    original.save_pretrained(folder / "parts", max_shard_size="10KB")
    assert len(list((folder / "parts").glob("*.safetensors"))) > 1
    assert_same(load_transformers_model(folder / "parts"), original)
    (folder / "model.safetensors").unlink()
    torch.save(original.state_dict(), folder / "pytorch_model.bin")
    assert_same(load_transformers_model(folder), original)


def test_the_untrained_twin_is_drawn_by_the_seed(original, folder):
    one, same, other = (
        load_transformers_model(folder, pretrained=False, seed=seed) for seed in (0, 0, 1)
    )
    assert_same(one, same)
    weight = "encoder.layer.0.output.dense.weight"
    assert not torch.equal(one.get_parameter(weight), other.get_parameter(weight))
    assert not torch.equal(one.get_parameter(weight), original.get_parameter(weight))


def test_options_change_the_configuration(folder):
    options = {"architectures": ["BertForSequenceClassification"], "num_labels": 5}
    with pytest.warns(UserWarning, match=r"bert lacks the weights classifier.*they are random"):
        model = load_transformers_model(folder, **options)
    assert model.classifier.out_features == 5
    with pytest.raises(ValueError, match="'widht' is no value of a BertConfig"):
        load_transformers_model(folder, widht=3)


def test_what_is_missing_is_named(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no config.json in .*nowhere"):
        load_model("hf:nowhere")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match="no weights in .*pretrained=False"):
        load_transformers_model(folder)
    with pytest.raises(FileNotFoundError, match=r"no tokenizer in .*tokenizer.json"):
        load_tokenizer(folder)


def test_weights_that_do_not_fit(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "hidden_size": 32}))
    with pytest.raises(ValueError, match="the weights in bert do not fit its config.json"):
        load_transformers_model(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "no such thing"}))
    with pytest.raises(ValueError, match="config.json cannot be used"):
        load_transformers_model(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ValueError, match="config.json cannot be used"):
        load_transformers_model(folder)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_nothing_in_a_folder_is_executed(folder, tmp_path):
    touched = tmp_path / "touched"
    (folder / "model.safetensors").unlink()
    for payload in (Evil(str(touched)), {"weight": Evil(str(touched))}):
        torch.save(payload, folder / "pytorch_model.bin")
        with pytest.raises(ValueError, match="pytorch_model.bin"):
            load_transformers_model(folder)
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Evil(str(touched))))
    with pytest.raises(ValueError, match="pytorch_model.bin"):
        load_transformers_model(folder)
    code = f"open({str(touched)!r}, 'w')\n"
    for name in ("modeling_own.py", "configuration_own.py"):
        (folder / name).write_text(code)
    config = json.loads((folder / "config.json").read_text())
    own = {"AutoConfig": "configuration_own.Own", "AutoModel": "modeling_own.Own"}
    for changed in ({**config, "auto_map": own}, {"model_type": "own", "auto_map": own}):
        (folder / "config.json").write_text(json.dumps(changed))
        with pytest.raises(ValueError, match="never run here|cannot be used"):
            load_transformers_model(folder)
    assert not touched.exists()


def test_parts_outside_the_folder_are_refused(folder):
    shutil.move(folder / "model.safetensors", folder.parent / "elsewhere.safetensors")
    index = {"weight_map": {"a": "../elsewhere.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ValueError, match=r"files of its folder, got '../elsewhere.safetensors'"):
        load_transformers_model(folder)
    (folder / "model.safetensors.index.json").write_text("[]")
    with pytest.raises(ValueError, match="is not an index of weights"):
        load_transformers_model(folder)
