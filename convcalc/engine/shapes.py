"""Shapes that operations share: every grid is worked in four dimensions, and given back with the axes it came with.

A single row is one-dimensional: a number given once for both axes is then meant for its columns alone.
"""

import math
import warnings
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.grids import at_least_one, own_grid
from convcalc.engine.settings import whole_numbers
from convcalc.errors import InputError, ReadingWarning

MOST_MADE = 1 << 25
"""Cells that may be made of a small grid: a quarter of a GiB."""

FEW_CHANNELS = (1, 3, 4)
"""Grey, colours, colours and how opaque."""
LEAST_PICTURE = 31
"""Rows and columns above which a grid that is not square may be a picture."""


def biases_of(bias: Any, count: int, noun: str) -> Array | None:
    """Return one bias for each of `count` filters (or other nouns), or None; raise InputError for another number.

    >>> biases_of([1, 0], 2, "filter").tolist()
    [1, 0]
    """
    if bias is None:
        return None
    biases = own_grid(at_least_one(bias)).ravel()
    if biases.size != count:
        example = ",".join(["1"] * min(count, 4))
        raise InputError(
            f"{count} {noun}{'s' * (count != 1)} cannot take {biases.size} bias{'es' * (biases.size != 1)}",
            hint=f"one bias per {noun}, as in {example}",
        )
    return biases


def check_cells(what: str, shape: Iterable[int], source: Array, hint: str, *, times: int = 4) -> None:
    """Refuse to make a grid so large of one much smaller: a slip of the hand, which would fill the memory.

    Of a large grid so many `times` its own cells may be made.
    """
    most, cells = max(MOST_MADE, times * source.size), math.prod(shape)
    if cells > most:
        raise InputError(f"{what} would have {cells:,} cells", hint=f"the most here is {most:,}: {hint}")


def indices_of(at: Any) -> tuple[int, ...]:
    """Return the indices of a cell, up to four; raise InputError for anything else.

    >>> indices_of([0, 1])
    (0, 1)
    """
    if isinstance(at, Integral) or not isinstance(at, Iterable) or len(list(at)) > 4:
        raise InputError(f"{at!r} is no place of a cell", hint="write rows and columns as a tuple, as in step((0, 0))")
    return whole_numbers(at, "a place")


def have_channels_last(shape: Sequence[int]) -> bool:
    """Whether a grid that would be read as channels × rows × columns looks like rows × columns × channels.

    >>> have_channels_last((28, 28, 3)), have_channels_last((3, 28, 28)), have_channels_last((64, 3, 3))
    (True, False, False)
    """
    if len(shape) < 3:
        return False
    channels, rows, columns = shape[-3:]
    many = max(FEW_CHANNELS) if channels == rows else LEAST_PICTURE
    return columns in FEW_CHANNELS and min(channels, rows) > many


def channels_first(grid: Array) -> tuple[Array, str]:
    """Return a grid with its channels before its rows, and what is to be said if they were behind its columns.

    >>> channels_first(np.zeros((28, 28, 3)))[0].shape
    (3, 28, 28)
    """
    if not have_channels_last(grid.shape):
        return grid, ""
    rows, columns, channels = grid.shape[-3:]
    moved = np.ascontiguousarray(np.moveaxis(grid, -1, -3))
    moved.setflags(write=False)
    return (
        moved,
        f"the {rows}×{columns}×{channels} grid is read as {channels} channel{'s' * (channels > 1)} of {rows}×{columns}",
    )


def warn_of_channels_last(shape: Sequence[int]) -> None:
    """Warn where a grid that is read as channels × rows × columns looks like rows × columns × channels."""
    if have_channels_last(shape):
        channels, rows, columns = shape[-3:]
        reading = f"{channels} channels of {rows}×{columns}"
        warnings.warn(
            f"the grid is read as {reading}; if its channels come last, move them first: numpy.moveaxis(x, -1, -3)",
            ReadingWarning,
            stacklevel=3,
        )


def place_in(shape: tuple[int, int, int, int], at: Sequence[int]) -> tuple[int, int, int, int]:
    """Return a full index into a four-dimensional output; raise InputError if there is no such cell.

    >>> place_in((1, 1, 4, 4), (1, 2))
    (0, 0, 1, 2)
    """
    at = indices_of(at)
    item, part, row, column = (0,) * (4 - len(at)) + at
    if not all(0 <= index < length for index, length in zip((item, part, row, column), shape, strict=True)):
        raise InputError(f"the output has no cell {list(at)}", hint=f"its shape is {'×'.join(map(str, shape))}")
    return item, part, row, column


def four_dimensional(array: Array) -> Array:
    """Return a grid as (N, C, H, W), adding axes of length 1 in front; of more axes the first ones become one."""
    lengths = (1,) * (4 - array.ndim) + array.shape
    reshaped: Array = array.reshape(math.prod(lengths[:-3]), *lengths[-3:])
    return reshaped


def like_the_input(output: Array, dimensions: int, *, many_maps: bool) -> Array:
    """Return a four-dimensional answer with as many axes as the input had; several maps make it (maps, H, W)."""
    if dimensions == 1 and output.shape[2] == 1 and not many_maps:
        row: Array = output[0, 0, 0]
        return row
    axes = max(dimensions, 3 if many_maps else 2)
    return output.reshape(output.shape[4 - axes :])


def like_the_output(gradient: Any, output: Array, maps: Array) -> Array:
    """Return an output's gradient with the shape of `maps`: given of the output's shape, or one number for every cell.

    Only their shapes count, and they may be `unmade`. Raises InputError for any other shape.
    """
    if isinstance(gradient, np.ndarray) and gradient.ndim > 4 and gradient.shape == output.shape:
        return gradient.reshape(maps.shape)  # within a network there are grids of more axes
    grid = own_grid(at_least_one(gradient))
    if grid.size == 1:
        return np.full(maps.shape, grid.ravel()[0], dtype=grid.dtype)
    if _core(grid.shape) != _core(output.shape):
        shapes = "×".join(map(str, grid.shape)), "×".join(map(str, output.shape))
        raise InputError(
            f"the gradient is {shapes[0]}, but the output is {shapes[1]}",
            hint="give one number a cell of the output, or 1 for all of them",
        )
    return grid.reshape(maps.shape)


def is_like(shape: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    """Whether a grid of one shape can be read as one of another: the same but for axes of length 1 in front, or a row.

    >>> is_like((2, 3), (1, 2, 3)), is_like((6,), (2, 3)), is_like((3, 2), (2, 3))
    (True, True, False)
    """
    flat = _core(shape) == shape[-1:] or shape == (1,) * len(shape)
    return _core(shape) == _core(wanted) or (flat and math.prod(shape) == math.prod(wanted))


def _core(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return a shape without the axes of length 1 in front."""
    first = next((index for index, length in enumerate(shape) if length > 1), len(shape))
    return shape[first:]
