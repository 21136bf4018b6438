"""Ways of adding up weighted windows of one channel, each short; `convcalc.engine.fast.channels` has those of several.

`convcalc.engine.fast.sums` says which is taken when, and why.

Each takes the padded input (N, C, H, W), the kernel (O, C / groups, h, w) in the dtype to work in, the plan, and
the array (N, O, rows, columns) to be filled, and returns whether all it made is finite: a band is looked at while it is
in the cache. An input in another dtype is converted band by band, too. Where windows lie side by side, the shifted rows
of a band are one long row: numpy adds those three times as fast as it adds a rectangle cut out of an array, and what
runs over a row's end is not taken over.
"""

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array, is_finite
from convcalc.engine.fast.threads import bands, do_all, longest, processors
from convcalc.engine.geometry import Axis
from convcalc.engine.plan import Plan

BLOCK = 4
"""Output rows that one small matrix makes at once."""
PLANE = 1 << 20
"""Bytes of one map worked at once: its products lie beside it in a processor's own cache."""
TILE = 320
"""Rows, and columns, of a Fourier transform."""
MOST_ULPS = 14
"""How many units in the last place of a window's Σ|cell × weight| a Fourier transform's rounding may come to."""
BLAS_ALONE = 1 << 18
"""Multiply-adds of one multiplication of matrices up to which BLAS starts no threads of its own."""
ONE_TAP = Axis(1, 1)
"""Rows that stay where they are."""
BYTES_WORTH_A_THREAD = 1 << 22
"""Bytes of one map (or, of several channels at once, of all maps for all taps) from which a second thread gains."""
PRODUCTS_WORTH_A_THREAD = 1 << 23
"""The same for matrices: multiply-adds."""


def add_up(weighted: Iterable[tuple[Any, Array]], total: Array, product: Array) -> None:
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
            cells = np.multiply(cells, weight, out=product)
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
        with np.errstate(all="ignore"):
            column = kernel[:, j] / row[j]
    if not (np.multiply.outer(column, row) == cells).all():
        return None
    return column.astype(kernel.dtype), row.astype(kernel.dtype)


def separable(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Add shifted rows, then shifted columns: h + w passes instead of h × w. One channel a filter, of rank 1."""
    pairs = [factors(kernel[filter_, 0]) for filter_ in range(plan.filters)]

    def make(item: int, filter_: int, band: slice, buffers: Array) -> bool:
        height, (column, row) = band.stop - band.start, pairs[filter_] or (kernel[filter_, 0, :0, 0],) * 2
        rows_in = rows_read(x[item, plan.channels_read(filter_)[0]], plan, band, kernel.dtype)
        lines_sum, product = buffers[0, :height], buffers[1, :height]
        shifted = [
            (weight, _lines(rows_in, height, plan.rows, i)) for i, weight in enumerate(column.tolist()) if weight
        ]
        if plan.rows.stride == 1:
            add_up(
                [(weight, lines.reshape(-1)) for weight, lines in shifted], lines_sum.reshape(-1), product.reshape(-1)
            )
        else:
            add_up(shifted, lines_sum, product)
        row_taps = [(weight, (0, j)) for j, weight in enumerate(row.tolist()) if weight]
        return _add_shifted(lines_sum, row_taps, ONE_TAP, plan.columns, total[item, filter_, band], buffers[1:])

    return _each_band(make, x, kernel, plan, total)


def _each_band(
    make: Callable[[int, int, slice, Array], bool], x: Array, kernel: Array, plan: Plan, total: Array
) -> bool:
    """Make every map's bands, given three buffers as large as one."""
    rows, width = plan.rows.output, x.shape[3]
    threaded = rows * plan.columns.output * total.itemsize >= BYTES_WORTH_A_THREAD
    cut = bands(rows, width * kernel.itemsize, PLANE, processors() if threaded else 1)
    parts = list(itertools.product(range(plan.items), range(plan.filters), cut))
    scratch = kernel.dtype, (3, longest(cut), width)

    def make_part(part: tuple[int, int, slice], buffers: Array) -> bool:
        return make(*part, buffers)

    return do_all(make_part, parts, threaded=threaded, scratch=scratch)


def rows_read(plane: Array, plan: Plan, band: slice, work: np.dtype[Any]) -> Array:
    """Return the rows of a plane (…, H, W) that a band of the output reads, in the dtype to work in."""
    first = band.start * plan.rows.stride
    stop = (band.stop - 1) * plan.rows.stride + plan.rows.extent
    return plane[..., first:stop, :].astype(work, copy=False)


def _lines(read: Array, height: int, rows: Axis, i: int) -> Array:
    top = i * rows.dilation
    return read[..., top : top + (height - 1) * rows.stride + 1 : rows.stride, :]


def _add_shifted(
    lines: Array, weighted: list[tuple[Any, tuple[int, int]]], rows: Axis, columns: Axis, out: Array, buffers: Array
) -> bool:
    """Add up lines (rows, W) shifted by taps (i, j): as one long row each, where the strides are 1.

    Where the rows of `out` lie as far apart as these, they are made in their place.
    """
    height, width = out.shape[0], lines.shape[1]
    if rows.stride > 1 or columns.stride > 1:
        parts = [(weight, _cut(_lines(lines, height, rows, i), columns, j)) for weight, (i, j) in weighted]
        target, product = buffers[:2, :height, : columns.output]
        add_up(parts, target, product)
        out[...] = target
        return is_finite(out)
    flat, length = lines.reshape(-1), height * width - (width - columns.output)
    shifts = [(weight, i * rows.dilation * width + j * columns.dilation) for weight, (i, j) in weighted]
    in_place = out.dtype == lines.dtype and out.strides[0] == width * lines.itemsize
    target = (
        np.lib.stride_tricks.as_strided(out, (length,), (lines.itemsize,))
        if in_place
        else buffers[0, :height].reshape(-1)[:length]
    )
    product = buffers[1, :height].reshape(-1)[:length]
    add_up([(weight, flat[shift : shift + length]) for weight, shift in shifts], target, product)
    if not in_place:
        out[...] = buffers[0, :height, : columns.output]
    return is_finite(target)


def _cut(lines: Array, columns: Axis, j: int) -> Array:
    left = j * columns.dilation
    return lines[..., left : left + (columns.output - 1) * columns.stride + 1 : columns.stride]


def taps(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Add up the shifted inputs, tap by tap, in bands of rows. One channel a filter."""
    taps_of = [[(weights[i, j].item(), (i, j)) for i, j in np.argwhere(weights).tolist()] for weights in kernel[:, 0]]

    def make(item: int, filter_: int, band: slice, buffers: Array) -> bool:
        rows_in = rows_read(x[item, plan.channels_read(filter_)[0]], plan, band, kernel.dtype)
        return _add_shifted(rows_in, taps_of[filter_], plan.rows, plan.columns, total[item, filter_, band], buffers)

    return _each_band(make, x, kernel, plan, total)


def banded(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Make 4 output rows at once: a small banded matrix for each kernel column, times the input's rows as they lie.

    The matrix multiplication adds up the taps, and nothing is copied out. One input channel; filters share the work.
    """
    rows, columns = plan.rows, plan.columns
    reach = (BLOCK - 1) * rows.stride + rows.extent
    matrices = np.zeros((columns.kernel, plan.filters, BLOCK, reach), dtype=kernel.dtype)
    for row, i in itertools.product(range(BLOCK), range(rows.kernel)):
        matrices[:, :, row, row * rows.stride + i * rows.dilation] = kernel[:, 0, i].T
    rest = rows.output % BLOCK
    fewer = matrices[:, :, :rest, : (rest - 1) * rows.stride + rows.extent]
    whole, shares = rows.output - rest, processors() if plan.products >= PRODUCTS_WORTH_A_THREAD else 1
    across = bands(columns.output, matrices[0].size, BLAS_ALONE)
    row_bytes = plan.filters * longest(across) * kernel.itemsize
    together = bands(plan.items, row_bytes * rows.output, PLANE, shares)
    cut = bands(whole // BLOCK, row_bytes * BLOCK, PLANE, shares if len(together) < shares else 1)
    down = [slice(band.start * BLOCK, band.stop * BLOCK) for band in cut]
    largest = plan.filters * longest(together) * (longest(down) or rest) * longest(across)
    down += [slice(whole, rows.output)] if rest else []

    def make(part: tuple[slice, slice, slice], buffers: Array) -> bool:
        return _blocks(total, x, fewer if part[1].start == whole else matrices, plan, part, buffers)

    parts, scratch = list(itertools.product(together, down, across)), (kernel.dtype, (2, largest))
    return do_all(make, parts, threaded=shares > 1, scratch=scratch)


def _blocks(
    total: Array, x: Array, matrices: Array, plan: Plan, part: tuple[slice, slice, slice], buffers: Array
) -> bool:
    """Make some columns of some rows of some items, in blocks: their input rows overlap, and are read as they lie."""
    rows, columns, (items, band, span) = plan.rows, plan.columns, part
    block, width = matrices.shape[2], span.stop - span.start
    count = (band.stop - band.start) // block
    left = span.start * columns.stride
    across = slice(left, left + (width - 1) * columns.stride + columns.extent)
    rows_in = rows_read(x[items, 0, :, across], plan, band, matrices.dtype)
    # A strided read would keep BLAS away: the columns are separated by their phase first.
    phases = [rows_in] if columns.stride == 1 else [
        np.ascontiguousarray(rows_in[..., phase :: columns.stride]) for phase in range(columns.stride)
    ]  # fmt: skip
    shape = len(rows_in), count, plan.filters * block, width
    product, sums = (buffer[: math.prod(shape)].reshape(shape) for buffer in buffers)
    direct = plan.filters == 1 and total.dtype == matrices.dtype
    if direct:
        sums = total[items, 0, band, span].reshape(shape)
    for j in range(columns.kernel):
        offset, phase = divmod(j * columns.dilation, columns.stride)
        first = phases[phase][..., offset : offset + width]
        over, down, right = first.strides
        windows = np.lib.stride_tricks.as_strided(
            first,
            (*shape[:2], matrices.shape[3], width),
            (over, down * block * rows.stride, down, right),
            writeable=False,
        )
        np.matmul(matrices[j].reshape(shape[2], -1), windows, out=product if j else sums)
        if j:
            np.add(sums, product, out=sums)
    if not direct:
        blocks = sums.reshape(len(rows_in), count, plan.filters, block, width).transpose(0, 2, 1, 3, 4)
        total[items, :, band, span] = blocks.reshape(len(rows_in), plan.filters, count * block, width)
    return total.dtype.kind != "f" or is_finite(sums)


class Transformed(NamedTuple):
    """A filter as `fourier` multiplies by it: its transform without the mean, which is added exactly, and its sizes."""

    turned: Array
    whole: float
    loudest: float
    largest: float

    def summed(self, cells: Array) -> tuple[Array, float]:
        """Return what a tile's windows come to, for a tile filled up to the transform's size, and what error they have.

        A transform spreads its rounding over all windows: by what the cells vary times the loudest frequency; by what
        wraps round of single cells; and by the mean, which is taken off and added again, being most of what there is.
        """
        tile, mean = len(self.turned), cells.mean(dtype=np.float64)
        around = cells - cells.dtype.type(mean)
        windows = np.fft.irfft2(np.fft.rfft2(around, (tile, tile)) * self.turned, (tile, tile))
        windows += windows.dtype.type(mean * self.whole)
        deviation = math.sqrt(float(np.einsum("ij,ij", around, around))) / tile  # BLAS would start threads of its own
        wrapped_around = max(float(around.max()), -float(around.min())) * self.largest
        parts = 8 * deviation * self.loudest, 4 * wrapped_around, 4 * abs(mean * self.whole)
        return windows, sum(parts) * float(np.finfo(cells.dtype).eps) / 2


def transformed(weights: Array, tile: int) -> Transformed:
    """Return a filter (h, w), transformed."""
    turned, whole = np.fft.rfft2(weights[::-1, ::-1], (tile, tile)), float(weights.sum(dtype=np.float64))
    turned[0, 0] = 0
    return Transformed(turned, whole, float(np.abs(turned).max()), float(np.abs(weights).max()))


def fourier(x: Array, kernel: Array, plan: Plan, total: Array) -> bool:
    """Multiply the Fourier transforms of tiles that overlap (overlap-save). Floats only; one channel a filter.

    A tile with a window whose cells are so small that the rounding error could be seen is worked by `banded`.
    """
    rows, columns = plan.rows, plan.columns
    tile = max(TILE, 1 << (max(rows.kernel, columns.kernel) * 2 - 1).bit_length())
    filters = [transformed(weights, tile) for weights in kernel[:, 0]]
    sizes = [transformed(np.abs(weights), tile) if weights.min() < 0 else None for weights in kernel[:, 0]]
    down, across = tile - rows.kernel + 1, tile - columns.kernel + 1

    def make(part: tuple[int, int, int, int]) -> bool:
        top, left, item, filter_ = part
        cells = x[item, plan.channels_read(filter_)[0], top : top + tile, left : left + tile].astype(kernel.dtype)
        out = total[item, filter_, top : top + down, left : left + across]
        valid = slice(rows.kernel - 1, len(cells)), slice(columns.kernel - 1, cells.shape[1])
        windows, error = filters[filter_].summed(cells)
        least, doubt = windows[valid].min(), error
        if sizes[filter_] is not None or cells.min() < 0:
            made_of_sizes, doubt = (sizes[filter_] or filters[filter_]).summed(np.abs(cells))
            least = made_of_sizes[valid].min()
        if error <= MOST_ULPS * np.spacing(max(least - kernel.dtype.type(doubt), kernel.dtype.type(0))):
            out[...] = windows[valid]
            return is_finite(out)
        axes = [Axis(size, axis.kernel) for size, axis in zip(cells.shape, (rows, columns), strict=True)]
        smaller = plan._replace(items=1, channels=1, filters=1, groups=1, rows=axes[0], columns=axes[1])
        return banded(cells[None, None], kernel[filter_ : filter_ + 1], smaller, out[None, None])

    corners = range(0, rows.output, down), range(0, columns.output, across)
    tiles = list(itertools.product(*corners, range(plan.items), range(plan.filters)))
    return do_all(make, tiles, threaded=True)
