"""Ways of adding up weighted windows, each short; `convcalc.engine.sums` says which is taken when, and why.

Each takes the padded input (N, C, H, W), the kernel (O, C / groups, h, w) in the same dtype, and the plan, and
returns (N, O, rows, columns) in that dtype. All read strided views, so that strides and dilations cost nothing more.
"""

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from convcalc.engine.exact import Array

if TYPE_CHECKING:
    from convcalc.engine.convolution import Plan

BAND = 1 << 20
"""Bytes worked on at once: they stay in the cache from one pass to the next."""
BLOCK = 8
"""Output rows that one small matrix makes at once."""
TILE = 256
"""Rows, and columns, of a Fourier transform."""


def tap(x: Array, plan: "Plan", i: int, j: int) -> Array:
    """Return the cells that one kernel cell multiplies, for every output: a strided view (…, rows, columns)."""
    rows, columns = plan.rows, plan.columns
    top, left = i * rows.dilation, j * columns.dilation
    return x[
        ...,
        top : top + (rows.output - 1) * rows.stride + 1 : rows.stride,
        left : left + (columns.output - 1) * columns.stride + 1 : columns.stride,
    ]


def bands(plan: "Plan", bytes_a_row: int, most: int = BAND) -> Iterator[slice]:
    """Yield the output's rows in bands that stay in the cache."""
    height = max(min(most // max(bytes_a_row, 1), plan.rows.output), 1)
    for start in range(0, plan.rows.output, height):
        yield slice(start, min(start + height, plan.rows.output))


def add_weighted(total: Array, cells: Array, weight: Any, scratch: Array, *, first: bool) -> None:
    """Add weighted cells to a total (the first ones begin it); 1 and -1 take no multiplication."""
    if first:
        np.multiply(cells, weight, out=total)
    elif weight == 1:
        np.add(total, cells, out=total)
    elif weight == -1:
        np.subtract(total, cells, out=total)
    else:
        np.multiply(cells, weight, out=scratch)
        np.add(total, scratch, out=total)


def factors(kernel: Array) -> tuple[Array, Array] | None:
    """Return a column and a row whose products are exactly the kernel's cells, if it has rank 1.

    >>> [part.tolist() for part in factors(np.array([[1, 0, -1], [2, 0, -2]]))]
    [[1, 2], [1, 0, -1]]
    """
    if not kernel.any():
        return None
    i, j = (int(index[0]) for index in np.nonzero(kernel))
    if kernel.dtype.kind == "i":
        cells = kernel.astype(object)  # products of Python's integers do not wrap round
        row = cells[i] // np.gcd.reduce(cells[i])
        column = cells[:, j] // row[j]
    else:
        cells = kernel
        row = kernel[i]
        with np.errstate(over="ignore", invalid="ignore"):
            column = kernel[:, j] / row[j]
    if not (np.multiply.outer(column, row) == cells).all():
        return None
    return column.astype(kernel.dtype), row.astype(kernel.dtype)


def separable(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Add shifted rows, then shifted columns: h + w passes instead of h × w. One channel a filter, of rank 1."""
    total = np.empty(plan.shape, dtype=x.dtype)
    stride, dilation = plan.rows.stride, plan.rows.dilation
    width = x.shape[3]
    for item, filter_ in np.ndindex(plan.items, plan.filters):
        plane, found = x[item, plan.channels_read(filter_)[0]], factors(kernel[filter_, 0])
        if found is None:
            total[item, filter_] = 0
            continue
        column, row = found
        for band in bands(plan, width * x.itemsize):
            height = band.stop - band.start
            summed, scratch = np.empty((2, height, width), dtype=x.dtype)
            first = True
            for i in np.flatnonzero(column):
                start = band.start * stride + i * dilation
                add_weighted(
                    summed, plane[start : start + (height - 1) * stride + 1 : stride], column[i], scratch, first=first
                )
                first = False
            _along_rows(total[item, filter_, band], summed, row, plan, scratch)
    return total


def _along_rows(total: Array, cells: Array, row: Array, plan: "Plan", scratch: Array) -> None:
    columns, first = plan.columns, True
    for j in np.flatnonzero(row):
        left = j * columns.dilation
        view = cells[:, left : left + (columns.output - 1) * columns.stride + 1 : columns.stride]
        add_weighted(total, view, row[j], scratch[:, : columns.output], first=first)
        first = False


def taps(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Add up the shifted inputs, tap by tap, in bands of rows. One channel a filter."""
    total = np.zeros(plan.shape, dtype=x.dtype)
    for item, filter_ in np.ndindex(plan.items, plan.filters):
        plane = x[item, plan.channels_read(filter_)[0]]
        places = np.argwhere(kernel[filter_, 0])
        for band in bands(plan, plan.columns.output * x.itemsize):
            out = total[item, filter_, band]
            scratch = np.empty_like(out)
            for index, (i, j) in enumerate(places):
                add_weighted(out, tap(plane, plan, i, j)[band], kernel[filter_, 0, i, j], scratch, first=index == 0)
    return total


def depthwise(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Add up the shifted inputs of several small channels at once, each with its own weight. One filter a channel."""
    total = np.zeros(plan.shape, dtype=x.dtype)
    bytes_a_channel = plan.rows.output * plan.columns.output * x.itemsize
    block = max(BAND // 4 // max(bytes_a_channel, 1), 1)
    for item, start in itertools.product(range(plan.items), range(0, plan.channels, block)):
        channels = slice(start, min(start + block, plan.channels))
        out = total[item, channels]
        scratch = np.empty_like(out)
        for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
            weights = kernel[channels, 0, i, j][:, None, None]
            np.multiply(tap(x[item, channels], plan, i, j), weights, out=scratch)
            np.add(out, scratch, out=out)
    return total


def pointwise(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Multiply matrices: of a 1×1 kernel every output cell is the filters times the channels at its place."""
    cells = tap(x, plan, 0, 0).reshape(plan.items, plan.groups, plan.channels // plan.groups, -1)
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    made: Array = np.matmul(weights, cells)
    return made.reshape(plan.shape)


def banded(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Make 8 output rows at once: a small banded matrix for each kernel column, times the input's rows as they lie.

    The matrix multiplication adds up the taps, and nothing is copied out. One input channel; filters share the work.
    """
    rows, columns = plan.rows, plan.columns
    reach = (BLOCK - 1) * rows.stride + rows.extent
    bands_of = np.zeros((columns.kernel, plan.filters, BLOCK, reach), dtype=x.dtype)
    for row, i in itertools.product(range(BLOCK), range(rows.kernel)):
        bands_of[:, :, row, row * rows.stride + i * rows.dilation] = kernel[:, 0, i].T
    matrices = bands_of.reshape(columns.kernel, -1, reach)
    whole = rows.output // BLOCK
    total = np.empty(plan.shape, dtype=x.dtype)
    for item in range(plan.items):
        plane = x[item, 0]
        # A strided read would keep BLAS away: the columns are parted by their phase first.
        phases = [np.ascontiguousarray(plane[:, phase :: columns.stride]) for phase in range(columns.stride)]
        if columns.stride == 1:
            phases = [plane]
        most = max(BAND // (plan.filters * BLOCK * columns.output * x.itemsize), 1)
        for start in range(0, whole, most):
            _blocks(total[item], phases, matrices, plan, start, min(start + most, whole))
    if rows.output % BLOCK:
        _last_rows(total, x, kernel, plan, whole * BLOCK)
    return total


def _blocks(total: Array, phases: list[Array], matrices: Array, plan: "Plan", start: int, stop: int) -> None:
    """Make the rows of some blocks: their input rows overlap, and are read as they lie."""
    rows, columns = plan.rows, plan.columns
    count, width = stop - start, columns.output
    summed, product = np.empty((2, count, matrices.shape[1], width), dtype=total.dtype)
    for j in range(columns.kernel):
        offset, phase = divmod(j * columns.dilation, columns.stride)
        first = phases[phase][start * BLOCK * rows.stride :, offset : offset + width]
        down, across = first.strides
        windows = np.lib.stride_tricks.as_strided(
            first, (count, matrices.shape[2], width), (down * BLOCK * rows.stride, down, across), writeable=False
        )
        np.matmul(matrices[j], windows, out=product if j else summed)
        if j:
            np.add(summed, product, out=summed)
    made = summed.reshape(count, plan.filters, BLOCK, width).transpose(1, 0, 2, 3)
    total[:, start * BLOCK : stop * BLOCK] = made.reshape(plan.filters, count * BLOCK, width)


def _last_rows(total: Array, x: Array, kernel: Array, plan: "Plan", start: int) -> None:
    """Make the rows that fill no block, tap by tap."""
    out = total[:, :, start:]
    out[...] = 0
    for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
        out += tap(x, plan, i, j)[:, :, start:] * kernel[:, 0, i, j][:, None, None]


def columns_of_windows(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Copy the windows of a band of rows out as columns, and multiply matrices (im2col): of many channels."""
    rows, columns = plan.rows, plan.columns
    depth, per_group = plan.channels // plan.groups, plan.filters // plan.groups
    weights = kernel.reshape(plan.groups, per_group, -1)
    total = np.empty((plan.items, plan.groups, per_group, rows.output * columns.output), dtype=x.dtype)
    width, size = columns.output, weights.shape[2]
    for band in bands(plan, size * width * x.itemsize, most=BAND * 4):
        height = band.stop - band.start
        gathered = np.empty((depth, rows.kernel, columns.kernel, height, width), dtype=x.dtype)
        for item, group in np.ndindex(plan.items, plan.groups):
            planes = x[item, group * depth : (group + 1) * depth]
            for i, j in itertools.product(range(rows.kernel), range(columns.kernel)):
                gathered[:, i, j] = tap(planes, plan, i, j)[:, band]
            out = total[item, group, :, band.start * width : band.stop * width]
            np.matmul(weights[group], gathered.reshape(size, -1), out=out)
    return total.reshape(plan.shape)


def fourier(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Multiply the Fourier transforms of tiles that overlap (overlap-save). Floats only; one channel a filter."""
    rows, columns = plan.rows, plan.columns
    total = np.empty(plan.shape, dtype=x.dtype)
    tile = max(TILE, 1 << (max(rows.extent, columns.extent) * 2 - 1).bit_length())
    spread = np.zeros((plan.filters, rows.extent, columns.extent), dtype=x.dtype)
    spread[:, :: rows.dilation, :: columns.dilation] = kernel[:, 0]
    turned = np.fft.rfft2(spread[:, ::-1, ::-1], (tile, tile))
    down, across = tile - rows.extent + 1, tile - columns.extent + 1
    corners = itertools.product(range(0, rows.output, down), range(0, columns.output, across))
    for (top, left), item, filter_ in itertools.product(corners, range(plan.items), range(plan.filters)):
        cells = x[item, plan.channels_read(filter_)[0], top : top + tile, left : left + tile]
        made = np.fft.irfft2(np.fft.rfft2(cells, (tile, tile)) * turned[filter_], (tile, tile))
        out = total[item, filter_, top : top + down, left : left + across]
        out[...] = made[rows.extent - 1 :, columns.extent - 1 :][: out.shape[0], : out.shape[1]]
    return total


def windows(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Work one window at a time, where the kernel has more cells than the output."""
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    total = np.empty(plan.shape, dtype=x.dtype)
    for row, column in itertools.product(range(plan.rows.output), range(plan.columns.output)):
        down, across = plan.rows.reads(row), plan.columns.reads(column)
        window = x[:, :, down.start : down.stop : down.step, across.start : across.stop : across.step]
        cells = window.reshape(plan.items, plan.groups, -1, 1)
        total[:, :, row, column] = np.matmul(weights, cells).reshape(plan.items, plan.filters)
    return total


def products_of_taps(x: Array, kernel: Array, plan: "Plan") -> Array:
    """Multiply matrices tap by tap: of any channels and groups, in any dtype."""
    items, filters, height, width = plan.shape
    depth = plan.channels // plan.groups
    total = np.zeros((items, plan.groups, filters // plan.groups, height * width), dtype=x.dtype)
    for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
        weights = kernel[:, :, i, j].reshape(plan.groups, filters // plan.groups, depth)
        if weights.any():
            cells = tap(x, plan, i, j).reshape(items, plan.groups, depth, height * width)
            total += np.matmul(weights, cells)
    return total.reshape(plan.shape)
