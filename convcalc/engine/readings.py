"""Other readings of one convolution: as two matrix products, and from the side of an input cell.

Patches times the kernel as a column (im2col), one large sparse (Toeplitz) matrix times the input as a column, and
which outputs read a given cell.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from convcalc.engine.convolution import Convolution
from convcalc.engine.exact import (
    Array,
    as_integers,
    exact,
    float_kind,
    magnitude,
    over_common_denominator,
    quotient,
    shown_number,
)
from convcalc.engine.padding import pad_planes
from convcalc.engine.padding_modes import Border
from convcalc.engine.step import Number
from convcalc.errors import InputError

MOST_MATRIX_CELLS = 20_000
"""Cells of a matrix that is written out to be read."""


class Product(NamedTuple):
    """One group's matrix product: `left` (m, k) times `right` (k, n) is `result` (m, n), without the bias.

    Of a sparse `left`, `written` marks the cells where a weight stands; the others are empty.
    """

    left: Array
    right: Array
    result: Array
    written: Array | None = None


def check_readable(rows: int, columns: int, name: str) -> None:
    """Raise InputError for a matrix that is too large to be read."""
    if rows * columns > MOST_MATRIX_CELLS:
        raise InputError(
            f"the {name} would be {rows:,}×{columns:,}, too large to be read",
            hint="use a smaller part of the input, or a larger stride",
        )


def as_matmul(result: Convolution) -> list[Product]:
    """Return, for each group, the patches (items·windows, depth·h·w) times the kernel's columns (depth·h·w, filters).

    A patch is a window's cells in a row: channel after channel, row by row (im2col). Raises InputError where that is
    too large to be read.

    >>> from convcalc.engine.convolution import convolve
    >>> as_matmul(convolve([[1, 2, 3], [4, 5, 6]], [[1, 0], [0, 1]]))[0].left.tolist()
    [[1, 2, 4, 5], [2, 3, 5, 6]]
    """
    plan, x = result.plan, result.padded
    depth, filters = plan.channels // plan.groups, plan.filters // plan.groups
    windows = plan.rows.output * plan.columns.output
    check_readable(plan.items * windows, depth * plan.rows.kernel * plan.columns.kernel, "patches matrix")
    unbiased = replace(result, bias=None).maps
    products = []
    for group in range(plan.groups):
        channels = slice(group * depth, (group + 1) * depth)
        maps = slice(group * filters, (group + 1) * filters)
        patches = [
            x[item, channels][np.ix_(range(depth), plan.rows.reads(row), plan.columns.reads(column))].ravel()
            for item in range(plan.items)
            for row in range(plan.rows.output)
            for column in range(plan.columns.output)
        ]
        columns = result.kernel[maps].reshape(filters, -1).T
        outputs = unbiased[:, maps].transpose(0, 2, 3, 1).reshape(-1, filters)
        products.append(Product(np.array(patches, dtype=x.dtype), columns, outputs))
    return products


def as_toeplitz(result: Convolution) -> list[Product]:
    """Return, for each group, the sparse matrix (filters·rows·columns, depth·H·W) times the input as columns.

    Each row holds the kernel's weights at the cells that one output reads. Raises InputError where that is too large
    to be read.

    >>> from convcalc.engine.convolution import convolve
    >>> as_toeplitz(convolve([1, 2, 3], [5, 6]))[0].left.tolist()
    [[5, 6, 0], [0, 5, 6]]
    """
    plan, kernel = result.plan, result.kernel
    if not plan.border.repeats and plan.border.value != 0:
        raise InputError(
            "one matrix times the input has no place for what the padding adds",
            hint="--as matmul, whose patches hold it, can be shown",
        )
    depth, filters = plan.channels // plan.groups, plan.filters // plan.groups
    height, width = plan.rows.size, plan.columns.size
    shape = (filters, plan.rows.output, plan.columns.output, depth, height, width)
    check_readable(filters * plan.rows.output * plan.columns.output, depth * height * width, "matrix")
    down, across = sources(result)
    unbiased = replace(result, bias=None).maps
    weights, over = _addable(kernel, plan.rows.kernel * plan.columns.kernel)
    products = []
    for group in range(plan.groups):
        maps = slice(group * filters, (group + 1) * filters)
        matrix, is_weight = np.zeros(shape, dtype=weights.dtype), np.zeros(shape, dtype=bool)
        for row, column in np.ndindex(plan.rows.output, plan.columns.output):
            for i, r in enumerate(plan.rows.reads(row)):
                for j, c in enumerate(plan.columns.reads(column)):
                    if down[r] >= 0 and across[c] >= 0:
                        matrix[:, row, column, :, down[r], across[c]] += weights[maps, :, i, j]
                        is_weight[:, row, column, :, down[r], across[c]] = True
        flat = (filters * plan.rows.output * plan.columns.output, depth * height * width)
        cells = result.input[:, group * depth : (group + 1) * depth].reshape(plan.items, -1).T
        outputs = unbiased[:, maps].reshape(plan.items, -1).T
        products.append(Product(_settled(matrix.reshape(flat), over, kernel), cells, outputs, is_weight.reshape(flat)))
    return products


def _addable(kernel: Array, times: int) -> tuple[Array, int]:
    """Return a kernel as numerators that can be added up so many times, and what divides them (0: not at all)."""
    integers = over_common_denominator(kernel)
    if integers is None:
        return kernel, 0
    numerators, over = integers
    return as_integers(magnitude(numerators) * times, numerators)[0], over


def _settled(total: Array, over: int, kernel: Array) -> Array:
    return quotient(total, over, float_kind(kernel)) if over else total


def sources(result: Convolution) -> tuple[list[int], list[int]]:
    """Return which row, and which column, of the input each padded one repeats; -1 for one of zeros."""
    plan = result.plan
    sources_by_axis = []
    for axis in (plan.rows, plan.columns):
        border = plan.border if plan.border.repeats else Border(value=-1)
        sources_by_axis.append(
            pad_planes(np.arange(axis.size)[None], (0, 0), (axis.before, axis.after), border)[0].tolist()
        )
    return sources_by_axis[0], sources_by_axis[1]


class Reading(NamedTuple):
    """One output that reads the cell, `at` being (map, row, column), with the weight at `tap` (row, column)."""

    at: tuple[int, int, int]
    tap: tuple[int, int]
    weight: Number
    cell: Number
    product: Number


class Readings(NamedTuple):
    """Which outputs read one input cell (item, channel, row, column): each with its weight, and all as a grid."""

    at: tuple[int, int, int, int]
    found: tuple[Reading, ...]
    weights: Array
    """The weight with which each output (maps, rows, columns) reads the cell; 0 where it does not."""


def reads(result: Convolution, at: tuple[int, ...]) -> Readings:
    """Return which outputs read the input cell ([item,] [channel,] row, column), and with which weight.

    A cell that the padding repeats may be read several times by one output.

    >>> from convcalc.engine.convolution import convolve
    >>> readings = reads(convolve([[1, 2, 3]], [[5, 6]]), (0, 1))
    >>> [(reading.at, reading.weight) for reading in readings.found], readings.weights.tolist()
    ([((0, 0, 0), 6), ((0, 0, 1), 5)], [[[6, 5]]])
    """
    plan, shape = result.plan, result.input.shape
    item, channel, row, column = place = (0,) * (4 - len(at)) + tuple(at)
    if len(at) > 4 or any(not 0 <= index < length for index, length in zip(place, shape, strict=True)):
        last = ",".join(str(length - 1) for length in shape[-len(at) :])
        raise InputError(
            f"the input has no cell [{','.join(map(str, at))}]", hint=f"cells count from 0: the last is {last}"
        )
    down, across = sources(result)
    depth = plan.channels // plan.groups
    per_group = plan.filters // plan.groups
    group, within = divmod(channel, depth)
    kernel_float, cell_float = float_kind(result.kernel) is not None, float_kind(result.input) is not None
    cell = exact(result.input[place])
    addable, over = _addable(result.kernel, plan.rows.kernel * plan.columns.kernel)
    weights = np.zeros(plan.shape[1:], dtype=addable.dtype)
    readings = []
    for map_ in range(group * per_group, (group + 1) * per_group):
        for out_row, out_column in np.ndindex(plan.rows.output, plan.columns.output):
            for i, r in enumerate(plan.rows.reads(out_row)):
                for j, c in enumerate(plan.columns.reads(out_column)):
                    if (down[r], across[c]) == (row, column):
                        weights[map_, out_row, out_column] += addable[map_, within, i, j]
                        weight = exact(result.kernel[map_, within, i, j])
                        readings.append(
                            Reading(
                                (map_, out_row, out_column),
                                (i, j),
                                shown_number(weight, as_float=kernel_float),
                                shown_number(cell, as_float=cell_float),
                                shown_number(cell * weight, as_float=kernel_float or cell_float),
                            )
                        )
    return Readings((item, channel, row, column), tuple(readings), _settled(weights, over, result.kernel))


def toeplitz_blocks(result: Convolution) -> list[tuple[Array, Array]]:
    """Return, for each row of a single kernel, its block (columns, W) of the sparse matrix, and where it is written.

    The blocks lie along diagonals: output row r reads input row r·S − P + i·D with the block of kernel row i.
    """
    columns, kernel = result.plan.columns, result.kernel[0, 0]
    blocks = []
    for line in kernel:
        block = np.zeros((columns.output, columns.size), dtype=kernel.dtype)
        is_weight = np.zeros(block.shape, dtype=bool)
        for place in range(columns.output):
            for tap, cell in enumerate(columns.reads(place)):
                if not columns.is_padding(cell):
                    block[place, cell - columns.before] = line[tap]
                    is_weight[place, cell - columns.before] = True
        blocks.append((block, is_weight))
    return blocks
