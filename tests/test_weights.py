"""Saved weights: NPZ, safetensors and PyTorch's files give the same tensors; what is hostile is refused, not run."""

import io
import json
import os
import pickle
import tracemalloc
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convcalc import model
from convcalc.errors import InputError
from convcalc.matrix_io.weights import read_weights, without_prefix

FOLDER = Path(__file__).parent / "network"
PT = FOLDER / "weights.pt"
"""As PyTorch 2.13 saved it: see `make.py`."""


def safetensors(tensors: dict[str, Any], kinds: dict[str, str] | None = None) -> bytes:
    """Write the format by hand: a length, a header, the bytes."""
    names = {"float32": "F32", "float64": "F64", "float16": "F16", "int64": "I64", "int32": "I32", "uint8": "U8"}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, tensor in tensors.items():
        raw = tensor.tobytes()
        kind = (kinds or {}).get(name) or names[str(tensor.dtype)]
        offsets = [len(data), len(data) + len(raw)]
        header[name] = {"dtype": kind, "shape": list(tensor.shape), "data_offsets": offsets}
        data += raw
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def test_every_format_holds_the_same(tmp_path: Path) -> None:
    tensors = read_weights(PT)
    npz, safe = tmp_path / "w.npz", tmp_path / "w.safetensors"
    np.savez(npz, **tensors)  # type: ignore[arg-type]
    safe.write_bytes(safetensors(tensors))
    assert len(tensors) == 37
    assert tensors["block.bn1.running_var"].shape == (6,)
    for path in (npz, safe):
        again = read_weights(path)
        assert set(again) == set(tensors)
        assert all(np.array_equal(again[name], tensor) for name, tensor in tensors.items())


def test_half_precision_becomes_float32(tmp_path: Path) -> None:
    halves = np.array([1.5, -2, 0.333], np.float16)
    brain = (np.array([1.5, -2, 0.25], np.float32).view(np.uint32) >> 16).astype(np.uint16)
    path = tmp_path / "w.safetensors"
    path.write_bytes(safetensors({"half": halves, "brain": brain}, {"brain": "BF16"}))
    tensors = read_weights(path)
    assert tensors["half"].tolist() == halves.astype(np.float32).tolist()
    assert tensors["brain"].tolist() == [1.5, -2, 0.25]
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"float32"}


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod."])
def test_a_prefix_of_all_names_is_understood(prefix: str) -> None:
    tensors = {"fc.weight": np.zeros(1), "fc.bias": np.ones(1)}
    assert without_prefix({prefix + name: one for name, one in tensors.items()}) == (tensors, prefix)
    assert without_prefix({prefix + "fc.weight": np.zeros(1), "fc.bias": np.ones(1)})[1] == ""


# -- PyTorch's files, written by hand ----------------------------------------------------------------------------------


class Named:
    """Pickles as a name, or as a call of one: nothing of it need be there."""

    def __init__(self, module: str, name: str, *arguments: Any) -> None:
        self.module, self.name, self.arguments = module, name, arguments

    def __reduce__(self) -> Any:
        raise AssertionError("written by the pickler below")


PurePickler: Any = pickle._Pickler


class Pickler(PurePickler):  # type: ignore[misc]
    """Writes what PyTorch's files hold, without PyTorch."""

    def persistent_id(self, value: Any) -> Any:
        """Return a storage's identity, as PyTorch writes it."""
        return value.arguments if isinstance(value, Named) and value.name == "persistent" else None

    def save(self, value: Any, save_persistent_id: bool = True) -> Any:
        """Write a name as a global, and a call of one as REDUCE."""
        if not isinstance(value, Named) or value.name == "persistent":
            return super().save(value, save_persistent_id)
        self.write(pickle.GLOBAL + f"{value.module}\n{value.name}\n".encode())
        if value.arguments:
            super().save(value.arguments)
            self.write(pickle.REDUCE)
        return None


def storage(kind: str, key: str, cells: int) -> Named:
    return Named("", "persistent", "storage", Named("torch", kind), key, "cpu", cells)


def tensor(kind: str, key: str, cells: int, shape: tuple[int, ...], strides: tuple[int, ...], offset: int = 0) -> Named:
    kept = storage(kind, key, cells)
    return Named("torch._utils", "_rebuild_tensor_v2", kept, offset, shape, strides, False, OrderedDict())


def saved(contents: Any, data: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    pickled, whole = io.BytesIO(), io.BytesIO()
    Pickler(pickled, 2).dump(contents)
    with zipfile.ZipFile(whole, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled.getvalue())
        for key, content in data.items():
            archive.writestr(f"archive/data/{key}", content)
    return whole.getvalue()


CELLS = np.arange(6, dtype="<f4").tobytes()


@pytest.mark.parametrize("key", [None, "state_dict", "model_state_dict", "model"])
def test_a_state_dict_is_found_within_a_checkpoint(tmp_path: Path, key: str | None) -> None:
    state = {"fc.weight": tensor("FloatStorage", "0", 6, (2, 3), (3, 1))}
    path = tmp_path / "w.pth"
    path.write_bytes(saved(state if key is None else {"epoch": 3, "best": 0.9, key: state}, {"0": CELLS}))
    assert {name: one.tolist() for name, one in read_weights(path).items()} == {"fc.weight": [[0, 1, 2], [3, 4, 5]]}


@pytest.mark.parametrize(
    ("shape", "strides", "offset", "expected"),
    [((3, 2), (1, 3), 0, [[0, 3], [1, 4], [2, 5]]), ((2,), (1,), 4, [4, 5]), ((2, 2), (0, 1), 0, [[0, 1], [0, 1]])],
)
def test_views_of_a_storage(
    tmp_path: Path, shape: tuple[int, ...], strides: tuple[int, ...], offset: int, expected: Any
) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(saved({"w": tensor("FloatStorage", "0", 6, shape, strides, offset)}, {"0": CELLS}))
    assert read_weights(path)["w"].tolist() == expected


def old(contents: Any, data: dict[str, bytes], cells: int | None = None) -> bytes:
    """Write a file as PyTorch did before 1.6."""
    whole = io.BytesIO()
    for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, contents, list(data)):
        Pickler(whole, 2).dump(part)
    for content in data.values():
        whole.write((len(content) // 4 if cells is None else cells).to_bytes(8, "little") + content)
    return whole.getvalue()


def test_old_files_are_read(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(old({"w": tensor("FloatStorage", "0", 6, (3, 2), (1, 3))}, {"0": CELLS}))
    assert read_weights(path)["w"].tolist() == [[0, 3], [1, 4], [2, 5]]


def test_two_tensors_may_share_a_storage(tmp_path: Path) -> None:
    tied = {"one": tensor("FloatStorage", "0", 6, (6,), (1,)), "two": tensor("FloatStorage", "0", 6, (2, 3), (3, 1))}
    path = tmp_path / "w.pt"
    path.write_bytes(saved(tied, {"0": CELLS}))
    tensors = read_weights(path)
    assert tensors["one"].tolist() == tensors["two"].ravel().tolist()
    assert not np.may_share_memory(tensors["one"], tensors["two"])


RUN: list[str] = []


def ran() -> None:
    """Say that code of a file was run."""
    RUN.append("ran")


def many_views() -> bytes:
    """Return a file whose tensors all view the same hundred kilobytes."""
    views = {f"w{index}": tensor("FloatStorage", "0", 25_000, (25_000,), (1,)) for index in range(50)}
    return saved(views, {"0": bytes(100_000)})


def bomb() -> bytes:
    """Return a zip of a few kilobytes that would unpack to a gigabyte of zeros."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        with archive.open("archive/data/0", "w", force_zip64=True) as member:
            for _ in range(64):
                member.write(bytes(1 << 20))
    return whole.getvalue()


def by_hand(body: bytes) -> bytes:
    """Return a file whose pickle is these opcodes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + body)
    return whole.getvalue()


HUGE = 10**12


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: saved({"w": Named("os", "system", "echo ran > ran.txt")}, {}), "os.system, which is no tensor"),
        (lambda: saved({"w": Named("builtins", "eval", "1")}, {}), "builtins.eval, which is no tensor"),
        (lambda: saved({"w": Named("tests.test_weights", "ran")}, {}), "tests.test_weights.ran, which is no tensor"),
        (lambda: saved({"w": Named("collections", "defaultdict")}, {}), "collections.defaultdict"),
        (lambda: saved({"w": Named("__main__", "Net")}, {}), "__main__.Net"),
        (lambda: saved({"w": tensor("FloatStorage", "0", HUGE, (HUGE,), (1,))}, {"0": CELLS}), "would take"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (HUGE,), (1,))}, {"0": CELLS}), "larger than its storage"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (HUGE,), (0,))}, {"0": CELLS}), "would take"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (2, 3), (3, 2))}, {"0": CELLS}), "larger than its storage"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (6,), (1,), 1)}, {"0": CELLS}), "larger than its storage"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (2,), (-1,), 5)}, {"0": CELLS}), "damaged"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 9, (9,), (1,))}, {"0": CELLS}), "are missing"),
        (lambda: saved({"w": tensor("FloatStorage", "1", 6, (6,), (1,))}, {"0": CELLS}), "are missing"),
        (many_views, "would take"),
        (lambda: saved({"w": tensor("FloatStorage", "0", 6, (6,), (1,))}, {"0": CELLS}, zipfile.ZIP_DEFLATED),
         "is compressed"),
        (lambda: saved([1, 2], {}), "holds no state dict"),
        (lambda: saved({"epoch": 3}, {}), "holds no state dict"),
        (lambda: PT.read_bytes()[:9000], "is damaged"),
        (lambda: PT.read_bytes()[:-30], "is damaged"),
        (lambda: b"PK\x03\x04 and nothing more", "is damaged"),
        (lambda: pickle.dumps({"w": [1, 2]}), "is no file of PyTorch's"),
        (lambda: b"", "is no file of PyTorch's"),
        (bomb, "compressed"),
        (lambda: old({"w": Named("os", "system", "echo ran > ran.txt")}, {}), "os.system, which is no tensor"),
        (lambda: old({"w": tensor("FloatStorage", "0", 6, (6,), (1,))}, {"0": CELLS[:-4]}), "are missing"),
        (lambda: old({"w": tensor("FloatStorage", "0", HUGE, (HUGE,), (1,))}, {"0": CELLS}, HUGE), "are missing"),
        (lambda: old({"w": tensor("FloatStorage", "0", 6, (6,), (1,))}, {"1": CELLS}), "says nothing"),
        (lambda: old({"w": 3}, {})[:40], "is damaged"),
        (lambda: by_hand(b"}" + b")" + b"\x85" * 3_000_000 + b"K\x01s."), "nested too deep"),
        (lambda: by_hand(b"}" + b")" + b"\x85q\x00h\x00" * 60 + b"K\x01s."), "nested too deep"),
        (lambda: by_hand(b"}r\xff\xff\xff\x7f."), "none of PyTorch's"),
        (lambda: by_hand(b"aaaa."), "is damaged"),
    ],
)  # fmt: skip
def test_a_hostile_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[], bytes], message: str
) -> None:
    """At once, with nothing of it run, and little memory taken."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "w.pt"
    path.write_bytes(make())
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_weights(path)
    taken = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert message in caught.value.message
    assert not RUN
    assert os.listdir(tmp_path) == ["w.pt"]
    assert taken < 32 << 20


def header(places: dict[str, Any]) -> bytes:
    """Return a safetensors file whose entries of six cells lie where they are said to."""
    entries = {name: {"dtype": "F32", "shape": [6], "data_offsets": place} for name, place in places.items()}
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text + bytes(48)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cut off"),
        ((10**15).to_bytes(8, "little") + b"{}", "cut off"),
        (safetensors({"w": np.zeros(6, np.float32)})[:-4], "do not fit its shape"),
        (safetensors({"w": np.zeros(6, np.float32)}).replace(b'"shape": [6]', b'"shape": [7]'), "do not fit its shape"),
        (safetensors({"w": np.zeros(6, np.float32)}).replace(b"F32", b"F99"), "cannot be read"),
        ((3).to_bytes(8, "little") + b"[1]", "cannot be read"),
        ((2).to_bytes(8, "little") + b"{]", "cannot be read"),
        (header({"a": [0, 24], "b": [0, 24]}), "bytes of b do not fit"),
        (header({"a": [0, 24], "b": [8, 32]}), "bytes of b do not fit"),
        (header({"a": [0, float("inf")]}), "no whole numbers"),
        (header({"a": [0, 24.0]}), "no whole numbers"),
        (header({"a": [0]}), "cannot be read"),
    ],
)
def test_damaged_safetensors_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_weights(path)


def test_npz_with_objects_or_bombs_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.npz"
    np.savez(path, w=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="cannot be read as NPZ"):
        read_weights(path)
    np.savez_compressed(path, w=np.zeros(1 << 25))
    with pytest.raises(InputError, match="would unpack"):
        read_weights(path)
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))
    with pytest.raises(InputError, match="cannot be read as NPZ: File is not a zip file"):
        read_weights(path)
    one = io.BytesIO()
    np.save(one, np.zeros(6))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("w.npy", one.getvalue().replace(b"(6,), }          ", b"(1000000000000,)}"))
    with pytest.raises(InputError, match="do not fit its shape"):
        read_weights(path)


def test_an_empty_state_dict_and_an_expanded_tensor(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    path.write_bytes(saved({}, {}))
    assert read_weights(path) == {}
    assert model("ReLU()", [-1, 2], weights=path).output.tolist() == [[0, 2]]
    path.write_bytes(saved({"w": tensor("FloatStorage", "0", 6, (1000,), (0,), 2)}, {"0": CELLS}))
    assert read_weights(path)["w"].tolist() == [2] * 1000


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.array([[np.nan, 1]]), "0.weight holds a NaN"),
        (np.array([[np.inf, 1]], np.float32), "0.weight holds an infinite number"),
        (np.array([[1e300, 1]]), "too large for float32"),
        (np.array([["1", "2"]]), "0.weight holds no numbers"),
        (np.array([[1j, 2]]), "0.weight holds no numbers"),
        (np.array([["2026-01-01", "2026-01-02"]], "datetime64[D]"), "0.weight holds no numbers"),
    ],
)
def test_what_is_no_number_is_refused_by_its_name(weight: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        model("Linear(2, 1, bias=False)", [1, 2], weights={"0.weight": weight})


@pytest.mark.parametrize(("name", "message"), [("w.bin2", "holds no weights"), ("none.pt", "cannot read the weights")])
def test_other_files(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "w.bin2").write_text("hello")
    with pytest.raises(InputError, match=message):
        read_weights(tmp_path / name)
