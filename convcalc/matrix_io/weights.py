"""A network's saved weights: NPZ, safetensors, and what PyTorch saves, whose pickle is read and never executed.

A PyTorch file is a zip with a pickle of names, shapes and places, and a member for each storage's bytes; before 1.6 it
was such a pickle with the bytes behind it. The unpickler here knows tensors, storages, ordered dicts and plain numbers,
and refuses everything else by its name, before anything of it is called. A name that is refused costs no memory: a
tensor is only made when all of the pickle is read.
"""

import io
import json
import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.errors import ConvcalcError, InputError
from convcalc.matrix_io.packed import member_of
from convcalc.matrix_io.pickles import look_through

OLD_MAGIC = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
"""What a file begins with that PyTorch saved before 1.6: a number, pickled."""
MOST_PICKLE = 64 << 20
"""Bytes of a pickle of names and shapes: the largest networks take a few."""
MOST_HEADER = 100 << 20
"""Bytes of a safetensors header, as its own library has it."""
MOST_TIMES = 4
"""How many times a file's own size its tensors may take together, where storages are shared."""
FREE = 1 << 20
"""Bytes that tensors may take in any case: an expanded one repeats the little that its storage holds."""
MOST_TENSORS = 200_000
MOST_UNPACKED = 100
"""How many times a compressed file's size it may unpack to: weights hardly shrink at all."""

TORCH_DTYPES = {
    "DoubleStorage": "<f8", "FloatStorage": "<f4", "HalfStorage": "<f2", "BFloat16Storage": "bf16",
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
    "BoolStorage": "|b1",
}  # fmt: skip
SAFETENSORS_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "bf16", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U8": "<u1", "BOOL": "|b1",
}  # fmt: skip
PREFIXES = ("module.", "_orig_mod.")
NESTED = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "params", "ema")
"""Under which names a checkpoint holds a state dict."""


def read_weights(path: Path) -> dict[str, Array]:
    """Return a file's tensors by their names, floats as they were saved (half precision as float32).

    Raises InputError for what is no such file, is damaged, or holds anything but tensors.
    """
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
            stream.seek(0)
            if suffix == ".npz":
                return _npz(path)
            if suffix == ".safetensors":
                return _safetensors(stream, path)
            if start[:4] == b"PK\x03\x04":
                return _of_torch(stream, path, _torch)
            if OLD_MAGIC in start:
                return _of_torch(stream, path, _old_torch)
    except OSError as error:
        raise InputError(f"cannot read the weights '{path}': {error.strerror or error}", hint="name a file") from None
    if suffix in (".pt", ".pth", ".ckpt", ".bin") or start[:1] == b"\x80":
        raise InputError(
            f"{path} is no file of PyTorch's, or a damaged one",
            hint='save it anew: torch.save(torch.load(old, map_location="cpu", weights_only=True), new)',
        )
    raise InputError(f"{path} holds no weights that are read here", hint=".npz, .safetensors, or PyTorch's .pt or .pth")


def _npz(path: Path) -> dict[str, Array]:
    try:
        with zipfile.ZipFile(path) as archive:
            size = path.stat().st_size
            total = sum(info.file_size for info in archive.infolist())
            if total > max(size * MOST_UNPACKED, 1 << 26):
                raise InputError(f"{path} would unpack to {total:,} bytes", hint="save it anew with numpy.savez")
            return {info.filename.removesuffix(".npy"): member_of(archive, info) for info in archive.infolist()}
    except ConvcalcError:
        raise
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError, NotImplementedError) as error:
        raise InputError(f"{path} cannot be read as NPZ: {error}", hint="numpy.savez writes one") from None


def _safetensors(stream: IO[bytes], path: Path) -> dict[str, Array]:
    """Read the format of huggingface.co/docs/safetensors: a length, a JSON header, the bytes."""
    size = path.stat().st_size
    length = int.from_bytes(stream.read(8), "little")
    if size < 8 or length > min(MOST_HEADER, size - 8):
        raise InputError(f"{path} is cut off, or no safetensors file", hint="copy it again")
    try:
        header = json.loads(stream.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        found, behind = {}, 0
        for name, entry in sorted(entries.items(), key=lambda item: item[1]["data_offsets"]):
            (begin, end), shape = entry["data_offsets"], tuple(entry["shape"])
            if not all(type(number) is int and number >= 0 for number in (begin, end, *shape)):
                raise InputError(f"{path}: the place or shape of {name} is no whole numbers", hint="copy it again")
            dtype = SAFETENSORS_DTYPES[entry["dtype"]]
            fits = behind <= begin <= end <= size - 8 - length and end - begin == math.prod(shape) * _itemsize(dtype)
            if not fits:
                raise InputError(f"{path}: the bytes of {name} do not fit its shape {shape}", hint="copy it again")
            behind = end
            stream.seek(8 + length + begin)
            found[name] = _as_array(stream.read(end - begin), dtype).reshape(shape)
        return found
    except ConvcalcError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else error
        raise InputError(f"{path} cannot be read as safetensors: {what}", hint="copy it again") from None


class Storage(NamedTuple):
    """Bytes of a PyTorch file: its member, how a cell is held, and how many there are."""

    key: str
    dtype: str
    cells: int


class SavedTensor(NamedTuple):
    """A tensor that is not made yet: a view of a storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuilt(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> SavedTensor:
    shape, strides = tuple(shape), tuple(strides)
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, Storage) or not all(type(number) is int and number >= 0 for number in numbers):
        raise InputError("a tensor of the file is damaged", hint="save it anew")
    last = offset + sum((length - 1) * stride for length, stride in zip(shape, strides, strict=True))
    distinct = math.prod(length for length, stride in zip(shape, strides, strict=True) if stride)
    if distinct > storage.cells or (math.prod(shape) and last >= storage.cells):
        raise InputError(
            f"a tensor of {'×'.join(map(str, shape))} is larger than its storage of {storage.cells:,}",
            hint="save it anew",
        )
    return SavedTensor(storage, offset, shape, strides)


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


class _StorageKind(NamedTuple):
    dtype: str


class _Unpickler(pickle.Unpickler):
    """Knows tensors, storages, ordered dicts and plain numbers; refuses every other name."""

    ALLOWED: Mapping[tuple[str, str], Any] = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuilt,
        ("torch._utils", "_rebuild_tensor"): _rebuilt,
        ("torch._utils", "_rebuild_parameter"): _parameter,
        ("torch", "Size"): tuple,
        **{("torch", name): _StorageKind(dtype) for name, dtype in TORCH_DTYPES.items()},
    }

    def find_class(self, module: str, name: str) -> Any:
        """Return what a name stands for; raise InputError, and call nothing, for any but those that are known."""
        if (module, name) not in self.ALLOWED:
            raise InputError(
                f"the file holds {module}.{name}, which is no tensor: nothing of it was run",
                hint="save the state dict alone: torch.save(model.state_dict(), 'weights.pt')",
            )
        return self.ALLOWED[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        """Return a storage, by what the file says of it."""
        fits = (
            isinstance(pid, tuple) and len(pid) in (5, 6) and pid[0] == "storage" and isinstance(pid[1], _StorageKind)
        )
        if not fits or not isinstance(pid[2], str) or type(pid[4]) is not int or pid[4] < 0:
            raise InputError("a storage of the file is damaged", hint="save it anew")
        return Storage(pid[2], pid[1].dtype, pid[4])


def _loaded(stream: IO[bytes]) -> Any:
    look_through(stream)
    return _Unpickler(stream).load()


def _of_torch(stream: IO[bytes], path: Path, read: Callable[[IO[bytes], Path], dict[str, Array]]) -> dict[str, Array]:
    """Read a file of PyTorch's, in the one way or the other; what is damaged is refused in words."""
    try:
        return read(stream, path)
    except InputError as error:
        raise InputError(
            error.message if str(path) in error.message else f"{path}: {error.message}", hint=error.hint
        ) from None
    except Exception as error:  # a damaged pickle or zip may raise anything, and has run nothing of its own
        raise InputError(f"{path} is damaged: {type(error).__name__}", hint="save it anew, or copy it again") from None


def _torch(stream: IO[bytes], path: Path) -> dict[str, Array]:
    with zipfile.ZipFile(stream) as archive:
        members = {info.filename: info for info in archive.infolist()}
        names = [name for name in members if name.endswith("/data.pkl") or name == "data.pkl"]
        if len(names) != 1:
            raise InputError(f"{path} is a zip, and none of PyTorch's", hint="torch.save writes one")
        if any(info.compress_type != zipfile.ZIP_STORED for info in members.values()):
            raise InputError(f"{path} is compressed, as torch.save never writes it", hint="save it anew")
        if members[names[0]].file_size > MOST_PICKLE:
            raise InputError(f"{path}: its pickle is too large", hint="save the state dict alone")
        tensors = _state_dict(_loaded(io.BytesIO(archive.read(names[0]))), path)
        folder = names[0].removesuffix("data.pkl")
        if f"{folder}byteorder" in members and archive.read(f"{folder}byteorder").strip() == b"big":
            raise InputError(f"{path} was saved by a machine that turns bytes round", hint="save it anew on this one")

        def cells_of(storage: Storage) -> bytes:
            member = members.get(f"{folder}data/{storage.key}")
            needed = storage.cells * _itemsize(storage.dtype)
            if member is None or member.file_size < needed:
                raise InputError(f"{path}: the bytes of a storage are missing", hint="copy it again")
            return archive.read(member)[:needed]

        return _made(cells_of, tensors, path)


def _old_torch(stream: IO[bytes], path: Path) -> dict[str, Array]:
    """Read what PyTorch saved before 1.6: pickles one behind the other, then each storage's length and bytes."""
    for _ in ("the magic number", "the version", "the machine"):
        _loaded(stream)
    tensors = _state_dict(_loaded(stream), path)
    dtypes = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    found: dict[str, bytes] = {}
    for key in _loaded(stream):
        cells = int.from_bytes(stream.read(8), "little")
        storage = dtypes.get(key)
        if storage is None:
            raise InputError(f"{path} holds a storage of which the state dict says nothing", hint="save it anew")
        needed = storage.cells * _itemsize(storage.dtype)
        data = stream.read(needed) if needed <= path.stat().st_size else b""
        if cells != storage.cells or len(data) < needed:
            raise InputError(f"{path}: the bytes of a storage are missing", hint="copy it again")
        found[key] = data
    return _made(lambda storage: found[storage.key], tensors, path)


def _state_dict(saved: Any, path: Path) -> dict[str, SavedTensor]:
    """Return the tensors by name: of a state dict, or of a checkpoint that holds one."""
    if isinstance(saved, Mapping):
        held = next((saved[name] for name in NESTED if isinstance(saved.get(name), Mapping)), None)
        found = {name: value for name, value in saved.items() if isinstance(value, SavedTensor)}
        if held is not None and not found:
            found = {name: value for name, value in held.items() if isinstance(value, SavedTensor)}
        fits = all(isinstance(name, str) for name in found) and len(found) <= MOST_TENSORS
        if fits and (found or not saved or held == {}):  # a network that learns nothing has an empty one
            return found
    raise InputError(f"{path} holds no state dict", hint="torch.save(model.state_dict(), 'weights.pt')")


def _made(cells_of: Callable[[Storage], bytes], tensors: Mapping[str, SavedTensor], path: Path) -> dict[str, Array]:
    """Return the tensors, whose storages' bytes are read one by one, if together they are not more than the file."""
    size = path.stat().st_size
    most = max(MOST_TIMES * size, FREE)
    wanted = sum(math.prod(tensor.shape) * _itemsize(tensor.storage.dtype) for tensor in tensors.values())
    if wanted > most:
        raise InputError(f"{path}: its tensors would take {wanted:,} bytes, and it has {size:,}", hint="save it anew")
    held = sum(storage.cells * _itemsize(storage.dtype) for storage in {tensor.storage for tensor in tensors.values()})
    if held > most:
        raise InputError(f"{path}: its storages would take {held:,} bytes, and it has {size:,}", hint="save it anew")
    storages: dict[Storage, Array] = {}
    found = {}
    for name, tensor in tensors.items():
        storage = tensor.storage
        if storage not in storages:
            storages[storage] = _as_array(cells_of(storage), storage.dtype)
        whole = storages[storage]
        view = np.lib.stride_tricks.as_strided(
            whole[tensor.offset :] if math.prod(tensor.shape) else whole[:0],
            tensor.shape,
            tuple(stride * whole.itemsize for stride in tensor.strides),
            writeable=False,
        )
        found[name] = np.array(view)
    return found


def _itemsize(dtype: str) -> int:
    return 2 if dtype == "bf16" else np.dtype(dtype).itemsize


def _as_array(data: bytes, dtype: str) -> Array:
    """Return bytes as numbers; half precision as float32."""
    if dtype == "bf16":
        halves = np.frombuffer(data, "<u2").astype(np.uint32) << 16
        return halves.view(np.float32)
    cells = np.frombuffer(data, dtype)
    return cells.astype(np.float32) if dtype == "<f2" else cells


def without_prefix(tensors: Mapping[str, Array]) -> tuple[dict[str, Array], str]:
    """Return tensors without a prefix that all their names have, and the prefix: DataParallel's, or torch.compile's.

    >>> without_prefix({"module.fc.weight": np.zeros(1)})[1]
    'module.'
    """
    for prefix in PREFIXES:
        if tensors and all(name.startswith(prefix) for name in tensors):
            return {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}, prefix
    return dict(tensors), ""
