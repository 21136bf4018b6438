"""Windows reduced to one number each, by a maximum, a minimum or a sum: those of the rows first, then of the columns.

A table says which way the windows of one axis are reduced. All ways are worked band by band, so that what the rows
come to is still in the cache when it is the columns' turn.
"""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convcalc.engine.exact import Array
from convcalc.engine.fast.threads import BAND, bands, do_all, processors
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis

DType = np.dtype[Any]
LONG = 32
"""Cells of a window from which numpy's own reduction is quicker than a pass for each."""
INPUT_WORTH_A_THREAD = 1 << 22
"""Bytes of input from which a second thread gains more than it costs."""


class Windows(NamedTuple):
    """Windows of one axis: where each begins, of every `dilation`-th cell, so many; or each window, if `unequal`."""

    starts: range
    length: int
    dilation: int = 1
    unequal: tuple[range, ...] = ()

    @property
    def number(self) -> int:
        """How many there are."""
        return len(self.unequal or self.starts)

    def part(self, band: slice) -> tuple[slice, "Windows"]:
        """Return which cells some of the windows lie in, and those windows as they lie there.

        >>> Windows(range(0, 10, 2), 3).part(slice(2, 4))
        (slice(4, 9, None), Windows(starts=range(0, 4, 2), length=3, dilation=1, unequal=()))
        """
        if self.unequal:
            return slice(None), self._replace(unequal=self.unequal[band])
        starts = self.starts[band]
        stop = starts[-1] + (self.length - 1) * self.dilation + 1
        return slice(starts[0], stop), self._replace(starts=range(0, len(starts) * starts.step, starts.step))


def windows_of(axis: AnyAxis) -> Windows:
    """Return an axis's windows, as they lie on the padded axis.

    >>> windows_of(AdaptiveAxis(6, 3))
    Windows(starts=range(0, 6, 2), length=2, dilation=1, unequal=())
    """
    if not isinstance(axis, AdaptiveAxis):
        return Windows(range(0, axis.output * axis.stride, axis.stride), axis.kernel, axis.dilation)
    size, output = axis.whole or (axis.size, axis.output)
    if size % output == 0:
        return Windows(range(0, axis.size, size // output), size // output)
    return Windows(range(0), 0, unequal=tuple(axis.reads(index) for index in range(axis.output)))


def _cells(x: Array, windows: Windows, offset: int, which: int) -> Array:
    """Return the cell at an offset in every window: a strided view."""
    first, step = windows.starts[0] + offset * windows.dilation, windows.starts.step
    return x[(slice(None),) * which + (slice(first, first + (windows.number - 1) * step + 1, step),)]


def one_by_one(x: Array, windows: Windows, which: int, combine: np.ufunc, out: Array) -> None:
    """Reduce window by window."""
    for index, window in enumerate(windows.unequal):
        cells = x[(slice(None),) * which + (slice(window.start, window.stop),)]
        combine.reduce(cells, axis=which, out=out[(slice(None),) * which + (index,)])


def at_once(x: Array, windows: Windows, which: int, combine: np.ufunc, out: Array) -> None:
    """Reduce long windows by numpy's own reduction, which goes through each in turn."""
    extent, starts = (windows.length - 1) * windows.dilation + 1, windows.starts
    every = np.lib.stride_tricks.sliding_window_view(x, extent, axis=which)[..., :: windows.dilation]
    combine.reduce(every[(slice(None),) * which + (slice(starts[0], starts[-1] + 1, starts.step),)], axis=-1, out=out)


def shifted(x: Array, windows: Windows, which: int, combine: np.ufunc, out: Array) -> None:
    """Meet the first cells of all windows with their second cells, then with their third, and so on."""
    first, *rest = (_cells(x, windows, offset, which) for offset in range(windows.length))
    if not rest:
        out[...] = first
    for cells in rest:
        first = combine(first, cells, out=out)


def doubled(x: Array, windows: Windows, which: int, combine: np.ufunc, out: Array) -> None:
    """Reduce pairs, pairs of pairs and so on; a window is some of these, side by side."""
    reach, done = 1, 0
    while reach <= windows.length:
        if windows.length & reach:
            cells = _cells(x, windows, done, which)
            if done:
                combine(out, cells, out=out)
            else:
                out[...] = cells
            done += reach
        shift = reach * windows.dilation
        reach *= 2
        if reach <= windows.length:
            before = (slice(None),) * which
            x = combine(x[before + (slice(None, -shift),)], x[before + (slice(shift, None),)])


class Way(NamedTuple):
    """A way of reducing the windows of one axis: when it is taken, and why it is there."""

    name: str
    run: Callable[[Array, Windows, int, np.ufunc, Array], None]
    fits: Callable[[Windows], bool]
    why: str


def _doubles(windows: Windows) -> bool:
    """Whether so many passes over all cells are fewer than one for each cell of a window over every stride-th."""
    length = windows.length
    return (length.bit_length() - 1) * windows.starts.step + length.bit_count() < length


def _is_long_and_apart(windows: Windows) -> bool:
    extent = (windows.length - 1) * windows.dilation + 1
    return windows.length >= LONG and (windows.number == 1 or windows.starts.step >= extent)


WAYS = (
    Way("one by one", one_by_one, lambda windows: bool(windows.unequal),
        "windows of unequal length, as adaptive pooling makes them"),
    Way("at once", at_once, _is_long_and_apart,
        "long windows that share no cell, as in global pooling: numpy's own reduction"),
    Way("doubled", doubled, _doubles,
        "large windows that overlap share their halves: a few passes instead of one for each cell"),
    Way("shifted", shifted, lambda windows: True,
        "a pass for each cell of a window, over all windows"),
)  # fmt: skip


def way_for(windows: Windows) -> Way:
    """Return the way that is taken.

    >>> way_for(Windows(range(0, 8, 2), 2)).name, way_for(Windows(range(9), 9)).name
    ('shifted', 'doubled')
    """
    return next(way for way in WAYS if way.fits(windows))


def reduced(x: Array, rows: AnyAxis, columns: AnyAxis, combine: np.ufunc, work: DType | None = None) -> Array:
    """Reduce every window of `x` (N, C, H, W), padded already; return (N, C, rows, columns) in its dtype, or `work`."""
    dtype = work or x.dtype
    down, across = windows_of(rows), windows_of(columns)
    down_way, across_way = way_for(down), way_for(across)
    items, channels, height, width = x.shape
    total = np.empty((items, channels, down.number, across.number), dtype=dtype)
    threaded = x.nbytes >= INPUT_WORTH_A_THREAD
    planes = bands(channels, height * width * x.itemsize, BAND, processors() if threaded else 1)
    whole = height * width * x.itemsize <= BAND or bool(down.unequal)
    cut = [slice(0, down.number)] if whole else bands(down.number, down.starts.step * width * x.itemsize, BAND)

    def make(part: tuple[int, slice, slice]) -> bool:
        item, plane, band = part
        where, windows = down.part(band)
        lines = np.empty((plane.stop - plane.start, windows.number, width), dtype)
        down_way.run(x[item, plane, where].astype(dtype, copy=False), windows, 1, combine, lines)
        across_way.run(lines, across, 2, combine, total[part])
        return True

    do_all(make, list(itertools.product(range(items), planes, cut)), threaded=threaded)
    return total
