"""Shapes that operations share: every grid is worked in four dimensions, and given back with the axes it came with.

A single row is one-dimensional: a number given once for both axes is then meant for its columns alone.
"""

from collections.abc import Sequence

from convcalc.engine.exact import Array
from convcalc.engine.geometry import Padding
from convcalc.errors import InputError

Pair = int | Sequence[int]
"""One number for both axes (for the columns alone, of a single row), or (rows, columns)."""


def pair(value: Pair, what: str, *, one_row: bool = False) -> tuple[int, int]:
    """Return (rows, columns) of an option; a single number is both, or of a single row the columns alone."""
    numbers = (value,) if isinstance(value, int) else tuple(value)
    if len(numbers) == 1:
        return (1 if one_row else numbers[0]), numbers[0]
    if len(numbers) != 2:
        raise InputError(f"{what} takes 1 or 2 numbers, not {len(numbers)}", hint="write 2, or 2,1 (rows,columns)")
    return numbers[0], numbers[1]


def along_the_row(padding: Padding, *, one_row: bool) -> Padding:
    """Return `padding` with a single number meant for the columns only, where the grid is one row (1-D)."""
    if one_row and not isinstance(padding, str) and len(padding) == 1:
        return 0, padding[0]
    return padding


def four_dimensional(array: Array) -> Array:
    """Return a grid as (N, C, H, W), adding axes of length 1 in front."""
    reshaped: Array = array.reshape((1,) * (4 - array.ndim) + array.shape)
    return reshaped


def like_the_input(output: Array, dimensions: int, *, many_maps: bool) -> Array:
    """Return a four-dimensional answer with as many axes as the input had; several maps make it (maps, H, W)."""
    if dimensions == 1 and output.shape[2] == 1 and not many_maps:
        row: Array = output[0, 0, 0]
        return row
    wanted = max(dimensions, 3 if many_maps else 2)
    return output.reshape(output.shape[4 - wanted :])
