"""Padding a grid: how much, and with what."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from convcalc.choices import PaddingRule
from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import (
    INT64_LIMIT,
    Array,
    as_floats,
    as_integers,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    rounded,
)
from convcalc.engine.geometry import Padding, padding_amounts
from convcalc.engine.grids import as_grid, own_grid
from convcalc.engine.naming import Naming
from convcalc.engine.padding_modes import Border, PadMode, border
from convcalc.engine.shapes import check_cells, like_the_output
from convcalc.errors import InputError


@dataclass(eq=False, repr=False)
class Padded:
    """A grid and the cells added around it; `output` has them in place."""

    input: Array
    rows: tuple[int, int]
    columns: tuple[int, int]
    border: Border

    @CachedProperty
    def output(self) -> Array:
        """The padded grid, in the input's dtype."""
        padded = pad_planes(self.input, self.rows, self.columns, self.border)
        return padded.copy() if padded is self.input else padded

    def backward(self, gradient: Any = 1) -> "PaddingGradient":
        """Return the gradient of the input, given that of the padded grid: of its shape, or one number for all.

        >>> pad([1, 2, 3], 1, "reflect").backward([1, 2, 4, 8, 16]).output.tolist()
        [2, 21, 8]
        """
        return PaddingGradient(self, like_the_output(gradient, self.output, self.output))

    def sources(self, axis: int) -> list[int | None]:
        """Return which input row (axis 0) or column (1) each padded one repeats; None where it is zeros."""
        before, after = (self.rows, self.columns)[axis]
        size = self.input.shape[axis - 2] if self.input.ndim > 1 else (1, self.input.shape[0])[axis]
        return [source_of(position, size, self.border.mode) for position in range(-before, size + after)]


@dataclass(eq=False, repr=False)
class PaddingGradient:
    """The gradient of a grid that was padded: what its own places got, and the padding that repeats its cells."""

    forward: Padded
    gradient: Array
    """The gradient of the padded grid, of its shape."""

    @CachedProperty
    def places(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        """For each row of the input, and each column, the padded ones that are it, or repeat it."""
        found: tuple[dict[int, list[int]], dict[int, list[int]]] = ({}, {})
        for axis, places in enumerate(found):
            for position, source in enumerate(self.forward.sources(axis)):
                if source is not None:
                    places.setdefault(source, []).append(position)
        rows, columns = (dict(sorted(places.items())) for places in found)
        return rows, columns

    @CachedProperty
    def output(self) -> Array:
        """The gradient of the input, of its shape: exact, rounded once."""
        scaled = over_common_denominator(self.gradient)
        cells, over = (self.gradient, 0) if scaled is None else scaled
        if over:
            (cells,) = as_integers(magnitude(cells) * cells.size, cells)
        rows, columns = self.places
        planes = np.atleast_2d(cells)
        total = np.stack([planes[..., rows[row], :].sum(axis=-2) for row in range(len(rows))], axis=-2)
        total = np.stack([total[..., columns[column]].sum(axis=-1) for column in range(len(columns))], axis=-1)
        total = total.reshape(self.forward.input.shape)
        return quotient(total, over, float_kind(self.gradient)) if over else rounded(total, self.gradient.dtype)


def source_of(position: int, size: int, mode: PadMode) -> int | None:
    """Return which of `size` cells a position, counted from the first, repeats; None where it is a zero.

    >>> [source_of(position, 4, PadMode.REFLECT) for position in range(-2, 6)]
    [2, 1, 0, 1, 2, 3, 2, 1]
    """
    return position if 0 <= position < size else mode.record.source(position, size)


def pad(x: Any, padding: Padding | int | str = 1, mode: PadMode | str = PadMode.ZEROS, *, pad_value: Any = 0) -> Padded:
    """Return `x` (…, H, W) with cells added around it; a single row is padded at its ends.

    `padding` is one number, (rows, columns) or (top, bottom, left, right); `pad_value` is what stands there, if no
    mode repeats cells. A mode may be called as numpy, SciPy, OpenCV or TensorFlow call it. Raises
    InputError where the mode needs more input than there is.

    >>> pad([[1, 2, 3]], mode="reflect").output.tolist()
    [[2, 1, 2, 3, 2]]
    >>> pad([[1, 2], [3, 4]], (0, 1)).output.tolist()
    [[0, 1, 2, 0], [0, 3, 4, 0]]
    """
    grid = own_grid(x)
    height, width = (1, grid.shape[0]) if grid.ndim == 1 else grid.shape[-2:]
    amounts = Naming(height == 1).read_padding(padding)
    if isinstance(amounts, PaddingRule):
        raise InputError(f"padding '{amounts}' depends on a kernel", hint="give a number")
    rows = padding_amounts(amounts, 0, height, 1, 1, 1)
    columns = padding_amounts(amounts, 1, width, 1, 1, 1)
    if grid.ndim == 1 and any(rows):
        grid = grid[np.newaxis]  # rows around it make it two-dimensional
    result = Padded(grid, rows, columns, border(mode, pad_value))
    check_mode(result.border.mode, "rows", height, rows)
    check_mode(result.border.mode, "columns", width, columns)
    return result


def _holding(x: Array, value: Any) -> tuple[Array, Any]:
    """Return a grid in a dtype that holds a value too, and the value in that dtype."""
    if isinstance(value, int | np.integer) and -INT64_LIMIT <= value < INT64_LIMIT:
        return x, value
    cell = as_grid([value])
    if x.dtype.kind == "f":
        return x, as_floats(cell, x.dtype)[0]
    if x.dtype != object and cell.dtype != x.dtype:
        x = as_grid(np.append(x.astype(object).ravel(), cell.astype(object)))[:-1].reshape(x.shape)
    return x, as_floats(cell, x.dtype)[0] if x.dtype.kind == "f" else exact(cell[0])


def check_mode(mode: PadMode, name: str, size: int, amounts: tuple[int, int]) -> None:
    """Raise InputError where reflecting or wrapping needs more rows or columns than the input has."""
    if min(amounts) < 0:
        raise InputError(f"the padding must be at least 0, not {min(amounts)}", hint="try 0")
    most = mode.record.most(size)
    if most is not None and max(amounts) > most:
        raise InputError(
            f"{mode} padding of {max(amounts)} needs more than the {size} {name} there are",
            hint=f"pad by at most {most}, or use --pad-mode replicate",
        )


def pad_planes(x: Array, rows: tuple[int, int], columns: tuple[int, int], border: Border) -> Array:
    """Return `x` padded on its last two axes (its only axis, if one); `x` itself if nothing is added."""
    if not any((*rows, *columns)):
        return x
    amounts = [(0, 0)] * (x.ndim - 2) + [rows, columns][-x.ndim :]
    lengths = [before + length + after for length, (before, after) in zip(x.shape, amounts, strict=True)]
    check_cells("the padded grid", lengths, x, "pad by less")
    x, fill = _holding(x, border.value)
    padded = np.empty(lengths, dtype=x.dtype)
    inside = [slice(before, before + length) for length, (before, _) in zip(x.shape, amounts, strict=True)]
    padded[tuple(inside)] = x
    for axis, (before, after) in enumerate(amounts):
        along = (slice(None),) * axis
        if not border.repeats:
            for side in (slice(before), slice(lengths[axis] - after, None)) if before or after else ():
                padded[along + (side,)] = fill
            continue
        size = x.shape[axis]
        for position in (*range(-before, 0), *range(size, size + after)):
            source = border.mode.record.source(position, size)
            padded[along + (before + position,)] = padded[along + (before + (source or 0),)]
    return padded
