"""Pooling: one number for each window, without weights.

PyTorch's conventions: maxima ignore the padding, averages count it unless told otherwise, the padding is at most
half the window, and with `ceil` the last window starts inside the input or its left padding.
"""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from convcalc.choices import PaddingRule
from convcalc.engine.cached import CachedProperty
from convcalc.engine.exact import Array, exact, float_kind, shown_cells
from convcalc.engine.geometry import AdaptiveAxis, AnyAxis, Axis, Padding, padding_amounts
from convcalc.engine.grids import own_grid
from convcalc.engine.naming import Naming
from convcalc.engine.pooling_kinds import PoolKind
from convcalc.engine.pooling_record import WindowCells
from convcalc.engine.settings import Pair, choose, whole_numbers
from convcalc.engine.shapes import check_cells, four_dimensional, like_the_input, place_in, warn_of_channels_last
from convcalc.engine.step import PoolingStep, Window
from convcalc.engine.windows import PoolingWindows, after, at_the_ends
from convcalc.errors import InputError

MOST_NORM = 64
MOST_FOOTPRINT = 99


def pool(
    x: Any,
    kind: PoolKind | str = PoolKind.MAX,
    *,
    window: Pair = 2,
    stride: Pair | None = None,
    padding: Padding | int | str = 0,
    dilation: Pair = 1,
    ceil: bool = False,
    count_padding: bool = True,
    adaptive: Pair | None = None,
    norm: int = 2,
    divisor: int | None = None,
    footprint: Any = None,
    channels_first: bool = False,
) -> "Pooling":
    """Pool a grid (W), (H, W), (C, H, W) or (N, C, H, W), each channel by itself; `stride` defaults to `window`.

    `adaptive` asks for an output of that size instead, windows fitted to it. `norm` is the p of lp pooling,
    (Σ|x|^p)^(1/p), `divisor` what an average is divided by instead of the number of its cells. `footprint`, rows of 0
    and 1 or "cross" or "disk5", says which cells of a window count for max, min and median, and gives its size. A grid
    that looks as if its channels came last is warned of, unless it is known that `channels_first` they come. Raises
    InputError where a window does not fit, or would hold nothing but padding.

    >>> pool([[1, 1, 2, 4], [5, 6, 7, 8], [3, 2, 1, 0], [1, 2, 3, 4]]).output.tolist()
    [[6, 8], [3, 4]]
    >>> pool([1, 2, 3, 5], "avg").output.tolist()
    [Fraction(3, 2), 4]
    """
    grid = own_grid(x)
    if not channels_first:
        warn_of_channels_last(grid.shape)
    four = four_dimensional(grid)
    kind = choose(PoolKind, kind)
    height, width = four.shape[2:]
    naming = Naming(height == 1 and (adaptive is not None or not isinstance(window, Sequence) or len(window) == 1))
    (norm,) = whole_numbers(norm, "the p of lp pooling")[:1]
    if not 1 <= norm <= MOST_NORM:
        raise InputError(
            f"the p of lp pooling must be from 1 to {MOST_NORM}, not {norm}", hint="2 is usual; a large p nears the max"
        )
    if divisor is not None:
        if not kind.record.divides:
            raise InputError(f"{kind} pooling has no divisor", hint="an average has one")
        if divisor < 1:
            raise InputError(f"the divisor is {divisor}", hint="1 at least")
    shape = None if footprint is None else _footprint(footprint, kind)
    if shape is not None:
        if adaptive is not None:
            raise InputError("windows that are fitted to an output have no footprint", hint="leave one of them out")
        window, naming = shape.shape, Naming(height == 1 and shape.shape[0] == 1)
    rows: AnyAxis
    columns: AnyAxis
    if adaptive is not None:
        tall, wide = naming.read_pair(adaptive, "the adaptive size")
        rows, columns = AdaptiveAxis(height, tall, "rows"), AdaptiveAxis(width, wide, "columns")
        check_cells("the answer", (*four.shape[:2], tall, wide), four, "ask for a smaller output")
    else:
        windows = naming.read_pair(window, "the window")
        strides = windows if stride is None else naming.read_pair(stride, "stride")
        spreads = naming.read_pair(dilation, "dilation")
        amounts = naming.read_padding(padding)
        rows, columns = (
            _axis(index, name, size, windows[index], strides[index], amounts, spreads[index], ceil)
            for index, (name, size) in enumerate((("rows", height), ("columns", width)))
        )
    result = Pooling(four, rows, columns, count_padding, norm, divisor, shape, kind, grid.ndim)
    if shape is not None:
        _check_footprint(result)
    return result


def _footprint(footprint: Any, kind: PoolKind) -> Array:
    if not kind.record.takes_footprint:
        raise InputError(f"{kind} pooling takes no footprint", hint="max, min and median do")
    named = re.fullmatch(r"(cross|disk)(\d*)", footprint) if isinstance(footprint, str) else None
    grid = own_grid(footprint if named is None else _named_footprint(named[1], int(named[2] or 3)))
    if grid.ndim == 1:
        grid = grid[None]
    if grid.ndim != 2 or not ((grid == 0) | (grid == 1)).all() or not (grid == 1).any():
        raise InputError("a footprint is rows of 0 and 1, with a 1 at least", hint='as in "0 1 0; 1 1 1; 0 1 0"')
    return np.asarray(grid == 1)


def _named_footprint(name: str, size: int) -> Array:
    """Return a cross, or a disk, of an odd size."""
    if size % 2 == 0 or size > MOST_FOOTPRINT:
        raise InputError(f"a {name} of {size} has no middle", hint=f"an odd size up to {MOST_FOOTPRINT}, as in {name}5")
    apart = np.abs(np.arange(size) - size // 2)
    if name == "cross":
        return np.asarray((apart[:, None] * apart == 0).astype(np.int64))
    return np.asarray((apart[:, None] ** 2 + apart**2 <= (size // 2) ** 2).astype(np.int64))


def _check_footprint(result: "Pooling") -> None:
    """Raise InputError where a window's footprint would hold nothing but padding."""
    rows, columns = (at_the_ends(axis) if axis.before or after(axis) else [] for axis in (result.rows, result.columns))
    ends = itertools.chain(
        itertools.product(rows, range(result.columns.output)), itertools.product(range(result.rows.output), columns)
    )
    for row, column in ends:
        step_padding = result.outside(row, column)
        if all(itertools.chain.from_iterable(step_padding)):
            raise InputError(
                f"the footprint of window {row},{column} would read nothing but padding", hint="use less padding"
            )


def _axis(
    index: int, name: str, size: int, window: int, stride: int, padding: Padding, dilation: int, ceil: bool
) -> Axis:
    before, after = padding_amounts(padding, index, size, window, max(stride, 1), dilation)
    axis = Axis(size, window, stride, before, after, dilation, ceil, name, "window")
    most = axis.extent // 2 if padding in (PaddingRule.SAME, PaddingRule.SAME_LOWER) else window // 2
    if max(before, after) > most:
        raise InputError(
            f"padding of {max(before, after)} is more than half the pooling window of {window} {name}",
            hint=f"pad by at most {most}, or use `convcalc pad` first",
        )
    for place in at_the_ends(axis) if before or after else ():
        if all(axis.is_padding(position) for position in axis.inside(place)):
            raise InputError(
                f"window {place} of the {name} would read nothing but padding", hint="use less padding or dilation"
            )
    return axis


@dataclass(eq=False, repr=False)
class Pooling(PoolingWindows):
    """A pooling ready to be asked: for its whole `output`, or for the working of any one cell.

    `input` and `maps` are four-dimensional, (N, C, H, W); `output` has as many axes as the input had.
    """

    kind: PoolKind
    input_dimensions: int

    @CachedProperty
    def maps(self) -> Array:
        """The pooled maps, (N, C, rows, columns)."""
        return self.kind.record.maps(self)

    @property
    def output(self) -> Array:
        """The answer, with as many axes as the input."""
        return self.shaped(self.maps)

    def shaped(self, maps: Array) -> Array:
        """Return maps with the output's axes."""
        return like_the_input(maps, self.input_dimensions, many_maps=self.input_dimensions > 2)

    def outside(self, row: int, column: int) -> tuple[tuple[bool, ...], ...]:
        """Return which cells of a window lie in the padding, or not in its footprint."""
        down, across, counts = self.rows.inside(row), self.columns.inside(column), self.footprint
        return tuple(
            tuple(
                self.rows.is_padding(r) or self.columns.is_padding(c) or (counts is not None and not counts[i, j])
                for j, c in enumerate(across)
            )
            for i, r in enumerate(down)
        )

    def step(self, at: Sequence[int], number: int = 1) -> PoolingStep:
        """Return the working of one output cell, `at` being ([item,] [channel,] row, column).

        >>> pool([[1, 5], [5, 2]]).step((0, 0)).winner
        (0, 1)
        """
        item, channel, row, column = place_in(self.shape, at)
        window = Window(self.rows.inside(row), self.columns.inside(column))
        plane = self.padded[item, channel]
        cells = [[exact(plane[r, c]) for c in window.columns] for r in window.rows]
        padding = self.outside(row, column)
        dtype = float_kind(self.input)
        outcome = self.kind.record.value(WindowCells(cells, padding, self.counted(row, column), self.norm, dtype))
        window_cells = shown_cells(cells, as_float=dtype is not None)
        return PoolingStep(number, (item, channel, row, column), window, window_cells, padding, *outcome)
