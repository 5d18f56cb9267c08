"""Feature files: round trips, and files that lie or bite."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from featgraph.features import FeatureMatrix, load_features, save_features

VALUES = np.random.default_rng(0).normal(size=(6, 4))


class Bite:
    """What a hostile pickle does: unpickling makes the folder ``bitten``."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("bitten",)


@pytest.fixture(autouse=True)
def nothing_is_executed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    monkeypatch.chdir(tmp_path)
    yield
    assert not (tmp_path / "bitten").exists()


def npy_bytes(header: dict[str, object], data: bytes = b"") -> bytes:
    text = repr(header).encode("latin1")
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def zip_bytes(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_layers_round_trip(tmp_path: Path, suffix: str) -> None:
    features = {
        "blocks.0": FeatureMatrix.from_array(VALUES, layer="blocks.0", reduce="tokens", source="m"),
        "head": FeatureMatrix.from_array(VALUES[:3].astype("f4"), layer="head"),
        "": FeatureMatrix.from_array(VALUES[:2].T, layer=""),
    }
    loaded = load_features(save_features(features, tmp_path / f"F{suffix}"))
    assert sorted(loaded) == ["blocks.0", "head", "model"]
    for name, F in features.items():
        G = loaded[name or "model"]
        np.testing.assert_array_equal(G.numpy(), F.numpy())
        assert (G.dtype, G.layer, G.reduce) == (F.dtype, F.layer, F.reduce)
    assert load_features(tmp_path / f"F{suffix}", key="head").keys() == {"head"}


def test_save_refuses_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one layer"):
        save_features({}, tmp_path / "F.npz")


def test_failing_save_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    F = {"a": FeatureMatrix.from_array(VALUES)}
    save_features(F, tmp_path / "F.npz")
    before = (tmp_path / "F.npz").read_bytes()

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", fail)
    with pytest.raises(OSError, match="disk full"):
        save_features(F, tmp_path / "F.npz")
    assert (tmp_path / "F.npz").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_plain_files_of_others(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.asfortranarray(VALUES))
    np.savez_compressed(tmp_path / "two.npz", a=VALUES, b=VALUES[:2].astype(">f4"))
    torch.save(torch.from_numpy(VALUES), tmp_path / "three.pt")
    torch.save({"x": torch.from_numpy(VALUES).half()}, tmp_path / "four.pth")
    np.testing.assert_array_equal(load_features(tmp_path / "one.npy")["one"].numpy(), VALUES)
    two = load_features(str(tmp_path / "two.npz"))
    np.testing.assert_array_equal(two["a"].numpy(), VALUES)
    assert (two["b"].layer, two["b"].source) == ("b", "two.npz")
    np.testing.assert_array_equal(load_features(tmp_path / "three.pt")["three"].numpy(), VALUES)
    np.testing.assert_allclose(
        load_features(tmp_path / "four.pth")["x"].numpy(), VALUES, rtol=1e-3, atol=1e-3
    )


def test_activations_are_reduced_on_request(tmp_path: Path) -> None:
    activation = np.random.default_rng(1).normal(size=(5, 3, 2, 2))
    np.save(tmp_path / "act.npy", activation)
    with pytest.raises(ValueError, match=r"act.npy: array 'act' must have shape \(D, B\).*reduce="):
        load_features(tmp_path / "act.npy")
    F = load_features(tmp_path / "act.npy", reduce="channels_first")["act"]
    np.testing.assert_allclose(F.numpy(), activation.mean((2, 3)).T, rtol=1e-12)
    assert F.reduce == "channels_first"
    np.save(tmp_path / "table.npy", VALUES)
    turned = load_features(tmp_path / "table.npy", reduce="none")["table"]
    np.testing.assert_array_equal(turned.numpy(), VALUES.T)


def test_bad_requests(tmp_path: Path) -> None:
    np.savez(tmp_path / "F.npz", layer1=VALUES)
    with pytest.raises(ValueError, match="key must be one of.*got 'layer2'; did you mean 'layer1'"):
        load_features(tmp_path / "F.npz", key="layer2")
    with pytest.raises(FileNotFoundError, match=r"no file .*G.npz"):
        load_features(tmp_path / "G.npz")
    with pytest.raises(ValueError, match="path must end in one of.*got 'F.pkl'"):
        load_features(tmp_path / "F.pkl")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.array([[np.nan, 1.0], [0.0, 1.0]]), "layer 'x' must be finite"),
        (np.ones((1, 4)), "at least 2 nodes"),
        (np.ones((2, 2), complex), "must be real numbers"),
    ],
)
def test_arrays_that_are_no_features(tmp_path: Path, array: np.ndarray, message: str) -> None:
    np.savez(tmp_path / "F.npz", x=array)
    with pytest.raises((ValueError, TypeError), match=message):
        load_features(tmp_path / "F.npz")


def test_strange_note_is_ignored(tmp_path: Path) -> None:
    for note in ("{", "[]", json.dumps({"layers": 3}), json.dumps({"layers": {"x": [1]}})):
        np.savez(tmp_path / "F.npz", x=VALUES, __featgraph__=np.array(note))
        assert load_features(tmp_path / "F.npz")["x"].layer == "x"


def test_pickle_inside_npy_and_npz(tmp_path: Path) -> None:
    array = np.array([Bite(), Bite()], dtype=object)
    np.save(tmp_path / "F.npy", array, allow_pickle=True)
    np.savez(tmp_path / "F.npz", x=array, allow_pickle=True)
    for name in ("F.npy", "F.npz"):
        with pytest.raises(ValueError, match="holds a pickle of Python objects and is refused"):
            load_features(tmp_path / name)


def test_pickle_under_another_suffix(tmp_path: Path) -> None:
    for suffix in (".npy", ".npz", ".pt", ".pth", ".safetensors"):
        (tmp_path / f"F{suffix}").write_bytes(pickle.dumps(Bite()))
        with pytest.raises(ValueError, match=rf"F\{suffix} is (not a sound|a bare pickle)"):
            load_features(tmp_path / f"F{suffix}")


def test_pickle_inside_pt(tmp_path: Path) -> None:
    torch.save({"x": torch.eye(3), "y": Bite()}, tmp_path / "F.pt")
    with pytest.raises(ValueError, match="asks for '(posix|nt).mkdir' and is refused"):
        load_features(tmp_path / "F.pt")


def test_old_pt_format_is_not_read(tmp_path: Path) -> None:
    torch.save(torch.eye(3), tmp_path / "F.pt", _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match="bare pickle and is not read; write tensors with"):
        load_features(tmp_path / "F.pt")


def test_protocol_4_pickle_inside_pt(tmp_path: Path) -> None:
    members = {"a/data.pkl": pickle.dumps(Bite(), protocol=4), "a/version": b"3"}
    (tmp_path / "F.pt").write_bytes(zip_bytes(members))
    with pytest.raises(ValueError, match="STACK_GLOBAL"):
        load_features(tmp_path / "F.pt")


def test_pt_of_something_else(tmp_path: Path) -> None:
    torch.save({"x": [torch.eye(3)]}, tmp_path / "F.pt")
    with pytest.raises(ValueError, match="'x' must be a tensor.*list"):
        load_features(tmp_path / "F.pt")
    (tmp_path / "G.pt").write_bytes(zip_bytes({"a.txt": b"hello"}))
    with pytest.raises(ValueError, match=r"not a file of torch.save: it holds 0 data.pkl"):
        load_features(tmp_path / "G.pt")


def test_header_that_claims_more_than_the_file(tmp_path: Path) -> None:
    header = {"descr": "<f8", "fortran_order": False, "shape": (2**40, 2**10)}
    (tmp_path / "F.npy").write_bytes(npy_bytes(header, b"1234567"))
    with pytest.raises(ValueError, match=r"claims shape \(1099511627776, 1024\)"):
        load_features(tmp_path / "F.npy")
    (tmp_path / "F.npz").write_bytes(zip_bytes({"x.npy": npy_bytes(header, b"1234567")}))
    with pytest.raises(ValueError, match=r"F.npz: 'x' claims shape"):
        load_features(tmp_path / "F.npz")


@pytest.mark.parametrize(
    "header",
    [
        {"descr": "<f8", "fortran_order": False, "shape": (-1, 4)},
        {"descr": "<f8", "fortran_order": False, "shape": "many"},
        {"descr": "|O", "fortran_order": False, "shape": (2, 2)},
        {"descr": [("a", "<f8")], "fortran_order": False, "shape": (2,)},
        {"descr": "nonsense", "fortran_order": False, "shape": (2, 2)},
        {"shape": (2, 2)},
    ],
)
def test_strange_headers(tmp_path: Path, header: dict[str, object]) -> None:
    (tmp_path / "F.npy").write_bytes(npy_bytes(header, bytes(64)))
    with pytest.raises(ValueError, match="sound|claims|pickle|must hold numbers"):
        load_features(tmp_path / "F.npy")


def test_truncated_files(tmp_path: Path) -> None:
    F = {"x": FeatureMatrix.from_array(VALUES)}
    torch.save(torch.from_numpy(VALUES), tmp_path / "F.pt")
    np.save(tmp_path / "F.npy", VALUES)
    save_features(F, tmp_path / "F.npz")
    save_features(F, tmp_path / "F.safetensors")
    for name in ("F.pt", "F.npy", "F.npz", "F.safetensors"):
        whole = (tmp_path / name).read_bytes()
        for n_bytes in (0, 1, 9, len(whole) // 2, len(whole) - 3):
            (tmp_path / name).write_bytes(whole[:n_bytes])
            with pytest.raises(ValueError, match=name):
                load_features(tmp_path / name)


def test_zip_bomb(tmp_path: Path) -> None:
    header = {"descr": "|u1", "fortran_order": False, "shape": (2, 150 * 2**20)}
    bomb = npy_bytes(header, bytes(300 * 2**20))
    (tmp_path / "F.npz").write_bytes(zip_bytes({"x.npy": bomb}, zipfile.ZIP_DEFLATED))
    assert (tmp_path / "F.npz").stat().st_size < 2**20
    with pytest.raises(ValueError, match="unpacks to .* bytes, more than .*max_bytes="):
        load_features(tmp_path / "F.npz")
    small = npy_bytes({**header, "shape": (2, 100)}, bytes(200))
    (tmp_path / "G.npz").write_bytes(zip_bytes({"x.npy": small}, zipfile.ZIP_DEFLATED))
    with pytest.raises(ValueError, match="more than 100;"):
        load_features(tmp_path / "G.npz", max_bytes=100)
    assert load_features(tmp_path / "G.npz")["x"].n_samples == 100


def test_zip_that_lies_about_its_size(tmp_path: Path) -> None:
    data = zip_bytes(
        {"x.npy": npy_bytes({"descr": "<f8", "fortran_order": False, "shape": (2, 2)})}
    )
    size = struct.pack("<I", 128)
    assert data.count(size) >= 3  # packed and unpacked, in the member and in the table
    start = data.rindex(size)
    lie = data[:start] + struct.pack("<I", 2**31) + data[start + 4 :]
    (tmp_path / "F.npz").write_bytes(lie)
    with pytest.raises(ValueError, match="claims 2147483648 bytes, more than its 128 packed"):
        load_features(tmp_path / "F.npz")


def test_other_packing_is_refused(tmp_path: Path) -> None:
    member = npy_bytes({"descr": "<f8", "fortran_order": False, "shape": (2, 2)}, bytes(32))
    (tmp_path / "F.npz").write_bytes(zip_bytes({"x.npy": member}, zipfile.ZIP_LZMA))
    with pytest.raises(ValueError, match="encrypted or packed in a way that is not read"):
        load_features(tmp_path / "F.npz")


def rewrite_pt(tensor: torch.Tensor, old: bytes, new: bytes) -> bytes:
    """Save a tensor and change the pickle that describes it."""
    file = io.BytesIO()
    torch.save(tensor, file)
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = next(name for name in members if name.endswith("data.pkl"))
    assert members[name].count(old) == 1
    members[name] = members[name].replace(old, new)
    return zip_bytes(members)


def test_pt_that_claims_a_longer_storage(tmp_path: Path) -> None:
    # The pickle says: storage of 12 floats (K\x0c), tensor of shape (4, 3).
    tensor = torch.arange(12.0).reshape(4, 3)
    lie = rewrite_pt(tensor, b"K\x0ct", b"K\x78t")
    (tmp_path / "F.pt").write_bytes(lie)
    with pytest.raises(ValueError, match=r"F.pt is not a sound .pt file"):
        load_features(tmp_path / "F.pt")


def test_pt_with_stride_zero_claims_any_shape(tmp_path: Path) -> None:
    torch.save({"x": torch.ones(1, 1).expand(2**20, 2**20)}, tmp_path / "F.pt")
    with pytest.raises(ValueError, match=r"claims a tensor of shape \(1048576, 1048576\)"):
        load_features(tmp_path / "F.pt")


def test_safetensors_that_lies(tmp_path: Path) -> None:
    header = json.dumps(
        {"x": {"dtype": "F64", "shape": [2**20, 2**20], "data_offsets": [0, 2**43]}}
    ).encode()
    (tmp_path / "F.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + bytes(64))
    with pytest.raises(ValueError, match=r"F.safetensors is not a sound .safetensors file"):
        load_features(tmp_path / "F.safetensors")
    (tmp_path / "G.safetensors").write_bytes(struct.pack("<Q", 2**62) + bytes(64))
    with pytest.raises(ValueError, match=r"G.safetensors is not a sound"):
        load_features(tmp_path / "G.safetensors")
