"""What is handed to a function as a grid: lists, arrays, tensors, pictures, tables, texts and paths, and results."""

import os
import sys
import warnings
from numbers import Number
from pathlib import Path
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import at_least_one, own_grid
from convcalc.engine.shapes import channels_first, have_channels_last
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
        warn_of(grid.note)
        return grid.cells
    if _is_picture(values):
        from convcalc.matrix_io.images import cells_of

        try:
            cells, note = cells_of(values)
        except ValueError as error:
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"a picture of mode {values.mode} is not read: {error}", hint="convert it to RGB"
            ) from None
        warn_of(note)
        return own_grid(cells)
    return own_grid(as_array(values, what))


def taken_row(value: Any, what: str) -> Array | None:
    """Return a parameter as a grid, one number as a row of one; None if there is none."""
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        value = at_least_one(as_array(value, what))
    return taken(value, what)


def taken_answer(value: Any) -> Array:
    """Return an answer as a grid, one number as a row of one, a text's decimals as they are written.

    >>> taken_answer(np.int64(5)).tolist(), taken_answer("1 2").tolist()
    ([5], [[1, 2]])
    """
    if isinstance(value, str | os.PathLike):
        return taken(value, "answer", as_written=True)
    return taken(at_least_one(as_array(value, "answer")), "answer")


def taken_input(values: Any, *, turns: bool = False) -> Array:
    """Return an input whose channels clearly come last with them in front (`turns`), or as it is.

    Both are warned of.
    """
    grid = taken(values, "input")
    if isinstance(values, str | os.PathLike) or hasattr(values, "reads"):
        return grid
    if turns:
        grid, note = channels_first(grid)
        warn_of(note)
    elif have_channels_last(grid.shape):
        channels, rows, columns = grid.shape[-3:]
        warn_of(
            f"the grid is read as {channels} channels of {rows}×{columns}; numpy.moveaxis(x, -1, -3) moves the last"
        )
    return grid


def of_planes(value: Any, grid: Array) -> Any:
    """Return a number for both axes as a pair, of a grid with channels: only a grid without them is a single row.

    >>> of_planes(2, np.zeros((1, 1, 1, 8))), of_planes(2, np.zeros((1, 8)))
    ((2, 2), 2)
    """
    is_number = isinstance(value, int | np.integer) and not isinstance(value, bool)
    return (value, value) if is_number and grid.ndim > 2 and grid.shape[-2] == 1 else value


def _is_picture(values: Any) -> bool:
    return type(values).__module__.partition(".")[0] == "PIL" and hasattr(values, "mode")


def as_array(values: Any, what: str) -> Any:
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
    """Return lists with the arrays and tensors that stand in them as numpy has them; refuse what is no grid at all."""
    if not isinstance(values, list | tuple):
        if isinstance(values, Number) and not isinstance(values, bool):
            return values
        raise InputError(f"the {what} is a {type(values).__name__}", hint="give lists of numbers, an array, or a text")
    if all(isinstance(part, int | float) for part in values):
        return values
    return [part if isinstance(part, Number | str | None) else _part(part, what) for part in values]


def _part(part: Any, what: str) -> Any:
    cells = as_array(part, what)
    return cells[()] if isinstance(cells, np.ndarray) and cells.ndim == 0 else cells


PACKAGE = str(Path(__file__).parents[1])


def warn_of(note: str) -> None:
    """Warn at the line that called, outside of this package."""
    if not note:
        return
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(note, ReadingWarning, stacklevel=level)
