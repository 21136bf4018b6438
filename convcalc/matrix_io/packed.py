"""Grids within other files: packed by gzip, one array of an NPZ, a picture or the labels of MNIST's idx."""

import gzip
import io
import math
import zipfile
import zlib
from typing import IO, Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.errors import ConvcalcError, InputError, nearest

GZIP = b"\x1f\x8b"
IDX_DTYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}
"""How the cells of an idx file are held, by its third byte (yann.lecun.com/exdb/mnist)."""
MOST_CELLS = 1 << 24


def unpacked(stream: IO[bytes], source: str, most: int) -> bytes:
    """Return what a gzip file holds; raise InputError where it is damaged, or holds too much."""
    try:
        with gzip.GzipFile(fileobj=stream) as packed:
            data = packed.read(most + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"'{source}' cannot be unpacked: {error}", hint="is it a whole gzip file?") from None
    if data.startswith(GZIP):  # which may go on for ever: there is a file that holds itself
        raise InputError(f"'{source}' is packed twice", hint="unpack it once")
    if len(data) > most:
        raise InputError(f"'{source}' holds more than {most >> 20} MiB", hint="save a grid this large as .npy")
    return data


def array_within(data: bytes, source: str, name: str | None, most: int) -> Any:
    """Return the array of an NPZ or idx file, of several the one of that name; None for any other file."""
    if is_npz(data):
        return array_of_npz(data, source, name, most)
    return array_of_idx(data, source, name) if is_idx(data) else None


def is_npz(start: bytes) -> bool:
    """Whether a file that begins so is an archive of numpy's.

    >>> is_npz(b"PK"), is_npz(b"PK" + bytes([3, 4]) + bytes(26) + b"w.npy")
    (False, True)
    """
    return start.startswith(b"PK\x03\x04") and b".npy" in start[30:1024]


def array_of_npz(data: bytes, source: str, name: str | None, most: int) -> Any:
    """Return an archive's array of that name, or its only one; raise InputError where it is not clear which."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            asked = chosen(list(members), source, name)
            if members[asked].file_size > most:
                raise InputError(f"{asked} of '{source}' is larger than {most >> 20} MiB", hint="use a smaller one")
            return member_of(archive, members[asked])
    except ConvcalcError:
        raise
    except (zipfile.BadZipFile, ValueError, EOFError, OSError, NotImplementedError, zlib.error) as error:
        raise InputError(f"'{source}' cannot be read as NPZ: {error}", hint="numpy.savez writes one") from None


def member_of(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Array:
    """Return an array of an NPZ, whose header must not ask for more than there is."""
    with archive.open(member) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        if math.prod(shape) * dtype.itemsize > member.file_size:
            raise ValueError(f"the bytes of {member.filename} do not fit its shape {shape}")
    with archive.open(member) as stream:
        array: Array = np.lib.format.read_array(stream, allow_pickle=False)
        return array


def chosen(names: list[str], source: str, name: str | None) -> str:
    """Return which of several arrays is meant."""
    if not names:
        raise InputError(f"'{source}' holds no array", hint="name another file")
    if name is None and len(names) == 1:
        return names[0]
    listed = ", ".join(names[:6]) + ", …" * (len(names) > 6)
    if name is None:
        raise InputError(f"'{source}' holds {len(names)} arrays: {listed}", hint=f"name one, as in {source}:{names[0]}")
    if name not in names:
        close = nearest(name, names)
        hint = f"did you mean {source}:{close[0]}?" if close else f"it holds {listed}"
        raise InputError(f"'{source}' holds no array '{name}'", hint=hint)
    return name


def is_idx(start: bytes) -> bool:
    """Whether a file that begins so is one of MNIST's: two zeros, how a cell is held, and how many axes there are."""
    return len(start) > 7 and start[:2] == b"\0\0" and start[2] in IDX_DTYPES and 1 <= start[3] <= 4


def array_of_idx(data: bytes, source: str, name: str | None) -> Array:
    """Return an idx file's array, or the one item whose number is asked for; raise InputError where there is none."""
    axes, dtype = data[3], np.dtype(IDX_DTYPES[data[2]])
    shape = tuple(int.from_bytes(data[place : place + 4], "big") for place in range(4, 4 + 4 * axes, 4))
    cells = data[4 + 4 * axes :]
    if len(cells) != math.prod(shape) * dtype.itemsize:
        raise InputError(
            f"'{source}' is no whole idx file: its shape is {'×'.join(map(str, shape))}", hint="copy it again"
        )
    array: Array = np.frombuffer(cells, dtype).reshape(shape).astype(dtype.newbyteorder("="))
    if name is not None:
        if not name.isdigit() or int(name) >= shape[0]:
            raise InputError(f"'{source}' holds no item '{name}'", hint=f"they are counted from 0 to {shape[0] - 1}")
        item: Array = np.atleast_1d(array[int(name)])
        return item
    if array.size > MOST_CELLS:
        raise InputError(f"'{source}' holds {shape[0]:,} items", hint=f"name one by its number, as in {source}:0")
    return array[:, None] if array.ndim == 3 else array
