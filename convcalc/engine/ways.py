"""Ways of adding up weighted windows, each short; `convcalc.engine.sums` says which is taken when, and why.

Each takes the padded input (N, C, H, W), the kernel (O, C / groups, h, w) in the dtype to work in, the plan, and
the array (N, O, rows, columns) to be filled. An input in another dtype is converted band by band, while it is in the
cache. Where windows lie side by side, the shifted rows of a band are one long row: numpy adds those three times as
fast as it adds a rectangle cut out of an array, and what runs over a row's end is not taken over.
"""

import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.geometry import Axis

if TYPE_CHECKING:
    from convcalc.engine.convolution import Plan

BAND = 1 << 20
"""Bytes of a band's rows: with what is made of them they stay in the cache from one pass to the next."""
MATRIX_BAND = 1 << 21
"""The same for bands that are made by multiplying matrices."""
BLOCK = 4
"""Output rows that one small matrix makes at once."""
TILE = 256
"""Rows, and columns, of a Fourier transform."""
STILL = Axis(1, 1)
"""Rows that stay where they are."""
CELLS_WORTH_A_THREAD = 1 << 19
"""Cells of output from which a second thread gains more than it costs."""
PRODUCTS_WORTH_A_THREAD = 1 << 27
"""The same for BLAS, whose matrices share the cache: multiply-adds."""


def tap(x: Array, plan: "Plan", i: int, j: int) -> Array:
    """Return the cells that one kernel cell multiplies, for every output: a strided view (…, rows, columns)."""
    rows, columns = plan.rows, plan.columns
    top, left = i * rows.dilation, j * columns.dilation
    return x[
        ...,
        top : top + (rows.output - 1) * rows.stride + 1 : rows.stride,
        left : left + (columns.output - 1) * columns.stride + 1 : columns.stride,
    ]


def bands(rows: int, bytes_a_row: int, most: int = BAND) -> Iterator[slice]:
    """Yield so many rows in bands of a size."""
    height = max(min(most // max(bytes_a_row, 1), rows), 1)
    for start in range(0, rows, height):
        yield slice(start, min(start + height, rows))


def add_up(weighted: Iterable[tuple[Any, Array]], total: Array, scratch: Array) -> None:
    """Put Σ weight × cells into `total`: 1 and -1 take no multiplication, and the first two no copy."""
    terms = sorted(weighted, key=lambda term: term[0] != 1 if abs(term[0]) == 1 else 2)
    if not terms:
        total[...] = 0
        return
    (weight, cells), *rest = terms
    if weight == 1 and rest and abs(rest[0][0]) == 1:
        (np.add if rest[0][0] == 1 else np.subtract)(cells, rest.pop(0)[1], out=total)
    else:
        np.multiply(cells, weight, out=total)
    for weight, cells in rest:
        if abs(weight) != 1:
            cells = np.multiply(cells, weight, out=scratch)
        (np.subtract if weight == -1 else np.add)(total, cells, out=total)


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


def separable(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Add shifted rows, then shifted columns: h + w passes instead of h × w. One channel a filter, of rank 1."""
    found = [factors(kernel[filter_, 0]) for filter_ in range(plan.filters)]

    def make(item: int, filter_: int, band: slice, buffers: Array) -> None:
        height, (column, row) = band.stop - band.start, found[filter_] or (kernel[filter_, 0, :0, 0],) * 2
        read = _rows_read(x[item, plan.channels_read(filter_)[0]], plan, band, kernel.dtype)
        summed, scratch = buffers[0, :height], buffers[1, :height]
        shifted = [(column[i], _lines(read, height, plan.rows, int(i))) for i in np.flatnonzero(column)]
        if plan.rows.stride == 1:
            add_up([(weight, lines.reshape(-1)) for weight, lines in shifted], summed.reshape(-1), scratch.reshape(-1))
        else:
            add_up(shifted, summed, scratch)
        weighted = [(row[j], (0, int(j))) for j in np.flatnonzero(row)]
        _add_shifted(summed, weighted, STILL, plan.columns, total[item, filter_, band], buffers[1:])

    _each_band(make, x, kernel, plan)


def _each_band(make: Callable[[int, int, slice, Array], None], x: Array, kernel: Array, plan: "Plan") -> None:
    """Make every map's bands, given three buffers as large as one; each thread, if more are worth it, its own rows."""
    width = x.shape[3]
    worth = plan.rows.output * plan.columns.output >= CELLS_WORTH_A_THREAD
    share = -(-plan.rows.output // processors()) if worth else plan.rows.output
    maps = itertools.product(range(plan.items), range(plan.filters))
    parts = [(*at, start) for at in maps for start in range(0, plan.rows.output, share)]

    def run(part: tuple[int, int, int]) -> None:
        item, filter_, start = part
        mine = list(bands(min(share, plan.rows.output - start), width * kernel.itemsize))
        buffers = np.empty((3, mine[0].stop, width), dtype=kernel.dtype)
        for band in mine:
            make(item, filter_, slice(start + band.start, start + band.stop), buffers)

    _each(run, parts, worth=worth)


def _rows_read(plane: Array, plan: "Plan", band: slice, work: np.dtype[Any]) -> Array:
    """Return the rows of a plane (…, H, W) that a band of the output reads, in the dtype to work in."""
    first = band.start * plan.rows.stride
    stop = (band.stop - 1) * plan.rows.stride + plan.rows.extent
    return plane[..., first:stop, :].astype(work, copy=False)


def _lines(read: Array, height: int, rows: Axis, i: int) -> Array:
    top = i * rows.dilation
    return read[..., top : top + (height - 1) * rows.stride + 1 : rows.stride, :]


def _add_shifted(
    lines: Array, weighted: list[tuple[Any, tuple[int, int]]], rows: Axis, columns: Axis, out: Array, buffers: Array
) -> None:
    """Add up lines (rows, W) shifted by taps (i, j): as one long row each, where the strides are 1."""
    height, width = out.shape[0], lines.shape[1]
    if rows.stride > 1 or columns.stride > 1:
        parts = [(weight, _cut(_lines(lines, height, rows, i), columns, j)) for weight, (i, j) in weighted]
        made, scratch = buffers[:2, :height, : columns.output]
        add_up(parts, made, scratch)
        out[...] = made
        return
    flat, length = lines.reshape(-1), height * width - (width - columns.output)
    shifts = [(weight, i * rows.dilation * width + j * columns.dilation) for weight, (i, j) in weighted]
    made, scratch = buffers[0, :height].reshape(-1), buffers[1, :height].reshape(-1)
    add_up([(weight, flat[shift : shift + length]) for weight, shift in shifts], made[:length], scratch[:length])
    out[...] = made.reshape(height, width)[:, : columns.output]


def _cut(lines: Array, columns: Axis, j: int) -> Array:
    left = j * columns.dilation
    return lines[..., left : left + (columns.output - 1) * columns.stride + 1 : columns.stride]


def taps(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Add up the shifted inputs, tap by tap, in bands of rows. One channel a filter."""
    weighted = [[(weights[i, j], (int(i), int(j))) for i, j in np.argwhere(weights)] for weights in kernel[:, 0]]

    def make(item: int, filter_: int, band: slice, buffers: Array) -> None:
        read = _rows_read(x[item, plan.channels_read(filter_)[0]], plan, band, kernel.dtype)
        _add_shifted(read, weighted[filter_], plan.rows, plan.columns, total[item, filter_, band], buffers)

    _each_band(make, x, kernel, plan)


def depthwise(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Add up the shifted inputs of several small channels at once, each with its own weight. One filter a channel."""
    rows, columns, width = plan.rows, plan.columns, x.shape[3]
    strided = rows.stride > 1 or columns.stride > 1
    length = rows.output * columns.output if strided else rows.output * width - (width - columns.output)
    every = list(itertools.product(range(rows.kernel), range(columns.kernel)))

    blocks = bands(plan.channels, x.shape[2] * width * kernel.itemsize)
    for item, channels in itertools.product(range(plan.items), blocks):
        read = _rows_read(x[item, channels], plan, slice(0, rows.output), kernel.dtype)
        made, scratch = np.empty((2, len(read), rows.output * (columns.output if strided else width)), kernel.dtype)
        for index, (i, j) in enumerate(every):
            if strided:
                cells = tap(read, plan, i, j).reshape(len(read), -1)
            else:
                shift = i * rows.dilation * width + j * columns.dilation
                cells = read.reshape(len(read), -1)[:, shift : shift + length]
            np.multiply(cells, kernel[channels, 0, i, j][:, None], out=(scratch if index else made)[:, :length])
            if index:
                np.add(made[:, :length], scratch[:, :length], out=made[:, :length])
        total[item, channels] = made.reshape(len(read), rows.output, -1)[..., : columns.output]


def pointwise(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Multiply matrices: of a 1×1 kernel every output cell is the filters times the channels at its place."""
    cells = tap(x, plan, 0, 0).astype(kernel.dtype, copy=False)
    cells = cells.reshape(plan.items, plan.groups, plan.channels // plan.groups, -1)
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    _multiplied(weights, cells, total.reshape(plan.items, plan.groups, plan.filters // plan.groups, -1))


def _multiplied(one: Array, other: Array, out: Array) -> None:
    """Multiply matrices into an array, of whichever dtype it is."""
    if out.dtype == other.dtype:
        np.matmul(one, other, out=out)
    else:
        out[...] = np.matmul(one, other)


def banded(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Make 4 output rows at once: a small banded matrix for each kernel column, times the input's rows as they lie.

    The matrix multiplication adds up the taps, and nothing is copied out. One input channel; filters share the work.
    """
    rows, columns = plan.rows, plan.columns
    reach = (BLOCK - 1) * rows.stride + rows.extent
    spread = np.zeros((columns.kernel, plan.filters, BLOCK, reach), dtype=kernel.dtype)
    for row, i in itertools.product(range(BLOCK), range(rows.kernel)):
        spread[:, :, row, row * rows.stride + i * rows.dilation] = kernel[:, 0, i].T
    matrices = spread.reshape(columns.kernel, -1, reach)
    whole = rows.output // BLOCK
    work = [
        (item, band)
        for item in range(plan.items)
        for band in bands(whole, plan.filters * BLOCK * columns.output * kernel.itemsize, MATRIX_BAND)
    ]

    def make(part: tuple[int, slice]) -> None:
        item, band = part
        _blocks(total[item], x[item, 0], matrices, plan, band)

    _each(make, work, worth=plan.products >= PRODUCTS_WORTH_A_THREAD)
    if rows.output % BLOCK:
        _last_rows(total, x, kernel, plan, whole * BLOCK)


def _each(do: Callable[[Any], None], parts: list[Any], *, worth: bool) -> None:
    """Do one part of the work after the other, or, where it is `worth` it, some at once: numpy lets threads run."""
    threads = min(len(parts), processors()) if worth else 1
    if threads < 2:
        for part in parts:
            do(part)
        return

    def quietly(part: Any) -> None:
        with np.errstate(over="ignore", invalid="ignore"):  # a thread begins with numpy's own; results are checked
            do(part)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(quietly, parts))


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _blocks(total: Array, plane: Array, matrices: Array, plan: "Plan", band: slice) -> None:
    """Make the rows of some blocks: their input rows overlap, and are read as they lie."""
    rows, columns = plan.rows, plan.columns
    count, width, direct = band.stop - band.start, columns.output, plan.filters == 1 and total.dtype == matrices.dtype
    where = slice(band.start * BLOCK, band.stop * BLOCK)
    read = _rows_read(plane, plan, where, matrices.dtype)
    # A strided read would keep BLAS away: the columns are parted by their phase first.
    phases = [read] if columns.stride == 1 else [
        np.ascontiguousarray(read[:, phase :: columns.stride]) for phase in range(columns.stride)
    ]  # fmt: skip
    shape = count, matrices.shape[1], width
    summed = total[0, where].reshape(shape) if direct else np.empty(shape, dtype=matrices.dtype)
    product = np.empty(shape, dtype=matrices.dtype)
    for j in range(columns.kernel):
        offset, phase = divmod(j * columns.dilation, columns.stride)
        first = phases[phase][:, offset : offset + width]
        down, across = first.strides
        windows = np.lib.stride_tricks.as_strided(
            first, (count, matrices.shape[2], width), (down * BLOCK * rows.stride, down, across), writeable=False
        )
        np.matmul(matrices[j], windows, out=product if j else summed)
        if j:
            np.add(summed, product, out=summed)
    if not direct:
        made = summed.reshape(count, plan.filters, BLOCK, width).transpose(1, 0, 2, 3)
        total[:, where] = made.reshape(plan.filters, count * BLOCK, width)


def _last_rows(total: Array, x: Array, kernel: Array, plan: "Plan", start: int) -> None:
    """Make the rows that fill no block, tap by tap."""
    read = _rows_read(x[:, :1], plan, slice(start, plan.rows.output), kernel.dtype)
    height = plan.rows.output - start
    made = np.zeros((plan.items, plan.filters, height, plan.columns.output), dtype=kernel.dtype)
    for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
        made += _cut(_lines(read, height, plan.rows, i), plan.columns, j) * kernel[:, 0, i, j][:, None, None]
    total[:, :, start:] = made


def columns_of_windows(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Copy the windows of a band of rows out as columns, and multiply matrices (im2col): of many channels."""
    rows, columns = plan.rows, plan.columns
    depth, per_group = plan.channels // plan.groups, plan.filters // plan.groups
    weights = kernel.reshape(plan.groups, per_group, -1)
    width, size = columns.output, weights.shape[2]
    out = total.reshape(plan.items, plan.groups, per_group, rows.output * width)
    for band in bands(rows.output, size * width * kernel.itemsize, MATRIX_BAND):
        height = band.stop - band.start
        gathered = np.empty((depth, rows.kernel, columns.kernel, height, width), dtype=kernel.dtype)
        for item, group in np.ndindex(plan.items, plan.groups):
            planes = x[item, group * depth : (group + 1) * depth]
            for i, j in itertools.product(range(rows.kernel), range(columns.kernel)):
                gathered[:, i, j] = tap(planes, plan, i, j)[:, band]
            part = out[item, group, :, band.start * width : band.stop * width]
            _multiplied(weights[group], gathered.reshape(size, -1), part)


def fourier(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Multiply the Fourier transforms of tiles that overlap (overlap-save). Floats only; one channel a filter."""
    rows, columns = plan.rows, plan.columns
    tile = max(TILE, 1 << (max(rows.extent, columns.extent) * 2 - 1).bit_length())
    spread = np.zeros((plan.filters, rows.extent, columns.extent), dtype=kernel.dtype)
    spread[:, :: rows.dilation, :: columns.dilation] = kernel[:, 0]
    turned = np.fft.rfft2(spread[:, ::-1, ::-1], (tile, tile))
    down, across = tile - rows.extent + 1, tile - columns.extent + 1

    def make(part: tuple[int, int, int, int]) -> None:
        top, left, item, filter_ = part
        cells = x[item, plan.channels_read(filter_)[0], top : top + tile, left : left + tile]
        made = np.fft.irfft2(np.fft.rfft2(cells, (tile, tile)) * turned[filter_], (tile, tile))
        out = total[item, filter_, top : top + down, left : left + across]
        out[...] = made[rows.extent - 1 :, columns.extent - 1 :][: out.shape[0], : out.shape[1]]

    corners = range(0, rows.output, down), range(0, columns.output, across)
    tiles = list(itertools.product(*corners, range(plan.items), range(plan.filters)))
    _each(make, tiles, worth=total.size >= CELLS_WORTH_A_THREAD)


def windows(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Work one window at a time, where the kernel has more cells than the output."""
    weights = kernel.reshape(plan.groups, plan.filters // plan.groups, -1)
    for row, column in itertools.product(range(plan.rows.output), range(plan.columns.output)):
        down, across = plan.rows.reads(row), plan.columns.reads(column)
        window = x[:, :, down.start : down.stop : down.step, across.start : across.stop : across.step]
        cells = window.reshape(plan.items, plan.groups, -1, 1).astype(kernel.dtype, copy=False)
        total[:, :, row, column] = np.matmul(weights, cells).reshape(plan.items, plan.filters)


def products_of_taps(x: Array, kernel: Array, plan: "Plan", total: Array) -> None:
    """Multiply matrices tap by tap: of any channels and groups, in any dtype."""
    items, filters, height, width = plan.shape
    depth = plan.channels // plan.groups
    summed = np.zeros((items, plan.groups, filters // plan.groups, height * width), dtype=kernel.dtype)
    for i, j in itertools.product(range(plan.rows.kernel), range(plan.columns.kernel)):
        weights = kernel[:, :, i, j].reshape(plan.groups, filters // plan.groups, depth)
        if weights.any():
            cells = tap(x, plan, i, j).reshape(items, plan.groups, depth, height * width)
            summed += np.matmul(weights, cells.astype(kernel.dtype, copy=False))
    total[...] = summed.reshape(plan.shape)
