"""Ways of adding up weighted windows of several channels; `ways` says what each takes and returns."""

import itertools
import math

import numpy as np

from convcalc.engine.exact import Array, is_finite
from convcalc.engine.fast.threads import BAND, bands, do_all, longest, processors
from convcalc.engine.fast.ways import BYTES_WORTH_A_THREAD, rows_read
from convcalc.engine.plan import Plan

MOST_ADDED, FEW_FILTERS = 128, 16
"""Products that are added up at once, in float64 or for so few filters that BLAS adds them one after the other."""
FEW_CELLS = 12
"""A channel's cells, for each channel there is, up to which channels last are quicker: numpy's inner loop is longer."""
MOST_ADDED_BY_BLAS = 1 << 12
"""The same for more filters, where BLAS itself adds up some hundreds at once."""


def tap(x: Array, plan: Plan, i: int, j: int) -> Array:
    """Return the cells that one kernel cell multiplies, for every output: a strided view (…, rows, columns)."""
    rows, columns = plan.rows, plan.columns
    top, left = i * rows.dilation, j * columns.dilation
    return x[
        ...,
        top : top + (rows.output - 1) * rows.stride + 1 : rows.stride,
        left : left + (columns.output - 1) * columns.stride + 1 : columns.stride,
    ]


def windows(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Work one window of all items at a time, where the kernel has more cells than the output."""
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    for row, column in itertools.product(range(plan.rows.output), range(plan.columns.output)):
        down, across = plan.rows.reads(row), plan.columns.reads(column)
        window = x[:, :, down.start : down.stop : down.step, across.start : across.stop : across.step]
        cells = window.reshape(plan.items, plan.groups, -1).astype(kernel.dtype, copy=False)
        out = np.empty((*weights.shape[:2], plan.items), kernel.dtype)
        multiplied(weights, cells.transpose(1, 2, 0), out)
        total[:, :, row, column] = out.transpose(2, 0, 1).reshape(plan.items, plan.filters)
    return is_finite(total)


def pointwise(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Multiply matrices: of a 1×1 kernel every output cell is the filters times the channels at its place."""
    cells = tap(x, plan, 0, 0).astype(kernel.dtype, copy=False)
    cells = cells.reshape(plan.items, plan.groups, plan.channels // plan.groups, -1)
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    multiplied(weights, cells, total.reshape(plan.items, plan.groups, plan.filters // plan.groups, -1))
    return is_finite(total)


def depthwise(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Add up the shifted inputs of several small channels at once, each with its own weight. One filter a channel.

    Rows and columns are separated by their place in a stride first, so that all shifts are of long rows; and channels
    of few cells are laid cell by cell, so that numpy's inner loop goes over the channels.
    """
    rows, columns = plan.rows, plan.columns
    high, wide = rows.output + (rows.extent - 1) // rows.stride, -(-x.shape[3] // columns.stride)
    length = rows.output * wide - (wide - columns.output)
    taps_ = list(itertools.product(range(rows.kernel), range(columns.kernel)))
    weights = np.ascontiguousarray(kernel.reshape(plan.channels, -1).T)[:, :, None]
    threaded = total[0].nbytes * len(taps_) >= BYTES_WORTH_A_THREAD
    blocks = bands(plan.channels, math.prod(x.shape[2:]) * kernel.itemsize, BAND, processors() if threaded else 1)
    side_by_side = high * wide <= FEW_CELLS * longest(blocks)

    def laid(memory: Array, *shape: int) -> Array:
        """Return memory as an array of channels, which lie one after another, or cell by cell."""
        memory = memory[: math.prod(shape)]
        return np.moveaxis(memory.reshape(*shape[1:], shape[0]), -1, 0) if side_by_side else memory.reshape(shape)

    def make(part: tuple[int, slice], memory: Array) -> bool:
        item, channels = part
        rows_in = rows_read(x[item, channels], plan, slice(0, rows.output), kernel.dtype)
        count, phases = len(rows_in), rows_in[:, None, None]
        if side_by_side or rows.stride > 1 or columns.stride > 1:
            phases = laid(memory[0], count, rows.stride, columns.stride, high, wide)
            for i, j in np.ndindex(rows.stride, columns.stride):
                cells = rows_in[:, i :: rows.stride, j :: columns.stride]
                phases[:, i, j, : cells.shape[1], : cells.shape[2]] = cells
                phases[:, i, j, cells.shape[1] :] = phases[:, i, j, :, cells.shape[2] :] = 0
        whole, product = (laid(cells, count, rows.output * wide)[:, :length] for cells in memory[1:])
        for index, (i, j) in enumerate(taps_):
            down, row = divmod(i * rows.dilation, rows.stride)
            right, column = divmod(j * columns.dilation, columns.stride)
            cells = phases[:, row, column].reshape(count, -1)[:, down * wide + right :][:, :length]
            np.multiply(cells, weights[index, channels], out=product if index else whole)
            if index:
                np.add(whole, product, out=whole)
        total[part] = laid(memory[1], count, rows.output, wide)[..., : columns.output]
        return is_finite(total[part])

    scratch = kernel.dtype, (3, longest(blocks) * rows.stride * columns.stride * high * wide)
    return do_all(make, list(itertools.product(range(plan.items), blocks)), threaded=threaded, scratch=scratch)


def columns_of_windows(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Copy the windows of a band of rows out as columns, and multiply matrices (im2col): of many channels."""
    rows, columns = plan.rows, plan.columns
    depth, per_group = plan.channels // plan.groups, plan.filters // plan.groups
    weights = kernel.reshape(plan.groups, per_group, -1)
    width, size = columns.output, weights.shape[2]
    out = total.reshape(plan.items, plan.groups, per_group, rows.output * width)
    cut = bands(rows.output, size * width * kernel.itemsize, BAND)
    memory = np.empty(longest(cut) * size * width, kernel.dtype)
    for band in cut:
        height = band.stop - band.start
        gathered = memory[: size * height * width].reshape(depth, rows.kernel, columns.kernel, height, width)
        for item, group in np.ndindex(plan.items, plan.groups):
            planes = x[item, group * depth : (group + 1) * depth, band.start * rows.stride :]
            over, down, right = planes.strides
            apart = over, down * rows.dilation, right * columns.dilation, down * rows.stride, right * columns.stride
            gathered[...] = np.lib.stride_tricks.as_strided(planes, gathered.shape, apart, writeable=False)
            part = out[item, group, :, band.start * width : band.stop * width]
            multiplied(weights[group], gathered.reshape(size, -1), part)
    return is_finite(total)


def shifted_channels(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Copy the channels out once for each kernel column, shifted, and multiply matrices once for each kernel row.

    That copies a third of what im2col does for a 3×3, and in long rows. Stride 1.
    """
    rows, columns, width = plan.rows, plan.columns, x.shape[3]
    depth, per_group = plan.channels // plan.groups, plan.filters // plan.groups
    split = kernel.reshape(plan.groups, per_group, depth, rows.kernel, columns.kernel)
    weights = split.transpose(3, 0, 1, 2, 4).reshape(rows.kernel, plan.groups, per_group, -1)
    out = total.reshape(plan.items, plan.groups, per_group, rows.output, columns.output)
    cut = bands(rows.output, weights.shape[3] * width * kernel.itemsize, BAND)
    tallest = longest(cut)
    shifted = np.empty((depth, columns.kernel, (tallest + rows.extent - 1) * width), kernel.dtype)
    total_lines, product = (np.empty((per_group, tallest * width), kernel.dtype) for _ in range(2))
    for band in cut:
        height = band.stop - band.start
        length = height * width - (width - columns.output)
        for item, group in np.ndindex(plan.items, plan.groups):
            planes = x[item, group * depth : (group + 1) * depth]
            rows_in = rows_read(planes, plan, band, kernel.dtype).reshape(depth, -1)
            for j in range(columns.kernel):
                shift = j * columns.dilation
                shifted[:, j, : rows_in.shape[1] - shift] = rows_in[:, shift:]
            for i in range(rows.kernel):
                cells = shifted.reshape(weights.shape[3], -1)[:, i * rows.dilation * width :][:, :length]
                multiplied(weights[i, group], cells, (product if i else total_lines)[:, :length])
                if i:
                    np.add(total_lines[:, :length], product[:, :length], out=total_lines[:, :length])
            whole = total_lines[:, : height * width].reshape(per_group, height, width)
            out[item, group, :, band] = whole[..., : columns.output]
    return is_finite(total)


def products_of_taps(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Multiply matrices tap by tap: of any channels and groups, in any dtype."""
    items, filters, height, width = plan.shape
    depth = plan.channels // plan.groups
    sums = np.zeros((items, plan.groups, filters // plan.groups, height * width), dtype=kernel.dtype)
    for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
        weights = kernel[:, :, i, j].reshape(plan.groups, filters // plan.groups, depth)
        if weights.any():
            cells = tap(x, plan, i, j).reshape(items, plan.groups, depth, height * width)
            sums += np.matmul(weights, cells.astype(kernel.dtype, copy=False))
    total[...] = sums.reshape(plan.shape)
    return is_finite(total)


def multiplied(one: Array, other: Array, out: Array) -> None:
    """Multiply matrices into an array, of whichever dtype it is; floats so many products at a time as lose no digit."""
    depth, few = one.shape[-1], one.shape[-2] < FEW_FILTERS or one.dtype == np.float64
    step = min(depth, MOST_ADDED if few else MOST_ADDED_BY_BLAS) if one.dtype.kind == "f" else depth
    total = np.matmul(one[..., :step], other[..., :step, :], out=out if out.dtype == other.dtype else None)
    for start in range(step, depth, step):
        total += np.matmul(one[..., start : start + step], other[..., start : start + step, :])
    if total is not out:
        out[...] = total
