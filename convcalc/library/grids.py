"""What is handed to a function as a grid: lists, arrays, tensors, pictures, tables, texts and paths, and results."""

import os
import warnings
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import at_least_one, own_grid
from convcalc.engine.shapes import channels_first
from convcalc.errors import InputError, ReadingWarning
from convcalc.sample_files import expanded


def taken(values: Any, what: str = "grid", *, as_written: bool = False) -> Array:
    """Return `values` as a grid of nobody else's: (W), (H, W), (C, H, W) or (N, C, H, W).

    They may be numbers in lists, an array, a tensor of PyTorch, TensorFlow or JAX (also one that requires a gradient,
    or of bfloat16), a picture of Pillow, a data frame, a result, a `Path`, or a text: a grid written out, or a file's
    name.
    Integers, Fractions and decimals stay what they are; `as_written` keeps a text's decimals as they are written. What
    was taken in one of two ways is warned of. Raises InputError for what holds no real numbers, naming it.

    >>> taken("1 2; 3 4").tolist(), taken(np.array([[1.5]])).tolist()
    ([[1, 2], [3, 4]], [[1.5]])
    """
    if isinstance(values, str | os.PathLike):
        from convcalc.matrix_io.files import ReadOptions, read_grid

        word = expanded(values) if isinstance(values, str) else values
        grid = read_grid(word, ReadOptions(as_written=as_written), what=what)
        _warn(grid.note)
        return grid.cells
    if _is_picture(values):
        from convcalc.matrix_io.images import cells_of

        cells, note = cells_of(values)
        _warn(note)
        return own_grid(cells)
    return own_grid(_as_array(values, what))


def taken_row(value: Any, what: str) -> Array | None:
    """Return a parameter as a grid, one number as a row of one; None if there is none."""
    if value is None:
        return None
    return taken(value if isinstance(value, str | os.PathLike) else at_least_one(value), what)


def taken_input(values: Any, *, as_it_is: bool = False) -> Array:
    """Return an input, its channels moved to the front where they clearly come last, which is then warned of."""
    grid = taken(values, "input")
    if as_it_is or isinstance(values, str | os.PathLike) or hasattr(values, "step"):
        return grid
    moved, note = channels_first(grid)
    _warn(note)
    return moved


def _is_picture(values: Any) -> bool:
    return type(values).__module__.partition(".")[0] == "PIL" and hasattr(values, "mode")


def _as_array(values: Any, what: str) -> Any:
    """Return what numpy can take: a tensor without its gradient, and in a dtype that numpy has."""
    if hasattr(values, "detach"):  # PyTorch's
        values = values.detach().cpu()
        if str(values.dtype) == "torch.bfloat16":
            values = values.float()
    if not (hasattr(values, "__array__") or hasattr(values, "__array_interface__")):
        return _parts(values, what)
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"the {what}, a {type(values).__name__}, is no array: {error}", hint="convert it to numpy first"
        ) from None
    if array.dtype.name == "bfloat16":  # as JAX and TensorFlow have it
        return array.astype(np.float32)
    return values if isinstance(values, np.ma.MaskedArray) else array


def _parts(values: Any, what: str) -> Any:
    """Return lists with the arrays and tensors that stand in them as numpy has them."""
    if isinstance(values, list | tuple):
        is_plain = all(isinstance(part, int | float) for part in values)
        return values if is_plain else [_as_array(part, what) for part in values]
    return values


def _warn(note: str) -> None:
    if note:
        warnings.warn(note, ReadingWarning, stacklevel=5)
