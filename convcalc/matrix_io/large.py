"""NPY files too large to hold: read part by part, and written part by part."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, TooLargeError
from convcalc.engine.grids import kept_dtype, unmade
from convcalc.errors import InputError
from convcalc.matrix_io.files import NPY_MAGIC, load_npy
from convcalc.matrix_io.saving import storable, write_whole

LARGE = 1 << 26
"""Bytes from which a file is worked in parts."""
MANY_PIECES = 1 << 12
"""Pieces of a part from which on it is laid into the file at once, rather than written one by one."""

Where = tuple[slice, ...]


class LargeFile(NamedTuple):
    """An NPY file that stays where it is: its shape and dtype are known, its cells are read as they are needed."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool
    """Whether the last axis, not the first, is the one whose parts lie one behind the other."""

    @classmethod
    def of(cls, path: Path) -> "LargeFile | None":
        """Return the file if it is a large NPY of real numbers; None for any other, which is read whole."""
        try:
            if path.suffix.lower() != ".npy" or path.stat().st_size < LARGE:
                return None
            with path.open("rb") as stream:
                if stream.read(len(NPY_MAGIC)) != NPY_MAGIC:
                    return None
        except OSError:
            return None
        mapped = load_npy(path, str(path))
        dtype = kept_dtype(mapped.dtype)
        if dtype is None or not 1 <= mapped.ndim <= 4:
            return None
        return cls(path, mapped.shape, dtype, not mapped.flags.c_contiguous)

    @property
    def stand_in(self) -> Array:
        """An array of the file's shape and dtype that holds one 0, seen from everywhere."""
        return unmade(self.shape, self.dtype)

    def read(self, part: Where) -> Array:
        """Read a part, named in four dimensions. The file is mapped anew each time, so that pages are given back."""
        mapped = load_npy(self.path, str(self.path))
        if mapped.shape != self.shape:
            raise InputError(f"'{self.path}' has changed while it was read", hint="run it again")
        return np.array(mapped.reshape((1,) * (4 - mapped.ndim) + mapped.shape)[part], order="C")


def write_parts(
    path: Path,
    like: Array,
    maps: tuple[int, ...],
    parts: Iterable[tuple[Where, Array]],
    *,
    fortran: bool = False,
    asked: str | None = None,
) -> None:
    """Write an NPY file from its parts, whole or not at all; `like` has its shape and dtype, `maps` that shape in 4-D.

    As `fortran` has it, the parts are columns of all items, one behind the other. Cells are rounded to a dtype that is
    `asked` for.

    Raises InputError if it cannot be written, or holds integers beyond 64 bits.
    """
    dtype = like.dtype if asked is None else np.dtype(asked)

    def write(stream: IO[bytes]) -> None:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": fortran, "shape": like.shape}
        np.lib.format.write_array_header_1_0(stream, header)
        begin = stream.tell()
        for where, part in parts:
            try:
                cells = storable(part, asked)
            except TooLargeError as error:
                at = [(along.start or 0) + place for along, place in zip(where, error.at, strict=True)]
                raise TooLargeError(at[-like.ndim :]) from None
            if fortran:
                stream.write(np.ascontiguousarray(cells.T, dtype=dtype).data)
                continue
            plain = np.ascontiguousarray(cells, dtype=dtype)
            starts = [part.start or 0 for part in where]
            # What is whole in all axes but its first lies in one piece in the file.
            runs = next(axis for axis in range(4) if plain.shape[axis + 1 :] == maps[axis + 1 :])
            if math.prod(plain.shape[:runs]) > MANY_PIECES and stream.readable():
                stream.flush()
                stream.truncate(begin + math.prod(maps) * dtype.itemsize)
                whole = np.memmap(stream, dtype, "r+", begin, maps)
                whole[where] = plain
                whole.flush()
                continue
            for index in np.ndindex(plain.shape[:runs]):
                place = [start + i for start, i in zip(starts, index, strict=False)] + starts[runs:]
                stream.seek(begin + int(np.ravel_multi_index(place, maps)) * dtype.itemsize)
                stream.write(plain[index].data)

    write_whole(path, write)
